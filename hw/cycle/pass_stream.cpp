#include "hw/cycle/pass_stream.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::uint16_t kLoadWeights = 0;
constexpr std::uint16_t kLoadInputs = 1;
constexpr std::uint16_t kLoadSums = 2;
constexpr std::uint16_t kMultiply = 3;
constexpr std::uint16_t kVector = 4;
constexpr std::uint16_t kStore = 5;

constexpr double kBitsPerByte = 8;
constexpr std::size_t kWeights = 0;
constexpr std::size_t kInputs = 1;
constexpr std::size_t kOutputs = 2;

std::uint64_t to_bytes(double bits) {
  return static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte * (1 - 1e-12)));
}

bool walked(const PassTensor& tensor, std::size_t loop) {
  return ((tensor.walks >> loop) & 1U) != 0;
}

/// Times that another tile of a tensor is brought: turns of all loops down to its innermost own.
double visits(const PassNest& nest, const PassTensor& tensor) {
  double all = 1;
  double until_own = 1;
  for (std::size_t loop = 0; loop < nest.trips.size(); ++loop) {
    all *= static_cast<double>(nest.trips[loop]);
    if (walked(tensor, loop) && nest.trips[loop] > 1) {
      until_own = all;
    }
  }
  return tensor.held ? until_own : all;
}

/// Distinct tiles.
double tiles(const PassNest& nest, const PassTensor& tensor) {
  double count = 1;
  for (std::size_t loop = 0; loop < nest.trips.size(); ++loop) {
    count *= walked(tensor, loop) ? static_cast<double>(nest.trips[loop]) : 1.0;
  }
  return count;
}

}  // namespace

std::vector<std::string> pass_activities() {
  return {"load weights", "load inputs", "load partial sums", "multiply", "vector", "store"};
}

std::int64_t PassNest::passes() const {
  std::int64_t product = 1;
  for (const std::int64_t trip : trips) {
    product *= trip;
  }
  return product;
}

PassStream::PassStream(std::vector<PassNest> nests, std::int32_t backing, const PassUnits& units)
    : nests_(std::move(nests)), backing_(backing), units_(units) {}

std::int64_t PassStream::laps_of(const std::vector<PassNest>& nests) {
  if (nests.size() != 1) {
    return 0;
  }
  for (const std::int64_t trip : nests.front().trips) {
    if (trip > 1) {
      return trip;
    }
  }
  return 0;
}

TaskNumber PassStream::transfer(bool write, std::uint16_t activity, const PassTensor& tensor,
                                std::uint64_t offset, double bits, TaskNumber after) {
  Task task;
  task.kind = TaskKind::transfer;
  task.unit = write                      ? units_.store
              : activity == kLoadWeights ? units_.load
              : activity == kLoadSums    ? units_.sums
                                         : units_.inputs;
  task.activity = activity;
  task.fence = std::exchange(fence_next_, false);
  task.lap = std::exchange(lap_next_, false);
  task.duration = pending_.next_number() == 0 ? to_femtoseconds(nests_[nest_].setup_s) : 0;
  task.transfer = {.memory = backing_,
                   .write = write,
                   .address = tensor.address + offset * to_bytes(bits),
                   .bytes = to_bytes(bits)};
  task.local.at(0) = {.memory = tensor.memory, .bits = bits};
  pending_.wait_for_unless_passed(task, after);
  return pending_.add(task);
}

void PassStream::begin() {
  const PassNest& nest = nests_[nest_];
  at_.assign(nest.trips.size(), 0);
  outermost_ = 0;
  while (outermost_ + 1 < nest.trips.size() && nest.trips[outermost_] == 1) {
    ++outermost_;
  }
  const std::array<const PassTensor*, 3> tensors{&nest.weights, &nest.inputs, &nest.outputs};
  for (std::size_t t = 0; t < 3; ++t) {
    held_.at(t) = {
        .place = std::vector<TaskNumber>(static_cast<std::size_t>(tensors.at(t)->places), kNoTask),
        .turn = 0,
        .loaded = kNoTask,
        .count = 0};
  }
  const auto passes = static_cast<double>(nest.passes());
  const double outputs = tiles(nest, nest.outputs);
  const double returns = visits(nest, nest.outputs) - outputs;
  weight_load_ = nest.weights.load_bits / visits(nest, nest.weights);
  input_load_ = nest.inputs.load_bits / visits(nest, nest.inputs);
  finished_ = nest.finished_bits / outputs;
  epilogue_ = nest.epilogue_bits / outputs;
  spilled_ = returns > 0 ? nest.spilled_bits / returns : nest.spilled_bits / passes;
  work_ = to_femtoseconds(nest.work_s / passes);
  vector_ = to_femtoseconds(nest.vector_s / outputs);
  sums_to_load_ = 0;
  fence_next_ = nest_ > 0;
  if (nest.before_bits > 0) {
    transfer(false, kLoadInputs, nest.inputs, 0, nest.before_bits, kNoTask);
    transfer(true, kStore, nest.inputs, 0, nest.before_bits, kNoTask);
    fence_next_ = true;
  }
  lap_next_ = nests_.size() == 1;
}

