#include "hw/systolic/nest.h"

#include <limits>

#include <catch2/catch.hpp>

using cairn::hw::Dataflow;
using cairn::hw::Dimension;
using cairn::hw::dram_traffic;
using cairn::hw::DramTraffic;
using cairn::hw::evaluate;
using cairn::hw::GemmMachine;
using cairn::hw::GemmProblem;
using cairn::hw::Nest;
using cairn::hw::NestCost;
using cairn::hw::overflow;

namespace {

/// A 4 x 4 output-stationary array at 1 GHz behind 1 Gbit/s.
GemmMachine small_machine() {
  GemmMachine g;
  g.rows = 4;
  g.cols = 4;
  g.dataflow = Dataflow::output_stationary;
  g.clock = 1e9;
  g.dram_bandwidth = 1e9;
  g.dram_read_energy = 1e-12;
  g.dram_write_energy = 2e-12;
  g.slot = {0, 1, 2};
  g.capacity = {1e6, 1e6, 1e6};
  g.port_bandwidth.fill(std::numeric_limits<double>::infinity());
  g.vector_rate = 1e9;
  g.decode_rate = 1e9;
  return g;
}

/// 8 x 8 x 8 in bytes, 32-bit partial sums.
GemmProblem small_problem() {
  GemmProblem p;
  p.extent = {8, 8, 8};
  p.weight_bits = 8;
  p.activation_bits = 8;
  p.output_bits = 8;
  p.partial_bits = 32;
  return p;
}

constexpr std::array<Dimension, 3> kOutputsInside{Dimension::m, Dimension::n, Dimension::k};
constexpr std::array<Dimension, 3> kWeightsInside{Dimension::k, Dimension::n, Dimension::m};

}  // namespace

TEST_CASE("traffic of a tiled product, by hand") {
  const GemmMachine machine = small_machine();
  const GemmProblem problem = small_problem();
  SECTION("everything at once crosses once") {
    const DramTraffic t = dram_traffic(machine, problem, {{8, 8, 8}, kOutputsInside, 0});
    CHECK(t.weights == 64 * 8);
    CHECK(t.activations == 64 * 8);
    CHECK(t.outputs == 64 * 8);
    CHECK(t.spilled == 0);
  }
  SECTION("outputs inside: weights are fetched for each tile of m, inputs for each of n") {
    const DramTraffic t = dram_traffic(machine, problem, {{4, 4, 4}, kOutputsInside, 0});
    CHECK(t.weights == 2 * 64 * 8);
    CHECK(t.activations == 2 * 64 * 8);
    CHECK(t.spilled == 0);
  }
  SECTION("weights inside: they cross once, partial sums cross for each tile of k but one") {
    const DramTraffic t = dram_traffic(machine, problem, {{4, 4, 4}, kWeightsInside, 0});
    CHECK(t.weights == 64 * 8);
    CHECK(t.activations == 2 * 64 * 8);
    CHECK(t.spilled == 64 * 32);
  }
  SECTION("a loop that does not turn does not separate the others") {
    // k is whole: m outside n fetches A once, and W for each tile of m.
    const DramTraffic t = dram_traffic(machine, problem, {{4, 4, 8}, kOutputsInside, 0});
    CHECK(t.activations == 64 * 8);
    CHECK(t.weights == 2 * 64 * 8);
  }
}

TEST_CASE("time of a tiled product, by hand") {
  // Tiles of 4 x 8 x 8: W whole (64 B), A in two tiles of 32 B, C in two of 32 B.
  const NestCost c = evaluate(small_machine(), small_problem(), {{4, 8, 8}, kOutputsInside, 0});
  CHECK(c.weight_fill_s == Approx(64 * 8 / 1e9));
  CHECK(c.input_fill_s == Approx(32 * 8 / 1e9));
  CHECK(c.drain_s == Approx(32 * 8 / 1e9));
  // What is left: 3 x 64 B - 64 - 32 - 32 B = 64 B = 512 ns; the array needs four folds of
  // 4 + 4 + 8 - 2 = 14 cycles = 56 ns.
  CHECK(c.stream_s == Approx(64 * 8 / 1e9));
  CHECK(c.array_s == Approx(56e-9));
  // The second of the two tiles is computed with when its data are there.
  CHECK(c.busy_s == Approx(c.stream_s + 56e-9 / 2));
  // 128 B read at 1 pJ/bit, 64 B written at 2 pJ/bit.
  CHECK(c.dram_joules == Approx(128 * 8 * 1e-12 + 64 * 8 * 2e-12));
}

TEST_CASE("a tile fits to the bit, and one bit less is too small") {
  GemmMachine machine = small_machine();
  const GemmProblem problem = small_problem();
  const Nest nest{{4, 4, 4}, kOutputsInside, 0};
  machine.capacity = {2 * 16 * 8, 2 * 16 * 8, 2 * 16 * 32};  // two tiles each
  CHECK(overflow(machine, problem, nest).bits == 0);
  machine.capacity[2] -= 1;
  CHECK(overflow(machine, problem, nest).bits == 1);
  CHECK(overflow(machine, problem, nest).slot == 2);
}

TEST_CASE("tensors in one scratchpad share its capacity") {
  GemmMachine machine = small_machine();
  machine.slot = {0, 0, 2};
  machine.capacity = {2 * 2 * 16 * 8, 0, 2 * 16 * 32};
  CHECK(overflow(machine, small_problem(), {{4, 4, 4}, kOutputsInside, 0}).bits == 0);
  machine.capacity[0] -= 1;
  CHECK(overflow(machine, small_problem(), {{4, 4, 4}, kOutputsInside, 0}).bits == 1);
}

TEST_CASE("a bypassed tensor needs no room and crosses whenever the array wants it") {
  GemmMachine machine = small_machine();
  machine.capacity = {0, 1e6, 1e6};
  const Nest nest{{8, 8, 8}, kOutputsInside, 1};
  CHECK(overflow(machine, small_problem(), nest).bits <= 0);
  // Output stationary: two row folds, so weights are wanted twice.
  CHECK(dram_traffic(machine, small_problem(), nest).weights == 2 * 64 * 8);
}

TEST_CASE("patches of a convolution that overlap are fetched once") {
  GemmProblem p = small_problem();
  // 3x3 over 8x8 with one channel, no padding: 6x6 outputs.
  p.extent = {36, 1, 9};
  p.window = {.out_width = 6,
              .out_pixels = 36,
              .in_height = 8,
              .in_width = 8,
              .channels = 1,
              .kernel_height = 3,
              .kernel_width = 3,
              .stride_height = 1,
              .stride_width = 1};
  CHECK(p.activation_elements(36, 9) == Approx(64));
  CHECK(p.activation_elements(6, 9) == Approx(3 * 8));  // one output row needs three rows
  CHECK(p.activation_elements(12, 9) == Approx(4 * 8));
  CHECK(p.activation_elements(2, 9) == Approx(3 * 4));  // two pixels need four columns
}
