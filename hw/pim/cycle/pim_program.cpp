#include "hw/pim/cycle/pim_program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <tuple>
#include <utility>

#include "hw/cycle/lap_stream.h"
#include "hw/pim/cycle/pim_channel.h"
#include "hw/pim/keeps_step.h"

namespace cairn::hw::cycle {
namespace {

constexpr double kBitsPerByte = 8;

using Activity = std::uint16_t;
constexpr Activity kStart = 0;
constexpr Activity kLoad = 1;
constexpr Activity kBroadcast = 2;
constexpr Activity kReadRows = 3;
constexpr Activity kMultiply = 4;
constexpr Activity kVector = 5;
constexpr Activity kStore = 6;
using PimUnit = std::uint16_t;
constexpr PimUnit kHost = 0;
constexpr PimUnit kInputs = 1;
constexpr PimUnit kChannel = 2;
constexpr PimUnit kArithmetic = 3;
constexpr PimUnit kLanes = 4;
constexpr PimUnit kOutputs = 5;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

std::uint64_t to_bytes(double bits) {
  return static_cast<std::uint64_t>(std::llround(bits / kBitsPerByte));
}

/// In place of a pitch: the first rows of an operator.
constexpr std::uint64_t kFirstOfOperator = 1;

/// Rows that a task names, by their number, are opened and read one after the other.
class ChannelEngine final : public UnitEngine {
 public:
  explicit ChannelEngine(const PimSpec& spec)
      : access_bytes_(to_real(spec.rows->access.count()) / kBitsPerByte),
        channel_(*spec.rows, spec.commands == PimCommands::per_bank,
                 to_femtoseconds(spec.mode_switch.count()), spec.serves_host) {}
  Femtoseconds end_of(const Task& task, Femtoseconds start) override {
    const auto columns = static_cast<std::int64_t>(
        std::llround(static_cast<double>(task.transfer.bytes) / access_bytes_));
    const auto rows = static_cast<std::int64_t>(task.transfer.rows);
    const Femtoseconds interval = task.duration / (rows * columns);
    if (task.transfer.pitch == kFirstOfOperator) {  // rows of another tensor
      open_row_ = kNoRow;
    }
    Femtoseconds end = start;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::uint64_t address = task.transfer.address + static_cast<std::uint64_t>(row);
      end = channel_.read_row(columns, interval, start, address == open_row_);
      open_row_ = address;
    }
    return end;
  }

 private:
  static constexpr std::uint64_t kNoRow = ~0ULL;
  double access_bytes_{};
  PimChannel channel_;
  std::uint64_t open_row_{kNoRow};
};

Task make_task(std::uint16_t unit, Activity activity, double seconds) {
  Task t;
  t.unit = unit;
  t.activity = activity;
  t.duration = to_femtoseconds(seconds);
  return t;
}

/// What the streams below are told.
struct PimJob {
  PimWork work;
  std::int32_t memory{-1};
  std::uint64_t inputs_at{};
  std::uint64_t weights_at{};
  std::uint64_t outputs_at{};
  double start_s{};
  double broadcast_s{};  ///< inputs once more for each further stack
  double arithmetic_s{};
  double vector_s{};
  std::int64_t chunks{1};
  // Inside:
  bool has_rows{};
  bool in_step{};
  double stream_s{};         ///< without timing of rows
  double rows_of_pass{};     ///< of one bank
  double columns_of_pass{};  ///< of one bank
  double columns_of_row{};
  double access_bytes{};
};

/// Units in the memory.
class InsideStream final : public LapStream {
 public:
  explicit InsideStream(const PimJob& job)
      : LapStream(static_cast<std::int64_t>(job.work.passes)), job_(job) {
    if (job.work.weights <= 0) {
      pieces_ = 1;
    } else if (!job.has_rows) {
      pieces_ = job.chunks;
    } else {
      pieces_ = static_cast<std::int64_t>(std::min(job.columns_of_pass, to_real(kMostPieces)));
    }
  }

 private:
  static constexpr std::int64_t kMostPieces = 64;

  void write_start() override {
    TaskNumber last = kNoTask;
    if (job_.start_s > 0) {
      last = add(make_task(kHost, kStart, job_.start_s));
    }
    if (job_.work.inputs > 0) {
      if (job_.broadcast_s > 0) {
        Task broadcast = make_task(kHost, kBroadcast, job_.broadcast_s);
        wait_for(broadcast, last);
        last = add(broadcast);
      }
      Task load = make_task(kInputs, kLoad, 0);
      load.kind = TaskKind::transfer;
      load.transfer = {job_.memory, false, job_.inputs_at, to_bytes(job_.work.inputs), 1, 0};
      wait_for(load, last);
      last = add(load);
    }
    ready_ = last;
  }

