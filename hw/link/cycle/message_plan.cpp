#include "hw/link/cycle/message_plan.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"

namespace cairn::hw::cycle {
namespace {

using models::CollectiveKind;
using Plan = std::vector<Message>;

std::int32_t number_of(const Plan& plan) {
  return static_cast<std::int32_t>(plan.size());
}

std::int64_t to_order(std::size_t chunk) {
  return static_cast<std::int64_t>(chunk);
}

std::vector<double> chunks_of(double bits, std::int64_t chunks) {
  std::vector<double> parts(static_cast<std::size_t>(chunks), bits / static_cast<double>(chunks));
  return parts;
}

/// A ring over the ranks \p members in steps of one part each.
/// \param ready the messages that must have arrived at each member first, kNone: nothing; takes
///        those of the last step.
void ring_steps(Plan& plan, const std::vector<std::int32_t>& members, std::int64_t steps,
                double part, std::vector<std::int32_t>& ready) {
  const std::size_t n = members.size();
  for (std::int64_t s = 0; s < steps; ++s) {
    std::vector<std::int32_t> arrived(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t next = (i + 1) % n;
      arrived[next] = number_of(plan);
      Message m{.from = members[i], .to = members[next], .bits = part, .order = s};
      m.after[0] = ready[i];
      plan.push_back(m);
    }
    ready = arrived;
  }
}

std::vector<std::int32_t> first_ranks(std::int64_t count) {
  std::vector<std::int32_t> ranks;
  for (std::int64_t r = 0; r < count; ++r) {
    ranks.push_back(static_cast<std::int32_t>(r));
  }
  return ranks;
}

std::optional<Plan> ring(CollectiveKind kind, double bits, std::int64_t ranks) {
  Plan plan;
  const double part = bits / static_cast<double>(ranks);
  std::vector<std::int32_t> ready(static_cast<std::size_t>(ranks), Message::kNone);
  switch (kind) {
    case CollectiveKind::all_reduce:
      ring_steps(plan, first_ranks(ranks), 2 * (ranks - 1), part, ready);
      return plan;
    case CollectiveKind::all_gather:
    case CollectiveKind::reduce_scatter:
      ring_steps(plan, first_ranks(ranks), ranks - 1, part, ready);
      return plan;
    case CollectiveKind::broadcast: {
      const std::vector<double> chunks = chunks_of(bits, pipeline_chunks(bits));
      for (std::size_t c = 0; c < chunks.size(); ++c) {
        for (std::int32_t r = 0; r + 1 < ranks; ++r) {
          Message m{.from = r, .to = r + 1, .bits = chunks[c], .order = to_order(c)};
          m.after[0] = r > 0 ? number_of(plan) - 1 : Message::kNone;
          plan.push_back(m);
        }
      }
      return plan;
    }
    case CollectiveKind::all_to_all:
    case CollectiveKind::point_to_point:
      break;
  }
  return std::nullopt;
}

std::optional<Plan> direct(CollectiveKind kind, double bits, std::int64_t ranks,
                           std::int64_t ranks_per_node) {
  Plan plan;
  if (kind == CollectiveKind::point_to_point) {
    plan.push_back({.from = 0, .to = static_cast<std::int32_t>(ranks - 1), .bits = bits});
    return plan;
  }
  const bool whole = kind == CollectiveKind::all_reduce || kind == CollectiveKind::broadcast;
  const double part = whole ? bits : bits / static_cast<double>(ranks);
  const std::int64_t nodes = ceil_div(ranks, ranks_per_node);
  const std::int64_t local = std::min(ranks, ranks_per_node);
  for (std::int64_t from = 0; from < (kind == CollectiveKind::broadcast ? 1 : ranks); ++from) {
    std::int64_t order = 0;
    for (std::int64_t away = 0; away < nodes; ++away) {
      const std::int64_t first = (from / local + away) % nodes * local;
      const std::int64_t there = std::min(local, ranks - first);
      for (std::int64_t beside = 0; beside < there; ++beside) {
        const std::int64_t to = first + (from % local + beside) % there;
        if (to == from) {
          continue;
        }
        plan.push_back({.from = static_cast<std::int32_t>(from),
                        .to = static_cast<std::int32_t>(to),
                        .bits = part,
                        .order = order++});
      }
    }
  }
  return plan;
}

/// Parents of places 0 to \p places - 1 in one of two binary trees below place 0. A place that is
/// inside one tree is a leaf of the other, but for one of them when their number is even.
std::vector<std::int64_t> parents(std::int64_t places, bool second) {
  const std::int64_t below = places - 1;
  const bool odd = below % 2 != 0;
  std::vector<std::int64_t> parent(static_cast<std::size_t>(places), 0);
  // Numbers 1 to `below` in the order of a search tree: odd ones are leaves.
  const auto number_at = [&](std::int64_t place) {
    return !second ? place : odd ? place % below + 1 : below + 1 - place;
  };
  const auto place_of = [&](std::int64_t number) {
    return !second ? number : odd ? (number + below - 2) % below + 1 : below + 1 - number;
  };
  for (std::int64_t place = 1; place < places; ++place) {
    const std::int64_t number = number_at(place);
    const std::int64_t bit = number & -number;
    std::int64_t up = (number ^ bit) | (bit << 1);
    if (up > below) {
      up = number ^ bit;
    }
    parent[static_cast<std::size_t>(place)] = up == 0 ? 0 : place_of(up);
  }
  return parent;
}

/// Parent of each rank in the trees inside nodes and between them.
std::vector<std::int32_t> tree_of(std::int64_t ranks, std::int64_t ranks_per_node, bool second) {
  const std::int64_t nodes = ceil_div(ranks, ranks_per_node);
  const std::vector<std::int64_t> between = parents(nodes, second);
  std::vector<std::int32_t> parent(static_cast<std::size_t>(ranks), Message::kNone);
  for (std::int64_t node = 0; node < nodes; ++node) {
    const std::int64_t first = node * ranks_per_node;
    const std::int64_t local = std::min(ranks_per_node, ranks - first);
    const std::vector<std::int64_t> inside = parents(local, second);
    for (std::int64_t place = 1; place < local; ++place) {
      parent[static_cast<std::size_t>(first + place)] =
          static_cast<std::int32_t>(first + inside[static_cast<std::size_t>(place)]);
    }
    if (node > 0) {
      parent[static_cast<std::size_t>(first)] =
          static_cast<std::int32_t>(between[static_cast<std::size_t>(node)] * ranks_per_node);
    }
  }
  return parent;
}

/// Ranks with every child before its parent.
std::vector<std::int32_t> leaves_first(const std::vector<std::int32_t>& parent) {
  std::vector<std::pair<std::int32_t, std::int32_t>> by_depth;
  for (std::int32_t r = 0; r < static_cast<std::int32_t>(parent.size()); ++r) {
    std::int32_t depth = 0;
    for (std::int32_t at = r; at >= 0; at = parent[static_cast<std::size_t>(at)]) {
      --depth;
    }
    by_depth.emplace_back(depth, r);
  }
  std::sort(by_depth.begin(), by_depth.end());
  std::vector<std::int32_t> ranks;
  ranks.reserve(by_depth.size());
  for (const auto& [depth, rank] : by_depth) {
    ranks.push_back(rank);
  }
  return ranks;
}

std::optional<Plan> tree(CollectiveKind kind, double bits, std::int64_t ranks,
                         std::int64_t ranks_per_node) {
  if (kind != CollectiveKind::all_reduce && kind != CollectiveKind::broadcast) {
    return std::nullopt;
  }
  Plan plan;
  const std::vector<double> chunks = chunks_of(bits, tree_chunks(bits));
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    const std::vector<std::int32_t> parent = tree_of(ranks, ranks_per_node, c % 2 != 0);
    std::vector<std::int32_t> order = leaves_first(parent);
    // Messages that a rank's next one waits for.
    std::vector<std::array<std::int32_t, 4>> after(
        static_cast<std::size_t>(ranks),
        {Message::kNone, Message::kNone, Message::kNone, Message::kNone});
    const auto arrives = [&](std::int32_t rank) {
      auto& list = after[static_cast<std::size_t>(rank)];
      *std::find(list.begin(), list.end(), Message::kNone) = number_of(plan);
    };
    if (kind == CollectiveKind::all_reduce) {
      for (const std::int32_t rank : order) {
        const std::int32_t up = parent[static_cast<std::size_t>(rank)];
        if (up == Message::kNone) {
          continue;
        }
        Message m{.from = rank, .to = up, .bits = chunks[c], .order = to_order(c)};
        m.after = after[static_cast<std::size_t>(rank)];
        arrives(up);
        plan.push_back(m);
      }
      for (std::int32_t r = 1; r < ranks; ++r) {
        after[static_cast<std::size_t>(r)].fill(Message::kNone);
      }
    }
    std::reverse(order.begin(), order.end());
    for (const std::int32_t rank : order) {
      const std::int32_t up = parent[static_cast<std::size_t>(rank)];
      if (up == Message::kNone) {
        continue;
      }
      // What goes up goes first: others wait for it before anything can come down.
      Message m{.from = up, .to = rank, .bits = chunks[c], .order = to_order(chunks.size() + c)};
      m.after = after[static_cast<std::size_t>(up)];
      arrives(rank);
      plan.push_back(m);
    }
  }
  return plan;
}

std::optional<Plan> hierarchical(CollectiveKind kind, double bits, std::int64_t ranks,
                                 std::int64_t ranks_per_node) {
  if (kind != CollectiveKind::all_reduce || ranks % ranks_per_node != 0 || ranks_per_node < 2 ||
      ranks == ranks_per_node) {
    return std::nullopt;
  }
  Plan plan;
  const std::int64_t nodes = ranks / ranks_per_node;
  const double part = bits / static_cast<double>(ranks_per_node);
  std::vector<std::int32_t> ready(static_cast<std::size_t>(ranks), Message::kNone);
  // Rings over the ranks first, first + stride, ...
  const auto rings = [&](std::int64_t first, std::int64_t stride, std::int64_t count,
                         std::int64_t steps, double bits_of_step) {
    std::vector<std::int32_t> members;
    std::vector<std::int32_t> its_ready;
    for (std::int64_t i = 0; i < count; ++i) {
      members.push_back(static_cast<std::int32_t>(first + i * stride));
      its_ready.push_back(ready[static_cast<std::size_t>(members.back())]);
    }
    ring_steps(plan, members, steps, bits_of_step, its_ready);
    for (std::size_t i = 0; i < members.size(); ++i) {
      ready[static_cast<std::size_t>(members[i])] = its_ready[i];
    }
  };
  for (std::int64_t node = 0; node < nodes; ++node) {
    rings(node * ranks_per_node, 1, ranks_per_node, ranks_per_node - 1, part);
  }
  for (std::int64_t place = 0; place < ranks_per_node; ++place) {
    rings(place, ranks_per_node, nodes, 2 * (nodes - 1), part / static_cast<double>(nodes));
  }
  for (std::int64_t node = 0; node < nodes; ++node) {
    rings(node * ranks_per_node, 1, ranks_per_node, ranks_per_node - 1, part);
  }
  return plan;
}

}  // namespace

std::optional<Plan> messages_of(CollectiveKind kind, CollectiveAlgorithm algorithm, double bits,
                                std::int64_t ranks, std::int64_t ranks_per_node) {
  switch (algorithm) {
    case CollectiveAlgorithm::ring:
      return ring(kind, bits, ranks);
    case CollectiveAlgorithm::direct:
      return direct(kind, bits, ranks, ranks_per_node);
    case CollectiveAlgorithm::tree:
      return tree(kind, bits, ranks, ranks_per_node);
    case CollectiveAlgorithm::hierarchical:
      return hierarchical(kind, bits, ranks, ranks_per_node);
    case CollectiveAlgorithm::none:
      break;
  }
  return std::nullopt;
}

}  // namespace cairn::hw::cycle
