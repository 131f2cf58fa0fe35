#include "hw/crossbar/cycle/crossbar_program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "hw/cycle/lap_stream.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::int64_t kMostLanes = 4;
constexpr std::int64_t kTasksOfVector = 1024;    ///< more steps than this become one task
constexpr std::int64_t kTasksOfStage = 1 << 17;  ///< of one that is not extended by laps
constexpr double kBitsPerByte = 8;

using Activity = std::uint16_t;
constexpr Activity kWait = 0;
constexpr Activity kLoadWeights = 1;
constexpr Activity kProgram = 2;
constexpr Activity kLoadInputs = 3;
constexpr Activity kDrive = 4;
constexpr Activity kConvert = 5;
constexpr Activity kMultiply = 6;
constexpr Activity kVector = 7;
constexpr Activity kStore = 8;
std::vector<std::string> activity_names() {
  return {"first access", "load weights", "program rows", "load inputs",  "drive rows",
          "convert",      "multiply",     "vector work",  "store outputs"};
}

/// Units of a lane, then those of the chip.
using LaneUnit = std::uint16_t;
constexpr LaneUnit kLoad = 0;
constexpr LaneUnit kWeights = 1;
constexpr LaneUnit kArray = 2;
constexpr LaneUnit kConverter = 3;
constexpr LaneUnit kOutput = 4;
constexpr LaneUnit kUnitsOfLane = 5;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

std::int64_t lanes_of(const CrossbarSpec& spec) {
  return std::min(kMostLanes, spec.macros);
}

/// Where a stage's data lies in the backing memory.
struct Places {
  std::uint64_t inputs{};
  std::uint64_t weights{};
  std::uint64_t outputs{};
};

/// What all lanes of a stage share.
struct Stage {
  CrossbarStage work;
  Places places;
  double lanes{1};
  std::uint64_t lane_count{1};
  std::int32_t buffer{-1};  ///< index of the memory; negative: its port never limits
  std::int32_t backing{-1};
  double buffer_bits{};
  double first_access_s{};
  std::uint16_t vector_unit{};
  std::uint16_t beside_unit{};
  double vector_rate{1};  ///< operations/s
  bool stepwise{};        ///< each step is a task
  bool fence{};           ///< follows another stage

  [[nodiscard]] std::int64_t laps() const { return work.rounds > 1 ? work.rounds : work.chunks(); }
};

/// One lane of one stage.
class LaneStream final : public LapStream {
 public:
  LaneStream(const Stage& stage, std::uint16_t lane)
      : LapStream(stage.laps()),
        stage_(stage),
        lane_(lane),
        first_unit_(static_cast<std::uint16_t>(lane * kUnitsOfLane)),
        segments_(stage.work.segments(stage.buffer_bits)),
        ahead_(stage.work.segments_ahead(stage.buffer_bits)),
        loads_(static_cast<std::size_t>(std::max<std::int64_t>(1, segments_)), kNoTask),
        programs_(loads_) {}

 private:
  void write_start() override {
    if (stage_.fence) {
      Task meet;
      meet.kind = TaskKind::barrier;
      meet.unit = unit(kArray);
      meet.fence = true;
      met_ = add(meet);
    }
    Task first;
    first.unit = unit(kArray);
    first.activity = kWait;
    first.duration = to_femtoseconds(stage_.first_access_s);
    wait_for(first, met_);
    add(first);
    if (segments_ > 0) {
      for (std::int64_t s = 0; s < ahead_; ++s) {
        load_segment(0, s);
      }
      program_round(0);
      if (stage_.lane_count > 1) {  // each lane fetches a part of what all of them program
        Task meet;
        meet.kind = TaskKind::barrier;
        meet.unit = unit(kArray);
        wait_for(meet, programs_.back());
        met_ = add(meet);
      }
    }
  }

  void write_lap(std::int64_t lap) override {
    if (stage_.work.rounds == 1) {
      write_chunk(0, lap);
      return;
    }
    if (lap > 0 && segments_ > 0) {
      program_round(lap);
    }
    if (lap + 1 < laps()) {
      for (std::int64_t s = 0; s < ahead_; ++s) {
        load_segment(lap + 1, s);
      }
    }
    for (std::int64_t c = 0; c < stage_.work.chunks(); ++c) {
      write_chunk(lap, c);
    }
  }

  [[nodiscard]] std::uint16_t unit(LaneUnit which) const {
    return static_cast<std::uint16_t>(first_unit_ + which);
  }
  [[nodiscard]] Transfer block(std::uint64_t base, double bits_of_all, std::int64_t index,
                               bool write) const {
    Transfer t;
    t.memory = stage_.backing;
    t.write = write;
    t.bytes = static_cast<std::uint64_t>(std::llround(bits_of_all / stage_.lanes / kBitsPerByte));
    t.address = base + (static_cast<std::uint64_t>(index) * stage_.lane_count + lane_) * t.bytes;
    return t;
  }

