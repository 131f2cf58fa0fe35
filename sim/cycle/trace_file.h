/// \file
/// A timeline as a file for Perfetto (ui.perfetto.dev) and chrome://tracing: the JSON object form
/// of the trace event format, complete events in microseconds with fractional digits.
///
/// A process for each device and memory, a thread for each of their units or banks, and on top the
/// operators. The file is bounded: every operator gets an equal share of what is left of the limit;
/// what a track does beyond that becomes one slice for the rest of the operator, and the file says
/// how many slices went into such ones. It is whole JSON after every block that is written, so that
/// an interrupted run leaves a file that opens.
///
/// Assumes:    viewers want slices of one thread side by side or nested: those that overlap on a
///             track go to further threads of it.
/// Checked by: tests/unit/sim/trace_file_test.cpp
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hw/cycle/program.h"

namespace cairn::sim {

class TraceFile final : public hw::cycle::TraceSink {
 public:
  static constexpr std::uint64_t kDefaultLimit = std::uint64_t{64} << 20U;  ///< bytes
  static constexpr std::uint64_t kLeastLimit = std::uint64_t{64} << 10U;

  /// \param limit bytes of the file, at least kLeastLimit. \throws IoError.
  TraceFile(std::string path, std::uint64_t limit);
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;
  TraceFile(TraceFile&&) = delete;
  TraceFile& operator=(TraceFile&&) = delete;
  ~TraceFile() override;

  std::int32_t track(const std::string& process, const std::string& name) override;
  /// Slices of a track come in the order of their ends. A disk that is full is reported by
  /// finish(): a simulation cannot be left in the middle.
  void slice(std::int32_t track, const std::string& name, hw::cycle::Femtoseconds start,
             hw::cycle::Femtoseconds end) override;

  /// How many operators will follow: each gets its share of the file. Without it: one.
  void expect_operators(std::size_t count) { operators_left_ = count; }
  /// What follows belongs to an operator: a slice on top from the first start to the last end.
  void begin_operator(const std::string& name);
  void end_operator();

  /// Writes the rest. \throws IoError if any of it could not be written.
  void finish();

  /// Slices with a place of their own; slices that were merged; slices with no room even so.
  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] std::uint64_t merged() const { return merged_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  using Femtoseconds = hw::cycle::Femtoseconds;
  struct Lane {
    std::int32_t thread{};
    Femtoseconds end{};
  };
  /// What a track did beyond the share of an operator.
  struct Rest {
    std::uint64_t slices{};
    Femtoseconds busy{};
    Femtoseconds start{};
    Femtoseconds end{};
  };
  struct Track {
    std::int32_t process{};
    std::string name;
    std::vector<Lane> lanes;
    Rest rest;
  };

  std::int32_t process_of(const std::string& name);
  void name_thread(const Track& track, std::int32_t thread, const std::string& name);
  Lane& lane_for(Track& track, Femtoseconds start);
  void put(Track& track, std::string_view name, Femtoseconds start, Femtoseconds end,
           const Rest* rest);
  void share_out();
  void event(std::string_view text);
  void write_block();
  [[nodiscard]] std::string footer() const;

  std::string path_;
  std::uint64_t limit_;
  int descriptor_{-1};
  int error_{};
  std::uint64_t flushed_{};  ///< bytes before the footer in the file
  std::string buffer_;
  bool first_{true};
  bool finished_{};
  std::map<std::string, std::int32_t> processes_;
  std::vector<Track> tracks_;
  std::int32_t threads_{};
  std::size_t operators_left_{1};
  std::uint64_t share_end_{};  ///< bytes after which slices of the present operator are merged
  std::string operator_;
  bool in_operator_{};
  Femtoseconds operator_start_{};
  Femtoseconds operator_end_{};
  bool operator_seen_{};
  std::uint64_t written_{};
  std::uint64_t merged_{};
  std::uint64_t dropped_{};
};

}  // namespace cairn::sim