void PassStream::bring(const PassTensor& tensor, Held& held, std::uint16_t activity,
                       std::uint32_t changed, std::uint64_t offset) {
  const double bits = activity == kLoadWeights ? weight_load_ : input_load_;
  const bool first = held.count == 0;
  if (bits <= 0 || (tensor.held && !first && (changed & tensor.walks) == 0)) {
    return;
  }
  held.turn = (held.turn + 1) % held.place.size();
  ++held.count;
  held.loaded = transfer(false, activity, tensor, offset, bits, held.place[held.turn]);
}

void PassStream::make_pass(std::uint32_t changed) {
  const PassNest& nest = nests_[nest_];
  Held& weights = held_[kWeights];
  Held& inputs = held_[kInputs];
  Held& outputs = held_[kOutputs];
  bring(nest.weights, weights, kLoadWeights, changed, weights.count);
  bring(nest.inputs, inputs, kLoadInputs, changed, inputs.count);
  const bool other_outputs = outputs.count == 0 || (changed & nest.outputs.walks) != 0;
  TaskNumber sums = kNoTask;
  if (other_outputs) {
    outputs.turn = (outputs.turn + 1) % outputs.place.size();
    ++outputs.count;
    // Partial sums that were put away come back: some loop outside has turned over them.
    bool begun = false;
    for (std::size_t loop = 0; loop < at_.size(); ++loop) {
      begun = begun || (!walked(nest.outputs, loop) && at_[loop] > 0);
    }
    if (begun && spilled_ > 0) {
      sums = transfer(false, kLoadSums, nest.outputs, outputs.count, spilled_,
                      outputs.place[outputs.turn]);
    }
  }
  Task work;
  work.unit = units_.compute;
  work.activity = kMultiply;
  work.fence = std::exchange(fence_next_, false);
  work.lap = std::exchange(lap_next_, false);
  work.duration = work_;
  pending_.wait_for_unless_passed(work, weights.loaded);
  pending_.wait_for_unless_passed(work, inputs.loaded);
  pending_.wait_for_unless_passed(work, sums != kNoTask ? sums : outputs.place[outputs.turn]);
  const TaskNumber done = pending_.add(work);
  weights.place[weights.turn] = done;
  inputs.place[inputs.turn] = done;
  outputs.place[outputs.turn] = done;

  // What the next pass keeps stays; else outputs leave, finished or not.
  bool finished = true;
  std::size_t innermost = at_.size();
  for (std::size_t loop = 0; loop < at_.size(); ++loop) {
    finished = finished && (walked(nest.outputs, loop) || at_[loop] == nest.trips[loop] - 1);
    innermost = nest.trips[loop] > 1 && at_[loop] < nest.trips[loop] - 1 ? loop : innermost;
  }
  std::uint32_t next_changes = 0;  // loops that turn on the way to the next pass
  for (std::size_t loop = innermost; loop < at_.size(); ++loop) {
    next_changes |= nest.trips[loop] > 1 ? 1U << loop : 0U;
  }
  const bool leaves = innermost == at_.size() || (next_changes & nest.outputs.walks) != 0;
  if (!leaves) {
    return;
  }
  TaskNumber source = done;
  double bits = spilled_;
  if (finished) {
    bits = finished_;
    TaskNumber further = kNoTask;
    if (epilogue_ > 0) {
      further = transfer(false, kLoadInputs, nest.inputs, outputs.count, epilogue_, kNoTask);
    }
    if (vector_ > 0) {
      Task vector;
      vector.unit = units_.vector;
      vector.activity = kVector;
      vector.duration = vector_;
      pending_.wait_for_unless_passed(vector, done);
      pending_.wait_for_unless_passed(vector, further);
      source = pending_.add(vector);
      outputs.place[outputs.turn] = source;
    }
  }
  if (bits > 0) {
    outputs.place[outputs.turn] = transfer(true, kStore, nest.outputs, outputs.count, bits, source);
  }
}

bool PassStream::advance(std::uint32_t& changed) {
  const PassNest& nest = nests_[nest_];
  changed = 0;
  for (std::size_t loop = at_.size(); loop-- > 0;) {
    changed |= nest.trips[loop] > 1 ? 1U << loop : 0U;
    if (loop == outermost_) {
      at_[loop] += std::exchange(skipped_, 0);
    }
    if (++at_[loop] < nest.trips[loop]) {
      lap_next_ = nests_.size() == 1 && loop == outermost_;
      return true;
    }
    at_[loop] = 0;
  }
  if (++nest_ < nests_.size()) {
    begin();
    return true;
  }
  return false;
}

bool PassStream::next(Task& task) {
  while (pending_.empty()) {
    if (nest_ == nests_.size()) {
      return false;
    }
    std::uint32_t changed = ~0U;
    if (!started_) {
      started_ = true;
      begin();
    } else if (!advance(changed)) {
      return false;
    }
    make_pass(changed);
  }
  task = pending_.take();
  return true;
}

}  // namespace cairn::hw::cycle
