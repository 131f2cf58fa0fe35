#include "hw/systolic/cycle/gemm_stream.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::size_t kM = 0;
constexpr std::size_t kN = 1;
constexpr std::size_t kK = 2;
constexpr std::size_t kW = 0;
constexpr std::size_t kA = 1;
constexpr std::size_t kO = 2;
constexpr double kBitsPerByte = 8;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

std::uint64_t to_bytes(double bits) {
  return static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte * (1 - 1e-12)));
}

bool bypassed(const Nest& nest, std::size_t tensor) {
  return ((nest.bypass >> tensor) & 1U) != 0;
}

/// Elements of dimension \p d in trip \p at.
std::int64_t size_of(const GemmPhase& phase, std::size_t d, std::int64_t at) {
  return std::min(phase.nest.tile.at(d), phase.problem.extent.at(d) - at * phase.nest.tile.at(d));
}

/// The product of one tile alone.
GemmProblem tile_problem(const GemmPhase& phase, const std::array<std::int64_t, 3>& size) {
  GemmProblem tile = phase.problem;
  tile.instances = 1;
  tile.extent = size;
  return tile;
}

Nest tile_nest(const GemmPhase& phase, const std::array<std::int64_t, 3>& size) {
  Nest nest = phase.nest;
  nest.tile = size;
  return nest;
}

std::size_t outermost_turning(const GemmPhase& phase) {
  for (const Dimension d : phase.nest.order) {
    const auto i = static_cast<std::size_t>(d);
    if (phase.problem.extent.at(i) > phase.nest.tile.at(i)) {
      return i;
    }
  }
  return static_cast<std::size_t>(phase.nest.order[0]);
}

}  // namespace

GemmStream::GemmStream(std::vector<GemmPhase> phases, std::vector<CoreAddresses> addresses,
                       const CoreUnits& units, const CoreMemories& memories)
    : phases_(std::move(phases)),
      addresses_(std::move(addresses)),
      units_(units),
      memories_(memories),
      single_phase_(phases_.size() == 1 && phases_.front().repeats == 1) {}

std::int64_t GemmStream::laps_of(const std::vector<GemmPhase>& phases) {
  if (phases.size() != 1 || phases.front().repeats != 1) {
    return 0;
  }
  const GemmPhase& phase = phases.front();
  if (phase.problem.instances > 1) {
    return phase.problem.instances;
  }
  const std::size_t d = outermost_turning(phase);
  return phase.problem.extent.at(d) / phase.nest.tile.at(d);
}

void GemmStream::begin_phase() {
  const GemmPhase& phase = phases_[phase_];
  for (std::size_t d = 0; d < 3; ++d) {
    trips_.at(d) = (phase.problem.extent.at(d) + phase.nest.tile.at(d) - 1) / phase.nest.tile.at(d);
    order_.at(d) = static_cast<std::size_t>(phase.nest.order.at(d));
  }
  sums_stay_ = true;
  for (const std::size_t d : order_) {
    if (trips_.at(d) > 1) {
      sums_stay_ = d == kK;  // the innermost loop that turns decides
    }
  }
  lay_times();
  const auto places =
      static_cast<std::size_t>(buffer_places(phase.machine, phase.problem, phase.nest));
  for (auto* place : {&weight_place_, &input_place_, &output_place_}) {
    place->assign(places, kNoTask);
  }
  weight_turn_ = input_turn_ = output_turn_ = 0;
  instance_ = 0;
  fence_next_ = phase_ > 0 || repeat_ > 0;
  if (phase.softmax_bits > 0 && repeat_ == 0) {
    softmax_pass(phase);
    fence_next_ = true;
  }
  begin_instance();
}

void GemmStream::begin_instance() {
  at_ = {};
  held_weights_ = -1;
  held_inputs_ = -1;
  held_outputs_ = -1;
  first_pass_ = true;
  if (single_phase_ && phases_.front().problem.instances > 1) {
    lap_next_ = true;
  }
}

