#include "hw/mapping.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "core/hash.h"

namespace cairn::hw {
namespace {

constexpr std::string_view kLetters = "mnk";
constexpr std::string_view kTensors = "wao";

constexpr std::string_view short_name(Dataflow dataflow) {
  switch (dataflow) {
    case Dataflow::output_stationary:
      return "os";
    case Dataflow::weight_stationary:
      return "ws";
    case Dataflow::input_stationary:
      break;
  }
  return "is";
}

std::string bypass_text(std::uint8_t bits) {
  std::string text;
  for (std::size_t t = 0; t < kTensors.size(); ++t) {
    if (((bits >> t) & 1U) != 0) {
      text += kTensors[t];
    }
  }
  return text.empty() ? "-" : text;
}

constexpr std::array<std::string_view, 4> kFusions{"none", "attention", "epilogue", "gate_up"};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    std::string_view part = text.substr(from, to - from);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) {
      part.remove_prefix(1);
    }
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) {
      part.remove_suffix(1);
    }
    if (!part.empty() || separator == '|') {
      parts.push_back(part);
    }
    from = to + 1;
  }
  return parts;
}

/// One word `m128`, `m<=64` or `m`: which dimension, the number if any, and whether a bound.
struct Extent {
  std::size_t dimension{};
  std::optional<std::int64_t> size{};
  bool at_most{};
};

std::optional<Extent> parse_extent(std::string_view word, std::string& why) {
  Extent extent;
  extent.dimension = word.empty() ? std::string_view::npos : kLetters.find(word.front());
  if (extent.dimension == std::string_view::npos) {
    why = fmt::format("'{}' does not start with m, n or k", word);
    return std::nullopt;
  }
  word.remove_prefix(1);
  if (word.starts_with("<=")) {
    extent.at_most = true;
    word.remove_prefix(2);
  }
  if (word.empty() && !extent.at_most) {
    return extent;
  }
  std::int64_t size = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), size);
  if (error != std::errc{} || end != word.data() + word.size() || size < 1) {
    why = fmt::format("'{}' is not a positive whole number", word);
    return std::nullopt;
  }
  extent.size = size;
  return extent;
}

bool parse_order(std::span<const std::string_view> words, MappingConstraint& c, std::string& why) {
  std::array<Dimension, 3> order{};
  std::array<bool, 3> seen{};
  if (words.size() != 3) {
    why = "dram needs the three loops, outermost first, for example `dram n k m`";
    return false;
  }
  for (std::size_t level = 0; level < 3; ++level) {
    const std::optional<Extent> extent = parse_extent(words[level], why);
    if (!extent) {
      return false;
    }
    if (seen.at(extent->dimension)) {
      why = fmt::format("loop {} is given twice", kLetters[extent->dimension]);
      return false;
    }
    seen.at(extent->dimension) = true;
    order.at(level) = static_cast<Dimension>(extent->dimension);
    c.trips.at(extent->dimension) = extent->size;
  }
  c.order = order;
  return true;
}

bool parse_sizes(std::span<const std::string_view> words, bool spatial, MappingConstraint& c,
                 std::string& why) {
  for (const std::string_view word : words) {
    const std::optional<Extent> extent = parse_extent(word, why);
    if (!extent || !extent->size) {
      if (why.empty()) {
        why = fmt::format("'{}' needs a size", word);
      }
      return false;
    }
    auto& target = spatial ? c.spatial : (extent->at_most ? c.tile_at_most : c.tile);
    target.at(extent->dimension) = extent->size;
  }
  return true;
}

bool parse_part(std::span<const std::string_view> words, MappingConstraint& c, std::string& why) {
  const std::string_view head = words.front();
  const auto rest = words.subspan(1);
  if (rest.empty()) {
    for (const Dataflow d :
         {Dataflow::output_stationary, Dataflow::weight_stationary, Dataflow::input_stationary}) {
      if (head == short_name(d)) {
        c.dataflow = d;
        return true;
      }
    }
  }
  if (head == "tiles") {
    return true;  // the kind is the device's to say
  }
  if (head == "dram") {
    return parse_order(rest, c, why);
  }
  if (head == "tile" || head == "array") {
    return parse_sizes(rest, head == "array", c, why);
  }
  if (head == "split" && rest.size() == 1) {
    const std::optional<Extent> extent = parse_extent(rest.front(), why);
    if (!extent || extent->dimension != 2 || !extent->size) {
      why = "split takes the parts of the reduction, for example `split k4`";
      return false;
    }
    c.split_k = extent->size;
    return true;
  }
  if (head == "bypass" && rest.size() == 1) {
    std::uint8_t bits = 0;
    for (const char letter : rest.front()) {
      const std::size_t tensor = kTensors.find(letter);
      if (tensor == std::string_view::npos && letter != '-') {
        why = fmt::format("bypass takes any of w, a, o or -, found '{}'", rest.front());
        return false;
      }
      if (letter != '-') {
        bits = static_cast<std::uint8_t>(bits | (1U << tensor));
      }
    }
    c.bypass = bits;
    return true;
  }
  if (head == "fuse" && rest.size() == 1) {
    const auto* found = std::find(kFusions.begin(), kFusions.end(), rest.front());
    if (found != kFusions.end()) {
      c.fused = static_cast<std::uint8_t>(found - kFusions.begin());
      return true;
    }
  }
  why = fmt::format(
      "'{}' is not a part of a mapping; parts are os|ws|is, dram, tile, array, split, bypass, fuse",
      fmt::join(words, " "));
  return false;
}

}  // namespace

