#include "hw/pim/pim.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include <fmt/format.h>

#include "core/error.h"
#include "hw/pim/keeps_step.h"
#include "hw/systolic/gemm_problem.h"
#include "hw/vector_work.h"

namespace cairn::hw {
namespace {

using models::Precision;

constexpr double kPartialBits = 32;  ///< of a partial sum in a buffer
/// Pieces of a stream: so many that filling and draining hardly show. An ordinary processor works
/// on smaller ones.
constexpr std::int64_t kChunks = 64;
constexpr std::int64_t kExternalChunks = 256;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

std::uint8_t fused_code(models::FusionKind kind) {
  return static_cast<std::uint8_t>(1 + static_cast<int>(kind));
}

std::int64_t cycles_of(double seconds, double clock) {
  return static_cast<std::int64_t>(std::ceil(seconds * clock * (1.0 - 1e-12)));
}

/// Passes through a native multiplier for one product; 0 when it cannot be computed.
double operand_passes(const Precision& native, const Precision& operand) {
  if (operand.is_coded()) {
    return 1;  // decoded to the native format
  }
  if (native.is_floating()) {
    return operand.is_integer() || operand.element_bits() <= native.element_bits() ? 1 : 0;
  }
  if (!operand.is_integer()) {
    return 0;
  }
  return std::ceil(to_real(operand.element_bits()) / to_real(native.element_bits()));
}

std::optional<Infeasible> unsupported(const Precision& native, const models::Operator& op) {
  for (const Precision& operand : {op.formats.weights, op.formats.activations}) {
    if (operand_passes(native, operand) == 0) {
      return Infeasible{
          fmt::format("the units multiply {}, operator {} is in {}", models::to_text(native),
                      op.name, models::to_text(operand)),
          "native",
          std::max(0.0, to_real(operand.element_bits()) / to_real(native.element_bits()) - 1.0)};
    }
  }
  return std::nullopt;
}

/// A mapping that wants more rows to share a read than the buffers hold.
std::optional<Infeasible> too_many_rows(const MappingConstraint& wanted, double most, double rows) {
  if (!wanted.tile[0] || to_real(*wanted.tile[0]) <= std::max(most, 1.0)) {
    return std::nullopt;
  }
  return Infeasible{fmt::format("mapping: tile m{}, the buffers hold {:.0f} of {:.0f} input rows",
                                *wanted.tile[0], most, rows),
                    "mapping tile", to_real(*wanted.tile[0]) / most - 1};
}

double macs_with_passes(const Precision& native, const models::Formats& formats, double macs) {
  return macs * operand_passes(native, formats.weights) *
         operand_passes(native, formats.activations);
}

}  // namespace

std::optional<Infeasible> Pim::problem(const Spec& spec, const DeviceContext& context) {
  const ResolvedMemory* memory = context.find(spec.memory);
  if (memory == nullptr || !std::isfinite(memory->bandwidth)) {
    return Infeasible{
        fmt::format("memories.{}: a memory with units inside needs `bandwidth`", spec.memory),
        "memory bandwidth", 0.0};
  }
  if (std::string slow = context.technology->clock_problem(spec.clock); !slow.empty()) {
    return Infeasible{std::move(slow), "clock", context.technology->clock_excess(spec.clock)};
  }
  return std::nullopt;
}

Pim::Pim(const Spec& spec, const DeviceContext& context)
    : spec_(spec), technology_(*context.technology) {
  const ResolvedMemory* memory = context.find(spec.memory);
  CAIRN_CHECK(memory != nullptr, "a memory unit names a memory that does not exist");
  memory_ = *memory;
  external_ = spec.placement == PimPlacement::external;
  peak_ = spec.operations_per_second() / 2;
  vector_rate_ = to_real(spec.vector_lanes) * spec.clock.count();
  internal_ = memory_.bandwidth;
  if (spec.rows) {
    timing_ = RowTiming(*spec.rows, spec.commands == PimCommands::per_bank);
    internal_ = timing_.sustained();
  } else if (spec.bandwidth_multiplier) {
    internal_ = memory_.peak_bandwidth * *spec.bandwidth_multiplier * spec.achievable;
  }
  read_energy_ = spec.read_energy ? spec.read_energy->count() : memory_.read_energy;
  const std::optional<OperatingPoint> point = technology_.operating_point(spec.clock);
  CAIRN_CHECK(point.has_value(), "the clock of memory units is above the technology's curve");
  voltage_scale_ = point->dynamic;
}

/// Input rows that one read of the weights serves.
double Pim::rows_per_read(double row_bits, double columns) const {
  const double inputs = to_real(spec_.input_buffer.count()) / to_real(spec_.input_copies);
  const double outputs = to_real(spec_.output_buffer.count());
  // Whole input rows stay while all columns pass by; or a slice of the reduction stays while the
  // partial sums of all columns are kept.
  const double by_inputs = row_bits > 0 ? inputs / row_bits : 1.0;
  const double by_outputs = outputs / (columns * kPartialBits);
  return std::max(1.0, std::floor(std::max(by_inputs, by_outputs)));
}

double Pim::peak_macs_per_second(const models::Formats& formats) const {
  const double passes = operand_passes(spec_.native, formats.weights) *
                        operand_passes(spec_.native, formats.activations);
  return passes > 0 ? peak_ / passes : peak_;
}

std::int64_t Pim::chunks_of(const PimWork& work) const {
  if (external_) {
    return kExternalChunks;
  }
  if (work.weights <= 0) {
    return 1;
  }
  if (work.scattered > 0) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(work.pieces), 1, kChunks);
  }
  if (!spec_.rows) {
    return kChunks;
  }
  return static_cast<std::int64_t>(
      work.passes * std::min(timing_.columns_of_bank(work.weights), to_real(kChunks)));
}

