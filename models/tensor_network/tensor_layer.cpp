#include "models/tensor_network/tensor_layer.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/units.h"

namespace cairn::models {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 62U;

/// a * b, at most kMostElements.
std::int64_t product(std::int64_t a, std::int64_t b) {
  return a > kMostElements / b ? kMostElements : a * b;
}

/// A mode of the weight. `whole` ones have no factor matrix: they stand in the core.
struct Mode {
  IndexId index{};
  std::int64_t size{1};
  bool whole{};
};

/// Puts the terms and indices of one layer together.
class Builder {
 public:
  Builder(const TensorLayerShape& shape, std::int64_t kernel_height, std::int64_t kernel_width,
          std::int64_t batch)
      : shape_(shape) {
    const IndexId rows = add_index("b", batch);
    const bool tucker = shape.decomposition == Decomposition::tucker ||
                        shape.decomposition == Decomposition::block_term;
    network_.output.push_back(rows);
    for (std::size_t m = 0; m < shape.output_modes.size(); ++m) {
      outputs_.push_back(add_mode(fmt::format("o{}", m), shape.output_modes[m], false));
      network_.output.push_back(outputs_.back().index);
    }
    for (const auto& [name, size] : {std::pair{"kh", kernel_height}, {"kw", kernel_width}}) {
      if (size > 1) {
        kernel_.push_back(add_mode(name, size, tucker));
      }
    }
    for (std::size_t m = 0; m < shape.input_modes.size(); ++m) {
      inputs_.push_back(add_mode(fmt::format("i{}", m), shape.input_modes[m], false));
    }
    TensorIndices input{rows};
    for (const std::vector<Mode>* modes : {&kernel_, &inputs_}) {
      for (const Mode& mode : *modes) {
        input.push_back(mode.index);
      }
    }
    network_.terms.push_back(std::move(input));
    for (const std::vector<Mode>* modes : {&outputs_, &kernel_, &inputs_}) {
      modes_.insert(modes_.end(), modes->begin(), modes->end());
    }
  }

  TensorLayer build() {
    switch (shape_.decomposition) {
      case Decomposition::tensor_train:
        chain(single_modes());
        break;
      case Decomposition::tensor_train_matrix:
        chain(paired_modes());
        break;
      case Decomposition::tensor_ring:
        ring();
        break;
      case Decomposition::tucker:
        tucker({});
        break;
      case Decomposition::canonical_polyadic:
        canonical_polyadic();
        break;
      case Decomposition::hierarchical_tucker:
        hierarchical_tucker();
        break;
      case Decomposition::block_term:
        tucker({add_index("n", shape_.blocks)});
        break;
    }
    TensorLayer layer;
    for (std::size_t t = 1; t < network_.terms.size(); ++t) {
      std::int64_t elements = 1;
      for (const IndexId index : network_.terms[t]) {
        elements = cairn::detail::checked_product<std::int64_t>(elements, size_of(index));
      }
      layer.parameters += elements;
    }
    layer.network = std::move(network_);
    return layer;
  }

 private:
  IndexId add_index(std::string name, std::int64_t size) {
    network_.indices.push_back({.name = std::move(name), .size = size});
    return static_cast<IndexId>(network_.indices.size() - 1);
  }
  Mode add_mode(std::string name, std::int64_t size, bool whole) {
    return {.index = add_index(std::move(name), size), .size = size, .whole = whole};
  }
  [[nodiscard]] std::int64_t size_of(IndexId index) const {
    return network_.indices[static_cast<std::size_t>(index)].size;
  }
  [[nodiscard]] const std::string& name_of(IndexId index) const {
    return network_.indices[static_cast<std::size_t>(index)].name;
  }
  [[nodiscard]] std::int64_t elements(std::size_t first, std::size_t last) const {
    std::int64_t count = 1;
    for (std::size_t m = first; m < last; ++m) {
      count = product(count, modes_[m].size);
    }
    return count;
  }
  /// The rank of a bond that has the modes [first, last) on one side.
  [[nodiscard]] std::int64_t bond_rank(std::size_t first, std::size_t last) const {
    return std::min({shape_.rank, elements(first, last),
                     product(elements(0, first), elements(last, modes_.size()))});
  }

  /// The modes of each core of a chain.
  [[nodiscard]] std::vector<std::vector<Mode>> single_modes() const {
    std::vector<std::vector<Mode>> cores;
    for (const Mode& mode : modes_) {
      cores.push_back({mode});
    }
    return cores;
  }
  [[nodiscard]] std::vector<std::vector<Mode>> paired_modes() const {
    std::vector<std::vector<Mode>> cores;
    if (!kernel_.empty()) {
      cores.push_back(kernel_);
    }
    for (std::size_t m = 0; m < inputs_.size(); ++m) {
      cores.push_back({inputs_[m], outputs_[m]});
    }
    return cores;
  }