  void write_lap(std::int64_t /*pass*/) override {
    const double passes = job_.work.passes;
    double done = 0;  // columns
    for (std::int64_t piece = 0; piece < pieces_; ++piece) {
      double share = 1.0 / to_real(pieces_) / passes;
      TaskNumber last = kNoTask;
      if (job_.work.weights > 0 && job_.has_rows) {
        const double to =
            std::floor(job_.columns_of_pass * to_real(piece + 1) / to_real(pieces_) * (1 + 1e-12));
        share = (to - done) / job_.columns_of_pass / passes;
        last = read_columns(done, to);
        done = to;
      } else if (job_.work.weights > 0) {
        Task read = make_task(kChannel, kReadRows, job_.stream_s * share);
        wait_before(read);
        last = add(read);
      }
      after_read(last, share);
    }
  }

  /// Columns \p from to \p to of a pass: the rest of a row, whole rows, the beginning of another.
  TaskNumber read_columns(double from, double to) {
    const double of_row = job_.columns_of_row;
    TaskNumber last = kNoTask;
    while (from < to) {
      const double row = std::floor(from / of_row);
      const double left = (row + 1) * of_row - from;
      const bool whole = left == of_row && to - from >= of_row;
      const double rows = whole ? std::floor((to - from) / of_row) : 1;
      const double columns = whole ? of_row : std::min(left, to - from);
      const double share = rows * columns / job_.columns_of_pass / job_.work.passes;
      Task read = make_task(kChannel, kReadRows, job_.in_step ? job_.arithmetic_s * share : 0.0);
      read.transfer.address = static_cast<std::uint64_t>(row);
      read.transfer.pitch = std::exchange(first_, 0);
      read.transfer.rows = static_cast<std::uint64_t>(rows);
      read.transfer.bytes = static_cast<std::uint64_t>(std::llround(columns * job_.access_bytes));
      wait_before(read);
      last = add(read);
      from += rows * columns;
    }
    return last;
  }

  /// What a read waits for: the inputs, and the buffer that it fills.
  void wait_before(Task& read) {
    wait_for(read, ready_);
    ready_ = kNoTask;
    wait_for(read, buffered_[1]);
  }

  void after_read(TaskNumber read, double share) {
    TaskNumber last = read;
    if (!job_.in_step && job_.arithmetic_s > 0) {
      Task multiply = make_task(kArithmetic, kMultiply, job_.arithmetic_s * share);
      wait_for(multiply, last);
      wait_for(multiply, read == kNoTask ? ready_ : kNoTask);
      last = add(multiply);
      buffered_[1] = std::exchange(buffered_[0], last);
    }
    if (job_.vector_s > 0) {
      Task vector = make_task(kLanes, kVector, job_.vector_s * share);
      wait_for(vector, last);
      wait_for(vector, last == kNoTask ? ready_ : kNoTask);
      add(vector);
    }
  }

  void write_end() override {
    Task store = make_task(kOutputs, kStore, 0);
    store.kind = TaskKind::transfer;
    store.fence = true;
    store.transfer = {job_.memory, true, job_.outputs_at, to_bytes(job_.work.outputs), 1, 0};
    add(store);
  }

  PimJob job_;
  std::int64_t pieces_{1};
  std::uint64_t first_{kFirstOfOperator};
  TaskNumber ready_{kNoTask};
  std::array<TaskNumber, 2> buffered_{kNoTask, kNoTask};
};

/// An ordinary processor behind the interface.
class OutsideStream final : public LapStream {
 public:
  explicit OutsideStream(const PimJob& job) : LapStream(job.chunks), job_(job) {}

 private:
  void write_start() override {
    if (job_.start_s > 0) {
      started_ = add(make_task(kHost, kStart, job_.start_s));
    }
  }

  /// Bytes of chunk \p index of \p bits in all, whose parts add up.
  [[nodiscard]] Transfer part(double bits, std::uint64_t base, std::int64_t index,
                              bool write) const {
    const double chunks = to_real(job_.chunks);
    const std::uint64_t from = to_bytes(bits * to_real(index) / chunks);
    const std::uint64_t to = to_bytes(bits * to_real(index + 1) / chunks);
    return {job_.memory, write, base + from, to - from, 1, 0};
  }

