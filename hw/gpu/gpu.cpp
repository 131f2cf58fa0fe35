#include "hw/gpu/gpu.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "core/error.h"
#include "hw/permute.h"
#include "hw/systolic/gemm_problem.h"
#include "hw/vector_work.h"

namespace cairn::hw {
namespace {

using models::Precision;

/// Of the board's limit: fitted to the average power of token generation with a 70-billion
/// parameter model on two, four and eight A100 (120 of 400 W), taken as the same elsewhere.
constexpr double kActiveShare = 0.3;
constexpr double kWarpTile = 64;        ///< outputs of a warp, each way
constexpr double kFragment = 16;        ///< rows and reduction of one tensor-core instruction
constexpr double kFragmentColumns = 8;  ///< its columns
constexpr double kAccumulatorBits = 32;
constexpr double kSquareMillimetres = 1e6;  ///< in a square metre

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

std::uint8_t fused_code(models::FusionKind kind) {
  return static_cast<std::uint8_t>(1 + static_cast<int>(kind));
}

/// Whole cycles that cover a time, forgiving the rounding of the division by the clock.
std::int64_t cycles_of(double seconds, double clock) {
  return static_cast<std::int64_t>(std::ceil(seconds * clock * (1.0 - 1e-12)));
}

double operand_gather_bits(double operand_bits) {
  // Register bits of one multiply-accumulate inside a 16 x 8 x 16 fragment: both operands read
  // once, accumulators read and written.
  const double reads = (kFragment * kFragment + kFragment * kFragmentColumns) * operand_bits;
  const double accumulators = 2 * kFragment * kFragmentColumns * kAccumulatorBits;
  return (reads + accumulators) / (kFragment * kFragment * kFragmentColumns);
}

Bottleneck limit_of(const GpuGemmTime& t, double load_free_main) {
  if (t.fixed + t.tail > t.body) {
    return Bottleneck::latency;
  }
  if (t.dram >= t.main) {
    return Bottleneck::dram;
  }
  if (t.decode > t.tensor) {
    return Bottleneck::decode;
  }
  return load_free_main >= 0.9 * t.main ? Bottleneck::compute : Bottleneck::scratchpad;
}

/// Kernels one after the other: nothing of the second hides behind the first.
OperatorCost in_sequence(const OperatorCost& a, const OperatorCost& b) {
  OperatorCost c = a;
  c.busy_s += a.drain_s + b.input_fill_s + b.busy_s;
  c.drain_s = b.drain_s;
  c.stream_s += b.stream_s;
  c.cycles += b.cycles;
  c.macs += b.macs;
  c.dram_read_bits += b.dram_read_bits;
  c.dram_write_bits += b.dram_write_bits;
  c.weight_bits += b.weight_bits;
  c.mappings_considered += b.mappings_considered;
  for (std::size_t i = 0; i < kEnergyComponents; ++i) {
    c.energy.joules.at(i) += b.energy.joules.at(i);
  }
  if (b.latency_s() > a.latency_s()) {
    c.bottleneck = b.bottleneck;
    c.mapping = b.mapping;
  }
  c.utilization = (a.utilization * a.latency_s() + b.utilization * b.latency_s()) / c.latency_s();
  return c;
}

const GpuKernelSpec& kernel_class(const GpuKernelsSpec& kernels, const models::Shape& shape) {
  if (const auto* norm = std::get_if<models::Normalization>(&shape)) {
    return norm->kind == models::NormalizationKind::rms_norm ? kernels.rms_norm
                                                             : kernels.layer_norm;
  }
  if (std::holds_alternative<models::Softmax>(shape)) {
    return kernels.softmax;
  }
  if (std::holds_alternative<models::Embedding>(shape)) {
    return kernels.gather;
  }
  if (const auto* e = std::get_if<models::Elementwise>(&shape)) {
    if (e->kind == models::ElementwiseKind::rotary) {
      return kernels.rotary;
    }
    const bool activation = e->kind == models::ElementwiseKind::silu ||
                            e->kind == models::ElementwiseKind::gelu ||
                            e->kind == models::ElementwiseKind::sigmoid;
    return activation && e->inputs > 1 ? kernels.gated : kernels.elementwise;
  }
  return kernels.elementwise;
}

/// The kernel of an operator. One that permutes turns tiles of 32 x 32 elements in shared memory,
/// so that both sides see longer runs: a sector is moved for nothing where they are shorter still.
/// What is left of a sector at the end of a run is found in the L2 by the tile beside it.
GpuKernelSpec kernel_of(const GpuKernelsSpec& kernels, const models::Operator& op) {
  GpuKernelSpec kernel = kernel_class(kernels, op.shape);
  const models::Elementwise* permute = permute_of(op.shape);
  if (permute == nullptr) {
    return kernel;
  }
  constexpr double kSectorBits = 256;
  constexpr double kTileElements = 32 * 32;
  // Tiled transposition of 67 MB against a copy: 352 of 389 GB/s, measured on one card (published
  // by S. Jang, 2025); 0.86 to 0.95 on others.
  constexpr double kShareOfCopy = 0.9;
  const double bits = op.formats.activations.bits_per_element();
  const double run = permute_run_bits(*permute, bits, 2 * kTileElements * bits);
  kernel.traffic *= std::max(1.0, kSectorBits / run);
  if (to_real(permute->columns) < kTileElements) {  // else whole tiles lie in a row: a copy
    kernel.dram *= kShareOfCopy;
  }
  return kernel;
}

/// Rows that are worked on independently, and elements of one; rotary embeddings turn pairs.
std::pair<double, double> rows_and_columns(const models::Shape& shape) {
  if (const auto* norm = std::get_if<models::Normalization>(&shape)) {
    return {to_real(norm->rows), to_real(norm->columns)};
  }
  if (const auto* softmax = std::get_if<models::Softmax>(&shape)) {
    return {to_real(softmax->rows), to_real(softmax->columns)};
  }
  if (const auto* look_up = std::get_if<models::Embedding>(&shape)) {
    return {to_real(look_up->tokens), to_real(look_up->width)};
  }
  if (const auto* e = std::get_if<models::Elementwise>(&shape)) {
    const double pairs = e->kind == models::ElementwiseKind::rotary ? 2.0 : 1.0;
    return {to_real(e->rows), to_real(e->columns) / pairs};
  }
  return {1.0, to_real(models::output_elements(shape))};
}

const ResolvedMemory& memory_of(const DeviceContext& context, const std::string& name) {
  const ResolvedMemory* memory = context.find(name);
  CAIRN_CHECK(memory != nullptr, "a GPU names a memory that does not exist");
  return *memory;
}

}  // namespace

std::optional<Infeasible> Gpu::problem(const Spec& spec, const DeviceContext& context) {
  for (const std::string& name : {spec.dram, spec.l2}) {
    const ResolvedMemory* memory = context.find(name);
    if (memory == nullptr || !std::isfinite(memory->bandwidth)) {
      return Infeasible{fmt::format("memories.{}: a memory of a GPU needs `bandwidth`", name),
                        "memory bandwidth", 0.0};
    }
  }
  if (std::string slow = context.technology->clock_problem(spec.clock); !slow.empty()) {
    return Infeasible{std::move(slow), "clock", context.technology->clock_excess(spec.clock)};
  }
  if (GpuGemmMachine(spec, 1.0, 1.0, 1.0).tiles.empty()) {
    return Infeasible{"shared_memory: no tile of the stack fits with two stages", "shared_memory",
                      0.0};
  }
  return std::nullopt;
}

Gpu::Gpu(const Spec& spec, const DeviceContext& context)
    : Gpu(spec, memory_of(context, spec.dram), memory_of(context, spec.l2), *context.technology) {}

// NOLINTBEGIN(modernize-pass-by-value): once for a machine
Gpu::Gpu(const Spec& spec, const ResolvedMemory& dram, const ResolvedMemory& l2,
         const Technology& technology)
    // NOLINTEND(modernize-pass-by-value)
    : spec_(spec),
      dram_(dram),
      technology_(technology),
      machine_(spec, dram.bandwidth, l2.bandwidth, l2.capacity_bits),
      streams_(spec, dram.bandwidth, l2.bandwidth, l2.capacity_bits),
      active_power_(spec.active_power ? spec.active_power->count()
                                      : kActiveShare * spec.board_power.count()),
      memory_power_(dram.static_power + l2.static_power) {
  const std::optional<OperatingPoint> point = technology_.operating_point(spec.clock);
  CAIRN_CHECK(point.has_value(), "a GPU's clock is above the technology's curve");
  voltage_scale_ = point->dynamic;
}

double Gpu::decode_operations(const Precision& stored, const Precision& operand) const {
  const GpuDequantizationSpec& d = spec_.stack.dequantization;
  switch (stored.kind) {
    case models::NumberKind::codebook:
      return d.codebook;
    case models::NumberKind::trellis:
      return d.trellis;
    case models::NumberKind::integer:
    case models::NumberKind::unsigned_integer:
    case models::NumberKind::floating:
      break;
  }
  const bool same = stored.kind == operand.kind && stored.milli_bits == operand.milli_bits &&
                    stored.group_size == 0;
  return same ? 0.0 : d.integer;
}

Gpu::Arithmetic Gpu::arithmetic(const Precision& weights, const Precision& activations) const {
  const GpuRatesSpec& r = spec_.rates;
  const Precision w = weights.is_coded() ? activations : weights;
  const std::int64_t bits = std::max(w.element_bits(), activations.element_bits());
  const bool integers = w.is_integer() && activations.is_integer();
  const bool floats = w.is_floating() && activations.is_floating();
  Arithmetic how;
  double rate = r.fp16.count();
  if (integers && bits == 1 && r.int1) {
    how.operand = models::integer_format(1);
    rate = r.int1->count();
  } else if (integers && bits <= 4 && r.int4) {
    how.operand = models::integer_format(4);
    rate = r.int4->count();
  } else if (integers && bits <= 8 && r.int8) {
    how.operand = models::kInt8;
    rate = r.int8->count();
  } else if (floats && bits <= 4 && r.fp4) {
    how.operand = models::floating_format(2, 4);
    rate = r.fp4->count();
  } else if (floats && bits <= 8 && r.fp8) {
    how.operand = models::floating_format(4, 8);
    rate = r.fp8->count();
  } else if (bits > 16) {
    // Without tf32 the product runs on the CUDA cores: one multiply-accumulate a lane and cycle.
    how.operand = models::kFp32;
    rate = r.tf32 ? r.tf32->count() : 2 * machine_.vector_rate * machine_.sms;
  } else if (activations == models::kBf16 && r.bf16) {
    how.operand = models::kBf16;
    rate = r.bf16->count();
  }
  how.peak = rate / 2;
  how.operand_bits = to_real(how.operand.element_bits());
  how.weight_decode = decode_operations(weights, how.operand);
  return how;
}

double Gpu::peak_macs_per_second(const models::Formats& formats) const {
  return arithmetic(formats.weights, formats.activations).peak;
}

OperatorCost Gpu::finish(OperatorCost cost, double host) const {
  const double dynamic = cost.energy.total();
  const double budget = spec_.board_power.count() - spec_.idle_power.count() - memory_power_;
  const double least = dynamic / std::max(budget, 1.0);
  if (spec_.stack.power_limited &&
      least > cost.latency_s()) {  // the board lowers its clock until the average fits
    cost.busy_s += least - cost.latency_s();
  }
  cost.energy[EnergyComponent::control] += active_power_ * cost.latency_s();
  const double most = budget * cost.latency_s();
  if (spec_.stack.power_limited && cost.energy.total() > most) {
    const double lower = most / cost.energy.total();
    for (double& joules : cost.energy.joules) {
      joules *= lower;
    }
  }
  if (spec_.stack.host_ahead) {  // the GPU waits for a launch that is not there yet
    cost.busy_s += std::max(0.0, host - cost.latency_s());
  }
  cost.cycles = cycles_of(cost.latency_s(), machine_.clock);
  return cost;
}

void Gpu::add_gemm_energy(OperatorCost& cost, const GpuGemmTime& time, const Arithmetic& how,
                          const models::Formats& formats, double macs) const {
  const auto moved = [this](Movement action) {
    return technology_.movement(action).energy.count() * voltage_scale_;
  };
  const double shared_bits = 2 * how.operand_bits / kWarpTile;  // of one multiply-accumulate
  EnergyBreakdown& e = cost.energy;
  e[EnergyComponent::multiply_accumulate] +=
      macs * technology_.multiply_accumulate(how.operand, how.operand).energy.count() *
      voltage_scale_;
  e[EnergyComponent::registers] +=
      macs * operand_gather_bits(how.operand_bits) * moved(Movement::gpu_register_file);
  e[EnergyComponent::scratchpad] +=
      macs * shared_bits * moved(Movement::gpu_l1) + time.l2_bits * moved(Movement::gpu_l2);
  e[EnergyComponent::decode] +=
      time.decoded * technology_.decode_operation(formats.weights, how.operand).energy.count() *
      voltage_scale_;
  e[EnergyComponent::dram] +=
      time.read_bits * dram_.read_energy + time.write_bits * dram_.write_energy;
}

Gpu::GemmWork Gpu::gemm_work(const GroupView& group) const {
  const models::Operator& anchor = *group.anchor;
  const GemmProblem p = gemm_problem(anchor);
  GemmWork work;
  work.formats = anchor.formats;
  work.fused = group.fused;
  work.stored_weight_bits = p.weight_bits;
  work.how = arithmetic(anchor.formats.weights, anchor.formats.activations);
  const Arithmetic& how = work.how;
  work.sparse = spec_.sparse_2_4 && anchor.sparsity.kept == 2 && anchor.sparsity.block == 4;

  GpuGemmShape& s = work.shape;
  s.instances = to_real(p.instances);
  s.m = to_real(p.extent[0]);
  s.n = to_real(p.extent[1]);
  s.k = to_real(p.extent[2]);
  s.operand_bits = how.operand_bits;
  s.activation_bits = p.activation_bits;
  s.weight_bits = p.weight_bits;
  s.output_bits = p.output_bits;
  s.peak = work.sparse ? 2 * how.peak * spec_.stack.gemm.sparse : how.peak;
  s.decode_operations = how.weight_decode;
  work.decode_first = how.weight_decode > 0 &&
                      spec_.stack.dequantization.mode == DequantizationMode::separate_kernel;
  if (work.decode_first) {
    s.weight_bits = how.operand_bits;
    s.decode_operations = 0;
  }
  const double single = s.instances * s.m * s.n;
  double outputs = single;
  const models::Operator* last = &anchor;
  for (const models::Operator* follower : group.followers) {
    if (const auto* matmul = std::get_if<models::MatMul>(&follower->shape)) {  // same input
      s.n += to_real(matmul->n);
      outputs += to_real(models::output_elements(follower->shape));
      continue;
    }
    work.vector_operations += to_real(vector_operations(follower->shape));
    const double kept = to_real(models::output_elements(follower->shape));
    if (const auto* e = std::get_if<models::Elementwise>(&follower->shape)) {
      const bool joins_halves = kept * 2 <= outputs;
      if (e->inputs > 1 && !joins_halves) {  // a residual comes from DRAM
        s.epilogue_bits +=
            kept * to_real(e->inputs - 1) * follower->formats.activations.bits_per_element();
      }
    }
    outputs = kept;
    last = follower;
  }
  const double products = s.instances * s.m * s.n;
  s.output_share = outputs / products;
  s.output_bits = last->formats.outputs.bits_per_element();
  s.epilogue_operations = work.vector_operations / products;
  if (p.window.out_width != 0) {
    s.input_bits = to_real(models::input_elements(anchor.shape)) * s.activation_bits;
  }
  return work;
}

bool Gpu::takes_gemv(const GemmWork& work) const {
  const std::optional<GpuGemvSpec>& gemv = spec_.stack.gemm.gemv;
  return gemv && work.shape.m <= to_real(gemv->rows);
}

GpuGemmTime Gpu::gemv_time(const GemmWork& work) const {
  return gpu_gemv(machine_, *spec_.stack.gemm.gemv,
                  spec_.stack.host_ahead ? 0.0 : spec_.stack.host_launch.count(), dram_.bandwidth,
                  work.shape);
}

OperatorCost Gpu::gemm_cost(const GemmWork& work, const GpuGemmTime& t) const {
  const GpuGemmShape& s = work.shape;
  const GpuGemmMachine::Tile& tile = machine_.tiles[static_cast<std::size_t>(t.tile)];
  const double macs = work.macs();
  OperatorCost cost;
  cost.input_fill_s = t.fixed;
  cost.busy_s = t.body;
  cost.drain_s = t.tail;
  cost.stream_s = std::min(t.dram, t.body);
  cost.macs = static_cast<std::int64_t>(macs);
  cost.dram_read_bits = t.read_bits;
  cost.dram_write_bits = t.write_bits;
  cost.weight_bits = std::min(s.instances * s.n * s.k * s.weight_bits, t.read_bits);
  cost.bottleneck =
      limit_of(t, machine_.decode_overlapped ? std::max(t.tensor, t.decode) : t.tensor + t.decode);
  cost.mappings_considered = t.considered;
  cost.mapping.kind = MappingKind::tiles;
  cost.mapping.tile = {static_cast<std::int64_t>(tile.m), static_cast<std::int64_t>(tile.n),
                       static_cast<std::int64_t>(std::max(1.0, tile.stage_bits / s.operand_bits))};
  const std::array<double, 3> extent{s.m, s.n, s.k};
  for (std::size_t d = 0; d < extent.size(); ++d) {
    cost.mapping.trips.at(d) =
        static_cast<std::int64_t>(std::ceil(extent.at(d) / to_real(cost.mapping.tile.at(d))));
  }
  cost.mapping.split_k = t.split;
  cost.mapping.fused = work.fused;
  add_gemm_energy(cost, t, work.how, work.formats, work.sparse ? macs / 2 : macs);
  cost.energy[EnergyComponent::vector] +=
      work.vector_operations * technology_.vector_operation(work.how.operand).energy.count() *
      voltage_scale_;
  return finish(cost, spec_.stack.host_launch.count());
}

GpuStreamShape Gpu::decode_shape(const GemmWork& work) const {
  const GpuGemmShape& s = work.shape;
  const double weights = s.instances * s.n * s.k;
  return {.rows = s.instances * s.n,
          .columns = s.k,
          .read_bits = weights * work.stored_weight_bits,
          .write_bits = weights * work.how.operand_bits,
          .operations = weights * work.how.weight_decode};
}

Estimate Gpu::price_gemm(const GroupView& group, const MappingConstraint& constraint) const {
  const GemmWork work = gemm_work(group);
  const GpuGemmTime t = takes_gemv(work) && constraint.empty()
                            ? gemv_time(work)
                            : gpu_gemm(machine_, work.shape, constraint);
  if (t.tile < 0) {
    return Infeasible{"mapping: no tile shape or split of the stack is what the mapping asks for",
                      "mapping", 0.0};
  }
  OperatorCost cost = gemm_cost(work, t);
  if (work.decode_first) {
    cost = in_sequence(
        stream(spec_.stack.kernels.elementwise, decode_shape(work), work.how.operand), cost);
    cost.macs = static_cast<std::int64_t>(work.macs());
  }
  cost.utilization = work.macs() / ((work.sparse ? 2 : 1) * work.how.peak * cost.latency_s());
  return cost;
}

GpuAttentionFormats Gpu::attention_formats(const models::Operator& op,
                                           const Arithmetic& how) const {
  const auto& a = std::get<models::Attention>(op.shape);
  const double pairs = to_real(a.batch) * to_real(a.heads) * to_real(a.visible_pairs());
  const double softmax = to_real(vector_operations(op.shape));
  return {.query_bits = op.formats.activations.bits_per_element(),
          .cache_bits = op.formats.weights.bits_per_element(),
          .output_bits = op.formats.outputs.bits_per_element(),
          .operand_bits = how.operand_bits,
          .peak = how.peak,
          .decode_operations = how.weight_decode,
          .softmax_operations = pairs > 0 ? softmax / pairs : 0.0};
}

Estimate Gpu::price_attention(const models::Operator& op) const {
  const auto& a = std::get<models::Attention>(op.shape);
  const Arithmetic how = arithmetic(op.formats.weights, op.formats.activations);
  const GpuAttentionFormats formats = attention_formats(op, how);
  const GpuAttentionTime t =
      gpu_attention(machine_, spec_.stack.attention, dram_.bandwidth, a, formats);

  OperatorCost cost;
  cost.input_fill_s = t.fixed;
  cost.busy_s = t.body;
  cost.drain_s = t.tail;
  cost.stream_s = std::min(t.dram, t.body);
  cost.macs = models::multiply_accumulates(op.shape);
  cost.dram_read_bits = t.read_bits;
  cost.dram_write_bits = t.write_bits;
  cost.weight_bits = to_real(models::weight_elements(op.shape)) * formats.cache_bits;
  cost.weight_bits = std::min(cost.weight_bits, t.read_bits);
  cost.mappings_considered = t.considered;
  cost.mapping.kind = MappingKind::tiles;
  cost.mapping.tile = {t.query_tile, spec_.stack.attention.key_tile, a.head_dim};
  cost.mapping.split_k = t.split;
  cost.mapping.fused = fused_code(models::FusionKind::attention);
  if (t.fixed + t.tail > t.body) {
    cost.bottleneck = Bottleneck::latency;
  } else if (t.dram >= t.main) {
    cost.bottleneck = Bottleneck::dram;
  } else {
    cost.bottleneck = t.vector > t.tensor ? Bottleneck::vector : Bottleneck::compute;
  }
  GpuGemmTime moved;
  moved.l2_bits = t.l2_bits;
  moved.read_bits = t.read_bits;
  moved.write_bits = t.write_bits;
  moved.decoded = how.weight_decode > 0 ? t.l2_bits / formats.cache_bits : 0.0;
  add_gemm_energy(cost, moved, how, op.formats, to_real(cost.macs));
  cost.energy[EnergyComponent::vector] += to_real(vector_operations(op.shape)) *
                                          technology_.vector_operation(how.operand).energy.count() *
                                          voltage_scale_;
  cost = finish(cost, spec_.stack.host_launch.count());
  cost.utilization = to_real(cost.macs) / (how.peak * cost.latency_s());
  return cost;
}

std::array<models::Operator, 3> Gpu::parts_of_attention(const models::Operator& op) {
  const auto& a = std::get<models::Attention>(op.shape);
  const std::int64_t keys = a.visible_keys();
  const std::int64_t rows = a.queries * (a.heads / a.kv_heads);
  // Keys and values stand where weights stand in other products: op.formats.weights is theirs.
  std::array<models::Operator, 3> parts;
  auto& [scores, softmax, values] = parts;
  scores.formats = values.formats = op.formats;
  scores.shape = models::MatMul{.batch = a.batch * a.kv_heads,
                                .m = rows,
                                .n = keys,
                                .k = a.head_dim,
                                .weight = false,
                                .distinct_weights = true};
  softmax.formats = {op.formats.activations, op.formats.activations, op.formats.activations};
  softmax.shape = models::Softmax{.rows = a.batch * a.heads * a.queries, .columns = keys};
  values.shape = models::MatMul{.batch = a.batch * a.kv_heads,
                                .m = rows,
                                .n = a.head_dim,
                                .k = keys,
                                .weight = false,
                                .distinct_weights = true};
  return parts;
}

Estimate Gpu::price_unfused_attention(const models::Operator& op,
                                      const MappingConstraint& constraint) const {
  const auto [scores, softmax, values] = parts_of_attention(op);
  GroupView view;
  view.anchor = &scores;
  Estimate first = price_gemm(view, constraint);
  if (std::holds_alternative<Infeasible>(first)) {
    return first;
  }
  view.anchor = &values;
  Estimate last = price_gemm(view, constraint);
  if (std::holds_alternative<Infeasible>(last)) {
    return last;
  }
  OperatorCost cost = in_sequence(in_sequence(std::get<OperatorCost>(first), price_stream(softmax)),
                                  std::get<OperatorCost>(last));
  cost.macs = models::multiply_accumulates(op.shape);
  return cost;
}

OperatorCost Gpu::stream(const GpuKernelSpec& kernel, const GpuStreamShape& shape,
                         const Precision& format) const {
  const GpuStreamTime t = gpu_stream(streams_, kernel, shape);
  OperatorCost cost;
  cost.input_fill_s = t.fixed;
  cost.busy_s = t.body;
  cost.stream_s = t.dram;
  cost.dram_read_bits = t.read_bits;
  cost.dram_write_bits = t.write_bits;
  cost.bottleneck = t.fixed > t.body       ? Bottleneck::latency
                    : t.work >= t.body     ? Bottleneck::vector
                    : 2 * t.dram >= t.body ? Bottleneck::dram
                                           : Bottleneck::latency;
  cost.energy[EnergyComponent::vector] =
      shape.operations * technology_.vector_operation(format).energy.count() * voltage_scale_;
  cost.energy[EnergyComponent::scratchpad] =
      t.l2_bits * technology_.movement(Movement::gpu_l2).energy.count() * voltage_scale_;
  cost.energy[EnergyComponent::dram] =
      t.read_bits * dram_.read_energy + t.write_bits * dram_.write_energy;
  return finish(cost, t.host);
}

GpuStreamShape Gpu::stream_shape(const models::Operator& op, double& weights) {
  const double input = op.formats.activations.bits_per_element();
  double read = to_real(models::input_elements(op.shape)) * input;
  weights = 0;
  if (std::holds_alternative<models::Convolution>(op.shape)) {
    const auto elements = models::weight_elements(op.shape);
    weights = models::stored_tensor(op.formats.weights, op.sparsity, elements, elements).total();
  } else if (const auto* e = std::get_if<models::Embedding>(&op.shape)) {
    weights = to_real(e->tokens * e->width) * op.formats.weights.bits_per_element();
    read = 0;  // token numbers are nothing beside their rows
  }
  const double write =
      to_real(models::output_elements(op.shape)) * op.formats.outputs.bits_per_element();
  const double operations =
      to_real(vector_operations(op.shape)) + to_real(models::multiply_accumulates(op.shape));
  const auto [rows, columns] = rows_and_columns(op.shape);
  return {.rows = rows,
          .columns = columns,
          .read_bits = read + weights,
          .write_bits = write,
          .operations = operations};
}

OperatorCost Gpu::price_stream(const models::Operator& op) const {
  double weights = 0;
  const GpuStreamShape shape = stream_shape(op, weights);
  OperatorCost cost = stream(kernel_of(spec_.stack.kernels, op), shape, op.formats.activations);
  cost.weight_bits = weights;
  cost.macs = models::multiply_accumulates(op.shape);
  return cost;
}

double Gpu::least_time(const OperatorCost& cost, double total) const {
  constexpr double kSame = 1e-9;
  return cost.latency_s() > total * (1 + kSame) ? cost.latency_s() : 0.0;
}

void Gpu::add_stream_kernel(std::vector<GpuKernel>& kernels, const GpuKernelSpec& kernel,
                            const GpuStreamShape& shape, const OperatorCost& cost) const {
  const GpuStreamTime time = gpu_stream(streams_, kernel, shape);
  kernels.push_back({.what = GpuStreamKernel{.shape = shape,
                                             .work = gpu_stream_work(streams_, kernel, shape),
                                             .time = time,
                                             .dram_share = kernel.dram},
                     .latency = cost.latency_s(),
                     .least = least_time(cost, time.total())});
}

void Gpu::add_gemm_kernels(std::vector<GpuKernel>& kernels, const GroupView& group,
                           const OperatorCost* price) const {
  const GemmWork work = gemm_work(group);
  if (work.decode_first) {
    const GpuStreamShape shape = decode_shape(work);
    const GpuKernelSpec& kernel = spec_.stack.kernels.elementwise;
    add_stream_kernel(kernels, kernel, shape, stream(kernel, shape, work.how.operand));
  }
  MappingConstraint chosen;
  if (price != nullptr) {
    chosen.tile[0] = price->mapping.tile[0];
    chosen.tile[1] = price->mapping.tile[1];
    chosen.split_k = price->mapping.split_k;
  }
  const GpuGemmTime tiled = gpu_gemm(machine_, work.shape, chosen);
  CAIRN_CHECK(tiled.tile >= 0, "a price names a tile that the stack does not have");
  if (takes_gemv(work)) {  // unless a constraint kept it from being taken
    const GpuGemmTime time = gemv_time(work);
    const OperatorCost cost = gemm_cost(work, time);
    const auto away = [&](const OperatorCost& c) {
      return price == nullptr ? 0.0
                              : std::abs(c.busy_s + c.drain_s - price->busy_s - price->drain_s);
    };
    if (away(cost) <= away(gemm_cost(work, tiled))) {
      kernels.push_back({.what = GpuGemvKernel{.shape = work.shape,
                                               .time = time,
                                               .dram_share = spec_.stack.gemm.gemv->dram},
                         .latency = cost.latency_s(),
                         .least = least_time(cost, time.total)});
      return;
    }
  }
  const OperatorCost cost = gemm_cost(work, tiled);
  kernels.push_back({.what = GpuGemmKernel{.shape = work.shape, .time = tiled},
                     .latency = cost.latency_s(),
                     .least = least_time(cost, tiled.total)});
}

std::vector<GpuKernel> Gpu::kernels(const GroupView& group, const OperatorCost& price) const {
  const models::Operator& op = *group.anchor;
  std::vector<GpuKernel> list;
  if (std::holds_alternative<models::Attention>(op.shape)) {
    if (group.fused == fused_code(models::FusionKind::attention)) {
      const Arithmetic how = arithmetic(op.formats.weights, op.formats.activations);
      const GpuAttentionFormats formats = attention_formats(op, how);
      const auto& shape = std::get<models::Attention>(op.shape);
      const GpuAttentionSpec& stack = spec_.stack.attention;
      const GpuAttentionTime time = gpu_attention(machine_, stack, dram_.bandwidth, shape, formats);
      list.push_back(
          {.what = GpuAttentionKernel{.shape = shape,
                                      .block = gpu_attention_block(machine_, stack, shape, formats),
                                      .time = time},
           .latency = price.latency_s(),
           .least = least_time(price, time.total)});
      return list;
    }
    const auto [scores, softmax, values] = parts_of_attention(op);
    GroupView view;
    view.anchor = &scores;
    add_gemm_kernels(list, view, nullptr);
    double weights = 0;
    add_stream_kernel(list, spec_.stack.kernels.softmax, stream_shape(softmax, weights),
                      price_stream(softmax));
    view.anchor = &values;
    add_gemm_kernels(list, view, nullptr);
    return list;
  }
  if (price.mapping.kind == MappingKind::tiles) {
    add_gemm_kernels(list, group, &price);
    return list;
  }
  double weights = 0;
  add_stream_kernel(list, kernel_of(spec_.stack.kernels, op), stream_shape(op, weights),
                    price_stream(op));
  return list;
}

Estimate Gpu::price(const GroupView& group, const MappingConstraint& constraint,
                    MappingObjective /*objective*/) const {
  const models::Operator& op = *group.anchor;
  if (std::holds_alternative<models::Attention>(op.shape)) {
    return group.fused == fused_code(models::FusionKind::attention)
               ? price_attention(op)
               : price_unfused_attention(op, constraint);
  }
  const auto* convolution = std::get_if<models::Convolution>(&op.shape);
  const bool depthwise = convolution != nullptr && convolution->depthwise();
  if (std::holds_alternative<models::MatMul>(op.shape) || (convolution != nullptr && !depthwise)) {
    return price_gemm(group, constraint);
  }
  OperatorCost cost = price_stream(op);
  if (depthwise) {
    const double peak = machine_.vector_rate * machine_.sms;
    cost.utilization = to_real(cost.macs) / (peak * cost.latency_s());
  }
  return cost;
}

void Gpu::append_area(std::vector<AreaPart>& parts) const {
  if (spec_.die_area) {
    parts.push_back({"die", spec_.die_area->count() * kSquareMillimetres, Confidence::published,
                     /*complete=*/true});
  }
}

std::vector<std::string> Gpu::assumptions() const {
  return {fmt::format("kernels of the stack {}: the fastest tile shape and split is taken",
                      spec_.stack.name),
          "every operand starts in DRAM; vector kernels find part of theirs in the L2",
          "one kernel at a time, no host time beyond the stack's host_launch",
          "rates hold at the given clock; power above the board's limit stretches a kernel",
          "weights that tensor cores cannot multiply are decoded by every block that loads them"};
}

}  // namespace cairn::hw
