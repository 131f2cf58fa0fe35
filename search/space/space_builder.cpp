#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "search/space/design_space.h"

namespace cairn::search {

/// Makes the gates, the groups and their tables.
class SpaceBuilder {
 public:
  SpaceBuilder(std::vector<Knob> knobs, std::vector<Requirement> requirements,
               Diagnostics& diagnostics)
      : diagnostics_(diagnostics) {
    space_.knobs_ = std::move(knobs);
    space_.requirements_ = std::move(requirements);
  }

  std::optional<DesignSpace> build() {
    const std::size_t count = space_.knobs_.size();
    for (const Knob& knob : space_.knobs_) {
      CAIRN_CHECK(!knob.choices.empty() && knob.texts.size() == knob.choices.size(),
                  "a knob has choices, each with its text");
      std::vector<double>& numbers = space_.numbers_.emplace_back();
      std::transform(knob.magnitudes.begin(), knob.magnitudes.end(), std::back_inserter(numbers),
                     [](const Magnitude& m) { return m.value; });
    }
    state_.assign(count, Visit::not_yet);
    space_.gates_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (!collect_gates(i)) {
        return std::nullopt;
      }
    }
    if (!join() || !fill_tables() || !multiply()) {
      return std::nullopt;
    }
    return std::move(space_);
  }

 private:
  enum class Visit : std::uint8_t { not_yet, open, done };
  struct Draft {
    std::vector<std::size_t> knobs;
    std::vector<std::size_t> requirements;
  };

  /// A knob's gates: its own conditions and, through them, those of the knobs it depends on.
  bool collect_gates(std::size_t knob) {
    if (state_[knob] == Visit::done) {
      return true;
    }
    if (state_[knob] == Visit::open) {
      std::string circle;
      const auto begin = std::find(chain_.begin(), chain_.end(), knob);
      for (auto it = begin; it != chain_.end(); ++it) {
        circle += space_.knobs_[*it].name + " -> ";
      }
      circle += space_.knobs_[knob].name;
      diagnostics_.error(space_.knobs_[knob].at, "space." + space_.knobs_[knob].name,
                         "the conditions go in a circle: " + circle);
      return false;
    }
    state_[knob] = Visit::open;
    chain_.push_back(knob);
    std::vector<DesignSpace::Gate> gates;
    for (const Condition& condition : space_.knobs_[knob].when) {
      if (!collect_gates(condition.knob)) {
        return false;
      }
      DesignSpace::Gate gate{condition.knob,
                             std::vector<bool>(space_.knobs_[condition.knob].size(), false)};
      for (const std::uint32_t choice : condition.choices) {
        gate.opens[choice] = true;
      }
      gates.push_back(std::move(gate));
      const auto& inherited = space_.gates_[condition.knob];
      gates.insert(gates.end(), inherited.begin(), inherited.end());
      space_.always_active_ = false;
    }
    space_.gates_[knob] = std::move(gates);
    chain_.pop_back();
    state_[knob] = Visit::done;
    return true;
  }

  std::size_t root(std::size_t knob) {
    while (parent_[knob] != knob) {
      knob = parent_[knob];
    }
    return knob;
  }

  /// How many rows the table of these knobs' groups would have at most, as a double.
  double rows_of(const std::vector<std::size_t>& knobs, const std::vector<bool>& in_core) {
    std::vector<bool> wanted(parent_.size(), false);
    for (const std::size_t knob : knobs) {
      wanted[root(knob)] = true;
    }
    double rows = 1.0;
    for (std::size_t i = 0; i < parent_.size(); ++i) {
      if (wanted[root(i)] && in_core[i]) {
        rows *= static_cast<double>(space_.knobs_[i].size());
      }
    }
    return rows;
  }

  void unite(const std::vector<std::size_t>& knobs) {
    for (const std::size_t knob : knobs) {
      const std::size_t a = root(knobs.front());
      const std::size_t b = root(knob);
      parent_[std::max(a, b)] = std::min(a, b);
    }
  }

