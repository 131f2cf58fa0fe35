// The closed form of an array's cycles and words against the array simulated PE by PE.

#include <catch2/catch.hpp>

#include "hw/systolic/nest.h"
#include "support.h"

using cairn::Rng;
using namespace cairn::hw;        // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::test;  // NOLINT(google-build-using-namespace)

namespace {

/// Words between array and scratchpads as the analytical level counts them.
ArrayTraffic analytical_words(const PeProductSpec& spec, const Extents& e) {
  GemmMachine machine;
  machine.rows = spec.rows;
  machine.cols = spec.cols;
  machine.dataflow = spec.dataflow;
  GemmProblem problem;
  problem.extent = {e.m, e.n, e.k};
  const ArrayAxes axes = axes_of(spec.dataflow);
  const FoldShape shape = fold_shape(spec, e);
  Nest nest;
  nest.tile[static_cast<std::size_t>(axes.rows)] = shape.rows_tile;
  nest.tile[static_cast<std::size_t>(axes.cols)] = shape.cols_tile;
  nest.tile[static_cast<std::size_t>(axes.time)] = shape.time_tile;
  return array_traffic(machine, problem, nest);
}

/// Result, cycles and words. One check a product: exhaustive tests run hundred thousands.
void compare(const PeProductSpec& spec, const Extents& e, Rng& rng) {
  const IntegerMatrix a = random_matrix(rng, e.m, e.k);
  const IntegerMatrix w = random_matrix(rng, e.k, e.n);
  const PeProductRun r = run_product(spec, a, w);
  const ArrayTraffic words = analytical_words(spec, e);
  const bool same_words = static_cast<double>(r.words.weights) == words.weights &&
                          static_cast<double>(r.words.activations) == words.activations &&
                          static_cast<double>(r.words.output_writes) == words.output_writes &&
                          static_cast<double>(r.words.output_reads) == words.output_reads;
  const bool sound = r.unsound == 0;
  const bool same_result = view(r.outputs) == view(a) * view(w);
  const std::int64_t expected = closed_form(spec, e);
  if (!same_words || !sound || !same_result || r.cycles != expected) {
    INFO(text(spec, e));
    CHECK(sound);
    CHECK(same_result);
    CHECK(r.cycles == expected);
    CHECK(same_words);
  }
}

}  // namespace

TEST_CASE("every product of up to 5 x 5 x 5 on arrays of up to 3 x 3 takes the closed form") {
  Rng rng(1);
  std::int64_t products = 0;
  for_every_kind([&](Dataflow dataflow, FoldOverlap overlap) {
    for (std::int64_t code = 0; code < 9 * 125; ++code) {
      PeProductSpec spec;
      spec.dataflow = dataflow;
      spec.overlap = overlap;
      spec.rows = 1 + code % 3;
      spec.cols = 1 + code / 3 % 3;
      compare(spec, {1 + code / 9 % 5, 1 + code / 45 % 5, 1 + code / 225 % 5}, rng);
      ++products;
    }
  });
  CHECK(products == 8 * 9 * 125);
}

TEST_CASE("random products with ragged folds on arrays of up to 16 x 16 take the closed form") {
  Rng rng(2);
  for (int i = 0; i < 300; ++i) {
    PeProductSpec spec;
    spec.rows = rng.uniform_int(1, 16);
    spec.cols = rng.uniform_int(1, 16);
    const Extents e{rng.uniform_int(1, 50), rng.uniform_int(1, 50), rng.uniform_int(1, 50)};
    for_every_kind([&](Dataflow dataflow, FoldOverlap overlap) {
      spec.dataflow = dataflow;
      spec.overlap = overlap;
      compare(spec, e, rng);
    });
  }
}

TEST_CASE("products cut into tiles of any size take the closed form") {
  Rng rng(3);
  for (int i = 0; i < 600; ++i) {
    PeProductSpec spec;
    spec.rows = rng.uniform_int(1, 8);
    spec.cols = rng.uniform_int(1, 8);
    const Extents e{rng.uniform_int(1, 25), rng.uniform_int(1, 25), rng.uniform_int(1, 25)};
    for_every_kind([&](Dataflow dataflow, FoldOverlap overlap) {
      spec.dataflow = dataflow;
      spec.overlap = overlap;
      const ArrayAxes axes = axes_of(dataflow);
      spec.rows_tile = rng.uniform_int(1, e.of(axes.rows));
      spec.cols_tile = rng.uniform_int(1, e.of(axes.cols));
      spec.time_tile = rng.uniform_int(1, e.of(axes.time));
      compare(spec, e, rng);
    });
  }
}

TEST_CASE("single steps of time and single PE columns take the closed form") {
  // Where loading, the result bus and short last columns decide.
  Rng rng(4);
  for (int i = 0; i < 400; ++i) {
    PeProductSpec spec;
    spec.rows = rng.uniform_int(1, 16);
    spec.cols = rng.uniform_int(1, 16);
    for_every_kind([&](Dataflow dataflow, FoldOverlap overlap) {
      spec.dataflow = dataflow;
      spec.overlap = overlap;
      const ArrayAxes axes = axes_of(dataflow);
      std::array<std::int64_t, 3> extent{};
      extent[static_cast<std::size_t>(axes.rows)] = rng.uniform_int(1, 40);
      extent[static_cast<std::size_t>(axes.cols)] = rng.uniform_int(1, 40);
      extent[static_cast<std::size_t>(axes.time)] = rng.uniform_int(1, 4);
      compare(spec, {extent[0], extent[1], extent[2]}, rng);
    });
  }
}
