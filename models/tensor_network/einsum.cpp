#include "models/tensor_network/einsum.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "core/text/did_you_mean.h"
#include "core/text/numbers.h"
#include "core/text/utf8.h"

namespace cairn::models {
namespace {

constexpr std::string_view kEinsum = "<einsum>";
constexpr std::string_view kSizes = "<sizes>";
constexpr std::string_view kLetters = "each index is one letter, terms are separated by commas";

/// Code points, both ends included.
struct Range {
  std::uint32_t first;
  std::uint32_t last;
};
// Blocks of the Unicode standard that hold no letters.
constexpr std::array kNotLetters{
    Range{0x2000, 0x206F},  // general punctuation, blanks
    Range{0x2190, 0x21FF},  // arrows
    Range{0x3000, 0x3003},  // blank and punctuation of East Asian scripts
    Range{0xFF0C, 0xFF0C},  // full-width comma
};

/// Bytes of the character that starts with \p lead, in text that is valid UTF-8.
std::size_t bytes_of(char lead) {
  const auto byte = static_cast<std::uint8_t>(lead);
  if (byte < 0x80U) {
    return 1;
  }
  if (byte < 0xE0U) {
    return 2;
  }
  return byte < 0xF0U ? 3 : 4;
}

std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(character[i]));
  };
  std::uint32_t code = character.size() == 1   ? byte(0)
                       : character.size() == 2 ? byte(0) & 0x1FU
                       : character.size() == 3 ? byte(0) & 0x0FU
                                               : byte(0) & 0x07U;
  for (std::size_t i = 1; i < character.size(); ++i) {
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  return code;
}

bool names_index(std::uint32_t code) {
  if (code < 0x80U) {
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
  }
  if (code < 0xC0U) {
    return code == 0xAA || code == 0xB5 || code == 0xBA;
  }
  return std::ranges::none_of(kNotLetters,
                              [&](Range r) { return code >= r.first && code <= r.last; });
}

bool is_blank(std::uint32_t code) {
  return code == ' ' || code == '\t' || code == '\n' || code == '\r';
}

class Reader {
 public:
  Reader(std::string_view einsum, std::string_view sizes) : einsum_(einsum), sizes_(sizes) {}

  TensorNetwork read() {
    if (!is_text(einsum_, kEinsum) || !is_text(sizes_, kSizes)) {
      diagnostics_.throw_if_any();
    }
    read_terms();
    read_sizes();
    find_missing_sizes();
    diagnostics_.throw_if_any();
    return std::move(network_);
  }

 private:
  struct Seen {
    IndexId id{};
    int column{};  ///< of its first place in the einsum, from 1
    int times{};   ///< in the terms
    bool in_output{};
    bool wrong_size{};  ///< one was given, and reported
    std::optional<std::int64_t> size;
  };

  void error(std::string_view file, std::string_view text, int column, std::string message,
             std::string hint = {}) {
    diagnostics_.error({std::string{file}, 1, column, std::string{text}}, "", std::move(message),
                       std::move(hint));
  }
  void error(int column, std::string message, std::string hint = {}) {
    error(kEinsum, einsum_, column, std::move(message), std::move(hint));
  }

  bool is_text(std::string_view text, std::string_view file) {
    if (const auto at = find_not_text(text)) {
      error(file, {}, static_cast<int>(count_characters(text.substr(0, *at))) + 1,
            "is not UTF-8 text here");
      return false;
    }
    return true;
  }

  Seen& index(std::string_view name, int column) {
    const auto [place, is_new] = seen_.try_emplace(std::string{name});
    if (is_new) {
      place->second.id = static_cast<IndexId>(network_.indices.size());
      place->second.column = column;
      network_.indices.push_back({.name = std::string{name}, .size = 1});
    }
    return place->second;
  }

  void read_terms() {
    network_.terms.emplace_back();
    bool any = false;
    bool in_output = false;
    int column = 1;
    for (std::size_t i = 0; i < einsum_.size(); ++column) {
      const std::string_view character = einsum_.substr(i, bytes_of(einsum_[i]));
      const std::uint32_t code = code_point(character);
      i += character.size();
      if (is_blank(code)) {
        continue;
      }
      any = true;
      if (names_index(code)) {
        in_output ? add_output(character, column) : add_to_term(character, column);
      } else if (code == ',') {
        if (in_output) {
          error(column, "the output is one tensor, found ','");
        }
        network_.terms.emplace_back();
      } else if (const std::size_t head = einsum_.find_first_not_of(" \t\r\n", i);
                 code == '-' && head < einsum_.size() && einsum_[head] == '>') {
        if (in_output) {
          error(column, "a second '->'");
        }
        in_output = true;
        column += static_cast<int>(head + 1 - i);
        i = head + 1;
      } else {
        bad_character(character, column);
      }
    }
    if (!any) {
      error(1, "the einsum is empty", "such as ab,bc->ac");
    }
    if (!in_output) {
      add_implicit_output();
    }
  }

  void add_to_term(std::string_view name, int column) {
    Seen& seen = index(name, column);
    ++seen.times;
    network_.terms.back().push_back(seen.id);
  }

