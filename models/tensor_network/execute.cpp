#include "models/tensor_network/execute.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/Core>
#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace cairn::models {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A dimension of a walk over a tensor's elements.
struct Stride {
  std::int64_t size{1};
  std::int64_t step{};  ///< elements between neighbours
};

/// A tensor whose dimensions are distinct indices.
struct Labelled {
  TensorIndices indices;
  std::vector<double> values;
};

class Contraction {
 public:
  explicit Contraction(const TensorNetwork& network) : network_(network) {}

  [[nodiscard]] std::int64_t size(IndexId index) const {
    return network_.indices[static_cast<std::size_t>(index)].size;
  }
  [[nodiscard]] std::int64_t elements(std::span<const IndexId> indices) const {
    std::int64_t count = 1;
    for (const IndexId index : indices) {
      count *= size(index);
    }
    return count;
  }

  /// \returns for each index, how far apart its neighbours are in a tensor of these dimensions;
  /// that of a repeated index is along the diagonal. 0 for the others.
  [[nodiscard]] std::vector<std::int64_t> steps(std::span<const IndexId> dimensions) const {
    std::vector<std::int64_t> result(network_.indices.size(), 0);
    std::int64_t step = 1;
    for (std::size_t d = dimensions.size(); d-- > 0;) {
      result[static_cast<std::size_t>(dimensions[d])] += step;
      step *= size(dimensions[d]);
    }
    return result;
  }

  /// Elements in the order of \p kept, those along \p summed added up.
  [[nodiscard]] Labelled gather(std::span<const double> values, std::span<const IndexId> dimensions,
                                const TensorIndices& kept, const TensorIndices& summed) const {
    const std::vector<std::int64_t> step = steps(dimensions);
    const auto strides = [&](const TensorIndices& indices) {
      std::vector<Stride> result;
      for (const IndexId index : indices) {
        const Stride next{size(index), step[static_cast<std::size_t>(index)]};
        if (next.size == 1) {
          continue;
        }
        if (!result.empty() && result.back().step == next.size * next.step) {
          result.back() = {result.back().size * next.size, next.step};  // still one block
        } else {
          result.push_back(next);
        }
      }
      return result;
    };
    Labelled result{.indices = kept,
                    .values = std::vector<double>(static_cast<std::size_t>(elements(kept)))};
    const std::vector<Stride> outer = strides(kept);
    const std::vector<Stride> inner = strides(summed);
    std::size_t next = 0;
    walk(outer, 0, [&](std::int64_t at) {
      double sum = 0;
      walk(inner, at, [&](std::int64_t place) { sum += values[static_cast<std::size_t>(place)]; });
      result.values[next++] = sum;
    });
    return result;
  }

  [[nodiscard]] Labelled multiply(const Labelled& first, const Labelled& second,
                                  const TensorIndices& result) const {
    const auto holds = [](const TensorIndices& indices, IndexId index) {
      return std::ranges::find(indices, index) != indices.end();
    };
    TensorIndices batch;
    TensorIndices m;
    TensorIndices n;
    TensorIndices k;
    for (const IndexId index : first.indices) {
      TensorIndices& part = !holds(second.indices, index) ? m : holds(result, index) ? batch : k;
      part.push_back(index);
    }
    for (const IndexId index : second.indices) {
      if (!holds(first.indices, index)) {
        n.push_back(index);
      }
    }
    CAIRN_CHECK(batch.size() + m.size() + n.size() == result.size(),
                "an index that only one operand has is kept");
    const auto joined = [](std::initializer_list<const TensorIndices*> parts) {
      TensorIndices all;
      for (const TensorIndices* part : parts) {
        all.insert(all.end(), part->begin(), part->end());
      }
      return all;
    };
    const Labelled left = gather(first.values, first.indices, joined({&batch, &m, &k}), {});
    const Labelled right = gather(second.values, second.indices, joined({&batch, &k, &n}), {});
    Labelled product{.indices = joined({&batch, &m, &n}), .values = {}};
    product.values.resize(static_cast<std::size_t>(elements(product.indices)));
    const std::int64_t rows = elements(m);
    const std::int64_t columns = elements(n);
    const std::int64_t depth = elements(k);
    const std::int64_t products = elements(batch);
    const auto part = [](auto& values, std::int64_t b, std::int64_t size) {
      return std::span{values}.subspan(static_cast<std::size_t>(b * size)).data();
    };
    for (std::int64_t b = 0; b < products; ++b) {
      Eigen::Map<Matrix>(part(product.values, b, rows * columns), rows, columns).noalias() =
          Eigen::Map<const Matrix>(part(left.values, b, rows * depth), rows, depth) *
          Eigen::Map<const Matrix>(part(right.values, b, depth * columns), depth, columns);
    }
    return product;
  }

