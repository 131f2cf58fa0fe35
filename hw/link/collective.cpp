#include "hw/link/collective.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

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

/// Where ranks lie, and what links there are between them.
struct Layout {
  Layout(const Interconnect& net, std::int64_t ranks)
      : n(ranks),
        local(std::min(ranks, net.ranks_per_node)),
        nodes(ceil_div(ranks, local)),
        inside(net.intra),
        between(nodes > 1 && net.inter ? *net.inter : net.intra) {}
  std::int64_t n;
  std::int64_t local;  ///< ranks of a node; the last one may have fewer
  std::int64_t nodes;
  Interconnect::Link inside;
  Interconnect::Link between;
};

/// What an algorithm takes, without the launch.
struct Parts {
  double latency{};
  double transfer{};
  double inside{};  ///< bits that all ranks together send inside nodes
  double across{};  ///< and between them
};

/// The longest chain through a ring of steps: each is the next hop (its latency and its part), or
/// the next part of the same port.
void add_ring_steps(Parts& parts, const Layout& at, double steps, double part) {
  const double inside = part / at.inside.bandwidth;
  const double between = part / at.between.bandwidth;
  const auto offer = [&](double latency, double transfer) {
    if (latency + transfer > parts.latency + parts.transfer) {
      parts.latency = latency;
      parts.transfer = transfer;
    }
  };
  if (at.nodes == 1) {
    offer(steps * at.inside.latency, steps * inside);
    return;
  }
  const double n = to_real(at.n);
  const double local = to_real(at.local);
  // Hops all the way, from the place that crosses nodes most or least often.
  const double loops = std::floor(steps / n);
  const double rest = steps - loops * n;
  const double least = loops * to_real(at.nodes) + std::floor(rest / local);
  // The last node may be smaller: its two crossings are closer.
  const double last = n - (to_real(at.nodes) - 1) * local;
  const double begun = rest < 1          ? 0
                       : rest - 1 < last ? 1
                                         : 2 + std::floor((rest - 1 - last) / local);
  const double most = loops * to_real(at.nodes) + std::min(begun, to_real(at.nodes));
  for (const double crossings : {least, most}) {
    offer(crossings * at.between.latency + (steps - crossings) * at.inside.latency,
          crossings * between + (steps - crossings) * inside);
  }
  if (between >= inside) {
    // Crossings, `local - 1` hops from one to the next, and waits at the port in front of the last.
    for (const double crossings : {1.0, std::floor((steps - 1) / local) + 1}) {
      const double hops = (crossings - 1) * (local - 1);
      offer(crossings * at.between.latency + hops * at.inside.latency,
            (steps - hops) * between + hops * inside);
    }
  } else {
    offer(std::min(steps, local - 1) * at.inside.latency, steps * inside);
  }
}

std::optional<Parts> ring_parts(CollectiveKind kind, const Layout& at, double bits) {
  Parts parts;
  const double n = to_real(at.n);
  const double crossing = at.nodes > 1 ? to_real(at.nodes) : 0;  // hops of a closed ring
  switch (kind) {
    case CollectiveKind::all_reduce:
    case CollectiveKind::all_gather:
    case CollectiveKind::reduce_scatter: {
      const double steps = (kind == CollectiveKind::all_reduce ? 2 : 1) * (n - 1);
      add_ring_steps(parts, at, steps, bits / n);
      parts.across = crossing * steps * bits / n;
      parts.inside = (n - crossing) * steps * bits / n;
      return parts;
    }
    case CollectiveKind::broadcast: {
      const double chunk = bits / to_real(pipeline_chunks(bits));
      const double across = to_real(at.nodes - 1);
      const double inside = n - 1 - across;
      const double slowest = std::max(across > 0 ? 1 / at.between.bandwidth : 0.0,
                                      inside > 0 ? 1 / at.inside.bandwidth : 0.0);
      parts.latency = across * at.between.latency + inside * at.inside.latency;
      parts.transfer = chunk * (across / at.between.bandwidth + inside / at.inside.bandwidth) +
                       (bits - chunk) * slowest;
      parts.across = across * bits;
      parts.inside = inside * bits;
      return parts;
    }
    case CollectiveKind::all_to_all:
    case CollectiveKind::point_to_point:
      break;
  }
  return std::nullopt;
}

Parts direct_parts(CollectiveKind kind, const Layout& at, double bits) {
  Parts parts;
  const double n = to_real(at.n);
  // Partners of the rank with most of them; both ports work at the same time.
  const std::int64_t last = at.n - (at.nodes - 1) * at.local;  // ranks of the last node
  double inside = to_real(at.local - 1);
  double across = kind == CollectiveKind::broadcast ? to_real(at.n - at.local)
                  : at.nodes > 1                    ? to_real(at.n - last)
                                                    : 0.0;
  const double pairs_inside =
      to_real((at.nodes - 1) * at.local * (at.local - 1) + last * (last - 1));
  double message = bits / n;
  switch (kind) {
    case CollectiveKind::point_to_point:
      inside = at.nodes == 1 ? 1 : 0;
      across = at.nodes == 1 ? 0 : 1;
      message = bits;
      break;
    case CollectiveKind::all_reduce:
    case CollectiveKind::broadcast:
      message = bits;
      break;
    case CollectiveKind::all_gather:
    case CollectiveKind::reduce_scatter:
    case CollectiveKind::all_to_all:
      break;
  }
  const auto port = [&](double partners, const Interconnect::Link& link) {
    const double transfer = partners * message / link.bandwidth;
    if (partners > 0 && link.latency + transfer > parts.latency + parts.transfer) {
      parts.latency = link.latency;
      parts.transfer = transfer;
    }
  };
  port(inside, at.inside);
  port(across, at.between);
  const bool from_one = kind == CollectiveKind::broadcast || kind == CollectiveKind::point_to_point;
  parts.inside = (from_one ? inside : pairs_inside) * message;
  parts.across = (from_one ? across : n * (n - 1) - pairs_inside) * message;
  return parts;
}

