#include "search/space/design_space.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/error.h"
#include "core/hash.h"

namespace cairn::search {

std::optional<std::size_t> DesignSpace::find(std::string_view name) const {
  for (std::size_t i = 0; i < knobs_.size(); ++i) {
    if (knobs_[i].name == name) {
      return i;
    }
  }
  return std::nullopt;
}

bool DesignSpace::active(PointView point, std::size_t knob) const {
  const auto& gates = gates_[knob];
  return std::all_of(gates.begin(), gates.end(),
                     [&](const Gate& gate) { return gate.opens[point[gate.knob]]; });
}

void DesignSpace::canonicalise(std::span<std::uint32_t> point) const {
  if (always_active_) {
    return;
  }
  // A knob's gates hold those of the knobs it depends on, so the order does not matter.
  for (std::size_t i = 0; i < knobs_.size(); ++i) {
    if (!active(point, i)) {
      point[i] = 0;
    }
  }
}

bool DesignSpace::meets(const Requirement& requirement, PointView point) const {
  if (!always_active_) {
    for (const std::size_t knob : requirement.knobs()) {
      if (!active(point, knob)) {
        return true;
      }
    }
  }
  return requirement.holds(point, numbers_);
}

bool DesignSpace::admits(PointView point) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& r) { return meets(r, point); });
}

std::string_view DesignSpace::text(PointView point, std::size_t knob) const {
  return active(point, knob) ? std::string_view{knobs_[knob].texts[point[knob]]}
                             : std::string_view{};
}

template <class Number>
void DesignSpace::write_group(const Group& group, Number local,
                              std::span<std::uint32_t> out) const {
  if (!group.core.empty()) {
    const std::size_t rows = group.starts.size() - 1;
    std::size_t row = 0;
    if (group.uniform) {
      const auto each = static_cast<Number>(group.starts[1]);
      row = static_cast<std::size_t>(local / each);
      local %= each;
    } else {
      const auto next = std::upper_bound(group.starts.begin(), group.starts.end() - 1, Rank{local});
      row = static_cast<std::size_t>(next - group.starts.begin()) - 1;
      local = static_cast<Number>(local - static_cast<Number>(group.starts[row]));
    }
    CAIRN_CHECK(row < rows, "rank beyond the group");
    const auto choices = std::span{group.table}.subspan(row * group.core.size(), group.core.size());
    for (std::size_t i = 0; i < group.core.size(); ++i) {
      out[group.core[i]] = choices[i];
    }
  }
  for (std::size_t i = group.rest.size(); i-- > 0;) {
    const std::size_t knob = group.rest[i];
    if (always_active_ || active(out, knob)) {
      const auto radix = static_cast<Number>(knobs_[knob].size());
      out[knob] = static_cast<std::uint32_t>(local % radix);
      local /= radix;
    } else {
      out[knob] = 0;
    }
  }
}

template <class Number>
void DesignSpace::digits(Number rank, std::span<std::uint32_t> out) const {
  for (std::size_t i = groups_.size(); i-- > 0;) {
    const auto radix = static_cast<Number>(groups_[i].starts.back());
    write_group<Number>(groups_[i], rank % radix, out);
    rank /= radix;
  }
}

bool DesignSpace::at(Rank rank, std::span<std::uint32_t> out) const {
  CAIRN_CHECK(rank < size_, "rank beyond the space");
  CAIRN_CHECK(out.size() == knobs_.size(), "a point has one choice for each knob");
  if (size_ <= std::numeric_limits<std::uint64_t>::max()) {
    digits<std::uint64_t>(static_cast<std::uint64_t>(rank), out);  // division is far faster
  } else {
    digits<Rank>(rank, out);
  }
  return std::all_of(filters_.begin(), filters_.end(),
                     [&](std::size_t i) { return meets(requirements_[i], out); });
}

std::optional<Rank> DesignSpace::rank_of(PointView point) const {
  Rank rank = 0;
  for (std::size_t i = 0; i < knobs_.size(); ++i) {
    if (point[i] >= knobs_[i].size() || (point[i] != 0 && !active(point, i))) {
      return std::nullopt;
    }
  }
  if (!admits(point)) {
    return std::nullopt;
  }
  std::vector<std::uint32_t> key;
  for (const Group& group : groups_) {
    rank *= group.starts.back();
    const std::size_t width = group.core.size();
    if (width > 0) {
      key.clear();
      std::transform(group.core.begin(), group.core.end(), std::back_inserter(key),
                     [&](std::size_t knob) { return point[knob]; });
      std::size_t low = 0;
      std::size_t high = group.starts.size() - 1;
      while (high - low > 1) {
        const std::size_t middle = (low + high) / 2;
        const auto row = group.table.begin() + static_cast<std::ptrdiff_t>(middle * width);
        const bool before = std::lexicographical_compare(key.begin(), key.end(), row,
                                                         row + static_cast<std::ptrdiff_t>(width));
        (before ? high : low) = middle;
      }
      rank += group.starts[low];
    }
    Rank local = 0;
    for (const std::size_t knob : group.rest) {
      if (active(point, knob)) {
        local = local * knobs_[knob].size() + point[knob];
      }
    }
    rank += local;
  }
  return rank;
}

std::uint64_t DesignSpace::hash() const {
  Hasher hasher;
  for (const Knob& knob : knobs_) {
    hasher.add(std::string_view{knob.name});
    hasher.add(knob.texts.size());
    for (const std::string& text : knob.texts) {
      hasher.add(std::string_view{text});
    }
    hasher.add(knob.when.size());
    for (const Condition& condition : knob.when) {
      hasher.add(condition.knob);
      hasher.add(condition.choices.size());
      for (const std::uint32_t choice : condition.choices) {
        hasher.add(choice);
      }
    }
  }
  hasher.add(requirements_.size());
  for (const Requirement& requirement : requirements_) {
    hasher.add(std::string_view{requirement.text()});
  }
  return hasher.value();
}

}  // namespace cairn::search