PimBusy Pim::busy_of(const PimWork& work) const {
  PimBusy busy;
  busy.compute_s = work.macs / peak_;
  busy.vector_s = work.vector > 0 ? work.vector / vector_rate_ : 0.0;
  const double weights = work.passes * work.weights;
  double streamed = 0;  // together with the arithmetic in step
  double beside = busy.compute_s;
  if (external_) {
    busy.stream_s = (weights + work.inputs + work.outputs) / memory_.bandwidth;
    streamed = busy.stream_s;
  } else if (!spec_.rows) {
    busy.stream_s = weights / internal_;
    streamed = busy.stream_s;
  } else if (work.scattered > 0) {
    busy.stream_s = timing_.gather_seconds(work.pieces, work.scattered);
    streamed = busy.stream_s;
  } else if (work.weights > 0) {
    busy.stream_s = timing_.seconds(work.weights, 0, work.passes);
    streamed = busy.stream_s;
    if (keeps_step(*this)) {
      streamed = timing_.seconds(work.weights, busy.compute_s, work.passes);
      beside = 0;
    }
  }
  const double most = std::max({streamed, beside, busy.vector_s});
  busy.seconds = most + (streamed + beside + busy.vector_s - most) / to_real(chunks_of(work));
  return busy;
}

OperatorCost Pim::cost_of(const PimWork& work) const {
  const double weights = work.passes * work.weights;
  const double outside = memory_.bandwidth;
  const PimBusy busy = busy_of(work);
  OperatorCost cost;
  cost.input_fill_s = spec_.start.count();
  if (external_) {
    cost.input_fill_s += memory_.latency_s;
    cost.drain_s = work.outputs > 0 ? memory_.latency_s : 0.0;
  } else {
    if (work.inputs > 0) {
      cost.input_fill_s += to_real(spec_.input_copies) * work.inputs / outside + memory_.latency_s;
    }
    cost.drain_s = work.outputs > 0 ? work.outputs / outside + memory_.latency_s : 0.0;
  }
  cost.busy_s = busy.seconds;
  cost.stream_s = std::min(busy.stream_s, busy.seconds);
  cost.cycles = cycles_of(cost.latency_s(), spec_.clock.count());
  cost.macs = static_cast<std::int64_t>(work.useful_macs);
  cost.dram_read_bits = weights + work.inputs;
  cost.dram_write_bits = work.outputs;
  cost.weight_bits = weights;
  if (cost.input_fill_s + cost.drain_s > cost.busy_s) {
    cost.bottleneck = external_ || spec_.start.count() > cost.input_fill_s / 2 ? Bottleneck::latency
                                                                               : Bottleneck::dram;
  } else if (busy.compute_s >= busy.stream_s && busy.compute_s >= busy.vector_s) {
    cost.bottleneck = Bottleneck::compute;
  } else {
    cost.bottleneck = busy.stream_s >= busy.vector_s ? Bottleneck::dram : Bottleneck::vector;
  }
  cost.utilization = cost.latency_s() > 0 ? work.macs / (peak_ * cost.latency_s()) : 0.0;

  const Precision& format = spec_.native;
  EnergyBreakdown& e = cost.energy;
  const double operation =
      spec_.operation_energy
          ? 2 * spec_.operation_energy->count()
          : technology_.multiply_accumulate(format, format).energy.count() * voltage_scale_;
  const double vector_operation =
      spec_.operation_energy ? spec_.operation_energy->count()
                             : technology_.vector_operation(format).energy.count() * voltage_scale_;
  e[EnergyComponent::multiply_accumulate] = work.macs * operation;
  e[EnergyComponent::vector] = work.vector * vector_operation;
  double activations = 0;
  if (spec_.activate_energy.count() > 0) {
    const double row = to_real(spec_.rows->row.count());
    activations = work.scattered > 0 ? work.pieces * std::ceil(work.scattered / row)
                                     : std::ceil(weights / row * (1.0 - 1e-12));
  }
  e[EnergyComponent::dram] = weights * read_energy_ + activations * spec_.activate_energy.count() +
                             work.inputs * memory_.read_energy +
                             work.outputs * memory_.write_energy;
  const double input_copies = external_ ? 1.0 : to_real(spec_.input_copies);
  e[EnergyComponent::scratchpad] =
      (work.inputs * input_copies + work.outputs) * spec_.buffer_energy.count();
  return cost;
}

