#include "models/tensor_network/fixed_order.h"

#include <algorithm>
#include <cstdint>

#include "core/error.h"

namespace cairn::models {
namespace {

/// Contracts tensors one after the other with one that grows.
class Growth {
 public:
  explicit Growth(const TensorNetwork& layer) : layer_(layer) {
    for (IndexId index = 0; static_cast<std::size_t>(index) < layer.indices.size(); ++index) {
      common_.push_back(std::all_of(
          layer.terms.begin() + 1, layer.terms.end(),
          [index](const auto& core) { return std::ranges::find(core, index) != core.end(); }));
    }
  }

  /// Takes the first of \p rest that shares an index with what was made so far, or else the first.
  /// What all cores share (the block of a block term) joins none of them before another.
  /// \param grown the tensor to begin with.
  /// \returns the number of the last result.
  std::int32_t contract(std::int32_t grown, std::vector<std::int32_t> rest) {
    std::vector<IndexId> seen = indices(grown);
    while (!rest.empty()) {
      auto next = std::ranges::find_if(rest, [&](std::int32_t tensor) {
        return std::ranges::any_of(indices(tensor), [&](IndexId index) {
          return !common_[static_cast<std::size_t>(index)] &&
                 std::ranges::find(seen, index) != seen.end();
        });
      });
      next = next == rest.end() ? rest.begin() : next;
      const std::vector<IndexId> more = indices(*next);
      seen.insert(seen.end(), more.begin(), more.end());
      grown = pair(grown, *next);
      rest.erase(next);
    }
    return grown;
  }
  std::int32_t pair(std::int32_t first, std::int32_t second) {
    order_.push_back({.first = first, .second = second});
    return static_cast<std::int32_t>(layer_.terms.size() + order_.size() - 1);
  }
  ContractionOrder take() { return std::move(order_); }

 private:
  /// Indices of a term; of a result only a term's are asked for, which the callers see to.
  [[nodiscard]] std::vector<IndexId> indices(std::int32_t tensor) const {
    CAIRN_CHECK(static_cast<std::size_t>(tensor) < layer_.terms.size(), "growth begins at a term");
    return layer_.terms[static_cast<std::size_t>(tensor)];
  }
  const TensorNetwork& layer_;
  std::vector<bool> common_;  // by index: whether it stands in every core
  ContractionOrder order_;
};

struct Sides {
  std::vector<std::int32_t> input;  ///< cores, the first one first
  std::vector<std::int32_t> output;
};

bool shares(const TensorIndices& tensor, const TensorIndices& other) {
  return std::ranges::any_of(
      tensor, [&](IndexId index) { return std::ranges::find(other, index) != other.end(); });
}

Sides sides_of(const TensorNetwork& layer) {
  enum class Side : std::uint8_t { none, input, output };
  std::vector<Side> sides(layer.terms.size(), Side::none);
  for (std::size_t t = 1; t < layer.terms.size(); ++t) {
    const bool of_input = std::ranges::any_of(layer.terms[t], [&](IndexId index) {
      return std::ranges::find(layer.terms[0], index) != layer.terms[0].end() &&
             std::ranges::find(layer.output, index) == layer.output.end();
    });
    const bool of_output = std::ranges::any_of(layer.terms[t], [&](IndexId index) {
      return std::ranges::find(layer.output, index) != layer.output.end() &&
             std::ranges::find(layer.terms[0], index) == layer.terms[0].end();
    });
    if (of_input || of_output) {
      sides[t] = of_input ? Side::input : Side::output;
    }
  }
  for (bool again = true; again;) {
    again = false;
    for (std::size_t t = 1; t < layer.terms.size(); ++t) {
      for (const Side side : {Side::input, Side::output}) {
        std::size_t joined = 0;
        for (std::size_t other = 1; other < layer.terms.size(); ++other) {
          joined += sides[other] == side && shares(layer.terms[t], layer.terms[other])
                        ? std::size_t{1}
                        : std::size_t{0};
        }
        if (sides[t] == Side::none && joined >= 2) {
          sides[t] = side;
          again = true;
        }
      }
    }
  }
  Sides result;
  for (std::size_t t = 1; t < layer.terms.size(); ++t) {
    (sides[t] == Side::input ? result.input : result.output)
        .push_back(static_cast<std::int32_t>(t));
  }
  return result;
}

}  // namespace

ContractionOrder right_to_left_order(const TensorNetwork& layer) {
  const Sides sides = sides_of(layer);
  std::vector<std::int32_t> sequence(sides.input.rbegin(), sides.input.rend());
  std::stable_partition(sequence.begin(), sequence.end(), [&layer](std::int32_t core) {
    return shares(layer.terms[static_cast<std::size_t>(core)], layer.terms[0]);
  });
  Growth growth(layer);
  // One list, so that a core of the output side comes early only where the input's are not joined.
  sequence.insert(sequence.end(), sides.output.rbegin(), sides.output.rend());
  growth.contract(0, std::move(sequence));
  return growth.take();
}

bool is_two_sided(Decomposition decomposition) {
  return decomposition == Decomposition::tensor_train ||
         decomposition == Decomposition::tensor_ring ||
         decomposition == Decomposition::canonical_polyadic ||
         decomposition == Decomposition::hierarchical_tucker;
}

ContractionOrder bidirectional_order(const TensorNetwork& layer) {
  Sides sides = sides_of(layer);
  CAIRN_CHECK(!sides.input.empty() && !sides.output.empty(), "a layer has cores on both sides");
  Growth growth(layer);
  std::ranges::reverse(sides.input);
  const auto merged = [&growth](const std::vector<std::int32_t>& cores) {
    return growth.contract(cores.front(), {cores.begin() + 1, cores.end()});
  };
  const std::int32_t input = merged(sides.input);
  const std::int32_t output = merged(sides.output);
  growth.pair(growth.pair(0, input), output);
  return growth.take();
}

ContractionOrder reconstruct_order(const TensorNetwork& layer) {
  Growth growth(layer);
  std::vector<std::int32_t> cores;
  for (std::size_t t = 2; t < layer.terms.size(); ++t) {
    cores.push_back(static_cast<std::int32_t>(t));
  }
  growth.pair(0, growth.contract(1, std::move(cores)));
  return growth.take();
}

}  // namespace cairn::models
