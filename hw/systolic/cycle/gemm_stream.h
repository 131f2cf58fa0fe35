/// \file
/// The tasks of one core for a loop nest, pass by pass.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/cycle/program.h"
#include "hw/cycle/task_queue.h"
#include "hw/systolic/cycle/gemm_phases.h"

namespace cairn::hw::cycle {

/// Numbers of the units of one core.
struct CoreUnits {
  std::uint16_t load{};  ///< weights
  std::uint16_t inputs{};
  std::uint16_t sums{};  ///< partial sums that come back
  std::uint16_t array{};
  std::uint16_t vector{};
  std::uint16_t store{};
};

/// Where things are, as indices into the memories of the machine.
struct CoreMemories {
  std::int32_t backing{-1};
  std::array<std::int32_t, 3> local{-1, -1, -1};  ///< scratchpad by tensor; negative: none
};

/// Indices of activities.
enum class SystolicActivity : std::uint16_t {
  load_weights,
  load_inputs,
  load_sums,
  multiply,
  vector,
  store,
};
inline std::vector<std::string> systolic_activities() {
  return {"load weights", "load inputs", "load partial sums", "multiply", "vector", "store"};
}

/// Addresses of one core's tensors.
struct CoreAddresses {
  std::uint64_t weights{};
  std::uint64_t activations{};
  std::uint64_t sums{};
  std::uint64_t outputs{};
  std::uint64_t epilogue{};
};

class GemmStream final : public Stream {
 public:
  GemmStream(std::vector<GemmPhase> phases, std::vector<CoreAddresses> addresses,
             const CoreUnits& units, const CoreMemories& memories);
  bool next(Task& task) override;
  void skip_laps(std::int64_t count) override { outer_skipped_ += count; }

  /// Laps of a program of these phases: instances, or trips of the outermost loop that turns.
  [[nodiscard]] static std::int64_t laps_of(const std::vector<GemmPhase>& phases);

 private:
  using Index = std::array<std::int64_t, 3>;
  void begin_phase();
  void begin_instance();
  void make_pass();
  bool advance();
  void softmax_pass(const GemmPhase& phase);
  void load(SystolicActivity what, std::uint64_t address, double bits, std::size_t tensor,
            TaskNumber after);
  [[nodiscard]] Femtoseconds pass_time(bool first) const;
  [[nodiscard]] std::uint64_t tile_number(std::size_t a, std::size_t b) const;
  void lay_times();

  std::vector<GemmPhase> phases_;
  std::vector<CoreAddresses> addresses_;
  CoreUnits units_;
  CoreMemories memories_;

  TaskQueue pending_;
  std::size_t phase_{};
  std::int64_t repeat_{};
  std::int64_t instance_{};
  Index at_{};  ///< of the pass, by dimension
  Index trips_{};
  std::array<std::size_t, 3> order_{};  ///< dimensions from the outermost loop to the innermost
  bool sums_stay_{};  ///< partial sums are finished before the next tile of outputs
  bool started_{};
  bool fence_next_{};
  bool lap_next_{};
  bool first_pass_{};
  bool single_phase_{};
  std::int64_t outer_skipped_{};

  /// Pass times in femtoseconds by [edge of m][edge of n][edge of k][first of an instance].
  std::array<Femtoseconds, 16> times_{};
  // What the scratchpads hold, and which tasks their places wait for.
  std::int64_t held_weights_{-1};
  std::int64_t held_inputs_{-1};
  std::int64_t held_outputs_{-1};
  TaskNumber weights_loaded_{kNoTask};
  TaskNumber inputs_loaded_{kNoTask};
  TaskNumber sums_loaded_{kNoTask};
  std::vector<TaskNumber> weight_place_;  ///< last pass that used it
  std::vector<TaskNumber> input_place_;
  std::vector<TaskNumber> output_place_;  ///< store that empties it
  std::size_t weight_turn_{};
  std::size_t input_turn_{};
  std::size_t output_turn_{};
};

}  // namespace cairn::hw::cycle
