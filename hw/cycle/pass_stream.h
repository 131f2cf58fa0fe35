/// \file
/// Passes of a loop nest over tiles as tasks: load what changed, compute, put away what is
/// finished.
///
/// For machines whose closed form knows how many bits cross to the chip for each tensor and how
/// long all passes take, but prices them together: each load and each pass is an equal part.
///
/// Assumes:    tiles of one tensor are alike (edges are averaged); tensors lie tile by tile.
/// Ignores:    edges of the iteration space.
/// Reference:  J. E. Smith, "Decoupled access/execute computer architectures", ISCA 1982.
/// Checked by: tests/unit/hw/cycle/pass_stream_test.cpp (by hand)
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/cycle/program.h"
#include "hw/cycle/task_queue.h"

namespace cairn::hw::cycle {

/// Bits of one tensor over the whole nest.
struct PassTensor {
  std::uint32_t walks{};    ///< bit l: loop l (counted from the outermost) changes its tile
  bool held{true};          ///< on chip; else it passes by, an equal part in every pass
  std::int64_t places{2};   ///< tiles that there is room for
  std::int32_t memory{-1};  ///< index of the memory that holds its tiles; negative: no port
  double load_bits{};       ///< weights and inputs: all that is loaded
  std::uint64_t address{};
};

struct PassNest {
  std::vector<std::int64_t> trips;  ///< of the loops, outermost first
  PassTensor weights;
  PassTensor inputs;
  PassTensor outputs;      ///< load_bits unused
  double finished_bits{};  ///< outputs that leave
  double spilled_bits{};   ///< partial sums that leave, and come back
  double epilogue_bits{};  ///< further inputs, read when outputs are finished
  double work_s{};         ///< of all passes
  double vector_s{};       ///< of all outputs
  double setup_s{};        ///< before the first load
  double before_bits{};    ///< read and written once before the nest begins
  [[nodiscard]] std::int64_t passes() const;
};

struct PassUnits {
  std::uint16_t load{};  ///< weights
  std::uint16_t inputs{};
  std::uint16_t sums{};  ///< partial sums that come back
  std::uint16_t compute{};
  std::uint16_t vector{};
  std::uint16_t store{};
};

/// Activities of its tasks, in the order of their numbers.
[[nodiscard]] std::vector<std::string> pass_activities();

/// One nest after the other, each when the one before is done.
class PassStream final : public Stream {
 public:
  PassStream(std::vector<PassNest> nests, std::int32_t backing, const PassUnits& units);
  bool next(Task& task) override;
  void skip_laps(std::int64_t count) override { skipped_ += count; }
  /// Trips of the outermost loop that turns; 0 for several nests.
  [[nodiscard]] static std::int64_t laps_of(const std::vector<PassNest>& nests);

 private:
  /// A tensor's tile on chip.
  struct Held {
    std::vector<TaskNumber> place;  ///< task that frees it
    std::size_t turn{};
    TaskNumber loaded{kNoTask};
    std::uint64_t count{};  ///< tiles brought so far
  };
  void begin();
  void make_pass(std::uint32_t changed);
  bool advance(std::uint32_t& changed);
  TaskNumber transfer(bool write, std::uint16_t activity, const PassTensor& tensor,
                      std::uint64_t offset, double bits, TaskNumber after);
  void bring(const PassTensor& tensor, Held& held, std::uint16_t activity, std::uint32_t changed,
             std::uint64_t offset);

  std::vector<PassNest> nests_;
  std::int32_t backing_{};
  PassUnits units_;
  TaskQueue pending_;
  std::size_t nest_{};
  bool started_{};
  bool fence_next_{};
  bool lap_next_{};
  std::int64_t skipped_{};
  std::vector<std::int64_t> at_;
  std::size_t outermost_{};  ///< loop whose trips are laps
  std::array<Held, 3> held_;
  double weight_load_{};
  double input_load_{};
  double finished_{};
  double spilled_{};
  double epilogue_{};
  Femtoseconds work_{};
  Femtoseconds vector_{};
  double sums_to_load_{};  ///< bits of partial sums that the present tile of outputs brings back
};

}  // namespace cairn::hw::cycle