 private:
  /// Calls `visit` with the place of every element, the last stride fastest.
  template <class Visit>
  static void walk(const std::vector<Stride>& strides, std::int64_t at, const Visit& visit) {
    if (strides.empty()) {
      visit(at);
      return;
    }
    std::vector<std::int64_t> position(strides.size(), 0);
    const Stride last = strides.back();
    for (;;) {
      for (std::int64_t i = 0; i < last.size; ++i) {
        visit(at + i * last.step);
      }
      std::size_t d = strides.size() - 1;
      for (; d-- > 0;) {
        at += strides[d].step;
        if (++position[d] < strides[d].size) {
          break;
        }
        at -= strides[d].size * strides[d].step;
        position[d] = 0;
      }
      if (d == static_cast<std::size_t>(-1)) {
        return;
      }
    }
  }

  const TensorNetwork& network_;
};

bool holds(std::span<const IndexId> indices, IndexId index) {
  return std::ranges::find(indices, index) != indices.end();
}

/// The parts of \p tensors in which every index of \p sliced has the value in \p at.
std::vector<DenseTensor> slice(const TensorNetwork& network, std::span<const DenseTensor> tensors,
                               std::span<const IndexId> sliced,
                               const std::vector<std::int64_t>& at) {
  const Contraction whole{network};
  std::vector<DenseTensor> parts;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const TensorIndices& term = network.terms[t];
    DenseTensor part;
    // Rows of what is kept are walked by position: repeated indices are dimensions of their own.
    std::vector<Stride> kept;
    std::int64_t offset = 0;
    std::int64_t step = 1;
    for (std::size_t d = term.size(); d-- > 0;) {
      const auto place = std::ranges::find(sliced, term[d]);
      if (place == sliced.end()) {
        kept.push_back({whole.size(term[d]), step});
        part.shape.push_back(whole.size(term[d]));
      } else {
        offset += step * at[static_cast<std::size_t>(place - sliced.begin())];
      }
      step *= whole.size(term[d]);
    }
    std::ranges::reverse(part.shape);
    std::int64_t count = 1;
    for (const Stride& dimension : kept) {
      count *= dimension.size;
    }
    part.values.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t rest = i;
      std::int64_t from = offset;
      for (const Stride& dimension : kept) {  // the fastest one first
        from += rest % dimension.size * dimension.step;
        rest /= dimension.size;
      }
      part.values.push_back(tensors[t].values[static_cast<std::size_t>(from)]);
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

DenseTensor contract_whole(const TensorNetwork& network, const ContractionOrder& order,
                           std::span<const DenseTensor> tensors) {
  const PairwiseNetwork pairs = pairwise(network);
  const std::vector<TensorIndices> layouts = tensors_of(pairs.network, order);
  const Contraction run{network};
  std::vector<Labelled> made(layouts.size());
  const std::size_t terms = network.terms.size();
  for (std::size_t t = 0; t < terms; ++t) {
    CAIRN_CHECK(
        static_cast<std::int64_t>(tensors[t].values.size()) == run.elements(network.terms[t]),
        "a tensor has the sizes of its term");
    const auto step =
        std::ranges::find(pairs.unary, static_cast<std::int32_t>(t), &UnaryStep::term);
    made[t] = run.gather(tensors[t].values, network.terms[t], pairs.network.terms[t],
                         step == pairs.unary.end() ? TensorIndices{} : step->sums);
  }
  for (std::size_t s = 0; s < order.size(); ++s) {
    Labelled& first = made[static_cast<std::size_t>(order[s].first)];
    Labelled& second = made[static_cast<std::size_t>(order[s].second)];
    made[terms + s] = run.multiply(first, second, layouts[terms + s]);
    first = {};
    second = {};
  }
  DenseTensor result;
  for (const IndexId index : network.output) {
    result.shape.push_back(run.size(index));
  }
  result.values = run.gather(made.back().values, made.back().indices, network.output, {}).values;
  return result;
}

double product_of_sizes(const TensorNetwork& network, std::span<const IndexId> indices) {
  double product = 1;
  for (const IndexId index : indices) {
    product *= static_cast<double>(network.indices[static_cast<std::size_t>(index)].size);
  }
  return product;
}

}  // namespace

