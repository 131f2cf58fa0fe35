#include "hw/link/collective.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/units.h"

namespace cairn::hw {
namespace {

using models::CollectiveKind;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

Interconnect::Link resolve_link(const RankLinkSpec& spec, double share) {
  return {.bandwidth = spec.bandwidth.count() * share,
          .latency = spec.latency.count(),
          .energy = spec.energy.count()};
}

/// Steps of a binary tree over n ranks, one way.
double tree_steps(std::int64_t ranks) {
  return static_cast<double>(std::bit_width(static_cast<std::uint64_t>(ranks - 1)));
}

/// Steps of each algorithm and the bits that one rank sends, for n ranks on equal links; steps < 0
/// where the algorithm does not apply.
struct Cost {
  double steps{-1};
  double volume{};  ///< of the whole tensor's bits
};

Cost ring_cost(CollectiveKind kind, double n) {
  switch (kind) {
    case CollectiveKind::all_reduce:
      return {2 * (n - 1), 2 * (n - 1) / n};
    case CollectiveKind::all_gather:
    case CollectiveKind::reduce_scatter:
      return {n - 1, (n - 1) / n};
    case CollectiveKind::broadcast:
      return {n - 1, 1};
    case CollectiveKind::all_to_all:
    case CollectiveKind::point_to_point:
      break;
  }
  return {};
}

Cost direct_cost(CollectiveKind kind, double n) {
  switch (kind) {
    case CollectiveKind::all_reduce:
    case CollectiveKind::broadcast:
      return {1, n - 1};
    case CollectiveKind::all_gather:
    case CollectiveKind::reduce_scatter:
    case CollectiveKind::all_to_all:
      return {1, (n - 1) / n};
    case CollectiveKind::point_to_point:
      return {1, 1};
  }
  return {};
}

Cost tree_cost(CollectiveKind kind, std::int64_t ranks) {
  if (kind == CollectiveKind::all_reduce) {
    return {2 * tree_steps(ranks), 2};
  }
  if (kind == CollectiveKind::broadcast) {
    return {tree_steps(ranks), 1};
  }
  return {};
}

class Fastest {
 public:
  Fastest(const Interconnect& net, double bits) : net_(net), bits_(bits) {}

  /// \param share_across of the bits a rank sends, over links between nodes
  void offer(CollectiveAlgorithm algorithm, const Cost& cost, const Interconnect::Link& link,
             double share_across) {
    if (cost.steps < 0) {
      return;
    }
    const double volume = cost.volume * bits_;
    const double energy_of_bit =
        net_.inter ? share_across * net_.inter->energy + (1 - share_across) * net_.intra.energy
                   : net_.intra.energy;
    take(algorithm, cost.steps * link.latency, volume / link.bandwidth, volume,
         volume * energy_of_bit);
  }
  void take(CollectiveAlgorithm algorithm, double steps_s, double transfer, double sent,
            double energy) {
    const double total = net_.launch + steps_s + transfer;
    if (total < best_.total) {
      best_ = {.total = total,
               .latency = net_.launch + steps_s,
               .transfer = transfer,
               .sent_bits = sent,
               .link_energy = energy,
               .algorithm = algorithm};
    }
  }
  [[nodiscard]] const CollectiveTime& best() const { return best_; }

 private:
  const Interconnect& net_;
  double bits_;
  CollectiveTime best_{.total = std::numeric_limits<double>::infinity()};
};

}  // namespace

Interconnect::Interconnect(const InterconnectSpec& spec, const CollectiveStackSpec& library)
    : intra(resolve_link(spec.intra_node, library.bandwidth)),
      ranks_per_node(spec.ranks_per_node),
      launch(library.launch.count()),
      ring_only(spec.ring_only) {
  if (spec.inter_node) {
    inter = resolve_link(*spec.inter_node, library.bandwidth);
  }
}

CollectiveTime collective_time(const Interconnect& net, CollectiveKind kind, double bits,
                               std::int64_t ranks) {
  if (ranks <= 1) {
    return {};
  }
  const double n = to_real(ranks);
  const bool spread = ranks > net.ranks_per_node && net.inter.has_value();
  Interconnect::Link link = net.intra;
  double ring_across = 0;    // of the hops of a ring, those between nodes
  double direct_across = 0;  // of the partners of a rank, those in other nodes
  if (spread) {
    link.bandwidth = std::min(net.intra.bandwidth, net.inter->bandwidth);
    link.latency = std::max(net.intra.latency, net.inter->latency);
    ring_across = 1 / to_real(net.ranks_per_node);
    direct_across = (n - to_real(net.ranks_per_node)) / (n - 1);
  }
  Fastest fastest(net, bits);
  fastest.offer(CollectiveAlgorithm::ring, ring_cost(kind, n), link, ring_across);
  if (!net.ring_only || ring_cost(kind, n).steps < 0) {
    fastest.offer(CollectiveAlgorithm::direct, direct_cost(kind, n), link, direct_across);
    fastest.offer(CollectiveAlgorithm::tree, tree_cost(kind, ranks), link, ring_across);
  }
  if (spread && kind == CollectiveKind::all_reduce && net.ranks_per_node > 1) {
    const double local = to_real(net.ranks_per_node);
    const double nodes = to_real(ceil_div(ranks, net.ranks_per_node));
    const double inside = 2 * (local - 1) / local * bits;
    // Each of the node's devices reduces its own part with its partners in the other nodes.
    const double across = 2 * (nodes - 1) / nodes * bits / local;
    fastest.take(CollectiveAlgorithm::hierarchical,
                 2 * (local - 1) * net.intra.latency + 2 * (nodes - 1) * net.inter->latency,
                 inside / net.intra.bandwidth + across / net.inter->bandwidth, inside + across,
                 inside * net.intra.energy + across * net.inter->energy);
  }
  return fastest.best();
}

}  // namespace cairn::hw
