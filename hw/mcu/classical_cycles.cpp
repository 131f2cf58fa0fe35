#include "hw/mcu/classical_cycles.h"

#include <cmath>

namespace cairn::hw {
namespace {

constexpr double kExponential = 24;  // floating-point operations
constexpr double kDivision = 10;     // the same; square roots, too
constexpr double kAddressing = 0.5;  // additions for each number moved
constexpr double kUnrolled = 4;      // numbers loaded between two branches of a loop: two products

}  // namespace

InstructionClasses instructions_of(const models::OperationCounts& counts) {
  InstructionClasses made;
  made.load = counts.reads;
  made.store = counts.writes;
  made.arithmetic = kAddressing * (counts.reads + counts.writes);
  made.branch = counts.branches + counts.reads / (2 * kUnrolled);
  made.floating_multiply_accumulate = counts.multiply_adds;
  made.floating = counts.additions + counts.compares + kExponential * counts.exponentials +
                  kDivision * (counts.divisions + counts.square_roots);
  return made;
}

double classical_cycles(const models::ClassicalKernel& kernel, const InstructionClasses& issue,
                        double cores, double fork) {
  const models::ClassicalWork work = models::work_of(kernel);
  const auto cycles = [&issue](const models::OperationCounts& counts) {
    return issue_cycles(instructions_of(counts), issue);
  };
  // Chunks of one section are handed out whole.
  const auto sections = static_cast<double>(work.sections);
  const double chunks = static_cast<double>(work.chunks) / sections;
  const double slowest = std::ceil(chunks / cores) / chunks;
  double total = cycles(work.shared) * slowest + cycles(work.alone);
  if (cores > 1) {
    total += cores * cycles(work.merging) + sections * fork;
  }
  return total;
}

}  // namespace cairn::hw
