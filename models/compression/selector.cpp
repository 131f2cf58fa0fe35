#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "models/compression/compression.h"

namespace cairn::models {
namespace {

/// `*` any text, `?` any character; the usual greedy walk that steps back to the last star.
bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == text[t] && pattern[p] != '*'))) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// Every answer of kind_name().
std::vector<std::string> kind_names() {
  std::vector<std::string> names{"matmul",  "conv2d",    "depthwise_conv2d", "attention",
                                 "softmax", "embedding", "pooling"};
  for (const std::vector<std::string>& more :
       {enum_texts<NormalizationKind>(), enum_texts<ElementwiseKind>()}) {
    names.insert(names.end(), more.begin(), more.end());
  }
  return names;
}

}  // namespace

bool matches(const Selector& selector, const Operator& op) {
  if (selector.kind && *selector.kind != kind_name(op.shape)) {
    return false;
  }
  if (selector.first_layer && (op.layer < 0 || op.layer < *selector.first_layer)) {
    return false;
  }
  if (selector.last_layer && (op.layer < 0 || op.layer > *selector.last_layer)) {
    return false;
  }
  return matches_glob(selector.name, op.name) || matches_glob(selector.name, op.group);
}

std::vector<FieldProblem> Selector::problems() const {
  std::vector<FieldProblem> found;
  if (kind) {
    const std::vector<std::string> names = kind_names();
    if (std::ranges::find(names, *kind) == names.end()) {
      found.push_back(
          {"kind", fmt::format("'{}' is not an operator kind", *kind), suggest(*kind, names)});
    }
  }
  for (const auto& [field, layer] :
       {std::pair{"first_layer", first_layer}, std::pair{"last_layer", last_layer}}) {
    if (layer && *layer < 0) {
      found.push_back({field, fmt::format("layers count from 0, found {}", *layer), {}});
    }
  }
  if (first_layer && last_layer && *first_layer > *last_layer) {
    found.push_back(
        {"last_layer",
         fmt::format("the last layer {} is before the first {}", *last_layer, *first_layer),
         {}});
  }
  return found;
}

}  // namespace cairn::models