  void load_segment(std::int64_t round, std::int64_t segment) {
    const double bits = stage_.work.weight_bits / to_real(stage_.work.rounds) / to_real(segments_);
    Task load;
    load.kind = TaskKind::transfer;
    load.unit = unit(kWeights);
    load.activity = kLoadWeights;
    load.transfer = block(stage_.places.weights, bits, round * segments_ + segment, false);
    // Its place in the buffer is that of a segment that is in the cells by now.
    const std::int64_t before = segment - ahead_;
    wait_for(load, before >= 0  ? programs_.at(static_cast<std::size_t>(before))
                   : round == 0 ? met_
                                : kNoTask);
    loads_.at(static_cast<std::size_t>(segment)) = add(load);
  }

  void program_round(std::int64_t round) {
    for (std::int64_t s = 0; s < segments_; ++s) {
      Task rows;
      rows.unit = unit(kArray);
      rows.activity = kProgram;
      rows.duration = to_femtoseconds(stage_.work.program_s / to_real(segments_));
      wait_for(rows, loads_.at(static_cast<std::size_t>(s)));
      wait_for(rows, s == 0 ? last_compute_ : kNoTask);
      programs_.at(static_cast<std::size_t>(s)) = add(rows);
      if (s + ahead_ < segments_) {
        load_segment(round, s + ahead_);
      }
    }
  }

  /// Vectors of a chunk, and their share of the round's work.
  [[nodiscard]] std::int64_t vectors_of(std::int64_t chunk) const {
    const std::int64_t size = stage_.work.chunk_vectors();
    return std::min(size, stage_.work.vectors - chunk * size);
  }
  [[nodiscard]] double share_of(std::int64_t chunk) const {
    return to_real(vectors_of(chunk)) / to_real(stage_.work.vectors * stage_.work.rounds);
  }

  TaskNumber load_chunk(std::int64_t round, std::int64_t chunk, TaskNumber freed) {
    const CrossbarStage& w = stage_.work;
    const double gathered = segments_ == 0 ? w.weight_bits : 0.0;
    TaskNumber number = kNoTask;
    const double share = share_of(chunk);
    if (w.memory_reads > 0) {
      Task load;
      load.kind = TaskKind::transfer;
      load.unit = unit(kLoad);
      load.activity = kLoadInputs;
      load.transfer = block(stage_.places.inputs, w.memory_reads * share, chunk, false);
      wait_for(load, freed);
      number = add(load);
    }
    if (gathered > 0) {
      Task load;
      load.kind = TaskKind::transfer;
      load.unit = unit(kWeights);
      load.activity = kLoadWeights;
      load.transfer =
          block(stage_.places.weights, gathered * share, round * w.chunks() + chunk, false);
      if (w.gather_run_bits > 0) {  // rows of a table, far apart
        const auto run = static_cast<std::uint64_t>(std::ceil(w.gather_run_bits / kBitsPerByte));
        load.transfer.rows = std::max<std::uint64_t>(1, load.transfer.bytes / run);
        load.transfer.bytes = load.transfer.bytes / load.transfer.rows;
        load.transfer.pitch = run * kGatherStride;
        load.transfer.address *= kGatherStride;
      }
      wait_for(load, freed);
      weights_loaded_ = add(load);
    }
    return number;
  }

  void write_chunk(std::int64_t round, std::int64_t chunk) {
    const CrossbarStage& w = stage_.work;
    const std::int64_t vectors = vectors_of(chunk);
    const double share = share_of(chunk);
    if (chunk == 0) {
      next_load_ = load_chunk(round, 0, last_compute_ == kNoTask ? met_ : last_compute_);
      next_weights_ = std::exchange(weights_loaded_, kNoTask);
    }
    const std::array<TaskNumber, 2> loaded{next_load_, next_weights_};
    if (chunk + 1 < w.chunks()) {
      next_load_ = load_chunk(round, chunk + 1, last_compute_);
      next_weights_ = std::exchange(weights_loaded_, kNoTask);
    }
    ready_ = std::exchange(met_, kNoTask);
    TaskNumber last = kNoTask;
    if (stage_.stepwise) {
      last = write_steps(vectors, share, loaded);
    } else if (w.on_macros) {
      last = write_interval(vectors, share, loaded, chunk);
    } else if (w.beside_s > 0) {
      Task multiply;
      multiply.unit = stage_.beside_unit;
      multiply.activity = kMultiply;
      multiply.duration = to_femtoseconds(w.beside_s * share / stage_.lanes);
      multiply.local[0] = buffer_access(w.buffer_reads * share);
      wait_for(multiply, loaded[0]);
      wait_for(multiply, loaded[1]);
      last = add(multiply);
    }
    finish_chunk(chunk, share, loaded, last);
  }

