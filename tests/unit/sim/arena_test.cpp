#include "sim/memory/arena.h"

#include <catch2/catch.hpp>

#include "core/random.h"
#include "sim/memory/order_search.h"

using cairn::sim::ActivationGraph;
using cairn::sim::Arena;
using cairn::sim::ArenaSearch;
using cairn::sim::Lifetime;
using cairn::sim::lifetimes;
using cairn::sim::place;

namespace {

bool overlap_free(const std::vector<Lifetime>& buffers, const Arena& arena) {
  for (std::size_t a = 0; a < buffers.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const bool together =
          buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last;
      const bool apart = arena.offsets[a] + buffers[a].bits <= arena.offsets[b] ||
                         arena.offsets[b] + buffers[b].bits <= arena.offsets[a];
      if (together && !apart) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST_CASE("buffers of disjoint lives share a place") {
  const Arena arena = place({{100, 0, 1, -1}, {50, 1, 2, -1}, {100, 2, 3, -1}}, 1);
  CHECK(arena.lower_bound == 150);
  CHECK(arena.bits == 150);
  CHECK(arena.offsets[0] == arena.offsets[2]);
}

TEST_CASE("offsets are aligned") {
  const Arena arena = place({{100, 0, 1, -1}, {60, 0, 1, -1}}, 64);
  CHECK(arena.offsets == std::vector<std::int64_t>{0, 128});
  CHECK(arena.bits == 188);
}

TEST_CASE("greedy by size can leave holes that another sequence closes") {
  // By size: the 4s first at 0, then the 3 at 4, then 2 and 2 around it.
  const std::vector<Lifetime> buffers{
      {4, 0, 1, -1}, {4, 3, 4, -1}, {3, 1, 3, -1}, {2, 2, 2, -1}, {2, 0, 0, -1}};
  const Arena greedy = place(buffers, 1, ArenaSearch::greedy_by_size);
  const Arena best = place(buffers, 1, ArenaSearch::best_of_several);
  CHECK(overlap_free(buffers, greedy));
  CHECK(best.bits <= greedy.bits);
  CHECK(best.bits >= best.lower_bound);
}

TEST_CASE("random buffers never overlap in time and place, and never beat the lower bound") {
  cairn::Rng rng(21);
  for (int i = 0; i < 300; ++i) {
    std::vector<Lifetime> buffers;
    const std::int64_t count = rng.uniform_int(1, 30);
    for (std::int64_t b = 0; b < count; ++b) {
      const auto first = static_cast<std::int32_t>(rng.uniform_int(0, 20));
      buffers.push_back({8 * rng.uniform_int(1, 50), first,
                         first + static_cast<std::int32_t>(rng.uniform_int(0, 6)), -1});
    }
    const Arena arena = place(buffers, 8);
    REQUIRE(overlap_free(buffers, arena));
    CHECK(arena.bits >= arena.lower_bound);
    CHECK(arena.bits <= 2 * arena.lower_bound);
  }
}

TEST_CASE("a tensor written over its input has its place") {
  ActivationGraph graph;
  graph.add({.output_bits = 8}, {});
  graph.add({.output_bits = 48}, std::vector<std::int32_t>{0});
  graph.add({.output_bits = 48, .scratch_bits = 3, .overwrites = true},
            std::vector<std::int32_t>{1});
  graph.add({.output_bits = 8}, std::vector<std::int32_t>{2});
  const std::vector<Lifetime> buffers = lifetimes(graph, {0, 1, 2, 3}, 1);
  REQUIRE(buffers.size() == 5);  // input, wide, wide in its place, scratch, result
  CHECK(buffers[1].last == 1);
  CHECK(buffers[2].at == 1);
  CHECK(buffers[2].first == 2);
  CHECK(buffers[2].last == 3);
  CHECK(buffers[3].bits == 3);
  CHECK(buffers[3].first == 2);
  CHECK(buffers[3].last == 2);
  const Arena arena = place(buffers, 1);
  CHECK(arena.bits == 56);
  CHECK(arena.offsets[1] == arena.offsets[2]);
}

TEST_CASE("what a tensor leaves of the place it took is free again") {
  // 48 -> 12 in its place -> 30 beside it: 48 while it shrinks, then 12 + 30.
  ActivationGraph graph;
  graph.add({.output_bits = 48}, {});
  graph.add({.output_bits = 12, .overwrites = true}, std::vector<std::int32_t>{0});
  graph.add({.output_bits = 30}, std::vector<std::int32_t>{1});
  const Arena arena = place(lifetimes(graph, {0, 1, 2}, 1), 1);
  CHECK(arena.bits == 48);
  CHECK(arena.lower_bound == 48);
}
