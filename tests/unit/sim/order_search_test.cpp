#include "sim/memory/order_search.h"

#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::Rng;
using cairn::sim::ActivationGraph;
using cairn::sim::ActivationNode;
using cairn::sim::best_order;
using cairn::sim::ExecutionOrder;
using cairn::sim::live_bits;
using cairn::sim::OrderLimits;
using cairn::sim::OrderSearch;

namespace {

using Inputs = std::vector<std::int32_t>;

ActivationNode makes(double bits) {
  return {.output_bits = bits};
}

ActivationNode in_place(double bits) {
  return {.output_bits = bits, .overwrites = true};
}

/// Least peak over every topological order.
class EveryOrder {
 public:
  explicit EveryOrder(const ActivationGraph& graph)
      : graph_(graph), done_(static_cast<std::size_t>(graph.size()), false) {
    extend();
  }
  [[nodiscard]] double least() const { return least_; }

 private:
  void extend() {
    if (order_.size() == done_.size()) {
      const std::vector<double> live = live_bits(graph_, order_);
      least_ = std::min(least_, *std::max_element(live.begin(), live.end()));
      return;
    }
    for (std::int32_t n = 0; n < graph_.size(); ++n) {
      const auto inputs = graph_.inputs(n);
      const bool ready = std::all_of(inputs.begin(), inputs.end(), [&](std::int32_t i) {
        return done_[static_cast<std::size_t>(i)];
      });
      if (done_[static_cast<std::size_t>(n)] || !ready) {
        continue;
      }
      done_[static_cast<std::size_t>(n)] = true;
      order_.push_back(n);
      extend();
      order_.pop_back();
      done_[static_cast<std::size_t>(n)] = false;
    }
  }

  const ActivationGraph& graph_;
  std::vector<bool> done_;
  std::vector<std::int32_t> order_;
  double least_{1e300};
};

ActivationGraph random_graph(Rng& rng, std::int64_t most_nodes) {
  ActivationGraph graph;
  const std::int64_t nodes = rng.uniform_int(2, most_nodes);
  for (std::int32_t n = 0; n < nodes; ++n) {
    Inputs inputs;
    for (std::int32_t i = std::max(0, n - 4); i < n; ++i) {
      if (rng.uniform01() < 0.4) {
        inputs.push_back(i);
      }
    }
    const ActivationNode node{.output_bits = static_cast<double>(rng.uniform_int(1, 20)),
                              .scratch_bits = static_cast<double>(rng.uniform_int(0, 5)),
                              .overwrites = rng.uniform01() < 0.3};
    graph.add(node, inputs);
  }
  return graph;
}

bool valid(const ActivationGraph& graph, const std::vector<std::int32_t>& order) {
  std::vector<bool> done(static_cast<std::size_t>(graph.size()), false);
  for (const std::int32_t n : order) {
    for (const std::int32_t i : graph.inputs(n)) {
      if (!done[static_cast<std::size_t>(i)]) {
        return false;
      }
    }
    done[static_cast<std::size_t>(n)] = true;
  }
  return order.size() == done.size() && std::count(done.begin(), done.end(), true) == graph.size();
}

}  // namespace

TEST_CASE("a chain holds the input and the output of one operator at a time") {
  // 10 -> 40 -> 20 -> 5: most while the second runs over the first and the third over the second.
  ActivationGraph chain;
  chain.add(makes(10), Inputs{});
  chain.add(makes(40), Inputs{0});
  chain.add(makes(20), Inputs{1});
  chain.add(makes(5), Inputs{2});
  const ExecutionOrder best = best_order(chain);
  CHECK(best.peak_bits == 60);  // 40 + 20
  CHECK(best.peak_node == 2);
  CHECK(best.order == std::vector<std::int32_t>{0, 1, 2, 3});
  CHECK(best.search == OrderSearch::exact);
}

TEST_CASE("a residual keeps its input alive to the sum") {
  // x 8, expanded 48, depthwise 48, projected 8, sum 8: x + 48 + 48.
  ActivationGraph block;
  block.add(makes(8), Inputs{});
  block.add(makes(48), Inputs{0});
  block.add(makes(48), Inputs{1});
  block.add(makes(8), Inputs{2});
  block.add(makes(8), Inputs{0, 3});
  CHECK(best_order(block).peak_bits == 8 + 48 + 48);
}