  [[nodiscard]] LocalAccess buffer_access(double bits_of_all) const {
    return {stage_.buffer, bits_of_all / stage_.lanes};
  }

  /// Vector work on a chunk's results, and their way out.
  void finish_chunk(std::int64_t chunk, double share, const std::array<TaskNumber, 2>& loaded,
                    TaskNumber computed) {
    const CrossbarStage& w = stage_.work;
    Task vector;
    vector.unit = stage_.vector_unit;
    vector.activity = kVector;
    vector.duration =
        to_femtoseconds(w.vector_operations * share / stage_.lanes / stage_.vector_rate);
    vector.local[0] = buffer_access(w.buffer_writes * share);
    if (computed == kNoTask) {  // vector work alone
      vector.local[1] = buffer_access(w.buffer_reads * share);
      wait_for(vector, loaded[0]);
      wait_for(vector, loaded[1]);
    }
    wait_for(vector, computed);
    wait_for(vector, stores_[1]);
    TaskNumber result = computed;
    if (vector.duration > 0 || vector.local[0].memory >= 0 || computed == kNoTask) {
      result = add(vector);
    }
    last_compute_ = computed == kNoTask ? result : computed;
    if (w.memory_writes > 0) {
      Task store;
      store.kind = TaskKind::transfer;
      store.unit = unit(kOutput);
      store.activity = kStore;
      store.transfer = block(stage_.places.outputs, w.memory_writes * share, chunk, true);
      wait_for(store, result);
      stores_[1] = std::exchange(stores_[0], add(store));
    }
  }

  /// Every step of every vector.
  TaskNumber write_steps(std::int64_t vectors, double share,
                         const std::array<TaskNumber, 2>& loaded) {
    const MacroSchedule& s = stage_.work.schedule;
    const double steps = to_real(vectors * s.groups * s.phases);
    TaskNumber last = kNoTask;
    bool first = true;
    for (std::int64_t v = 0; v < vectors; ++v) {
      for (std::int64_t g = 0; g < s.groups; ++g) {
        for (std::int64_t p = 0; p < s.phases; ++p) {
          const MacroStep& step = s.step(p);
          Task drive;
          drive.unit = unit(kArray);
          drive.activity = kDrive;
          drive.duration = to_femtoseconds(step.array_s);
          drive.local[0] = buffer_access(stage_.work.buffer_reads * share / steps);
          if (first) {
            wait_for(drive, loaded[0]);
            wait_for(drive, loaded[1]);
            wait_for(drive, ready_);
            first = false;
          }
          if (s.converts) {
            // The array is sampled when the sample before has been converted; without a
            // sample-and-hold it must stay as it is until then.
            wait_for(drive, s.overlapped ? converted_[1] : converted_[0]);
          }
          last = add(drive);
          if (s.converts) {
            Task convert;
            convert.unit = unit(kConverter);
            convert.activity = kConvert;
            convert.duration = to_femtoseconds(step.conversion_s);
            wait_for(convert, last);
            last = add(convert);
            converted_[1] = std::exchange(converted_[0], last);
          }
        }
      }
    }
    return last;
  }

  /// A chunk of vectors as one task, and what its last step has after it.
  TaskNumber write_interval(std::int64_t vectors, double share,
                            const std::array<TaskNumber, 2>& loaded, std::int64_t chunk) {
    const CrossbarStage& w = stage_.work;
    Task drive;
    drive.unit = unit(kArray);
    drive.activity = kDrive;
    drive.duration = to_femtoseconds(to_real(vectors) * w.time.interval_s);
    drive.local[0] = buffer_access(w.buffer_reads * share);
    wait_for(drive, loaded[0]);
    wait_for(drive, loaded[1]);
    TaskNumber last = add(drive);
    if (w.time.fill_s > 0 && chunk + 1 == w.chunks()) {
      Task convert;
      convert.unit = unit(kConverter);
      convert.activity = kConvert;
      convert.duration = to_femtoseconds(w.time.fill_s);
      wait_for(convert, last);
      last = add(convert);
    }
    return last;
  }

  void write_end() override {
    if (stage_.stepwise && stage_.work.schedule.carry_s > 0) {  // the last sum on its way down
      Task carry;
      carry.unit = unit(kConverter);
      carry.activity = kConvert;
      carry.duration = to_femtoseconds(stage_.work.schedule.carry_s);
      wait_for(carry, last_compute_);
      add(carry);
    }
  }

  static constexpr std::uint64_t kGatherStride = 61;  ///< so that rows fall anywhere

