#include "app/contraction_search.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "core/random.h"
#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"
#include "models/tensor_network/product_shape.h"

namespace cairn::app {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;
using search::OrderMethod;
using search::OrderObjective;

void complain(Diagnostics& diagnostics, const std::string& flag, const std::string& message,
              const std::string& hint) {
  diagnostics.error({"<command line>", 1, 1, ""}, flag, message, hint);
}

template <class Q>
std::optional<Q> quantity(Diagnostics& diagnostics, const std::string& flag,
                          const std::string& text) {
  TextProblem problem;
  const std::optional<Q> value = parse_quantity<Q>(text, problem);
  if (!value) {
    complain(diagnostics, flag, problem.message, problem.hint);
  } else if (!(static_cast<double>(value->count()) > 0)) {
    complain(diagnostics, flag, fmt::format("'{}' is not above 0", text), "");
    return std::nullopt;
  }
  return value;
}

/// What is made on the way, whatever the order of the steps: a number for the set of terms in each
/// result, sorted.
std::vector<std::uint64_t> results_of(const ContractionOrder& order, std::size_t terms) {
  std::vector<std::uint64_t> sets;
  for (std::size_t t = 0; t < terms; ++t) {
    sets.push_back(derive_seed(0, "term", t));
  }
  for (const models::PairwiseStep& step : order) {
    sets.push_back(sets[static_cast<std::size_t>(step.first)] +
                   sets[static_cast<std::size_t>(step.second)]);
  }
  std::ranges::sort(sets);
  return sets;
}

/// One tensor after the other, in the order given.
ContractionOrder in_turn(std::size_t terms) {
  ContractionOrder order;
  for (std::size_t t = 1; t < terms; ++t) {
    order.push_back({.first = static_cast<std::int32_t>(t == 1 ? 0 : terms + t - 2),
                     .second = static_cast<std::int32_t>(t)});
  }
  return order;
}

/// Mappings are chosen by what orders are chosen by.
hw::MappingObjective mappings_for(const std::optional<search::DeviceObjective>& objective) {
  using search::DeviceObjective;
  switch (objective.value_or(DeviceObjective::latency)) {
    case DeviceObjective::latency:
      return hw::MappingObjective::latency;
    case DeviceObjective::energy:
      return hw::MappingObjective::energy;
    case DeviceObjective::edp:
      return hw::MappingObjective::energy_delay;
  }
  return hw::MappingObjective::latency;
}

}  // namespace

double cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

ContractionSearch::ContractionSearch(const ContractOptions& options) {
  Diagnostics diagnostics;
  options_.outer_products = options.outer;
  options_.seed = options.seed;
  options_.threads = options.threads;
  if (const auto objective = enum_from_text<OrderObjective>(options.minimize)) {
    options_.objective = *objective;
  } else if (device_objective_ = enum_from_text<search::DeviceObjective>(options.minimize);
             device_objective_) {
    if (options.on.empty()) {
      complain(diagnostics, "minimize",
               fmt::format("'{}' is that of a machine, and none is named", options.minimize),
               "--on configs/hardware/a100.yaml");
    }
    if (!options.max_memory.empty()) {
      complain(diagnostics, "max-memory",
               fmt::format("orders by {} are not sliced", options.minimize), "--minimize flops");
    }
    if (options.method != "auto" && options.method != "optimal") {
      complain(diagnostics, "method",
               fmt::format("'{}' does not search by {}", options.method, options.minimize),
               "auto or optimal");
    }
  } else {
    std::vector<std::string> names = enum_texts<OrderObjective>();
    const std::vector<std::string> on_machines = enum_texts<search::DeviceObjective>();
    names.insert(names.end(), on_machines.begin(), on_machines.end());
    complain(diagnostics, "minimize", fmt::format("'{}' is unknown", options.minimize),
             suggest(options.minimize, names));
  }
  for (const auto& [flag, given] :
       {std::pair{"weights", !options.weights.empty()}, {"training", options.training}}) {
    if (given && options.on.empty()) {
      complain(diagnostics, flag, "means something on a machine only, and none is named",
               "--on configs/hardware/a100.yaml");
    }
  }
  weights_ = options.weights;
  training_ = options.training;
  if (const auto method = enum_from_text<OrderMethod>(options.method)) {
    options_.method = *method;
  } else {
    complain(diagnostics, "method", fmt::format("'{}' is unknown", options.method),
             suggest(options.method, enum_texts<OrderMethod>()));
  }
  if (const auto time = quantity<Seconds>(diagnostics, "time", options.time)) {
    options_.cpu_seconds = time->count();
  }
  if (!options.max_memory.empty()) {
    if (const auto memory = quantity<Bits>(diagnostics, "max-memory", options.max_memory)) {
      const std::int64_t elements = memory->count() / options.element_bits;
      most_elements_ = static_cast<double>(elements);
    }
  }
  diagnostics.throw_if_any();
  if (!options.on.empty()) {
    system_ = std::make_shared<LoadedSystem>(load_system(options.on, {}));
    prices_ = std::make_shared<search::StepPrices>(
        *system_->machine, default_formats(*system_->machine), mappings_for(device_objective_));
  }
}

