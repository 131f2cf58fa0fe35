#include "models/tensor_network/contraction_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "core/error.h"

namespace cairn::models {
namespace {

/// Calls `visit(step number, first, second, result)` with the sorted indices of each step's
/// tensors, and returns all of them.
template <class Visit>
std::vector<TensorIndices> walk(const TensorNetwork& network, const ContractionOrder& order,
                                Visit&& visit) {
  std::vector<std::int32_t> holders(network.indices.size(), 0);
  std::vector<TensorIndices> tensors = network.terms;
  tensors.reserve(tensors.size() + order.size());
  for (TensorIndices& term : tensors) {
    std::ranges::sort(term);
    for (const IndexId index : term) {
      ++holders[static_cast<std::size_t>(index)];
    }
  }
  for (const IndexId index : network.output) {
    ++holders[static_cast<std::size_t>(index)];
  }
  for (std::size_t s = 0; s < order.size(); ++s) {
    const TensorIndices& first = tensors[static_cast<std::size_t>(order[s].first)];
    const TensorIndices& second = tensors[static_cast<std::size_t>(order[s].second)];
    TensorIndices result;
    std::ranges::set_union(first, second, std::back_inserter(result));
    for (const TensorIndices* operand : {&first, &second}) {
      for (const IndexId index : *operand) {
        --holders[static_cast<std::size_t>(index)];
      }
    }
    std::erase_if(result,
                  [&](IndexId index) { return holders[static_cast<std::size_t>(index)] == 0; });
    for (const IndexId index : result) {
      ++holders[static_cast<std::size_t>(index)];
    }
    visit(s, first, second, result);
    tensors.push_back(std::move(result));
  }
  return tensors;
}

double elements(const TensorNetwork& network, const TensorIndices& tensor) {
  double product = 1;
  for (const IndexId index : tensor) {
    product *= static_cast<double>(network.indices[static_cast<std::size_t>(index)].size);
  }
  return product;
}

TensorIndices union_of(const TensorIndices& first, const TensorIndices& second) {
  TensorIndices both;
  std::ranges::set_union(first, second, std::back_inserter(both));
  return both;
}

__extension__ using Wide = unsigned __int128;

std::string decimal(Wide value) {
  std::string text;
  do {
    text.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value > 0);
  std::ranges::reverse(text);
  return text;
}

}  // namespace

void check(const ContractionOrder& order, std::size_t terms) {
  CAIRN_CHECK(terms == order.size() + 1, "an order has one step fewer than terms");
  std::vector<bool> used(terms + order.size(), false);
  for (std::size_t s = 0; s < order.size(); ++s) {
    for (const std::int32_t tensor : {order[s].first, order[s].second}) {
      CAIRN_CHECK(tensor >= 0 && static_cast<std::size_t>(tensor) < terms + s &&
                      !used[static_cast<std::size_t>(tensor)],
                  "a step uses tensors that exist and are left");
      used[static_cast<std::size_t>(tensor)] = true;
    }
  }
}

LinearPath linear_path(const ContractionOrder& order, std::size_t terms) {
  LinearPath path;
  std::vector<std::int32_t> left(terms);
  std::iota(left.begin(), left.end(), 0);
  for (std::size_t s = 0; s < order.size(); ++s) {
    const auto first = std::ranges::find(left, order[s].first) - left.begin();
    const auto second = std::ranges::find(left, order[s].second) - left.begin();
    const auto [low, high] = std::minmax(first, second);
    path.emplace_back(static_cast<std::int32_t>(low), static_cast<std::int32_t>(high));
    left.erase(left.begin() + high);
    left.erase(left.begin() + low);
    left.push_back(static_cast<std::int32_t>(terms + s));
  }
  return path;
}

ContractionOrder order_of(const LinearPath& path, std::size_t terms) {
  Diagnostics diagnostics;
  ContractionOrder order;
  std::vector<std::int32_t> left(terms);
  std::iota(left.begin(), left.end(), 0);
  for (std::size_t s = 0; s < path.size(); ++s) {
    const auto [low, high] = std::minmax(path[s].first, path[s].second);
    if (low < 0 || low == high || static_cast<std::size_t>(high) >= left.size()) {
      diagnostics.error({}, fmt::format("path[{}]", s),
                        fmt::format("({}, {}) are not two of the {} tensors that are left", low,
                                    high, left.size()));
      diagnostics.throw_if_any();
    }
    order.push_back({.first = left[static_cast<std::size_t>(low)],
                     .second = left[static_cast<std::size_t>(high)]});
    left.erase(left.begin() + high);
    left.erase(left.begin() + low);
    left.push_back(static_cast<std::int32_t>(terms + s));
  }
  if (left.size() != 1) {
    diagnostics.error({}, "path", fmt::format("leaves {} tensors instead of one", left.size()));
    diagnostics.throw_if_any();
  }
  return order;
}

std::vector<TensorIndices> tensors_of(const TensorNetwork& network, const ContractionOrder& order) {
  return walk(network, order, [](auto&&...) {});
}

OrderCost cost_of(const TensorNetwork& network, const ContractionOrder& order) {
  OrderCost cost;
  double alive = 0;
  for (const TensorIndices& term : network.terms) {
    alive += elements(network, term);
  }
  cost.peak = alive;
  walk(network, order,
       [&](std::size_t /*step*/, const TensorIndices& first, const TensorIndices& second,
           const TensorIndices& result) {
         const double operands = elements(network, first) + elements(network, second);
         const double made = elements(network, result);
         cost.multiplications += elements(network, union_of(first, second));
         cost.largest_intermediate = std::max(cost.largest_intermediate, made);
         cost.write += made;
         cost.traffic += operands + made;
         cost.peak = std::max(cost.peak, alive + made);
         alive += made - operands;
       });
  return cost;
}

std::string exact_multiplications(const TensorNetwork& network, const ContractionOrder& order,
                                  std::int64_t times) {
  const double rounded = cost_of(network, order).multiplications * static_cast<double>(times);
  constexpr double kExact = 0x1p126;
  if (rounded >= kExact) {
    return fmt::format("{:.17g}", rounded);
  }
  Wide sum = 0;
  walk(network, order,
       [&](std::size_t /*step*/, const TensorIndices& first, const TensorIndices& second,
           const TensorIndices& /*result*/) {
         Wide product = 1;
         for (const IndexId index : union_of(first, second)) {
           product *= static_cast<Wide>(network.indices[static_cast<std::size_t>(index)].size);
         }
         sum += product;
       });
  return decimal(sum * static_cast<Wide>(times));
}

}  // namespace cairn::models
