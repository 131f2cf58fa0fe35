#include "search/contraction/device_order.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "app/hardware_file.h"
#include "models/tensor_network/tensor_layer.h"
#include "networks.h"
#include "search/contraction/order_search.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

/// Calls \p use with every order of \p terms tensors, of which orders of independent steps are one.
void for_each_order(std::size_t terms, const std::function<void(const ContractionOrder&)>& use) {
  ContractionOrder order;
  std::vector<std::int32_t> left(terms);
  std::iota(left.begin(), left.end(), 0);
  const std::function<void()> extend = [&] {
    if (left.size() == 1) {
      use(order);
      return;
    }
    const std::vector<std::int32_t> before = left;
    for (std::size_t i = 0; i < before.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        left = before;
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(j));
        order.push_back({before[j], before[i]});
        left.push_back(static_cast<std::int32_t>(terms + order.size() - 1));
        extend();
        order.pop_back();
      }
    }
    left = before;
  };
  extend();
}

double value_of(DeviceObjective objective, const StepPrice& price) {
  switch (objective) {
    case DeviceObjective::latency:
      return price.latency_s;
    case DeviceObjective::energy:
      return price.energy_j;
    case DeviceObjective::edp:
      return price.latency_s * price.energy_j;
  }
  return 0;
}

std::vector<bool> weights(const TensorNetwork& network) {
  std::vector<bool> stored(network.terms.size(), true);
  stored[0] = false;
  return stored;
}

TensorNetwork layer_network(models::Decomposition decomposition, std::int64_t batch) {
  const models::TensorLayerShape shape{.decomposition = decomposition,
                                       .input_modes = {8, 6},
                                       .output_modes = {4, 12},
                                       .rank = 4,
                                       .blocks = 1};
  return models::pairwise(models::tensor_layer(shape, batch).network).network;
}

TEST_CASE("no order of a small layer is cheaper on a machine than the one that is found") {
  const std::vector<std::string> machines{"configs/hardware/edge_npu.yaml",
                                          "configs/hardware/a100.yaml",
                                          "configs/hardware/contraction_array.yaml"};
  for (const std::string& name : machines) {
    const app::LoadedSystem system = app::load_system(name, {});
    StepPrices prices(*system.machine, app::default_formats(*system.machine),
                      hw::MappingObjective::latency);
    for (const auto decomposition :
         {models::Decomposition::tensor_train_matrix, models::Decomposition::tensor_train}) {
      const TensorNetwork network = layer_network(decomposition, 256);
      for (const auto& [objective, text] : enum_names(DeviceObjective{})) {
        for (const bool training : {false, true}) {
          CAPTURE(name, decomposition, text, training);
          DeviceOrderOptions options;
          options.objective = objective;
          options.training = training;
          options.stored = weights(network);
          options.outer_products = true;
          const DeviceOrderResult found = search_device_order(network, options, prices);
          models::check(found.order, network.terms.size());
          const double cost = value_of(objective, found.cost.price);
          double least = std::numeric_limits<double>::infinity();
          for_each_order(network.terms.size(), [&](const ContractionOrder& order) {
            least = std::min(
                least,
                value_of(objective, price_order(network, order, options, prices).cost.price));
          });
          CHECK(found.lower_bound <= least * (1 + 1e-9));
          if (found.optimal) {
            CHECK(cost <= least * (1 + 1e-9));
          } else {
            // What is not proven may miss the best by what its layouts cost.
            CHECK(cost <= least * 1.02);
          }
        }
      }
    }
  }
}

TEST_CASE("where reordering is free, every answer is proven") {
  const app::LoadedSystem system = app::load_system("configs/hardware/contraction_array.yaml", {});
  StepPrices prices(*system.machine, app::default_formats(*system.machine),
                    hw::MappingObjective::latency);
  for (const auto& [decomposition, name] : enum_names(models::Decomposition{})) {
    CAPTURE(name);
    const models::TensorLayerShape shape{.decomposition = decomposition,
                                         .input_modes = models::balanced_modes(768, 3),
                                         .output_modes = models::balanced_modes(768, 3),
                                         .rank = 16,
                                         .blocks = 2};
    const TensorNetwork network =
        models::pairwise(models::tensor_layer(shape, 128).network).network;
    DeviceOrderOptions options;
    options.stored = weights(network);
    const DeviceOrderResult found = search_device_order(network, options, prices);
    CHECK(found.optimal);
    CHECK(found.cost.permutes.latency_s == 0);
    const ContractionOrder fewest = search_order(network, {}).order;
    CHECK(found.cost.price.latency_s <=
          price_order(network, fewest, options, prices).cost.price.latency_s * (1 + 1e-12));
  }
}

TEST_CASE("a shape is priced once, however often it is asked for") {
  const app::LoadedSystem system = app::load_system("configs/hardware/edge_npu.yaml", {});
  StepPrices prices(*system.machine, app::default_formats(*system.machine),
                    hw::MappingObjective::latency);
  const TensorNetwork network = layer_network(models::Decomposition::tensor_train, 64);
  DeviceOrderOptions options;
  options.stored = weights(network);
  const DeviceOrderResult first = search_device_order(network, options, prices);
  const std::uint64_t priced = prices.priced();
  const DeviceOrderResult again = search_device_order(network, options, prices);
  CHECK(prices.priced() == priced);
  CHECK(prices.asked() > priced);
  CHECK(again.order == first.order);
}

TEST_CASE("a training step is three products of equal multiplications for each step") {
  const app::LoadedSystem system = app::load_system("configs/hardware/edge_npu.yaml", {});
  StepPrices prices(*system.machine, app::default_formats(*system.machine),
                    hw::MappingObjective::latency);
  // One matrix: x (32 x 48) w (48 x 64).
  TensorNetwork network;
  network.indices = {{"b", 32}, {"i", 48}, {"o", 64}};
  network.terms = {{0, 1}, {1, 2}};
  network.output = {0, 2};
  DeviceOrderOptions options;
  options.training = true;
  options.stored = {false, true};
  const StepPrice price = price_order(network, {{0, 1}}, options, prices).cost.price;
  const StepPrice forward = prices.product(1, 32, 64, 48, true);
  const StepPrice input_gradient = prices.product(1, 32, 48, 64, true);
  const StepPrice weight_gradient = prices.product(1, 48, 64, 32, false);
  CHECK(price.latency_s ==
        Approx(forward.latency_s + input_gradient.latency_s + weight_gradient.latency_s));
  CHECK(price.energy_j ==
        Approx(forward.energy_j + input_gradient.energy_j + weight_gradient.energy_j));
}

TEST_CASE("a machine that cannot do a product says why") {
  const app::LoadedSystem system = app::load_system("configs/hardware/tpu_v1.yaml", {});
  models::Formats wide{models::kFp16, models::kFp16, models::kFp16};
  StepPrices prices(*system.machine, wide, hw::MappingObjective::latency);
  const TensorNetwork network = layer_network(models::Decomposition::tensor_train, 64);
  const DeviceOrderResult found = search_device_order(network, {}, prices);
  CHECK(found.order.empty());
  CHECK_FALSE(found.refusal.empty());
}

}  // namespace
}  // namespace cairn::search
