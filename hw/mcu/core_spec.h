/// \file
/// What a file in configs/cores/ may say: one processor core, described apart from boards.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "hw/mcu/instruction_classes.h"

namespace cairn::hw {

/// What kernels may be compiled for, from the least to the most capable.
enum class InstructionSet : std::uint8_t {
  scalar,  ///< loads, additions and 32-bit multiplications, one number at a time
  dsp,     ///< two 16-bit products and their sum in one instruction (Armv7E-M, Armv8-M DSP)
  helium,  ///< 128-bit vectors (Armv8.1-M MVE)
  packed,  ///< four 8-bit products and their sum in one instruction, hardware loops (Xpulp)
};
constexpr auto enum_names(InstructionSet /*tag*/) {
  using I = InstructionSet;
  using S = std::string_view;
  return std::array{std::pair{I::scalar, S{"scalar"}}, std::pair{I::dsp, S{"dsp"}},
                    std::pair{I::helium, S{"helium"}}, std::pair{I::packed, S{"packed"}}};
}

struct McuCoreSpec {
  std::int64_t schema{1};
  std::string name;
  std::string source;
  std::vector<InstructionSet> instruction_sets;
  InstructionClasses issue{};

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of the file format", Range{1, 1});
    a("name", name, "name of the core");
    a("source", source, "where the figures come from", kOptional);
    a("instruction_sets", instruction_sets, "what it runs: scalar, dsp, helium, packed");
    a("issue", issue, "cycles of one instruction of each class inside a loop");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    std::vector<FieldProblem> found;
    if (instruction_sets.empty()) {
      found.push_back({"instruction_sets", "the list is empty", "every core runs scalar"});
    }
    for (const auto& [field, cycles] :
         {std::pair{"load", issue.load}, std::pair{"store", issue.store},
          std::pair{"multiply_accumulate", issue.multiply_accumulate},
          std::pair{"arithmetic", issue.arithmetic}, std::pair{"branch", issue.branch},
          std::pair{"long_multiply", issue.long_multiply}, std::pair{"divide", issue.divide},
          std::pair{"floating", issue.floating},
          std::pair{"floating_multiply_accumulate", issue.floating_multiply_accumulate}}) {
      if (cycles <= 0) {
        found.push_back(
            {std::string("issue.") + field, "a core needs cycles for this class",
             "for a class without an instruction: the cycles of the routine that replaces it"});
      }
    }
    for (const InstructionSet set : instruction_sets) {
      if (set == InstructionSet::helium &&
          (issue.vector_load <= 0 || issue.vector_store <= 0 || issue.vector_arithmetic <= 0 ||
           issue.vector_multiply_accumulate <= 0)) {
        found.push_back({"issue", "helium needs cycles for the four classes of vector_...", ""});
      }
    }
    return found;
  }
};

}  // namespace cairn::hw