  void chain(const std::vector<std::vector<Mode>>& cores) {
    std::int64_t before = 1;
    std::vector<IndexId> bonds;
    for (std::size_t c = 0; c + 1 < cores.size(); ++c) {
      for (const Mode& mode : cores[c]) {
        before = product(before, mode.size);
      }
      std::int64_t after = 1;
      for (std::size_t later = c + 1; later < cores.size(); ++later) {
        for (const Mode& mode : cores[later]) {
          after = product(after, mode.size);
        }
      }
      bonds.push_back(add_index(fmt::format("r{}", c + 1), std::min({shape_.rank, before, after})));
    }
    for (std::size_t c = 0; c < cores.size(); ++c) {
      TensorIndices core;
      if (c > 0) {
        core.push_back(bonds[c - 1]);
      }
      for (const Mode& mode : cores[c]) {
        core.push_back(mode.index);
      }
      if (c < bonds.size()) {
        core.push_back(bonds[c]);
      }
      network_.terms.push_back(std::move(core));
    }
  }

  void ring() {
    std::vector<IndexId> bonds;
    for (std::size_t m = 0; m < modes_.size(); ++m) {
      bonds.push_back(add_index(fmt::format("r{}", m), shape_.rank));
    }
    for (std::size_t m = 0; m < modes_.size(); ++m) {
      network_.terms.push_back({bonds[m], modes_[m].index, bonds[(m + 1) % modes_.size()]});
    }
  }

  /// \param shared indices that stand in every core (the block).
  void tucker(const TensorIndices& shared) {
    TensorIndices core = shared;
    for (std::size_t m = 0; m < modes_.size(); ++m) {
      if (modes_[m].whole) {
        core.push_back(modes_[m].index);
        continue;
      }
      const IndexId rank = add_index("r" + name_of(modes_[m].index), bond_rank(m, m + 1));
      TensorIndices factor = shared;
      factor.push_back(modes_[m].index);
      factor.push_back(rank);
      network_.terms.push_back(std::move(factor));
      core.push_back(rank);
    }
    network_.terms.push_back(std::move(core));
  }

  void canonical_polyadic() {
    std::size_t largest = 0;
    for (std::size_t m = 0; m < modes_.size(); ++m) {
      largest = modes_[m].size > modes_[largest].size ? m : largest;
    }
    const std::int64_t most = product(elements(0, largest), elements(largest + 1, modes_.size()));
    const IndexId rank = add_index("r", std::min(shape_.rank, most));
    for (const Mode& mode : modes_) {
      network_.terms.push_back({mode.index, rank});
    }
  }

  void hierarchical_tucker() {
    std::vector<IndexId> leaves;
    for (std::size_t m = 0; m < modes_.size(); ++m) {
      leaves.push_back(add_index("r" + name_of(modes_[m].index), bond_rank(m, m + 1)));
      network_.terms.push_back({modes_[m].index, leaves.back()});
    }
    const std::size_t middle = (modes_.size() + 1) / 2;
    const IndexId left = subtree(leaves, 0, middle);
    const IndexId right = subtree(leaves, middle, modes_.size());
    network_.terms.push_back({left, right});
  }

  /// Adds the transfer tensors below and at the node of the modes [first, last).
  /// \returns its bond towards the root.
  IndexId subtree(const std::vector<IndexId>& leaves, std::size_t first, std::size_t last) {
    if (last - first == 1) {
      return leaves[first];
    }
    const std::size_t middle = (first + last + 1) / 2;
    const IndexId left = subtree(leaves, first, middle);
    const IndexId right = subtree(leaves, middle, last);
    const IndexId own =
        add_index("r" + name_of(modes_[first].index) + name_of(modes_[last - 1].index),
                  bond_rank(first, last));
    network_.terms.push_back({left, right, own});
    return own;
  }