std::vector<DenseTensor> random_tensors(const TensorNetwork& network, std::uint64_t seed) {
  std::vector<std::int32_t> holders(network.indices.size(), 0);
  for (const TensorIndices& term : network.terms) {
    for (std::size_t d = 0; d < term.size(); ++d) {
      if (!holds({term.begin(), term.begin() + static_cast<std::ptrdiff_t>(d)}, term[d])) {
        ++holders[static_cast<std::size_t>(term[d])];
      }
    }
  }
  std::vector<DenseTensor> tensors;
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    const TensorIndices& term = network.terms[t];
    // The variance of a sum of s products is s times that of one: each of the h terms that hold a
    // summed index of size s takes the h-th root of that.
    double variance = 1;
    for (std::size_t d = 0; d < term.size(); ++d) {
      const auto index = static_cast<std::size_t>(term[d]);
      if (!holds(network.output, term[d]) &&
          !holds({term.begin(), term.begin() + static_cast<std::ptrdiff_t>(d)}, term[d])) {
        variance *= std::pow(static_cast<double>(network.indices[index].size),
                             -1.0 / static_cast<double>(holders[index]));
      }
    }
    const double scale = std::sqrt(variance);
    DenseTensor tensor;
    std::size_t count = 1;
    for (const IndexId index : term) {
      tensor.shape.push_back(network.indices[static_cast<std::size_t>(index)].size);
      count *= static_cast<std::size_t>(tensor.shape.back());
    }
    tensor.values.resize(count);
    Rng rng{derive_seed(seed, "tensor", t)};
    for (double& value : tensor.values) {
      value = scale * rng.normal();
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

TensorNetwork without_indices(const TensorNetwork& network, std::span<const IndexId> sliced) {
  TensorNetwork rest = network;
  for (TensorIndices& term : rest.terms) {
    std::erase_if(term, [&](IndexId index) { return holds(sliced, index); });
  }
  std::erase_if(rest.output, [&](IndexId index) { return holds(sliced, index); });
  return rest;
}

DenseTensor contract(const TensorNetwork& network, const ContractionOrder& order,
                     std::span<const DenseTensor> tensors, std::span<const IndexId> sliced) {
  CAIRN_CHECK(tensors.size() == network.terms.size(), "each term has a tensor");
  if (sliced.empty()) {
    return contract_whole(network, order, tensors);
  }
  const TensorNetwork rest = without_indices(network, sliced);
  const Contraction whole{network};
  DenseTensor result;
  for (const IndexId index : network.output) {
    result.shape.push_back(whole.size(index));
  }
  result.values.resize(static_cast<std::size_t>(whole.elements(network.output)), 0.0);
  const std::vector<std::int64_t> steps = whole.steps(network.output);
  std::vector<std::int64_t> at(sliced.size(), 0);
  for (;;) {
    const DenseTensor part = contract_whole(rest, order, slice(network, tensors, sliced, at));
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < sliced.size(); ++i) {
      offset += at[i] * steps[static_cast<std::size_t>(sliced[i])];
    }
    for (std::size_t e = 0; e < part.values.size(); ++e) {
      auto left = static_cast<std::int64_t>(e);
      std::int64_t to = offset;
      for (std::size_t d = rest.output.size(); d-- > 0;) {
        const std::int64_t size = whole.size(rest.output[d]);
        to += left % size * steps[static_cast<std::size_t>(rest.output[d])];
        left /= size;
      }
      result.values[static_cast<std::size_t>(to)] += part.values[e];
    }
    std::size_t i = 0;
    while (i < sliced.size() && ++at[i] == whole.size(sliced[i])) {
      at[i++] = 0;
    }
    if (i == sliced.size()) {
      return result;
    }
  }
}

double contraction_memory(const TensorNetwork& network, const ContractionOrder& order,
                          std::span<const IndexId> sliced) {
  const TensorNetwork rest = without_indices(network, sliced);
  const TensorNetwork pairs = pairwise(rest).network;
  double given = 0;
  double alive = 0;
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    given += product_of_sizes(network, network.terms[t]);
    if (!sliced.empty()) {
      given += product_of_sizes(network, rest.terms[t]);
    }
    alive += product_of_sizes(network, pairs.terms[t]);
  }
  const std::vector<TensorIndices> tensors = tensors_of(pairs, order);
  double peak = alive;
  for (std::size_t s = 0; s < order.size(); ++s) {
    const double operands =
        product_of_sizes(network, tensors[static_cast<std::size_t>(order[s].first)]) +
        product_of_sizes(network, tensors[static_cast<std::size_t>(order[s].second)]);
    const double result = product_of_sizes(network, tensors[pairs.terms.size() + s]);
    peak = std::max(peak, alive + operands + result);
    alive += result - operands;
  }
  const double output = product_of_sizes(network, network.output);
  peak = std::max(peak, alive + output);
  return static_cast<double>(sizeof(double)) * (given + peak + (sliced.empty() ? 0 : output));
}