  void write_lap(std::int64_t chunk) override {
    const double share = 1.0 / to_real(job_.chunks);
    const PimWork& w = job_.work;
    TaskNumber last = kNoTask;
    for (const auto& [bits, base, activity] :
         {std::tuple{w.inputs, job_.inputs_at, kBroadcast},
          std::tuple{w.passes * w.weights, job_.weights_at, kLoad}}) {
      if (bits > 0) {
        Task load = make_task(kInputs, activity, 0);
        load.kind = TaskKind::transfer;
        load.transfer = part(bits, base, chunk, false);
        wait_for(load, started_);
        wait_for(load, computed_[1]);
        last = add(load);
      }
    }
    for (const auto& [unit, activity, seconds] :
         {std::tuple{kArithmetic, kMultiply, job_.arithmetic_s},
          std::tuple{kLanes, kVector, job_.vector_s}}) {
      if (seconds > 0) {
        Task compute = make_task(unit, activity, seconds * share);
        wait_for(compute, last);
        wait_for(compute, last == kNoTask ? started_ : kNoTask);
        last = add(compute);
      }
    }
    computed_[1] = std::exchange(computed_[0], last);
    started_ = kNoTask;
    if (w.outputs > 0) {
      Task store = make_task(kOutputs, kStore, 0);
      store.kind = TaskKind::transfer;
      store.transfer = part(w.outputs, job_.outputs_at, chunk, true);
      wait_for(store, last);
      add(store);
    }
  }

  PimJob job_;
  TaskNumber started_{kNoTask};
  std::array<TaskNumber, 2> computed_{kNoTask, kNoTask};
};

}  // namespace

DeviceUnits units_of(const Pim& model, std::span<const ResolvedMemory> /*memories*/) {
  DeviceUnits units;
  units.units = {{"host", false, 0},       {"interface in", true, 0},  {"channel", false, 0},
                 {"arithmetic", false, 0}, {"vector lanes", false, 0}, {"interface out", true, 0}};
  if (model.spec().rows && !model.external()) {
    units.units[kChannel].engine = std::make_shared<ChannelEngine>(model.spec());
  }
  return units;
}

ProgramOrRefusal program_of(const Pim& model, const GroupView& group,
                            const OperatorCost& closed_form,
                            std::span<const ResolvedMemory> memories) {
  MappingConstraint same;  // as many input rows share a read as in the closed form
  if (closed_form.mapping.kind == MappingKind::tiles) {
    same.tile[0] = closed_form.mapping.tile[0];
  }
  const std::variant<PimWork, Infeasible> answer = model.work_of(group, same);
  if (const auto* wrong = std::get_if<Infeasible>(&answer)) {
    return *wrong;
  }
  const PimSpec& spec = model.spec();
  PimJob job;
  job.work = std::get<PimWork>(answer);
  const PimBusy busy = model.busy_of(job.work);
  AddressMap map;
  job.memory = memory_index(memories, model.backing().name);
  job.weights_at = map.place(job.work.weights);
  job.inputs_at = map.place(job.work.inputs);
  job.outputs_at = map.place(job.work.outputs);
  job.start_s = spec.start.count();
  job.arithmetic_s = busy.compute_s;
  job.vector_s = busy.vector_s;
  job.chunks = model.chunks_of(job.work);
  Program program;
  program.activities = {"start",    "load",        "inputs",       "read rows",
                        "multiply", "vector work", "store outputs"};
  if (model.external()) {
    program.laps = job.chunks - 1;
    program.streams.push_back(std::make_unique<OutsideStream>(job));
    return program;
  }
  job.broadcast_s = to_real(spec.input_copies - 1) * job.work.inputs / model.backing().bandwidth;
  job.has_rows = spec.rows.has_value();
  job.in_step = keeps_step(model) && job.work.weights > 0;
  job.stream_s = busy.stream_s;
  if (job.has_rows) {
    const RowTiming& timing = model.timing();
    job.access_bytes = to_real(spec.rows->access.count()) / kBitsPerByte;
    job.columns_of_row = timing.columns_of_row();
    job.rows_of_pass = timing.rows_of_bank(job.work.weights);
    job.columns_of_pass = timing.columns_of_bank(job.work.weights);
    if (job.work.scattered > 0) {  // each piece from a row of its own
      const double columns = std::ceil(job.work.scattered / to_real(spec.rows->access.count()));
      const double rows = std::ceil(columns / timing.columns_of_row());
      const double banks = to_real(spec.rows->streams * spec.rows->banks);
      job.columns_of_row = std::ceil(columns / rows);
      job.rows_of_pass = rows * std::ceil(job.work.pieces / banks);
      job.columns_of_pass = job.rows_of_pass * job.columns_of_row;
    }
  }
  program.inside_read_bits = job.work.passes * job.work.weights;
  program.streams.push_back(std::make_unique<InsideStream>(job));
  return program;
}

}  // namespace cairn::hw::cycle
