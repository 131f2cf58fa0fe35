/// \file
/// Instructions by class: how many a kernel executes, and how many cycles a core spends on each.
#pragma once

#include "core/config/fields.h"

namespace cairn::hw {

/// One number for each class of instructions. In a library it counts instructions; in a core it is
/// cycles of one instruction inside a loop, everything in level-one memory. Fractions are means:
/// half a cycle is an instruction that issues beside another one.
struct InstructionClasses {
  double load{};
  double store{};
  double multiply_accumulate{};
  double arithmetic{};
  double branch{};
  double long_multiply{};
  double divide{};
  double floating{};
  double floating_multiply_accumulate{};
  double vector_load{};
  double vector_store{};
  double vector_multiply_accumulate{};
  double vector_arithmetic{};

  template <class Archive>
  void fields(Archive& a) {
    a("load", load, "loads of up to 32 bits", kOptional, NotNegative{});
    a("store", store, "stores of up to 32 bits", kOptional, NotNegative{});
    a("multiply_accumulate", multiply_accumulate,
      "integer multiply-accumulates, of as many pairs as the instruction set packs in 32 bits",
      kOptional, NotNegative{});
    a("arithmetic", arithmetic, "additions, logic, shifts, packing, saturation, moves", kOptional,
      NotNegative{});
    a("branch", branch, "taken branches", kOptional, NotNegative{});
    a("long_multiply", long_multiply, "32 x 32 bit products of 64 bits", kOptional, NotNegative{});
    a("divide", divide, "integer divisions", kOptional, NotNegative{});
    a("floating", floating, "fp32 operations that are no multiply-accumulate", kOptional,
      NotNegative{});
    a("floating_multiply_accumulate", floating_multiply_accumulate, "fp32 multiply-accumulates",
      kOptional, NotNegative{});
    a("vector_load", vector_load, "loads of a vector register", kOptional, NotNegative{});
    a("vector_store", vector_store, "stores of a vector register", kOptional, NotNegative{});
    a("vector_multiply_accumulate", vector_multiply_accumulate,
      "multiply-accumulates of a vector register", kOptional, NotNegative{});
    a("vector_arithmetic", vector_arithmetic, "other operations on a vector register", kOptional,
      NotNegative{});
  }
};

/// Cycles of the multiply-accumulates among \p counts on a core with \p cycles for each class.
[[nodiscard]] constexpr double multiply_cycles(const InstructionClasses& counts,
                                               const InstructionClasses& cycles) {
  return counts.multiply_accumulate * cycles.multiply_accumulate +
         counts.floating_multiply_accumulate * cycles.floating_multiply_accumulate +
         counts.vector_multiply_accumulate * cycles.vector_multiply_accumulate;
}

/// Cycles of all that is no multiply-accumulate.
[[nodiscard]] constexpr double other_cycles(const InstructionClasses& counts,
                                            const InstructionClasses& cycles) {
  return counts.load * cycles.load + counts.store * cycles.store +
         counts.arithmetic * cycles.arithmetic + counts.branch * cycles.branch +
         counts.long_multiply * cycles.long_multiply + counts.divide * cycles.divide +
         counts.floating * cycles.floating + counts.vector_load * cycles.vector_load +
         counts.vector_store * cycles.vector_store +
         counts.vector_arithmetic * cycles.vector_arithmetic;
}

[[nodiscard]] constexpr double issue_cycles(const InstructionClasses& counts,
                                            const InstructionClasses& cycles) {
  return multiply_cycles(counts, cycles) + other_cycles(counts, cycles);
}

}  // namespace cairn::hw