  Stage stage_;
  std::uint64_t lane_{};
  std::uint16_t first_unit_{};
  std::int64_t segments_{};
  std::int64_t ahead_{};
  std::vector<TaskNumber> loads_;  ///< of the segments, latest round
  std::vector<TaskNumber> programs_;
  std::array<TaskNumber, 2> converted_{kNoTask, kNoTask};  ///< latest first
  std::array<TaskNumber, 2> stores_{kNoTask, kNoTask};
  TaskNumber last_compute_{kNoTask};
  TaskNumber met_{kNoTask};  ///< barrier that the next tasks wait for
  TaskNumber ready_{kNoTask};
  TaskNumber next_load_{kNoTask};
  TaskNumber next_weights_{kNoTask};
  TaskNumber weights_loaded_{kNoTask};
};

/// One stage after the other.
class StageSequence final : public Stream {
 public:
  explicit StageSequence(std::vector<std::unique_ptr<LaneStream>> stages)
      : stages_(std::move(stages)) {}
  bool next(Task& task) override {
    while (at_ < stages_.size()) {
      if (stages_[at_]->next(task)) {
        return true;
      }
      ++at_;
    }
    return false;
  }
  void skip_laps(std::int64_t count) override { stages_.at(at_)->skip_laps(count); }

 private:
  std::vector<std::unique_ptr<LaneStream>> stages_;
  std::size_t at_{};
};

/// Index of a memory whose port can limit, else -1.
std::int32_t port_of(const ResolvedMemory& memory, std::span<const ResolvedMemory> memories) {
  return std::isfinite(memory.bandwidth) ? memory_index(memories, memory.name) : -1;
}

}  // namespace

DeviceUnits units_of(const Crossbar& model, std::span<const ResolvedMemory> /*memories*/) {
  DeviceUnits units;
  for (std::int64_t lane = 0; lane < lanes_of(model.spec()); ++lane) {
    const auto add = [&](std::string_view name, bool moves_data) {
      units.units.push_back({fmt::format("lane {} {}", lane, name), moves_data, 0});
    };
    add("inputs", true);
    add("weights", true);
    add("array", false);
    add("converters", false);
    add("outputs", true);
  }
  units.units.push_back({"vector unit", false, 0});
  units.units.push_back({"digital products", false, 0});
  return units;
}

ProgramOrRefusal program_of(const Crossbar& model, const GroupView& group,
                            const OperatorCost& /*closed_form*/,
                            std::span<const ResolvedMemory> memories) {
  const std::variant<CrossbarWork, Infeasible> answer = model.work_of(group);
  if (const auto* wrong = std::get_if<Infeasible>(&answer)) {
    return *wrong;
  }
  const auto& work = std::get<CrossbarWork>(answer);
  const auto first_shared =
      static_cast<std::uint16_t>(lanes_of(model.spec()) * std::int64_t{kUnitsOfLane});
  AddressMap map;
  std::vector<Stage> stages;
  std::int64_t lanes = 1;
  for (std::size_t i = 0; i < work.stage_count; ++i) {
    Stage stage;
    stage.work = work.stages.at(i);
    const CrossbarStage& w = stage.work;
    const std::int64_t tasks = w.steps_of_vector() * w.vectors;
    stage.stepwise = w.on_macros && w.rounds == 1 && w.steps_of_vector() <= kTasksOfVector &&
                     (work.stage_count == 1 || tasks <= kTasksOfStage);
    lanes = std::max(lanes, std::min(lanes_of(model.spec()), w.placement.copies));
    stage.places = {map.place(w.memory_reads), map.place(w.weight_bits),
                    map.place(w.memory_writes)};
    stage.buffer = port_of(model.buffer(), memories);
    stage.backing = memory_index(memories, model.backing().name);
    stage.buffer_bits = model.buffer().capacity_bits;
    stage.first_access_s = i == 0 ? model.buffer().latency_s : 0.0;
    stage.vector_rate = model.rates_of(w).vector;
    stage.vector_unit = first_shared;
    stage.beside_unit = static_cast<std::uint16_t>(first_shared + 1);
    stage.fence = i > 0;
    stages.push_back(stage);
  }
  Program program;
  program.activities = activity_names();
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    std::vector<std::unique_ptr<LaneStream>> parts;
    for (Stage& stage : stages) {
      stage.lanes = to_real(lanes);
      stage.lane_count = static_cast<std::uint64_t>(lanes);
      parts.push_back(std::make_unique<LaneStream>(stage, static_cast<std::uint16_t>(lane)));
    }
    program.streams.push_back(std::make_unique<StageSequence>(std::move(parts)));
  }
  program.laps = stages.size() == 1 ? std::max<std::int64_t>(0, stages.front().laps() - 1) : 0;
  return program;
}

}  // namespace cairn::hw::cycle