/// The scores pass the softmax once more: read, and written.
void GemmStream::softmax_pass(const GemmPhase& phase) {
  Task read;
  read.kind = TaskKind::transfer;
  read.unit = units_.inputs;
  read.activity = static_cast<std::uint16_t>(SystolicActivity::load_inputs);
  read.fence = true;
  read.transfer = {.memory = memories_.backing,
                   .write = false,
                   .address = addresses_[phase_].activations,
                   .bytes = to_bytes(phase.softmax_bits)};
  pending_.add(read);
  Task write = read;
  write.fence = false;
  write.unit = units_.store;
  write.activity = static_cast<std::uint16_t>(SystolicActivity::store);
  write.transfer.write = true;
  pending_.add(write);
}

/// What a pass takes the array, and the decoder where it is slower. Later passes of an instance
/// follow in the wavefront of the one before as the array's folds do.
void GemmStream::lay_times() {
  const GemmPhase& phase = phases_[phase_];
  const GemmMachine& machine = phase.machine;
  const auto time = static_cast<std::size_t>(axes_of(machine.dataflow).time);
  const NestCost whole = evaluate(machine, phase.problem, phase.nest);
  for (std::size_t edges = 0; edges < 8; ++edges) {
    Index size{};
    for (std::size_t d = 0; d < 3; ++d) {
      const bool edge = ((edges >> d) & 1U) != 0;
      size.at(d) = size_of(phase, d, edge ? trips_.at(d) - 1 : 0);
    }
    const GemmProblem one = tile_problem(phase, size);
    double first = evaluate(machine, one, tile_nest(phase, size)).array_s;
    double later = first;
    if (machine.timing == SystolicTiming::scalesim) {  // which knows no tiles
      double share = 1;
      for (std::size_t d = 0; d < 3; ++d) {
        share *= to_real(size.at(d)) / to_real(phase.problem.extent.at(d));
      }
      first = whole.array_s / to_real(phase.problem.instances) * share;
      later = first;
    } else if (machine.overlap != FoldOverlap::serial) {
      GemmProblem two = one;
      two.extent.at(time) *= 2;
      later = evaluate(machine, two, tile_nest(phase, size)).array_s - first;
    }
    if (one.decode_operations > 0) {
      const double decode = array_traffic(machine, one, tile_nest(phase, size)).weights *
                            one.decode_operations / machine.decode_rate;
      first = std::max(first, decode);
      later = std::max(later, decode);
    }
    times_.at(edges * 2) = to_femtoseconds(later);
    times_.at(edges * 2 + 1) = to_femtoseconds(first);
  }
}

Femtoseconds GemmStream::pass_time(bool first) const {
  std::size_t edges = 0;
  for (std::size_t d = 0; d < 3; ++d) {
    edges |= static_cast<std::size_t>(at_.at(d) == trips_.at(d) - 1) << d;
  }
  return times_.at(edges * 2 + (first ? 1 : 0));
}

std::uint64_t GemmStream::tile_number(std::size_t a, std::size_t b) const {
  return static_cast<std::uint64_t>((instance_ * trips_.at(a) + at_.at(a)) * trips_.at(b) +
                                    at_.at(b));
}

void GemmStream::load(SystolicActivity what, std::uint64_t address, double bits, std::size_t tensor,
                      TaskNumber after) {
  Task task;
  task.kind = TaskKind::transfer;
  task.unit = what == SystolicActivity::load_weights ? units_.load
              : what == SystolicActivity::load_sums  ? units_.sums
                                                     : units_.inputs;
  task.activity = static_cast<std::uint16_t>(what);
  task.fence = std::exchange(fence_next_, false);
  task.lap = std::exchange(lap_next_, false);
  if (pending_.next_number() == 0) {
    task.duration = to_femtoseconds(phases_[phase_].machine.overhead_s);
  }
  task.transfer = {
      .memory = memories_.backing, .write = false, .address = address, .bytes = to_bytes(bits)};
  if (!bypassed(phases_[phase_].nest, tensor)) {
    task.local.at(0) = {.memory = memories_.local.at(tensor), .bits = bits};
  }
  pending_.wait_for_unless_passed(task, after);
  pending_.add(task);
}

