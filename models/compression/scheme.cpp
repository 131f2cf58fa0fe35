// What schemes say: their own checks, and the shorthand.
#include <charconv>

#include <fmt/format.h>

#include "core/text/enum_names.h"
#include "models/compression/compression.h"
#include "models/compression/pattern.h"
#include "models/tensor_network/fixed_order.h"

namespace cairn::models {
namespace {

constexpr int kLargestBlock = 1024;  // M of N:M

/// `g128`, `a16`: the letters, then a number in [1, most].
std::optional<int> take_part(std::string_view& text, std::string_view letters, int most) {
  if (!text.starts_with(letters)) {
    return std::nullopt;
  }
  const std::string_view digits = text.substr(letters.size());
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || number < 1 || number > most) {
    return std::nullopt;
  }
  text = digits.substr(static_cast<std::size_t>(end - digits.data()));
  return number;
}

/// A text that is a number from end to end.
std::optional<int> whole_number(std::string_view text) {
  const std::optional<int> number = take_part(text, "", kLargestBlock);
  return text.empty() ? number : std::nullopt;
}

Precision format_of(int bits) {
  return bits == 16 ? kFp16 : integer_format(bits);
}

void refuse_coded(std::vector<FieldProblem>& found, const char* field,
                  const std::optional<Precision>& format) {
  if (format && format->is_coded()) {
    found.push_back(
        {field,
         fmt::format("'{}' is a format of constants, which are coded once", to_text(*format)),
         "an integer or floating format"});
  }
}

}  // namespace

std::optional<Pattern> parse_pattern(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<int> kept = whole_number(text.substr(0, colon));
  const std::optional<int> block = whole_number(text.substr(colon + 1));
  if (!kept || !block || *kept < 1 || *kept > *block || *block > kLargestBlock) {
    return std::nullopt;
  }
  return Pattern{.kept = *kept, .block = *block};
}

std::vector<FieldProblem> Quantize::problems() const {
  std::vector<FieldProblem> found;
  if (!weights && !activations && !kv_cache) {
    found.push_back({"", "nothing to quantize", "one of: weights, activations, kv_cache"});
  }
  refuse_coded(found, "activations", activations);
  refuse_coded(found, "kv_cache", kv_cache);
  return found;
}

std::vector<FieldProblem> Prune::problems() const {
  std::vector<FieldProblem> found;
  if (density.has_value() == pattern.has_value()) {
    found.push_back({pattern ? "pattern" : "", "expected either a density or a pattern", {}});
  }
  if (pattern && !parse_pattern(*pattern)) {
    found.push_back({"pattern", fmt::format("'{}' is not an N:M pattern", *pattern),
                     "N kept of each M, such as 2:4"});
  }
  if (!pattern && storage == SparseStorage::n_m) {
    found.push_back({"storage", "n_m stores a pattern, and there is none", {}});
  }
  return found;
}

std::vector<FieldProblem> LowRank::problems() const {
  std::vector<FieldProblem> found;
  if (rank.has_value() == ratio.has_value()) {
    found.push_back({ratio ? "ratio" : "", "expected either a rank or a ratio", {}});
  }
  return found;
}

std::vector<FieldProblem> Tensorize::problems() const {
  std::vector<FieldProblem> found;
  if (input_modes.empty() != output_modes.empty()) {
    found.push_back({input_modes.empty() ? "output_modes" : "input_modes", "modes of one side only",
                     input_modes.empty() ? "give input_modes too" : "give output_modes too"});
  } else if (modes && !input_modes.empty()) {
    found.push_back({"modes", "the modes of both sides are given, so there is nothing to cut", {}});
  }
  if (decomposition == Decomposition::tensor_train_matrix &&
      input_modes.size() != output_modes.size() && !input_modes.empty() && !output_modes.empty()) {
    found.push_back({"output_modes",
                     fmt::format("a core of a tensor_train_matrix has one mode of each side, but "
                                 "there are {} input and {} output modes",
                                 input_modes.size(), output_modes.size()),
                     {}});
  }
  if (blocks && decomposition != Decomposition::block_term) {
    found.push_back({"blocks", fmt::format("a {} has no blocks", cairn::to_text(decomposition)),
                     "decomposition: block_term"});
  }
  if (order == TensorOrder::bidirectional && !is_two_sided(decomposition)) {
    found.push_back({"order",
                     fmt::format("bidirectional merges the cores of each side, which those of a {} "
                                 "are not",
                                 cairn::to_text(decomposition)),
                     "another order, or tensor_train, tensor_ring, canonical_polyadic or "
                     "hierarchical_tucker"});
  }
  return found;
}

std::optional<std::vector<Scheme>> parse_scheme(std::string_view text, std::string& why) {
  std::string_view rest = text;
  Quantize scheme;
  const std::optional<int> weights = take_part(rest, "w", 16);
  const bool grouped = rest.starts_with("g");
  const std::optional<int> group = take_part(rest, "g", 1 << 24);
  const std::optional<int> activations = take_part(rest, "a", 16);
  const std::optional<int> cache = take_part(rest, "kv", 16);
  if (!weights || !rest.empty() || (grouped && (!group || *weights == 16))) {
    why = fmt::format(
        "'{}' is not a scheme: expected w<bits>[g<group>]a<bits>kv<bits> with 1 to 16 bits (groups "
        "below 16), such as w4g128a16kv8",
        text);
    return std::nullopt;
  }
  scheme.weights = format_of(*weights);
  if (group) {
    scheme.weights->group_size = *group;
    scheme.weights->scale_bits = 16;
  }
  if (activations) {
    scheme.activations = format_of(*activations);
  }
  if (cache) {
    scheme.kv_cache = format_of(*cache);
  }
  return std::vector<Scheme>{scheme};
}

}  // namespace cairn::models
