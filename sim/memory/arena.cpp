#include "sim/memory/arena.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "sim/memory/order_search.h"

namespace cairn::sim {
namespace {

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

bool together(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

std::int64_t round_up(std::int64_t bits, std::int64_t alignment) {
  return (bits + alignment - 1) / alignment * alignment;
}

/// Buffers that begin at the same place, placed as one.
struct Stack {
  std::vector<std::size_t> members;
  std::int64_t bits{};  ///< of the largest
  std::int32_t first{};
  std::int32_t last{};
};

std::vector<Stack> stacks_of(const std::vector<Lifetime>& buffers) {
  std::vector<Stack> stacks;
  std::vector<std::size_t> stack_of(buffers.size());
  for (std::size_t b = 0; b < buffers.size(); ++b) {
    const Lifetime& buffer = buffers[b];
    if (buffer.at < 0) {
      stack_of[b] = stacks.size();
      stacks.push_back({{}, 0, buffer.first, buffer.last});
    } else {
      CAIRN_CHECK(at(buffer.at) < b, "a buffer shares the place of a later one");
      stack_of[b] = stack_of[at(buffer.at)];
    }
    Stack& stack = stacks[stack_of[b]];
    stack.members.push_back(b);
    stack.bits = std::max(stack.bits, buffer.bits);
    stack.first = std::min(stack.first, buffer.first);
    stack.last = std::max(stack.last, buffer.last);
  }
  return stacks;
}

/// Places stacks in \p sequence, each at the lowest free offset.
std::int64_t place_in_sequence(const std::vector<Lifetime>& buffers,
                               const std::vector<Stack>& stacks,
                               const std::vector<std::size_t>& sequence, std::int64_t alignment,
                               std::vector<std::int64_t>& offsets) {
  offsets.assign(buffers.size(), -1);
  std::int64_t end = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> forbidden;  // offsets [from, to) of the stack
  for (const std::size_t s : sequence) {
    forbidden.clear();
    for (std::size_t other = 0; other < buffers.size(); ++other) {
      if (offsets[other] < 0) {
        continue;
      }
      for (const std::size_t member : stacks[s].members) {
        if (together(buffers[member], buffers[other])) {
          forbidden.emplace_back(offsets[other] - buffers[member].bits + 1,
                                 offsets[other] + buffers[other].bits);
        }
      }
    }
    std::sort(forbidden.begin(), forbidden.end());
    std::int64_t offset = 0;
    for (const auto& [from, to] : forbidden) {
      if (offset < from) {
        break;
      }
      offset = std::max(offset, round_up(to, alignment));
    }
    for (const std::size_t member : stacks[s].members) {
      offsets[member] = offset;
      end = std::max(end, offset + buffers[member].bits);
    }
  }
  return end;
}

std::int64_t most_alive(const std::vector<Lifetime>& buffers) {
  std::int32_t steps = 0;
  for (const Lifetime& b : buffers) {
    steps = std::max(steps, b.last + 1);
  }
  std::vector<std::int64_t> change(at(steps) + 1);
  for (const Lifetime& b : buffers) {
    change[at(b.first)] += b.bits;
    change[at(b.last) + 1] -= b.bits;
  }
  std::int64_t most = 0;
  std::int64_t alive = 0;
  for (const std::int64_t c : change) {
    alive += c;
    most = std::max(most, alive);
  }
  return most;
}

}  // namespace

Arena place(const std::vector<Lifetime>& buffers, std::int64_t alignment, ArenaSearch search) {
  Arena best;
  best.lower_bound = most_alive(buffers);
  const std::vector<Stack> stacks = stacks_of(buffers);
  const auto bits = [&](std::size_t i) { return static_cast<double>(stacks[i].bits); };
  const auto life = [&](std::size_t i) {
    return static_cast<double>(stacks[i].last - stacks[i].first + 1);
  };
  std::vector<std::size_t> sequence(stacks.size());
  std::vector<std::int64_t> offsets;
  const auto attempt = [&](const auto& rank) {
    if (!best.offsets.empty() && best.bits == best.lower_bound) {
      return;  // nothing can be smaller
    }
    std::iota(sequence.begin(), sequence.end(), std::size_t{0});
    std::stable_sort(sequence.begin(), sequence.end(), [&](std::size_t a, std::size_t b) {
      const double first = rank(a);
      const double second = rank(b);
      return first != second ? first > second : stacks[a].first < stacks[b].first;
    });
    const std::int64_t end = place_in_sequence(buffers, stacks, sequence, alignment, offsets);
    if (best.offsets.empty() || end < best.bits) {
      best.bits = end;
      best.offsets = offsets;
    }
  };
  attempt(bits);
  if (search == ArenaSearch::best_of_several) {
    attempt([&](std::size_t i) { return bits(i) * life(i); });
    attempt(life);
    attempt([&](std::size_t i) { return -static_cast<double>(stacks[i].first); });
  }
  return best;
}

std::vector<Lifetime> lifetimes(const ActivationGraph& graph,
                                const std::vector<std::int32_t>& order, std::int64_t alignment) {
  const auto whole = [alignment](double bits) {
    return round_up(static_cast<std::int64_t>(std::ceil(bits)), alignment);
  };
  const std::vector<std::int32_t> last_use = last_uses(graph, order);
  std::vector<Lifetime> buffers;
  std::vector<std::size_t> buffer_of(at(graph.size()));
  const auto end = static_cast<std::int32_t>(order.size()) - 1;
  for (std::size_t p = 0; p < order.size(); ++p) {
    const std::int32_t node = order[p];
    const ActivationNode& now = graph.node(node);
    const auto position = static_cast<std::int32_t>(p);
    const std::int32_t last = std::min(end, last_use[at(node)]);
    const std::int32_t taken = overwritten_input(graph, node, position, last_use);
    Lifetime made{whole(now.output_bits), position, last, -1};
    if (taken >= 0) {
      Lifetime& before = buffers[buffer_of[at(taken)]];
      made.at = static_cast<std::int32_t>(buffer_of[at(taken)]);
      // While the node runs the place is as large as the larger of both.
      if (made.bits >= before.bits) {
        before.last = position - 1;
      } else {
        made.first = std::min(position + 1, last);
      }
    }
    buffer_of[at(node)] = buffers.size();
    buffers.push_back(made);
    if (now.scratch_bits > 0) {
      buffers.push_back({whole(now.scratch_bits), position, position});
    }
  }
  return buffers;
}

}  // namespace cairn::sim