void GemmStream::make_pass() {
  const GemmPhase& phase = phases_[phase_];
  const GemmProblem& p = phase.problem;
  const CoreAddresses& where = addresses_[phase_];
  const Index size{size_of(phase, kM, at_[kM]), size_of(phase, kN, at_[kN]),
                   size_of(phase, kK, at_[kK])};
  const GemmProblem tile = tile_problem(phase, size);
  const ArrayTraffic words = array_traffic(phase.machine, tile, tile_nest(phase, size));
  const double whole_outputs = to_real(p.extent[kM]) * to_real(p.extent[kN]);
  const double outputs = to_real(size[kM]) * to_real(size[kN]);
  const auto stride = [&](std::size_t a, std::size_t b, double bits) {
    return to_bytes(to_real(phase.nest.tile.at(a)) * to_real(phase.nest.tile.at(b)) * bits);
  };

  // Weights.
  const auto weights = static_cast<std::int64_t>(tile_number(kN, kK));
  if (weights != held_weights_ || bypassed(phase.nest, kW)) {
    held_weights_ = weights;
    weight_turn_ = (weight_turn_ + 1) % weight_place_.size();
    const double elements =
        bypassed(phase.nest, kW) ? words.weights : to_real(size[kN]) * to_real(size[kK]);
    if (elements * p.weight_bits > 0) {
      load(SystolicActivity::load_weights,
           where.weights + tile_number(kN, kK) * stride(kN, kK, p.weight_bits),
           elements * p.weight_bits, kW, weight_place_.at(weight_turn_));
      weights_loaded_ = pending_.next_number() - 1;
    }
  }
  // Inputs.
  const auto inputs = static_cast<std::int64_t>(tile_number(kM, kK));
  if (inputs != held_inputs_ || bypassed(phase.nest, kA)) {
    held_inputs_ = inputs;
    input_turn_ = (input_turn_ + 1) % input_place_.size();
    const double elements =
        bypassed(phase.nest, kA) ? words.activations : p.activation_elements(size[kM], size[kK]);
    if (elements * p.activation_bits > 0) {
      load(SystolicActivity::load_inputs,
           where.activations + tile_number(kM, kK) * stride(kM, kK, p.activation_bits),
           elements * p.activation_bits, kA, input_place_.at(input_turn_));
      inputs_loaded_ = pending_.next_number() - 1;
    }
  }
  // Outputs: partial sums that were put away come back.
  const auto out = static_cast<std::int64_t>(tile_number(kM, kN));
  if (out != held_outputs_) {
    held_outputs_ = out;
    output_turn_ = (output_turn_ + 1) % output_place_.size();
    const double returning = at_[kK] > 0 ? p.partial_bits : p.preload_bits;
    sums_loaded_ = kNoTask;
    if (returning > 0) {
      load(SystolicActivity::load_sums,
           where.sums + tile_number(kM, kN) * stride(kM, kN, p.partial_bits), outputs * returning,
           kO, output_place_.at(output_turn_));
      sums_loaded_ = pending_.next_number() - 1;
    }
  }

  Task multiply;
  multiply.unit = units_.array;
  multiply.activity = static_cast<std::uint16_t>(SystolicActivity::multiply);
  multiply.fence = std::exchange(fence_next_, false);
  multiply.lap = std::exchange(lap_next_, false);
  multiply.duration = pass_time(std::exchange(first_pass_, false));
  const double useful = p.useful_share;
  const std::array<double, 3> moved{
      useful * words.weights * p.weight_bits,
      useful * words.activations * p.activation_bits * to_real(p.passes),
      useful * (words.output_writes + words.output_reads) * p.partial_bits};
  for (std::size_t t = 0; t < 3; ++t) {
    if (!bypassed(phase.nest, t)) {
      multiply.local.at(t) = {.memory = memories_.local.at(t), .bits = moved.at(t)};
    }
  }
  pending_.wait_for_unless_passed(multiply, weights_loaded_);
  pending_.wait_for_unless_passed(multiply, inputs_loaded_);
  pending_.wait_for_unless_passed(
      multiply, sums_loaded_ != kNoTask ? sums_loaded_ : output_place_.at(output_turn_));
  const TaskNumber computed = pending_.add(multiply);
  weight_place_.at(weight_turn_) = computed;
  input_place_.at(input_turn_) = computed;
  output_place_.at(output_turn_) = computed;

  const bool finished = at_[kK] == trips_[kK] - 1;
  // The same outputs stay while only k turns inside.
  const bool stays = !finished && sums_stay_;
  if (stays) {
    return;
  }
  TaskNumber source = computed;
  const double share = outputs / whole_outputs;
  if (finished) {
    const double epilogue = p.epilogue_read_bits * share;
    if (epilogue > 0) {
      load(SystolicActivity::load_inputs, where.epilogue + tile_number(kM, kN) * to_bytes(epilogue),
           epilogue, kA, kNoTask);
    }
    const double operations = p.vector_operations / to_real(p.instances) * share;
    if (operations > 0) {
      Task vector;
      vector.unit = units_.vector;
      vector.activity = static_cast<std::uint16_t>(SystolicActivity::vector);
      vector.duration = to_femtoseconds(operations / phase.machine.vector_rate);
      pending_.wait_for_unless_passed(vector, computed);
      if (epilogue > 0) {
        pending_.wait_for_unless_passed(vector, pending_.next_number() - 1);
      }
      source = pending_.add(vector);
      output_place_.at(output_turn_) = source;
    }
  }
  const double bits =
      finished ? outputs * p.output_share * p.output_bits : outputs * p.partial_bits;
  if (bits > 0) {
    Task store;
    store.kind = TaskKind::transfer;
    store.unit = units_.store;
    store.activity = static_cast<std::uint16_t>(SystolicActivity::store);
    const double element = finished ? p.output_bits : p.partial_bits;
    store.transfer = {.memory = memories_.backing,
                      .write = true,
                      .address = (finished ? where.outputs : where.sums) +
                                 tile_number(kM, kN) * stride(kM, kN, element),
                      .bytes = to_bytes(bits)};
    if (!bypassed(phase.nest, kO)) {
      store.local.at(0) = {.memory = memories_.local.at(kO), .bits = bits};
    }
    pending_.wait_for_unless_passed(store, source);
    output_place_.at(output_turn_) = pending_.add(store);
  }
}

