/// \file
/// What a device does for one group of operators, as tasks on units: what the cycle level
/// simulates.
///
/// A program is a set of streams that run at the same time: one for each core, multiprocessor or
/// group of banks. A stream yields its tasks in program order, a few at a time, so that a program
/// of millions of tasks needs no memory. A task waits for its unit (which does one task after the
/// other, in the order in which streams give them) and for the earlier tasks of its stream that it
/// names. What tasks compete for is simulated: units, the channels, banks and queues of memories,
/// the ports of on-chip buffers. How long a unit alone needs for a task is the family's closed
/// form.
///
/// Double buffering is a dependence: the load of pass i waits for the computation of pass i - 2,
/// which frees its buffer.
///
/// Times are whole femtoseconds: clocks of any device are near enough to a whole number of them.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cairn::hw::cycle {

using Femtoseconds = std::int64_t;
inline constexpr double kFemtosecondsPerSecond = 1e15;
[[nodiscard]] inline Femtoseconds to_femtoseconds(double seconds) {
  return std::llround(seconds * kFemtosecondsPerSecond);
}
[[nodiscard]] constexpr double to_seconds(Femtoseconds time) {
  return static_cast<double>(time) / kFemtosecondsPerSecond;
}

struct Task;

/// Decides how long the tasks of a unit take where that depends on what it did before: rows that
/// are open, a refresh that is due. Lives as long as the machine.
class UnitEngine {
 public:
  UnitEngine() = default;
  UnitEngine(const UnitEngine&) = delete;
  UnitEngine& operator=(const UnitEngine&) = delete;
  UnitEngine(UnitEngine&&) = delete;
  UnitEngine& operator=(UnitEngine&&) = delete;
  virtual ~UnitEngine() = default;
  /// When a task that begins at \p start ends; asked once for each task, in their order. The task's
  /// duration is for the engine to interpret, and its `transfer` may say what the engine reads. A
  /// program whose engines have a rhythm of their own (refresh) has no laps.
  virtual Femtoseconds end_of(const Task& task, Femtoseconds start) = 0;
};

/// Something that does one task at a time.
struct Unit {
  std::string name;                      ///< `core 0 array`: a line of the timeline
  bool moves_data{};                     ///< a DMA engine or load unit: its tasks are transfers
  std::int64_t outstanding_bits;         ///< asked for and not yet arrived, at most; 0: no limit
  std::shared_ptr<UnitEngine> engine{};  ///< of a unit that computes; null: tasks say how long
};

/// A memory that keeps a copy of what passes through it to another one.
struct CacheOver {
  std::int32_t cache{};   ///< index among the memories of the machine
  std::int32_t behind{};  ///< index of the memory that it caches
  std::int64_t capacity_bits{};
  std::int64_t line_bytes{};  ///< tags are kept for blocks of this size
  std::int64_t slices{1};     ///< address-interleaved, each with its share of the bandwidth
};

/// A block of a memory, row by row.
struct Transfer {
  std::int32_t memory{-1};  ///< index among the memories of the machine
  bool write{};
  std::uint64_t address{};  ///< of the first byte
  std::uint64_t bytes{};    ///< of one row
  std::uint64_t rows{1};
  std::uint64_t pitch{};  ///< bytes from the start of a row to that of the next
  [[nodiscard]] std::uint64_t total_bytes() const { return bytes * rows; }
};

/// Bits that a task moves through a port of an on-chip memory while it runs, evenly.
struct LocalAccess {
  std::int32_t memory{-1};  ///< index among the memories; negative: none
  double bits{};
};

enum class TaskKind : std::uint8_t {
  compute,   ///< `duration` on its unit
  transfer,  ///< `duration` to set it up, then its bits through the memory
  barrier,   ///< done when as many streams as Program::barrier_width have reached it
};

struct Task {
  static constexpr std::size_t kMostPredecessors = 6;
  static constexpr std::uint32_t kLongestReach = 4096;

  TaskKind kind{TaskKind::compute};
  std::uint16_t unit{};
  std::uint16_t activity{};  ///< index of Program::activities
  /// Waits for all earlier tasks of the stream, or for those of `after` if it names any. The stream
  /// is asked no further before.
  bool fence{};
  bool lap{};  ///< the first task of a repetition, see Program::laps
  Femtoseconds duration{};
  Transfer transfer{};
  std::array<LocalAccess, 3> local{};
  /// Earlier tasks of the stream that must be done, by distance: 1 is the one before; 0: none.
  /// At most kLongestReach back.
  std::array<std::uint32_t, kMostPredecessors> after{};
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Stream(Stream&&) = delete;
  Stream& operator=(Stream&&) = delete;
  virtual ~Stream() = default;
  /// Writes the next task, whose members have their defaults. \returns false at the end.
  virtual bool next(Task& task) = 0;
  /// Leaves out \p count laps: only called while at least as many remain after the present one.
  virtual void skip_laps(std::int64_t count);
};

struct Program {
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::string> activities;  ///< `load weights`, `multiply`: names of slices
  std::uint32_t barrier_width{};        ///< streams that meet at a barrier; 0: all of them
  /// Share of each memory's bandwidth that the software of this program reaches, by memory; empty:
  /// all of it. Of no effect on a memory with a DRAM part, whose losses are simulated.
  std::vector<double> reach;
  /// Bits that units read inside the memory that holds the workload, which its interface does not
  /// see.
  double inside_read_bits{};
  /// Repetitions of the same tasks (addresses apart) that the first stream marks with Task::lap,
  /// the last, perhaps smaller, not counted; 0: the program does not repeat. When they have become
  /// periodic the rest is extended instead of simulated.
  std::int64_t laps{};
};

/// Times of interest of a run: the timeline.
class TraceSink {
 public:
  TraceSink() = default;
  TraceSink(const TraceSink&) = delete;
  TraceSink& operator=(const TraceSink&) = delete;
  TraceSink(TraceSink&&) = delete;
  TraceSink& operator=(TraceSink&&) = delete;
  virtual ~TraceSink() = default;
  /// A line of the timeline. \returns its number for slice().
  virtual std::int32_t track(const std::string& process, const std::string& name) = 0;
  virtual void slice(std::int32_t track, const std::string& name, Femtoseconds start,
                     Femtoseconds end) = 0;
};

}  // namespace cairn::hw::cycle