  const TensorLayerShape& shape_;
  TensorNetwork network_;
  std::vector<Mode> outputs_;
  std::vector<Mode> kernel_;
  std::vector<Mode> inputs_;
  std::vector<Mode> modes_;  ///< outputs, kernel, inputs
};

/// Looks for `count` factors of `size`, none below `least`, that add up to less than `best`.
void split(std::int64_t size, std::int64_t count, std::int64_t least,
           std::vector<std::int64_t>& chosen, std::int64_t sum, std::int64_t& best_sum,
           std::vector<std::int64_t>& best) {
  if (count == 1) {
    if (size >= least && size < best_sum - sum) {
      best_sum = sum + size;
      best = chosen;
      best.push_back(size);
    }
    return;
  }
  // The smallest of `count` factors is at most their geometric mean.
  const auto fits = [&](std::int64_t factor) {
    std::int64_t power = 1;
    for (std::int64_t i = 0; i < count; ++i) {
      power = product(power, factor);
    }
    return power <= size;
  };
  for (std::int64_t factor = least; fits(factor); ++factor) {
    if (size % factor == 0) {
      chosen.push_back(factor);
      split(size / factor, count - 1, factor, chosen, sum + factor, best_sum, best);
      chosen.pop_back();
    }
  }
}

}  // namespace

std::vector<FieldProblem> problems(const TensorLayerShape& shape) {
  std::vector<FieldProblem> found;
  std::int64_t elements = 1;
  for (const auto& [field, modes] : {std::pair{"input_modes", &shape.input_modes},
                                     std::pair{"output_modes", &shape.output_modes}}) {
    if (modes->empty()) {
      found.push_back({field, "has no mode, expected at least one", "such as [12, 8, 8]"});
    }
    for (std::size_t m = 0; m < modes->size(); ++m) {
      if ((*modes)[m] < 1) {
        found.push_back({fmt::format("{}[{}]", field, m),
                         fmt::format("is {}, expected at least 1", (*modes)[m]), ""});
      } else {
        elements = product(elements, (*modes)[m]);
      }
    }
  }
  if (elements >= kMostElements) {
    found.push_back({"input_modes", "make a weight of 2^62 elements or more", ""});
  }
  for (const auto& [field, value] :
       {std::pair{"rank", shape.rank}, std::pair{"blocks", shape.blocks}}) {
    if (value < 1) {
      found.push_back({field, fmt::format("is {}, expected at least 1", value), ""});
    }
  }
  if (shape.decomposition == Decomposition::tensor_train_matrix &&
      shape.input_modes.size() != shape.output_modes.size()) {
    found.push_back({"output_modes",
                     fmt::format("are {}, but a tensor train matrix has as many as input_modes, {}",
                                 shape.output_modes.size(), shape.input_modes.size()),
                     "a mode of 1 fills up"});
  }
  return found;
}

TensorLayer tensor_layer(const TensorLayerShape& shape, std::int64_t batch) {
  return convolution_layer(shape, 1, 1, batch);
}

TensorLayer convolution_layer(const TensorLayerShape& shape, std::int64_t kernel_height,
                              std::int64_t kernel_width, std::int64_t pixels) {
  CAIRN_CHECK(problems(shape).empty(), "a layer is built from a shape without problems");
  CAIRN_CHECK(pixels >= 1 && kernel_height >= 1 && kernel_width >= 1,
              "a layer has rows, and a kernel two sides");
  return Builder{shape, kernel_height, kernel_width, pixels}.build();
}

TensorNetwork weight_network(const TensorNetwork& layer) {
  CAIRN_CHECK(layer.terms.size() > 1 && !layer.output.empty(), "a layer has an input and cores");
  TensorNetwork weight{.name = layer.name,
                       .indices = layer.indices,
                       .terms = {layer.terms.begin() + 1, layer.terms.end()},
                       .output = {layer.output.begin() + 1, layer.output.end()}};
  weight.output.insert(weight.output.end(), layer.terms[0].begin() + 1, layer.terms[0].end());
  return weight;
}

TensorNetwork gradient_network(const TensorNetwork& network, std::int32_t term) {
  const auto t = static_cast<std::size_t>(term);
  CAIRN_CHECK(term >= 0 && t < network.terms.size(), "the term is in the network");
  TensorNetwork gradient = network;
  gradient.output = network.terms[t];
  gradient.terms.erase(gradient.terms.begin() + term);
  gradient.terms.push_back(network.output);
  check(gradient);
  return gradient;
}

std::vector<std::int64_t> balanced_modes(std::int64_t size, std::int64_t count) {
  CAIRN_CHECK(size >= 1 && count >= 1, "modes are factors of a positive number");
  std::vector<std::int64_t> chosen;
  std::vector<std::int64_t> best;
  std::int64_t best_sum = std::numeric_limits<std::int64_t>::max();
  split(size, count, 1, chosen, 0, best_sum, best);
  std::ranges::reverse(best);
  return best;
}

}  // namespace cairn::models
