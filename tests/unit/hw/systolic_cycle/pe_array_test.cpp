// The array PE by PE: what single products take, and what happens when folds come too early.

#include <catch2/catch.hpp>

#include "support.h"

using cairn::Rng;
using namespace cairn::hw;        // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::hw::test;  // NOLINT(google-build-using-namespace)

namespace {

PeProductSpec array(std::int64_t rows, std::int64_t cols, Dataflow dataflow,
                    FoldOverlap overlap = FoldOverlap::serial) {
  PeProductSpec spec;
  spec.rows = rows;
  spec.cols = cols;
  spec.dataflow = dataflow;
  spec.overlap = overlap;
  return spec;
}

struct Outcome {
  PeProductRun run;
  bool right{};
};

Outcome outcome(const PeProductSpec& spec, const Extents& e) {
  Rng rng(5);
  const IntegerMatrix a = random_matrix(rng, e.m, e.k);
  const IntegerMatrix w = random_matrix(rng, e.k, e.n);
  PeProductRun r = run_product(spec, a, w);
  const bool right = r.unsound == 0 && view(r.outputs) == view(a) * view(w);
  return {std::move(r), right};
}

PeProductRun run(const PeProductSpec& spec, const Extents& e) {
  const Outcome o = outcome(spec, e);
  CHECK(o.right);
  return o.run;
}

}  // namespace

TEST_CASE("one PE multiplies once a cycle") {
  // Five products, added where they are: five cycles.
  CHECK(run(array(1, 1, Dataflow::output_stationary), {1, 1, 5}).cycles == 5);
  // One cycle to take the weight in, five to multiply five activations with it.
  CHECK(run(array(1, 1, Dataflow::weight_stationary), {5, 1, 1}).cycles == 6);
  CHECK(run(array(1, 1, Dataflow::input_stationary), {1, 5, 1}).cycles == 6);
}

TEST_CASE("the last of 2 x 3 PEs starts three cycles after the first") {
  // Outputs stay: 1 + 2 cycles until the last PE starts, then four products.
  CHECK(run(array(2, 3, Dataflow::output_stationary), {2, 3, 4}).cycles == 3 + 4);
  // Weights stay: two cycles to shift two rows in, then the same.
  CHECK(run(array(2, 3, Dataflow::weight_stationary), {4, 3, 2}).cycles == 2 + 3 + 4);
}

TEST_CASE("a product smaller than the array takes no longer for the PEs that idle") {
  for_every_kind([](Dataflow dataflow, FoldOverlap overlap) {
    const Extents e{3, 2, 4};
    CHECK(run(array(16, 16, dataflow, overlap), e).cycles ==
          run(array(4, 4, dataflow, overlap), e).cycles);
  });
}

TEST_CASE("partial sums of two folds along the reduction are added in the scratchpad") {
  // k 8 on 4 rows: 5 x 4 outputs written twice, read once in between.
  const PeProductRun r = run(array(4, 4, Dataflow::weight_stationary), {5, 4, 8});
  CHECK(r.words.output_writes == 2 * 20);
  CHECK(r.words.output_reads == 20);
  CHECK(r.words.weights == 32);
  CHECK(r.words.activations == 40);
}

TEST_CASE("the next weights shift in behind the present ones") {
  // Two folds of 4 rows, 10 activation rows each: 4 to load, 10 + 10, 4 + 4 - 2 to leave.
  CHECK(run(array(4, 4, Dataflow::weight_stationary, FoldOverlap::pipelined), {10, 4, 8}).cycles ==
        4 + 20 + 6);
  // One activation row: the second fold waits for its four words, and takes one cycle itself.
  CHECK(run(array(4, 4, Dataflow::weight_stationary, FoldOverlap::pipelined), {1, 4, 8}).cycles ==
        4 + 4 + 1 + 6);
}

TEST_CASE("pipelined folds cannot start a cycle earlier") {
  // One row of activations a fold: the wait for the words of the next fold, or for the bus of the
  // results, is all there is.
  for (const Dataflow dataflow :
       {Dataflow::output_stationary, Dataflow::weight_stationary, Dataflow::input_stationary}) {
    PeProductSpec spec = array(4, 4, dataflow, FoldOverlap::pipelined);
    const Extents e = dataflow == Dataflow::output_stationary   ? Extents{16, 4, 1}
                      : dataflow == Dataflow::weight_stationary ? Extents{1, 4, 16}
                                                                : Extents{4, 1, 16};
    CHECK(outcome(spec, e).right);
    spec.too_early = 1;
    CHECK_FALSE(outcome(spec, e).right);
  }
}

TEST_CASE("the clocked SystemC process takes as many periods as the array cycles") {
  Rng rng(11);
  const IntegerMatrix a = random_matrix(rng, 9, 13);
  const IntegerMatrix w = random_matrix(rng, 13, 7);
  const PeProductSpec spec = array(4, 5, Dataflow::weight_stationary, FoldOverlap::pipelined);
  std::int64_t elapsed_fs = 0;
  constexpr std::int64_t kPeriod = 1'250'000;  // 800 MHz
  const PeProductRun clocked = run_product_in_systemc(spec, a, w, kPeriod, elapsed_fs);
  CHECK(view(clocked.outputs) == view(a) * view(w));
  CHECK(clocked.cycles == closed_form(spec, {9, 7, 13}));
  // The first edge is at 0; the edge after the last cycle finds the product done.
  CHECK(elapsed_fs == clocked.cycles * kPeriod);
}