/// To the next pass. \returns false when all is done.
bool GemmStream::advance() {
  for (std::size_t level = 3; level-- > 0;) {
    const std::size_t d = order_.at(level);
    if (single_phase_ && phases_.front().problem.instances == 1 &&
        d == outermost_turning(phases_.front())) {
      at_.at(d) += std::exchange(outer_skipped_, 0);
      if (++at_.at(d) < trips_.at(d)) {
        lap_next_ = at_.at(d) < laps_of(phases_);
        return true;
      }
    } else if (++at_.at(d) < trips_.at(d)) {
      return true;
    }
    at_.at(d) = 0;
  }
  const GemmPhase& phase = phases_[phase_];
  instance_ += single_phase_ ? std::exchange(outer_skipped_, 0) : 0;
  if (++instance_ < phase.problem.instances) {
    begin_instance();
    return true;
  }
  if (++repeat_ < phase.repeats) {
    begin_phase();
    return true;
  }
  repeat_ = 0;
  if (++phase_ < phases_.size()) {
    begin_phase();
    return true;
  }
  return false;
}

bool GemmStream::next(Task& task) {
  while (pending_.empty()) {
    if (phase_ == phases_.size()) {
      return false;
    }
    if (!started_) {
      started_ = true;
      begin_phase();
      lap_next_ = single_phase_;
    } else if (!advance()) {
      return false;
    }
    make_pass();
  }
  task = pending_.take();
  return true;
}

}  // namespace cairn::hw::cycle
