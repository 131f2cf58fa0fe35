#include "hw/mcu/classical_cycles.h"

#include <catch2/catch.hpp>

using cairn::hw::classical_cycles;
using cairn::hw::InstructionClasses;
using cairn::hw::instructions_of;
using cairn::models::ClassicalKernel;
using cairn::models::ClassicalMethod;

namespace {

/// Every instruction takes one cycle.
InstructionClasses unit_costs() {
  InstructionClasses one;
  one.load = one.store = one.arithmetic = one.branch = one.floating =
      one.floating_multiply_accumulate = 1;
  return one;
}

constexpr ClassicalKernel kForest{.method = ClassicalMethod::random_forest,
                                  .samples = 1,
                                  .features = 9,
                                  .classes = 2,
                                  .trees = 10,
                                  .depth = 3};

}  // namespace

TEST_CASE("instructions of a product: two loads, their addresses, a share of the loop") {
  const InstructionClasses made = instructions_of({.multiply_adds = 8, .reads = 16});
  CHECK(made.load == 16);
  CHECK(made.arithmetic == 8);
  CHECK(made.branch == 2);
  CHECK(made.floating_multiply_accumulate == 8);
  CHECK(made.floating == 0);
}

TEST_CASE("a forest on one core, by hand") {
  // 30 decisions: compare, 4 loads, 2 additions, 1 + 0.5 branches = 8.5 each.
  // 10 votes: addition, load, store, 1 for addresses, 0.125 branches = 4.125 each.
  // The winner of 2: compare, load, 0.5, 1.125 branches = 3.625 each.
  CHECK(classical_cycles(kForest, unit_costs(), 1, 100) ==
        Approx(30 * 8.5 + 10 * 4.125 + 2 * 3.625));
}

TEST_CASE("cores wait for the one with the most trees, merge their votes and meet at a barrier") {
  // 10 trees on 4 cores: 3 on the slowest. Merging: 2 additions and loads, 1, 0.25 branches a core.
  const double shared = 30 * 8.5 + 10 * 4.125;
  CHECK(classical_cycles(kForest, unit_costs(), 4, 100) ==
        Approx(shared * 3 / 10 + 2 * 3.625 + 4 * 2 * 2.625 + 100));
}

TEST_CASE("more cores are never slower than one as long as barriers cost nothing") {
  for (const ClassicalMethod method :
       {ClassicalMethod::support_vectors, ClassicalMethod::k_means,
        ClassicalMethod::nearest_neighbours, ClassicalMethod::naive_bayes,
        ClassicalMethod::principal_components}) {
    const ClassicalKernel k{.method = method,
                            .samples = 256,
                            .features = 32,
                            .classes = 8,
                            .references = 512,
                            .neighbours = 4,
                            .iterations = 10};
    const double one = classical_cycles(k, unit_costs(), 1, 0);
    const double eight = classical_cycles(k, unit_costs(), 8, 0);
    CHECK(eight < one);
    CHECK(8 * eight >= one);
  }
}
