#include "app/order_planner.h"

#include <memory>
#include <vector>

#include "core/diagnostics.h"
#include "search/contraction/device_order.h"
#include "search/contraction/order_search.h"

namespace cairn::app {
namespace {

/// Prices on one machine, a set for each combination of formats.
class DevicePlanner {
 public:
  DevicePlanner(const hw::Machine& machine, hw::MappingObjective mappings)
      : machine_(machine), mappings_(mappings) {}

  models::PlannedOrder plan(const models::OrderRequest& request) {
    search::DeviceOrderOptions options;
    options.training = request.training;
    options.stored.assign(request.layer.network.terms.size(), true);
    options.stored.front() = false;
    options.objective =
        request.order == models::TensorOrder::latency  ? search::DeviceObjective::latency
        : request.order == models::TensorOrder::energy ? search::DeviceObjective::energy
                                                       : search::DeviceObjective::edp;
    search::StepPrices& prices = prices_of(request.formats);
    search::DeviceOrderResult found =
        search::search_device_order(request.layer.network, options, prices);
    if (found.order.empty()) {
      Diagnostics diagnostics;
      diagnostics.error({}, "compression", "no order of a tensorised layer runs: " + found.refusal);
      diagnostics.throw_if_any();
    }
    auto priced = search::price_order(request.layer.network, found.order, options, prices);
    return {.order = std::move(found.order), .lowered = std::move(priced.lowered)};
  }

 private:
  search::StepPrices& prices_of(const models::Formats& formats) {
    for (auto& [known, prices] : prices_) {
      if (known == formats) {
        return *prices;
      }
    }
    prices_.emplace_back(formats,
                         std::make_unique<search::StepPrices>(machine_, formats, mappings_));
    return *prices_.back().second;
  }

  const hw::Machine& machine_;
  hw::MappingObjective mappings_;
  std::vector<std::pair<models::Formats, std::unique_ptr<search::StepPrices>>> prices_;
};

models::PlannedOrder fewest_operations(const models::OrderRequest& request) {
  return {.order = search::search_order(request.layer.network, {}).order, .lowered = {}};
}

}  // namespace

models::OrderPlanner make_order_planner(const hw::Machine* machine, hw::MappingObjective mappings) {
  if (machine == nullptr) {
    return fewest_operations;
  }
  // Shared, since a std::function is copied with what it holds: copies know the same prices.
  auto planner = std::make_shared<DevicePlanner>(*machine, mappings);
  return [planner = std::move(planner)](const models::OrderRequest& request) {
    return models::needs_device(request.order) ? planner->plan(request)
                                               : fewest_operations(request);
  };
}

}  // namespace cairn::app
