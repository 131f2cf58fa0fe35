#include "search/contraction/step_prices.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "core/hash.h"

namespace cairn::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

std::size_t StepPrices::KeyHash::operator()(const Key& key) const {
  Hasher hasher;
  hasher.add(key.batch);
  hasher.add(key.m);
  hasher.add(key.n);
  hasher.add(key.k);
  hasher.add(key.weight);
  return hasher.value();
}

StepPrices::StepPrices(const hw::Machine& machine, const models::Formats& formats,
                       hw::MappingObjective mappings)
    : machine_(&machine), mappings_(mappings), static_power_(machine.static_power()) {
  operator_.formats = formats;
  const double peak = machine.peak_macs_per_second(formats);
  seconds_per_mac_ = peak > 0 ? 1 / peak : 0;
  // What arithmetic costs is read off a product that is large enough to hide everything else.
  constexpr std::int64_t kSide = 64;
  operator_.shape = models::MatMul{.m = kSide, .n = kSide, .k = kSide, .weight = false};
  const hw::Estimate sample = machine.price({&operator_, {}, 0}, {}, mappings);
  if (const auto* cost = std::get_if<hw::OperatorCost>(&sample);
      cost != nullptr && cost->macs > 0) {
    joules_per_mac_ =
        cost->energy[hw::EnergyComponent::multiply_accumulate] / static_cast<double>(cost->macs);
  }
  const StepPrice activation = product(1, 1, 1, 1, false);
  const StepPrice weight = product(1, 1, 1, 1, true);
  floor_ = {std::min(activation.latency_s, weight.latency_s),
            std::min(activation.energy_j, weight.energy_j)};
  if (floor_.latency_s == kInfinity) {
    floor_ = {};
  }
}

StepPrice StepPrices::price(const Key& key, const models::Shape& shape) {
  ++asked_;
  const auto [place, is_new] = known_.try_emplace(key);
  if (!is_new) {
    return place->second;
  }
  operator_.shape = shape;
  const hw::Estimate estimate = machine_->price({&operator_, {}, 0}, {}, mappings_);
  if (const auto* cost = std::get_if<hw::OperatorCost>(&estimate)) {
    place->second = {cost->latency_s(), cost->energy.total() + static_power_ * cost->latency_s()};
  } else {
    place->second = {kInfinity, kInfinity};
    if (refusal_.empty()) {
      refusal_ = std::get<hw::Infeasible>(estimate).what;
    }
  }
  return place->second;
}

StepPrice StepPrices::product(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k,
                              bool weight) {
  return price(
      {.batch = batch, .m = m, .n = n, .k = k, .weight = weight},
      models::MatMul{
          .batch = batch, .m = m, .n = n, .k = k, .weight = weight, .distinct_weights = batch > 1});
}

StepPrice StepPrices::permute(std::int64_t elements, std::int64_t run) {
  return price({.batch = elements, .m = run},
               models::Elementwise{.kind = models::ElementwiseKind::permute,
                                   .rows = std::max<std::int64_t>(elements / run, 1),
                                   .columns = run});
}

StepPrice StepPrices::least(double multiplications) const {
  const double latency = std::max(floor_.latency_s, multiplications * seconds_per_mac_);
  return {latency,
          std::max(floor_.energy_j, multiplications * joules_per_mac_ + static_power_ * latency)};
}

}  // namespace cairn::search