/// Tensors that the busiest port of two trees over \p ranks carries in an all-reduce.
double tree_load(std::int64_t ranks) {
  return ranks <= 1 ? 0.0 : ranks == 2 ? 1.0 : ranks == 3 ? 1.5 : 2.0;
}

/// Filling and emptying of the pipeline through the trees, whose first step is the pipeline itself.
/// On the way down a chunk goes to the second of two children behind that to the first; in an
/// all-reduce ports are busy with both ways, and this is hidden.
double tree_fill(const Layout& at, bool both, double chunk) {
  const double inside = at.local > 1 ? tree_steps(at.local) : 0;
  const double between = at.nodes > 1 ? tree_steps(at.nodes) : 0;
  const double steps = inside / at.inside.bandwidth + between / at.between.bandwidth;
  const double first = 1 / (between > 0 ? at.between.bandwidth : at.inside.bandwidth);
  return both ? chunk * (2 * steps - first) : 2 * chunk * (steps - first);
}

std::optional<Parts> tree_parts(CollectiveKind kind, const Layout& at, double bits) {
  if (kind != CollectiveKind::all_reduce && kind != CollectiveKind::broadcast) {
    return std::nullopt;
  }
  Parts parts;
  const bool both = kind == CollectiveKind::all_reduce;
  const double ways = both ? 2 : 1;
  const double inside = at.local > 1 ? tree_steps(at.local) : 0;
  const double between = at.nodes > 1 ? tree_steps(at.nodes) : 0;
  const auto load = [&](std::int64_t ranks) {
    return both ? tree_load(ranks) : ranks > 1 ? 1.0 : 0.0;
  };
  parts.latency = ways * (inside * at.inside.latency + between * at.between.latency);
  parts.transfer =
      bits * std::max(load(at.local) / at.inside.bandwidth, load(at.nodes) / at.between.bandwidth) +
      tree_fill(at, both, bits / to_real(tree_chunks(bits)));
  parts.across = ways * to_real(at.nodes - 1) * bits;
  parts.inside = ways * to_real(at.n - at.nodes) * bits;
  return parts;
}

std::optional<Parts> hierarchical_parts(CollectiveKind kind, const Layout& at, double bits) {
  if (kind != CollectiveKind::all_reduce || at.nodes < 2 || at.local < 2 || at.n % at.local != 0) {
    return std::nullopt;
  }
  const double local = to_real(at.local);
  const double nodes = to_real(at.nodes);
  const double inside = 2 * (local - 1) / local * bits;
  // Each of the node's devices reduces its own part with its partners in the other nodes.
  const double across = 2 * (nodes - 1) / nodes * bits / local;
  return Parts{
      .latency = 2 * (local - 1) * at.inside.latency + 2 * (nodes - 1) * at.between.latency,
      .transfer = inside / at.inside.bandwidth + across / at.between.bandwidth,
      .inside = to_real(at.n) * inside,
      .across = to_real(at.n) * across};
}

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

std::int64_t pipeline_chunks(double bits) {
  constexpr double kChunkBits = 64 * 1024 * 8;
  constexpr double kMostChunks = 512;
  return static_cast<std::int64_t>(std::clamp(std::ceil(bits / kChunkBits), 1.0, kMostChunks));
}

std::int64_t tree_chunks(double bits) {
  return 2 * pipeline_chunks(bits / 2);
}

std::optional<CollectiveTime> algorithm_time(const Interconnect& net, CollectiveKind kind,
                                             double bits, std::int64_t ranks,
                                             CollectiveAlgorithm algorithm) {
  const Layout at(net, ranks);
  std::optional<Parts> parts;
  switch (algorithm) {
    case CollectiveAlgorithm::ring:
      parts = ring_parts(kind, at, bits);
      break;
    case CollectiveAlgorithm::direct:
      parts = direct_parts(kind, at, bits);
      break;
    case CollectiveAlgorithm::tree:
      parts = tree_parts(kind, at, bits);
      break;
    case CollectiveAlgorithm::hierarchical:
      parts = hierarchical_parts(kind, at, bits);
      break;
    case CollectiveAlgorithm::none:
      break;
  }
  if (!parts) {
    return std::nullopt;
  }
  // Of a message from one rank to another there is one sender only.
  const double senders = kind == CollectiveKind::point_to_point ? 1.0 : to_real(ranks);
  return CollectiveTime{
      .total = net.launch + parts->latency + parts->transfer,
      .latency = net.launch + parts->latency,
      .transfer = parts->transfer,
      .sent_bits = (parts->inside + parts->across) / senders,
      .link_energy =
          (parts->inside * at.inside.energy + parts->across * at.between.energy) / senders,
      .algorithm = algorithm};
}

CollectiveTime collective_time(const Interconnect& net, CollectiveKind kind, double bits,
                               std::int64_t ranks) {
  if (ranks <= 1) {
    return {};
  }
  CollectiveTime best{.total = std::numeric_limits<double>::infinity()};
  const auto offer = [&](CollectiveAlgorithm algorithm) {
    const std::optional<CollectiveTime> time = algorithm_time(net, kind, bits, ranks, algorithm);
    if (time && time->total < best.total) {
      best = *time;
    }
    return time.has_value();
  };
  const bool ring = offer(CollectiveAlgorithm::ring);
  if (!net.ring_only || !ring) {
    offer(CollectiveAlgorithm::direct);
    offer(CollectiveAlgorithm::tree);
  }
  offer(CollectiveAlgorithm::hierarchical);
  return best;
}

}  // namespace cairn::hw