Pim::WorkOrRefusal Pim::product_work(const GroupView& group,
                                     const MappingConstraint& wanted) const {
  const models::Operator& anchor = *group.anchor;
  if (std::optional<Infeasible> refused = unsupported(spec_.native, anchor)) {
    return std::move(*refused);
  }
  const GemmProblem p = gemm_problem(anchor);
  const double instances = to_real(p.instances);
  const double m = to_real(p.extent[0]);
  const double k = to_real(p.extent[2]);
  double n = to_real(p.extent[1]);
  PimWork work;
  double outputs = instances * m * n;
  const models::Operator* last = &anchor;
  for (const models::Operator* follower : group.followers) {
    if (const auto* matmul = std::get_if<models::MatMul>(&follower->shape)) {  // same input
      n += to_real(matmul->n);
      outputs += to_real(models::output_elements(follower->shape));
      continue;
    }
    work.vector += to_real(vector_operations(follower->shape));
    const double kept = to_real(models::output_elements(follower->shape));
    if (const auto* e = std::get_if<models::Elementwise>(&follower->shape)) {
      const bool joins_halves = kept * 2 <= outputs;
      if (e->inputs > 1 && !joins_halves) {  // a residual comes from outside
        work.inputs +=
            kept * to_real(e->inputs - 1) * follower->formats.activations.bits_per_element();
      }
    }
    outputs = kept;
    last = follower;
  }
  const double most = rows_per_read(k * p.activation_bits, n);
  if (std::optional<Infeasible> refused = too_many_rows(wanted, most, m)) {
    return std::move(*refused);
  }
  const double share = wanted.tile[0] ? to_real(*wanted.tile[0]) : most;
  work.weights = instances * n * k * p.weight_bits;
  work.passes = std::ceil(m / share);
  // A matrix product reads its input as it is; a convolution's window is unfolded on the way.
  work.inputs += p.window.out_width != 0 && external_
                     ? to_real(models::input_elements(anchor.shape)) * p.activation_bits
                     : instances * m * k * p.activation_bits;
  work.outputs = outputs * last->formats.outputs.bits_per_element();
  const double macs = instances * m * n * k;
  work.macs = macs_with_passes(spec_.native, anchor.formats, macs);
  work.useful_macs = macs;
  work.rows_of_read = static_cast<std::int64_t>(std::min(share, m));
  work.columns = static_cast<std::int64_t>(n);
  work.depth = static_cast<std::int64_t>(k);
  return work;
}

