#include "sim/cycle/cycle_prices.h"

#include <utility>

#include "core/hash.h"
#include "hw/mapping.h"

namespace cairn::sim {

const CycleEstimate& CyclePrices::price(const UniqueGroup& group,
                                        const hw::MappingConstraint& constraint,
                                        hw::MappingObjective objective) {
  Hasher hasher;
  hasher.add(group.hash);
  hasher.add(static_cast<std::uint64_t>(objective));
  const auto found = known_.find(hasher.value());
  if (found != known_.end()) {
    return found->second;
  }
  std::vector<const models::Operator*> followers;
  followers.reserve(group.followers.size());
  for (const models::Operator& follower : group.followers) {
    followers.push_back(&follower);
  }
  if (watcher_) {
    watcher_(group, true);
  }
  CycleEstimate estimate = source_({&group.anchor, followers, group.fused}, constraint, objective);
  if (watcher_) {
    watcher_(group, false);
  }
  return known_.emplace(hasher.value(), std::move(estimate)).first->second;
}

std::optional<Refusal> CyclePrices::price(const CompiledWorkload& workload,
                                          const hw::Machine& machine,
                                          hw::MappingObjective objective,
                                          std::vector<GroupPrice>& simulated,
                                          std::vector<GroupPrice>& closed_form) {
  simulated.clear();
  closed_form.clear();
  for (const UniqueGroup& group : workload.unique) {
    const CycleEstimate& estimate = price(group, {}, objective);
    if (const auto* refused = std::get_if<hw::Infeasible>(&estimate)) {
      return Refusal{refused->what, refused->limit, refused->excess};
    }
    const auto& both = std::get<CyclePrice>(estimate);
    const double peak = machine.peak_macs_per_second(group.anchor.formats);
    simulated.push_back(price_of(both.cost, peak));
    closed_form.push_back(price_of(both.closed_form, peak));
  }
  return std::nullopt;
}

}  // namespace cairn::sim