search::DeviceOrderOptions ContractionSearch::device_options(const TensorNetwork& network) const {
  search::DeviceOrderOptions device;
  device.objective = device_objective_.value_or(search::DeviceObjective::latency);
  device.training = training_;
  device.outer_products = options_.outer_products;
  device.cpu_seconds = options_.cpu_seconds;
  device.stored.assign(network.terms.size(), false);
  if (weights_ == "rest") {
    device.stored.assign(network.terms.size(), true);
    device.stored.front() = false;
  } else if (!weights_.empty()) {
    Diagnostics diagnostics;
    std::string_view rest = weights_;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      const std::optional<std::int64_t> term = parse_int(part);
      if (!term || *term < 0 || *term >= static_cast<std::int64_t>(network.terms.size())) {
        complain(diagnostics, "weights",
                 fmt::format("'{}' is no tensor of {}", part,
                             network.name.empty() ? "the network" : network.name),
                 fmt::format("0 to {}, or rest", network.terms.size() - 1));
      } else {
        device.stored[static_cast<std::size_t>(*term)] = true;
      }
    }
    diagnostics.throw_if_any();
  }
  return device;
}

FoundOrder ContractionSearch::find(const TensorNetwork& network) const {
  FoundOrder found;
  const search::DeviceOrderOptions device = device_options(network);
  const double begin = cpu_time();
  if (device_objective_) {
    search::DeviceOrderResult result = search::search_device_order(network, device, *prices_);
    found.seconds = cpu_time() - begin;
    found.refusal = result.refusal;
    const search::StepPrice& price = result.cost.price;
    found.cost = *device_objective_ == search::DeviceObjective::latency ? price.latency_s
                 : *device_objective_ == search::DeviceObjective::energy
                     ? price.energy_j
                     : price.latency_s * price.energy_j;
    found.method = "device";
    found.lower_bound = result.lower_bound;
    found.optimal = result.optimal;
    found.order = std::move(result.order);
    if (!found.refusal.empty()) {
      found.order = search::search_order(network, options_).order;
    }
  } else {
    search::OrderResult result = search::search_order(network, options_);
    found.seconds = cpu_time() - begin;
    found.order = std::move(result.order);
    found.method = to_text(result.method);
    found.cost = result.cost;
    found.lower_bound = result.lower_bound;
    found.optimal = result.optimal;
    found.out_of_time = result.out_of_time;
  }
  if (prices_) {
    found.priced = search::price_order(network, found.order, device, *prices_);
    if (!std::isfinite(found.priced->cost.price.latency_s)) {
      found.refusal = prices_->refusal();
      found.priced.reset();
    }
  }
  return found;
}

std::vector<search::StepPrice> ContractionSearch::step_prices(
    const TensorNetwork& network, const models::LoweredOrder& lowered) const {
  const std::vector<bool> stored = device_options(network).stored;
  const auto is_stored = [&](std::int32_t tensor) {
    return static_cast<std::size_t>(tensor) < stored.size() &&
           stored[static_cast<std::size_t>(tensor)];
  };
  std::vector<search::StepPrice> prices;
  for (const models::LoweredStep& step : lowered.steps) {
    if (step.is_product()) {
      const models::ProductShape p =
          models::product_shape(step.product, is_stored(step.first), is_stored(step.second));
      prices.push_back(prices_->product(p.batch, p.m, p.n, p.k, p.weight));
    } else {
      prices.push_back(prices_->permute(step.elements, step.run));
    }
  }
  return prices;
}

ContractionOrder ContractionSearch::other_than(const TensorNetwork& network,
                                               const ContractionOrder& order) const {
  const std::size_t terms = network.terms.size();
  const std::vector<std::uint64_t> results = results_of(order, terms);
  search::OrderOptions quick = options_;
  quick.objective = OrderObjective::flops;
  quick.cpu_seconds = 1;
  std::vector<ContractionOrder> orders;
  for (const auto& [method, outer] : {std::pair{OrderMethod::greedy, false},
                                      {OrderMethod::greedy, true},
                                      {OrderMethod::partition, false},
                                      {OrderMethod::random_greedy, false}}) {
    quick.method = method;
    quick.outer_products = outer;
    ++quick.seed;
    orders.push_back(search::search_order(network, quick).order);
  }
  orders.push_back(in_turn(terms));
  std::optional<ContractionOrder> cheapest;
  double least = 0;
  for (ContractionOrder& candidate : orders) {
    if (results_of(candidate, terms) == results) {
      continue;
    }
    const double cost = models::cost_of(network, candidate).peak;
    if (!cheapest || cost < least) {
      least = cost;
      cheapest = std::move(candidate);
    }
  }
  if (cheapest) {
    return *cheapest;
  }
  ContractionOrder swapped = order;
  for (models::PairwiseStep& step : swapped) {
    std::swap(step.first, step.second);
  }
  return swapped;
}

search::SlicingResult ContractionSearch::slice(const TensorNetwork& network,
                                               const ContractionOrder& order) const {
  search::SlicingOptions slicing;
  slicing.most_elements = most_elements_.value();
  slicing.outer_products = options_.outer_products;
  slicing.cpu_seconds = options_.cpu_seconds;
  slicing.seed = options_.seed;
  return search::slice_order(network, order, slicing);
}

}  // namespace cairn::app