Pim::WorkOrRefusal Pim::attention_work(const models::Operator& op, bool fused,
                                       const MappingConstraint& wanted) const {
  if (std::optional<Infeasible> refused = unsupported(spec_.native, op)) {
    return std::move(*refused);
  }
  const auto& a = std::get<models::Attention>(op.shape);
  const double cache_bits = op.formats.weights.bits_per_element();
  const double activation_bits = op.formats.activations.bits_per_element();
  const double keys = to_real(a.batch * a.visible_keys() * a.kv_heads);
  const double pairs = to_real(a.batch) * to_real(a.heads) * to_real(a.visible_pairs());
  const double rows = to_real(a.queries * (a.heads / a.kv_heads));
  const double width = to_real(a.head_dim);
  // Keys of one head stand where the weights of a product stand: width deep, one column a key.
  const double most = rows_per_read(width * activation_bits, to_real(a.visible_keys()));
  if (std::optional<Infeasible> refused = too_many_rows(wanted, most, rows)) {
    return std::move(*refused);
  }
  const double share = wanted.tile[0] ? to_real(*wanted.tile[0]) : most;
  PimWork work;
  work.weights = 2 * keys * width * cache_bits;
  work.passes = std::ceil(rows / share);
  work.inputs = to_real(a.batch * a.queries * a.heads) * width * activation_bits;
  work.outputs =
      to_real(a.batch * a.queries * a.heads) * width * op.formats.outputs.bits_per_element();
  work.macs = macs_with_passes(spec_.native, op.formats, 2 * pairs * width);
  work.vector = to_real(vector_operations(op.shape));
  if (!fused) {  // scores leave and come back around the softmax
    work.inputs += 2 * pairs * activation_bits;
    work.outputs += 2 * pairs * activation_bits;
  }
  work.useful_macs = to_real(models::multiply_accumulates(op.shape));
  work.rows_of_read = static_cast<std::int64_t>(std::min(share, rows));
  work.columns = a.visible_keys();
  work.depth = a.head_dim;
  return work;
}

PimWork Pim::vector_work(const models::Operator& op) const {
  PimWork work;
  const double bits = op.formats.activations.bits_per_element();
  if (const auto* e = std::get_if<models::Embedding>(&op.shape)) {
    work.scattered = to_real(e->width) * op.formats.weights.bits_per_element();
    work.pieces = to_real(e->tokens);
    work.weights = work.scattered * work.pieces;
  } else {
    work.inputs = to_real(models::input_elements(op.shape)) * bits;
    work.vector = to_real(vector_operations(op.shape));
    const double held =
        to_real(spec_.input_buffer.count()) / to_real(std::max<std::int64_t>(spec_.units, 1));
    work.inputs *=
        to_real(input_passes(op.shape, bits, external_ ? held * to_real(spec_.units) : held));
  }
  work.outputs = to_real(models::output_elements(op.shape)) * op.formats.outputs.bits_per_element();
  return work;
}

Pim::WorkOrRefusal Pim::work_of(const GroupView& group, const MappingConstraint& wanted) const {
  const models::Operator& op = *group.anchor;
  const auto known = [&]() -> WorkOrRefusal {
    if (std::holds_alternative<models::Attention>(op.shape)) {
      return attention_work(op, group.fused == fused_code(models::FusionKind::attention), wanted);
    }
    if (std::holds_alternative<models::MatMul>(op.shape) ||
        std::holds_alternative<models::Convolution>(op.shape)) {
      return product_work(group, wanted);
    }
    return vector_work(op);
  };
  WorkOrRefusal answer = known();
  if (const auto* work = std::get_if<PimWork>(&answer);
      work != nullptr && work->vector > 0 && vector_rate_ <= 0) {
    return Infeasible{fmt::format("vector_lanes: operator {} needs {:.4g} vector operations, the "
                                  "units have no lanes; one lane would do",
                                  op.name, work->vector),
                      "vector_lanes", 1.0};
  }
  return answer;
}

Estimate Pim::price(const GroupView& group, const MappingConstraint& constraint,
                    MappingObjective /*objective*/) const {
  WorkOrRefusal answer = work_of(group, constraint);
  if (auto* refused = std::get_if<Infeasible>(&answer)) {
    return std::move(*refused);
  }
  const auto& work = std::get<PimWork>(answer);
  OperatorCost cost = cost_of(work);
  const models::Shape& shape = group.anchor->shape;
  const bool attention = std::holds_alternative<models::Attention>(shape);
  if (attention || work.useful_macs > 0) {
    cost.mapping.kind = MappingKind::tiles;
    cost.mapping.tile = {work.rows_of_read, work.columns, work.depth};
    cost.mapping.trips = {static_cast<std::int64_t>(work.passes), 1, 1};
    cost.mapping.fused = group.fused;
  }
  return cost;
}

void Pim::append_area(std::vector<AreaPart>& parts) const {
  if (spec_.area) {
    parts.push_back({"units", spec_.area->count() * kSquareMillimetresPerSquareMetre,
                     Confidence::published, /*complete=*/true});
  }
}

std::vector<std::string> Pim::assumptions() const {
  if (external_) {
    return {
        "units behind the interface: compute and traffic overlap, operands are read once for "
        "as many rows as the buffers hold"};
  }
  return {
      "units read weights, keys and values where they lie, evenly spread over all banks",
      fmt::format("inputs and outputs cross the interface of {} before and after", memory_.name),
      "operands narrower than the native format run at its rate"};
}

}  // namespace cairn::hw