TEST_CASE("an inverted bottleneck with the depthwise convolution in place holds one wide tensor") {
  ActivationGraph block;
  block.add(makes(8), Inputs{});
  block.add(makes(48), Inputs{0});
  block.add(in_place(48), Inputs{1});
  block.add(makes(8), Inputs{2});
  block.add(makes(8), Inputs{0, 3});
  // Projection: x 8 + wide 48 + projected 8; the sum would need 8 + 8 + 8.
  CHECK(best_order(block).peak_bits == 64);
}

TEST_CASE("a smaller result in place takes nothing more while it is made") {
  // Stride 2: 48 -> 12 in its place, then 12 + 100.
  ActivationGraph strided;
  strided.add(makes(48), Inputs{});
  strided.add(in_place(12), Inputs{0});
  CHECK(best_order(strided).peak_bits == 48);
  strided.add(makes(100), Inputs{1});
  CHECK(best_order(strided).peak_bits == 112);
}

TEST_CASE("an input that is read again is not overwritten") {
  ActivationGraph graph;
  graph.add(makes(10), Inputs{});
  graph.add(in_place(10), Inputs{0});
  graph.add(makes(1), Inputs{0, 1});
  CHECK(best_order(graph).peak_bits == 21);  // both and the sum
}

TEST_CASE("the branch that shrinks most is run first") {
  // Two branches from 10: one makes 100 then 1, the other 30 then 30; both meet.
  // Wide first: 10 + 100 + 1, then 10 + 1 + 30 + 30 -> 111. Narrow first: 10 + 30 + 100 + 1 = 141.
  ActivationGraph graph;
  graph.add(makes(10), Inputs{});
  graph.add(makes(30), Inputs{0});
  graph.add(makes(30), Inputs{1});
  graph.add(makes(100), Inputs{0});
  graph.add(makes(1), Inputs{3});
  graph.add(makes(5), Inputs{2, 4});
  const ExecutionOrder best = best_order(graph);
  CHECK(best.peak_bits == 111);
  CHECK(best.order[1] == 3);
}

TEST_CASE("buffers of a kernel count only while it runs") {
  ActivationGraph graph;
  graph.add(makes(10), Inputs{});
  graph.add({.output_bits = 5, .scratch_bits = 100}, Inputs{0});
  graph.add({.output_bits = 50, .scratch_bits = 1}, Inputs{1});
  CHECK(live_bits(graph, {0, 1, 2}) == std::vector<double>{10, 115, 56});
}

TEST_CASE("no order of a random graph has a lower peak than the exact search finds") {
  Rng rng(11);
  for (int i = 0; i < 400; ++i) {
    const ActivationGraph graph = random_graph(rng, 8);
    const ExecutionOrder best = best_order(graph);
    REQUIRE(valid(graph, best.order));
    CHECK(best.search == OrderSearch::exact);
    CHECK(best.peak_bits == EveryOrder(graph).least());
  }
}

TEST_CASE("the beam finds a valid order and says that it is a heuristic") {
  Rng rng(5);
  int equal = 0;
  int searched = 0;
  for (int i = 0; i < 200; ++i) {
    const ActivationGraph graph = random_graph(rng, 12);
    const ExecutionOrder best = best_order(graph);
    const ExecutionOrder beam = best_order(graph, OrderLimits{.most_states = 3, .beam_width = 8});
    REQUIRE(valid(graph, beam.order));
    CHECK(beam.peak_bits >= best.peak_bits);
    if (beam.search == OrderSearch::beam) {
      ++searched;
      equal += beam.peak_bits == best.peak_bits ? 1 : 0;
    }
  }
  CHECK(searched > 100);
  CHECK(equal > searched * 8 / 10);
}

TEST_CASE("equal blocks of a long network are searched once") {
  ActivationGraph network;
  network.add(makes(8), Inputs{});
  for (std::int32_t block = 0; block < 200; ++block) {
    const std::int32_t x = network.size() - 1;
    network.add(makes(30), Inputs{x});
    network.add(makes(20), Inputs{x});
    network.add(makes(8), Inputs{x + 1, x + 2});
  }
  const ExecutionOrder best = best_order(network);
  CHECK(best.peak_bits ==
        58);  // 8 + 30 + 20, then 30 + 20 + 8: the input died with its second reader
  CHECK(best.states < 20);
}

TEST_CASE("several results live to the end") {
  ActivationGraph graph;
  graph.add(makes(10), Inputs{});
  graph.add(makes(7), Inputs{0});
  graph.add(makes(9), Inputs{0});
  CHECK(best_order(graph).peak_bits == 26);
}
