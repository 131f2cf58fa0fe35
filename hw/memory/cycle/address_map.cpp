#include "hw/memory/cycle/address_map.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/numbers.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"row",       "column", "bank",
                                                    "bankgroup", "rank",   "pseudochannel"};

struct Part {
  std::size_t field{};
  std::optional<std::uint32_t> bits;
};

std::uint32_t bits_of(std::int64_t count) {
  return static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(count)) - 1);
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string{text}};
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  return words;
}

std::optional<Part> part_of(const std::string& word, std::vector<FieldProblem>& problems) {
  const std::size_t colon = word.find(':');
  const std::string name = word.substr(0, colon);
  Part part;
  while (part.field < kNames.size() && kNames.at(part.field) != name) {
    ++part.field;
  }
  if (part.field == kNames.size()) {
    const std::vector<std::string> names(kNames.begin(), kNames.end());
    problems.push_back(
        {"map", fmt::format("'{}' is no part of an address", name), suggest(name, names)});
    return std::nullopt;
  }
  if (colon != std::string::npos) {
    const std::optional<std::int64_t> bits = parse_int(std::string_view{word}.substr(colon + 1));
    if (!bits || *bits < 1 || *bits > 32) {
      problems.push_back(
          {"map", fmt::format("'{}' must say how many bits, such as {}:2", word, name), ""});
      return std::nullopt;
    }
    part.bits = static_cast<std::uint32_t>(*bits);
  }
  return part;
}

}  // namespace

std::string_view default_address_order() {
  return "row column rank bank bankgroup pseudochannel";
}

DramAddressMap::DramAddressMap(const DramPartSpec& part, std::string_view order,
                               std::vector<FieldProblem>& problems)
    : order_(order) {
  const DramOrganisationSpec& o = part.organisation;
  const std::array<std::int64_t, kFields> counts = {
      o.rows,  o.columns / o.burst_length, o.banks_per_group, o.bank_groups,
      o.ranks, o.pseudo_channels};
  const std::int64_t access = o.channel_width.count() * o.burst_length / 8;
  std::array<std::uint32_t, kFields> left{};
  const std::size_t before = problems.size();
  for (std::size_t f = 0; f < kFields; ++f) {
    if (counts.at(f) < 1 || !std::has_single_bit(static_cast<std::uint64_t>(counts.at(f)))) {
      problems.push_back({"map",
                          fmt::format("{} values of '{}' are no power of two, so no bits of an "
                                      "address can name them",
                                      counts.at(f), kNames.at(f)),
                          ""});
    } else {
      left.at(f) = bits_of(counts.at(f));
    }
  }
  if (!std::has_single_bit(static_cast<std::uint64_t>(access))) {
    problems.push_back({"map", fmt::format("accesses of {} B are no power of two", access), ""});
  }
  std::vector<Part> parts;
  for (const std::string& word : words_of(order)) {
    if (const std::optional<Part> p = part_of(word, problems)) {
      parts.push_back(*p);
    }
  }
  if (problems.size() != before) {
    return;
  }
  // Parts with a number of bits first; one part without takes what they leave.
  const std::array<std::uint32_t, kFields> all = left;
  std::array<bool, kFields> open{};
  for (const Part& p : parts) {
    const std::string_view name = kNames.at(p.field);
    if (p.bits) {
      if (*p.bits > left.at(p.field)) {
        problems.push_back({"map",
                            fmt::format("'{}' has {} bits, the parts of the order name more", name,
                                        all.at(p.field)),
                            ""});
        return;
      }
      left.at(p.field) -= *p.bits;
    } else if (open.at(p.field)) {
      problems.push_back(
          {"map", fmt::format("'{}' comes twice without a number of bits", name), ""});
      return;
    } else {
      open.at(p.field) = true;
    }
  }
  for (std::size_t f = 0; f < kFields; ++f) {
    if (!open.at(f) && left.at(f) != 0) {
      problems.push_back({"map",
                          fmt::format("{} of the {} bits of '{}' are nowhere", left.at(f),
                                      all.at(f), kNames.at(f)),
                          fmt::format("such as: {}", default_address_order())});
    }
  }
  if (problems.size() != before) {
    return;
  }
  access_shift_ = bits_of(access);
  std::array<std::uint32_t, kFields> shift{};
  std::uint32_t total = access_shift_;
  std::reverse(parts.begin(), parts.end());
  for (const Part& p : parts) {
    const std::uint32_t bits = p.bits.value_or(left.at(p.field));
    if (bits != 0) {
      pieces_.push_back({p.field, bits, shift.at(p.field), (std::uint64_t{1} << bits) - 1});
      shift.at(p.field) += bits;
      total += bits;
    }
  }
  columns_ = static_cast<std::uint64_t>(counts[1]);
  ranks_ = static_cast<std::uint32_t>(o.ranks);
  groups_ = static_cast<std::uint32_t>(o.bank_groups);
  banks_ = static_cast<std::uint32_t>(o.banks_per_group);
  capacity_ = std::uint64_t{1} << total;
}

}  // namespace cairn::hw::cycle