Verification verify(const TensorNetwork& network, const SlicedOrder& order,
                    const SlicedOrder& other, std::uint64_t seed, const VerifyLimits& limits) {
  Verification result;
  for (const SlicedOrder* o : {&order, &other}) {
    result.bytes = std::max(result.bytes, contraction_memory(network, o->order, o->sliced));
    result.multiplications +=
        product_of_sizes(network, o->sliced) *
        cost_of(pairwise(without_indices(network, o->sliced)).network, o->order).multiplications;
  }
  const double slices =
      std::max(product_of_sizes(network, order.sliced), product_of_sizes(network, other.sliced));
  if (result.bytes > limits.bytes) {
    result.refusal =
        fmt::format("needs {:.4g} GiB of memory, {:.3g} times the limit of {:.4g} GiB",
                    result.bytes * 0x1p-30, result.bytes / limits.bytes, limits.bytes * 0x1p-30);
  } else if (result.multiplications > limits.multiplications) {
    result.refusal = fmt::format(
        "needs {:.4g} multiplications, {:.3g} times the limit of {:.4g}", result.multiplications,
        result.multiplications / limits.multiplications, limits.multiplications);
  } else if (slices > limits.slices) {
    result.refusal = fmt::format("has {:.4g} slices, {:.3g} times the limit of {:.4g}", slices,
                                 slices / limits.slices, limits.slices);
  }
  if (!result.refusal.empty()) {
    return result;
  }
  const std::vector<DenseTensor> tensors = random_tensors(network, seed);
  const DenseTensor one = contract(network, order.order, tensors, order.sliced);
  const DenseTensor two = contract(network, other.order, tensors, other.sliced);
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < one.values.size(); ++i) {
    largest = std::max({largest, std::abs(one.values[i]), std::abs(two.values[i])});
    const double apart = std::abs(one.values[i] - two.values[i]);
    difference = std::isfinite(apart) ? std::max(difference, apart) : apart;
    if (!std::isfinite(difference)) {
      result.difference = std::numeric_limits<double>::infinity();
      return result;
    }
  }
  result.difference = largest > 0 ? difference / largest : 0;
  return result;
}

}  // namespace cairn::models