  /// Puts knobs that speak of each other into groups.
  bool join() {
    const std::size_t count = space_.knobs_.size();
    parent_.resize(count);
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    core_.assign(count, false);
    for (std::size_t i = 0; i < count; ++i) {
      for (const Condition& condition : space_.knobs_[i].when) {
        unite({condition.knob, i});
        core_[condition.knob] = true;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (rows_of({i}, core_) > static_cast<double>(DesignSpace::kMostRows)) {
        const Knob& knob = space_.knobs_[i];
        diagnostics_.error(knob.at, "space." + knob.name,
                           fmt::format("more than {} combinations of knobs that `when` speaks of",
                                       DesignSpace::kMostRows),
                           "let fewer knobs depend on each other");
        return false;
      }
    }
    tabled_.assign(space_.requirements_.size(), false);
    for (std::size_t r = 0; r < space_.requirements_.size(); ++r) {
      const auto& knobs = space_.requirements_[r].knobs();
      std::vector<bool> core = core_;
      for (const std::size_t knob : knobs) {
        core[knob] = true;
      }
      if (rows_of(knobs, core) <= static_cast<double>(DesignSpace::kMostRows)) {
        unite(knobs);
        core_ = std::move(core);
        tabled_[r] = true;
      } else {
        space_.filters_.push_back(r);
      }
    }
    return true;
  }

  /// The knobs of a group that others speak of, each after those that its own conditions need.
  [[nodiscard]] std::vector<std::size_t> in_order_of_need(
      const std::vector<std::size_t>& knobs) const {
    std::vector<std::size_t> order;
    std::vector<bool> placed(space_.knobs_.size(), false);
    std::vector<std::size_t> waiting;
    std::copy_if(knobs.begin(), knobs.end(), std::back_inserter(waiting),
                 [&](std::size_t k) { return core_[k]; });
    while (!waiting.empty()) {
      const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](std::size_t k) {
        const auto& when = space_.knobs_[k].when;
        return std::all_of(when.begin(), when.end(),
                           [&](const Condition& c) { return placed[c.knob]; });
      });
      CAIRN_CHECK(ready != waiting.end(), "circles were refused before");
      placed[*ready] = true;
      order.push_back(*ready);
      waiting.erase(ready);
    }
    return order;
  }

  bool fill_tables() {
    const std::size_t count = space_.knobs_.size();
    std::vector<Draft> drafts(count);
    for (std::size_t i = 0; i < count; ++i) {
      drafts[root(i)].knobs.push_back(i);
    }
    for (std::size_t r = 0; r < space_.requirements_.size(); ++r) {
      if (tabled_[r]) {
        drafts[root(space_.requirements_[r].knobs().front())].requirements.push_back(r);
      }
    }
    for (const Draft& draft : drafts) {
      if (draft.knobs.empty()) {
        continue;
      }
      DesignSpace::Group group;
      group.core = in_order_of_need(draft.knobs);
      std::copy_if(draft.knobs.begin(), draft.knobs.end(), std::back_inserter(group.rest),
                   [&](std::size_t k) { return !core_[k]; });
      // A requirement is checked as soon as its last knob has a choice.
      due_.assign(group.core.size() + 1, {});
      for (const std::size_t r : draft.requirements) {
        std::size_t depth = 0;
        for (const std::size_t knob : space_.requirements_[r].knobs()) {
          const auto place = std::find(group.core.begin(), group.core.end(), knob);
          depth = std::max(depth, static_cast<std::size_t>(place - group.core.begin()) + 1);
        }
        due_[depth].push_back(r);
      }
      point_.assign(count, 0);
      group.starts.push_back(0);
      if (!list(group, 0)) {
        return false;
      }
      if (group.starts.size() == 1) {
        const Requirement& first = space_.requirements_[draft.requirements.front()];
        diagnostics_.error(first.at(), "space.require",
                           draft.requirements.size() == 1
                               ? "no combination of choices meets this"
                               : fmt::format("no combination of choices meets this and the {} "
                                             "other requirements on the same knobs",
                                             draft.requirements.size() - 1));
        return false;
      }
      const Rank each = group.starts[1];
      for (std::size_t row = 1; row + 1 < group.starts.size(); ++row) {
        group.uniform = group.uniform && group.starts[row + 1] - group.starts[row] == each;
      }
      space_.groups_.push_back(std::move(group));
    }
    return true;
  }

  /// Adds every admissible way to continue the choices made so far. \returns false on overflow.
  bool list(DesignSpace::Group& group, std::size_t depth) {
    for (const std::size_t r : due_[depth]) {
      if (!space_.meets(space_.requirements_[r], point_)) {
        return true;
      }
    }
    if (depth == group.core.size()) {
      Rank points = 1;
      for (const std::size_t knob : group.rest) {
        if (space_.active(point_, knob) && !grow(points, space_.knobs_[knob].size())) {
          return false;
        }
      }
      const Rank before = group.starts.back();
      if (points > std::numeric_limits<Rank>::max() - before) {
        return too_large();
      }
      group.starts.push_back(before + points);
      for (const std::size_t knob : group.core) {
        group.table.push_back(point_[knob]);
      }
      return true;
    }
    const std::size_t knob = group.core[depth];
    const std::size_t choices = space_.active(point_, knob) ? space_.knobs_[knob].size() : 1;
    for (std::size_t c = 0; c < choices; ++c) {
      point_[knob] = static_cast<std::uint32_t>(c);
      if (!list(group, depth + 1)) {
        return false;
      }
    }
    point_[knob] = 0;
    return true;
  }

  bool grow(Rank& size, Rank factor) {
    if (size > std::numeric_limits<Rank>::max() / factor) {
      return too_large();
    }
    size *= factor;
    return true;
  }

  bool too_large() {
    diagnostics_.error(space_.knobs_.front().at, "space",
                       "the space has more than 2^128 points: they cannot be numbered",
                       "let fewer knobs vary, or tie layers together");
    return false;
  }

  bool multiply() {
    space_.size_ = 1;
    return std::all_of(
        space_.groups_.begin(), space_.groups_.end(),
        [&](const DesignSpace::Group& group) { return grow(space_.size_, group.starts.back()); });
  }

  Diagnostics& diagnostics_;
  DesignSpace space_;
  std::vector<Visit> state_;
  std::vector<std::size_t> chain_;
  std::vector<std::size_t> parent_;
  std::vector<bool> core_;
  std::vector<bool> tabled_;
  std::vector<std::vector<std::size_t>> due_;
  std::vector<std::uint32_t> point_;
};

std::optional<DesignSpace> DesignSpace::build(std::vector<Knob> knobs,
                                              std::vector<Requirement> requirements,
                                              Diagnostics& diagnostics) {
  return SpaceBuilder{std::move(knobs), std::move(requirements), diagnostics}.build();
}

}  // namespace cairn::search