  void add_output(std::string_view name, int column) {
    const auto place = seen_.find(std::string{name});
    if (place == seen_.end()) {
      error(column, fmt::format("output index '{}' stands in no term", name),
            fmt::format("the terms have: {}", all_names()));
      return;
    }
    if (std::exchange(place->second.in_output, true)) {
      error(column, fmt::format("output index '{}' stands twice in the output", name));
      return;
    }
    network_.output.push_back(place->second.id);
  }

  void add_implicit_output() {
    for (const auto& [name, seen] : seen_) {  // sorted by bytes: that is by code point
      if (seen.times == 1) {
        network_.output.push_back(seen.id);
      }
    }
  }

  void bad_character(std::string_view character, int column) {
    std::string hint{kLetters};
    if (character == ".") {
      hint = "an ellipsis is not known: name each index";
    } else if (character == "-" || character == ">" || character == "→") {
      hint = "the output follows '->'";
    }
    error(column, fmt::format("'{}' names no index", character), hint);
  }

  [[nodiscard]] std::string all_names() const {
    std::vector<std::string> names;
    for (const auto& [name, seen] : seen_) {
      names.push_back(name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  void read_sizes() {
    std::size_t begin = 0;
    while (begin <= sizes_.size()) {
      const std::size_t end = std::min(sizes_.find(',', begin), sizes_.size());
      read_size(begin, sizes_.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  void read_size(std::size_t begin, std::string_view piece) {
    const std::string_view entry = trim(piece);
    if (entry.empty()) {
      return;  // nothing given, or a comma too many
    }
    const auto offset = begin + static_cast<std::size_t>(entry.data() - piece.data());
    const int column = static_cast<int>(count_characters(sizes_.substr(0, offset))) + 1;
    const auto complain = [&](std::string message, std::string hint = {}) {
      error(kSizes, sizes_, column, std::move(message), std::move(hint));
    };
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) {
      complain(fmt::format("'{}' is no size", entry), "such as a=64");
      return;
    }
    const std::string name{trim(entry.substr(0, equals))};
    const std::string_view number = trim(entry.substr(equals + 1));
    const auto place = seen_.find(name);
    if (place == seen_.end()) {
      complain(fmt::format("no term has an index '{}'", name),
               fmt::format("the terms have: {}", all_names()));
      return;
    }
    const std::optional<std::int64_t> size = parse_int(number);
    if (!size || *size < 1) {
      place->second.wrong_size = true;
      complain(fmt::format("size of '{}' is '{}', expected a whole number from 1", name, number));
      return;
    }
    Seen& seen = place->second;
    if (seen.size && *seen.size != *size) {
      complain(fmt::format("size of '{}' is {} here and {} before", name, *size, *seen.size));
      return;
    }
    seen.size = size;
    network_.indices[static_cast<std::size_t>(seen.id)].size = *size;
  }

  void find_missing_sizes() {
    std::vector<std::string> names;
    int column = 0;
    for (const TensorIndex& i : network_.indices) {  // in the order of the einsum
      const Seen& seen = seen_.at(i.name);
      if (!seen.size && !seen.wrong_size) {
        column = column == 0 ? seen.column : column;
        names.push_back(i.name);
      }
    }
    if (names.empty()) {
      return;
    }
    std::string example;
    for (const std::string& name : names) {
      example += fmt::format("{}{}=64", example.empty() ? "" : ",", name);
    }
    error(column,
          fmt::format("{} {} {} no size", names.size() == 1 ? "index" : "indices",
                      fmt::join(names, ", "), names.size() == 1 ? "has" : "have"),
          fmt::format("--sizes {}", example));
  }

  std::string_view einsum_;
  std::string_view sizes_;
  TensorNetwork network_;
  std::map<std::string, Seen, std::less<>> seen_;
  Diagnostics diagnostics_;
};

}  // namespace

TensorNetwork read_einsum(std::string_view einsum, std::string_view sizes) {
  return Reader{einsum, sizes}.read();
}

std::string names_of(const TensorNetwork& network, std::span<const IndexId> indices) {
  const bool single = std::ranges::all_of(
      network.indices, [](const TensorIndex& index) { return count_characters(index.name) == 1; });
  std::string text;
  for (const IndexId index : indices) {
    if (!single && !text.empty()) {
      text += ',';
    }
    text += network.indices[static_cast<std::size_t>(index)].name;
  }
  return text;
}

std::string einsum_text(const TensorNetwork& network, std::span<const TensorIndices> terms,
                        std::span<const IndexId> output) {
  const bool single = std::ranges::all_of(
      network.indices, [](const TensorIndex& index) { return count_characters(index.name) == 1; });
  const auto tensor = [&](std::span<const IndexId> indices) {
    const std::string names = names_of(network, indices);
    return single ? names : fmt::format("[{}]", names);
  };
  std::string text;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    text += (t == 0 ? "" : ",") + tensor(terms[t]);
  }
  return text + "->" + tensor(output);
}

}  // namespace cairn::models
