/// \file
/// What every kernel of a GPU is made of at cycle level: multiprocessors (SMs) with three units
/// each, the memories between them, and lists of tasks whose dependences are absolute numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "hw/cycle/program.h"

namespace cairn::hw::cycle {

/// Units of an SM: what computes, what copies operands to shared memory, what stores results.
enum class SmUnit : std::uint8_t { compute, copy, store };
inline constexpr std::size_t kUnitsOfSm = 3;

/// Slices of the timeline, indices into Program::activities.
enum class GpuActivity : std::uint16_t {
  launch,
  load,
  multiply,
  epilogue,
  store,
  next_blocks,
  reduce,
  row_steps,
  attend,
  board_limit,
  wait
};

/// Tasks of one SM that were made and not yet handed out.
class TaskList {
 public:
  static constexpr std::uint64_t kNone = ~0ULL;
  explicit TaskList(std::size_t sm) : sm_(sm) {}

  /// Number of the task in its stream. \p after: numbers of earlier ones, kNone is left out. More
  /// than a task can name are joined by empty tasks of the computing unit.
  std::uint64_t compute(GpuActivity activity, double seconds, std::span<const std::uint64_t> after,
                        bool fence = false);
  /// Bytes through a memory, after \p setup_s in which the SM's port moves them.
  std::uint64_t transfer(SmUnit unit, GpuActivity activity, const Transfer& what, double setup_s,
                         std::uint64_t after = kNone);
  /// Bits that are known to come from the L2, at the rate the caller gives: no memory is asked.
  std::uint64_t delay(SmUnit unit, GpuActivity activity, double seconds,
                      std::uint64_t after = kNone);
  std::uint64_t on_board(std::uint16_t unit, double seconds);
  /// Meets the other streams when all earlier tasks are done, or, where nothing of this stream
  /// matters to the others, at once.
  void barrier(bool at_once = false);

  [[nodiscard]] bool empty() const { return tasks_.empty(); }
  void pop(Task& task);

 private:
  std::uint64_t add(Task task, std::span<const std::uint64_t> after);
  [[nodiscard]] std::uint16_t unit(SmUnit which) const;

  std::size_t sm_{};
  std::uint64_t next_{};
  std::deque<Task> tasks_;
};

/// A kernel that runs on all SMs at once; shared by their streams.
class GpuKernelTasks {
 public:
  GpuKernelTasks() = default;
  GpuKernelTasks(const GpuKernelTasks&) = delete;
  GpuKernelTasks& operator=(const GpuKernelTasks&) = delete;
  GpuKernelTasks(GpuKernelTasks&&) = delete;
  GpuKernelTasks& operator=(GpuKernelTasks&&) = delete;
  virtual ~GpuKernelTasks() = default;
  /// Appends the next tasks of an SM. \returns false, and appends nothing, when it has none left.
  virtual bool more(std::size_t sm, TaskList& list) = 0;
  /// Barriers inside the kernel.
  [[nodiscard]] virtual std::int64_t barriers() const { return 0; }
};

/// The memories behind the SMs: indices among those of the machine.
struct GpuMemories {
  std::int32_t dram{-1};
  std::int32_t l2{-1};
  std::int64_t line_bytes{1};
};

/// Cuts \p steps into pieces of at most \p most steps that grow from one and shrink to one, so that
/// the first and the last are short however coarse the others are. \returns where pieces end.
[[nodiscard]] std::vector<std::int64_t> pieces_of(std::int64_t steps, std::int64_t most);

/// Hands out thread blocks in rounds, first come, first served: in each wave every SM gets one
/// block, then every SM a second one, as long as there are any.
class BlockDispatcher {
 public:
  BlockDispatcher(std::int64_t blocks, std::int64_t sms, std::int64_t per_sm)
      : blocks_(blocks), sms_(sms), per_sm_(per_sm) {}
  /// Block numbers of the next round of an SM that asks now; none: nothing is left for it.
  void next(std::vector<std::int64_t>& blocks);

 private:
  std::int64_t blocks_{};
  std::int64_t sms_{};
  std::int64_t per_sm_{};
  std::int64_t asked_{};
};

}  // namespace cairn::hw::cycle