std::string to_text(const Mapping& m) {
  if (m.kind == MappingKind::none) {
    return m.fused == 0 ? "-" : fmt::format("fuse {}", kFusions.at(m.fused));
  }
  if (m.kind == MappingKind::tiles) {
    return fmt::format("tiles | tile m{} n{} k{} | split k{} | fuse {}", m.tile[0], m.tile[1],
                       m.tile[2], m.split_k, kFusions.at(m.fused));
  }
  std::string loops;
  for (const Dimension d : m.order) {
    const auto i = static_cast<std::size_t>(d);
    loops += fmt::format(" {}{}", kLetters[i], m.trips.at(i));
  }
  std::string spatial;
  for (std::size_t i = 0; i < 3; ++i) {
    if (m.spatial.at(i) > 1) {
      spatial += fmt::format(" {}{}", kLetters[i], m.spatial.at(i));
    }
  }
  return fmt::format("{} | dram{} | tile m{} n{} k{} | array{} | bypass {} | fuse {}",
                     short_name(m.dataflow), loops, m.tile[0], m.tile[1], m.tile[2],
                     spatial.empty() ? " m1" : spatial, bypass_text(m.bypass),
                     kFusions.at(m.fused));
}

std::string to_text(const MappingConstraint& c) {
  std::vector<std::string> parts;
  if (c.dataflow) {
    parts.emplace_back(short_name(*c.dataflow));
  }
  if (c.order) {
    std::string loops = "dram";
    for (const Dimension d : *c.order) {
      const auto i = static_cast<std::size_t>(d);
      loops += c.trips.at(i) ? fmt::format(" {}{}", kLetters[i], *c.trips.at(i))
                             : fmt::format(" {}", kLetters[i]);
    }
    parts.push_back(loops);
  }
  const auto sizes = [&](std::string_view head, const auto& exact, const auto* bound) {
    std::string text;
    for (std::size_t i = 0; i < 3; ++i) {
      if (exact.at(i)) {
        text += fmt::format(" {}{}", kLetters[i], *exact.at(i));
      }
      if (bound != nullptr && bound->at(i)) {
        text += fmt::format(" {}<={}", kLetters[i], *bound->at(i));
      }
    }
    if (!text.empty()) {
      parts.push_back(std::string{head} + text);
    }
  };
  sizes("tile", c.tile, &c.tile_at_most);
  sizes("array", c.spatial, static_cast<decltype(&c.spatial)>(nullptr));
  if (c.split_k) {
    parts.push_back(fmt::format("split k{}", *c.split_k));
  }
  if (c.bypass) {
    parts.push_back("bypass " + bypass_text(*c.bypass));
  }
  if (c.fused) {
    parts.push_back(fmt::format("fuse {}", kFusions.at(*c.fused)));
  }
  return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, " | "));
}

std::optional<MappingConstraint> parse_mapping(std::string_view text, std::string& why) {
  MappingConstraint constraint;
  why.clear();
  if (text == "-" || text.empty()) {
    return constraint;
  }
  for (const std::string_view part : split(text, '|')) {
    const std::vector<std::string_view> words = split(part, ' ');
    if (words.empty()) {
      why = "a part between bars is empty";
      return std::nullopt;
    }
    if (!parse_part(words, constraint, why)) {
      return std::nullopt;
    }
  }
  return constraint;
}

void MappingConstraint::hash_into(Hasher& hasher) const {
  const auto number = [&](const auto& value) {
    hasher.add(value.has_value());
    if (value) {
      hasher.add(static_cast<std::int64_t>(*value));
    }
  };
  number(dataflow);
  hasher.add(order.has_value());
  if (order) {
    for (const Dimension d : *order) {
      hasher.add(static_cast<std::int64_t>(d));
    }
  }
  for (std::size_t d = 0; d < 3; ++d) {
    number(trips.at(d));
    number(tile.at(d));
    number(tile_at_most.at(d));
    number(spatial.at(d));
  }
  number(bypass);
  number(fused);
  number(split_k);
}

}  // namespace cairn::hw
