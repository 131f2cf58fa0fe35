#include "app/contraction_search.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "core/random.h"
#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "core/text/quantity_text.h"

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
    if (!options.on.empty()) {
      complain(diagnostics, "on", fmt::format("--minimize {} needs no machine", options.minimize),
               "--on is for latency, energy and edp");
    }
  } else {
    std::vector<std::string> names = enum_texts<OrderObjective>();
    const std::vector<std::string> on_machines{"latency", "energy", "edp"};
    if (std::ranges::find(on_machines, options.minimize) != on_machines.end()) {
      complain(diagnostics, "minimize",
               fmt::format("'{}' is that of a machine, and none is named", options.minimize),
               "--on configs/hardware/a100.yaml");
    } else {
      names.insert(names.end(), on_machines.begin(), on_machines.end());
      complain(diagnostics, "minimize", fmt::format("'{}' is unknown", options.minimize),
               suggest(options.minimize, names));
    }
  }
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
}

FoundOrder ContractionSearch::find(const TensorNetwork& network) const {
  const double begin = cpu_time();
  search::OrderResult result = search::search_order(network, options_);
  FoundOrder found;
  found.seconds = cpu_time() - begin;
  found.order = std::move(result.order);
  found.method = to_text(result.method);
  found.cost = result.cost;
  found.lower_bound = result.lower_bound;
  found.optimal = result.optimal;
  found.out_of_time = result.out_of_time;
  return found;
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
