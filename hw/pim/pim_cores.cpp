#include "hw/pim/pim_cores.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include <fmt/format.h>

#include "core/error.h"
#include "hw/systolic/gemm_problem.h"
#include "hw/vector_work.h"

namespace cairn::hw {
namespace {

using models::Precision;

constexpr double kBitsPerByte = 8;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

double whole_up(double value) {
  return std::ceil(value * (1.0 - 1e-12));
}

std::uint8_t fused_code(models::FusionKind kind) {
  return static_cast<std::uint8_t>(1 + static_cast<int>(kind));
}

/// The wider operand decides which product a program uses.
const Precision& wider(const Precision& a, const Precision& b) {
  if (a.is_floating() != b.is_floating()) {
    return a.is_floating() ? a : b;
  }
  return a.element_bits() >= b.element_bits() ? a : b;
}

}  // namespace

std::vector<FieldProblem> PimCoresSpec::problems() const {
  std::vector<FieldProblem> found;
  if (tasklets > most_tasklets) {
    found.push_back({"tasklets",
                     fmt::format("a core has {} threads, {} are used", most_tasklets, tasklets),
                     fmt::format("at most {}", most_tasklets)});
  }
  const std::int64_t held = tasklets * block.count();
  if (held > scratchpad.count()) {
    found.push_back({"block",
                     fmt::format("{} threads with a block each need {} B of scratchpad, {} B over",
                                 tasklets, held / 8, (held - scratchpad.count()) / 8),
                     fmt::format("at most {} B", scratchpad.count() / tasklets / 8)});
  }
  return found;
}

std::optional<Infeasible> PimCores::problem(const Spec& spec, const DeviceContext& context) {
  if (std::string slow = context.technology->clock_problem(spec.clock); !slow.empty()) {
    return Infeasible{std::move(slow), "clock", context.technology->clock_excess(spec.clock)};
  }
  return std::nullopt;
}

PimCores::PimCores(const Spec& spec, const DeviceContext& context) : spec_(spec) {
  const ResolvedMemory* memory = context.find(spec.memory);
  CAIRN_CHECK(memory != nullptr, "cores name a memory that does not exist");
  memory_ = *memory;
  const double share = std::min(1.0, to_real(spec.tasklets) / to_real(spec.reissue_cycles));
  rate_ = spec.clock.count() * share;
  memory_.bandwidth = read_bandwidth() * to_real(spec.cores);
}

double PimCores::instructions(CoreOperation operation, const Precision& format) const {
  const CoreInstructionsSpec& i = spec_.instructions;
  const std::int64_t bits = format.is_coded() ? 8 : format.element_bits();
  if (format.is_floating() && !format.is_coded()) {
    return operation == CoreOperation::add ? i.add_fp32 : i.multiply_fp32;
  }
  if (operation == CoreOperation::add) {
    return bits <= 16 ? i.add_int8 : bits <= 32 ? i.add_int32 : i.add_int64;
  }
  return bits <= 8 ? i.multiply_int8 : bits <= 16 ? i.multiply_int16 : i.multiply_int32;
}

double PimCores::multiply_accumulate(const models::Formats& formats) const {
  const Precision& format = wider(
      formats.weights.is_coded() ? formats.activations : formats.weights, formats.activations);
  const double product = instructions(CoreOperation::multiply, format);
  return format.is_floating() ? product + instructions(CoreOperation::add, format)
                              : product + spec_.instructions.accumulate;
}

double PimCores::peak_macs_per_second(const models::Formats& formats) const {
  return to_real(spec_.cores) * spec_.clock.count() / multiply_accumulate(formats);
}

double PimCores::read_bandwidth() const {
  const double bytes = to_real(spec_.block.count()) / kBitsPerByte;
  return to_real(spec_.block.count()) / spec_.read.cycles(bytes) * spec_.clock.count();
}

OperatorCost PimCores::cost_of(const Work& work, double macs,
                               const models::Formats& formats) const {
  const double cores = to_real(spec_.cores);
  const double clock = spec_.clock.count();
  const double most = whole_up(work.parts / cores);  // of the busiest core
  const double block = to_real(spec_.block.count());
  const auto transfers = [&](const CoreDmaSpec& dma, double bits, double pieces) {
    if (bits <= 0) {
      return 0.0;
    }
    if (work.piece > 0) {  // entries that lie apart
      const double each = std::min(work.piece, block);
      return pieces * whole_up(bits / each) * dma.cycles(each / kBitsPerByte);
    }
    const double total = bits * pieces;
    const double whole = std::floor(total / block * (1.0 + 1e-12));
    const double rest = std::max(0.0, total - whole * block);
    return whole * dma.cycles(block / kBitsPerByte) +
           (rest > 0.5 ? dma.cycles(rest / kBitsPerByte) : 0.0);
  };
  const double engine =
      (transfers(spec_.read, work.read, most) + transfers(spec_.write, work.written, most)) / clock;
  const double compute = most * work.instructions / rate_;
  OperatorCost cost;
  cost.input_fill_s = spec_.launch.count() + work.inputs / spec_.host_to_cores.count();
  cost.busy_s = spec_.tasklets > 1 ? std::max(engine, compute) : engine + compute;
  cost.stream_s = std::min(engine, cost.busy_s);
  cost.drain_s = work.outputs / spec_.cores_to_host.count();
  cost.cycles = static_cast<std::int64_t>(whole_up(cost.latency_s() * clock));
  cost.macs = static_cast<std::int64_t>(macs);
  cost.dram_read_bits = work.read * work.parts;
  cost.dram_write_bits = work.written * work.parts + work.outputs;
  cost.weight_bits = work.weights;
  if (cost.input_fill_s + cost.drain_s > cost.busy_s) {
    cost.bottleneck = Bottleneck::latency;
  } else {
    cost.bottleneck = engine > compute ? Bottleneck::dram : Bottleneck::compute;
  }
  if (macs > 0) {
    cost.utilization = macs / (peak_macs_per_second(formats) * cost.latency_s());
  }
  EnergyBreakdown& e = cost.energy;
  e[macs > 0 ? EnergyComponent::multiply_accumulate : EnergyComponent::vector] =
      work.parts * work.instructions * spec_.instruction_energy.count();
  e[EnergyComponent::dram] = (work.read + work.written) * work.parts * spec_.dma_energy.count() +
                             work.inputs * memory_.write_energy +
                             work.outputs * memory_.read_energy;
  return cost;
}

Estimate PimCores::price(const GroupView& group, const MappingConstraint& /*constraint*/,
                         MappingObjective /*objective*/) const {
  const models::Operator& op = *group.anchor;
  const double cores = to_real(spec_.cores);
  const double activation_bits = op.formats.activations.bits_per_element();
  const double output_bits = op.formats.outputs.bits_per_element();
  Work work;
  double vector = 0;
  if (const auto* a = std::get_if<models::Attention>(&op.shape)) {
    const double rows = to_real(a->queries * (a->heads / a->kv_heads));
    const double pairs = to_real(a->heads / a->kv_heads) * to_real(a->visible_pairs());
    const double width = to_real(a->head_dim);
    const double adds = instructions(CoreOperation::add, op.formats.activations);
    work.parts = to_real(a->batch * a->kv_heads);
    work.read = 2 * to_real(a->visible_keys()) * width * op.formats.weights.bits_per_element();
    vector = to_real(vector_operations(op.shape));
    work.instructions =
        2 * pairs * width * multiply_accumulate(op.formats) + vector / work.parts * adds;
    work.inputs = work.parts * rows * width * activation_bits;
    work.outputs = work.parts * rows * width * output_bits;
    work.weights = work.parts * work.read;
    if (group.fused != fused_code(models::FusionKind::attention)) {  // scores through the bank
      work.read += 2 * pairs * activation_bits;
      work.written += 2 * pairs * activation_bits;
    }
    return cost_of(work, to_real(models::multiply_accumulates(op.shape)), op.formats);
  }
  if (std::holds_alternative<models::MatMul>(op.shape) ||
      std::holds_alternative<models::Convolution>(op.shape)) {
    const GemmProblem p = gemm_problem(op);
    const double m = to_real(p.extent[0]);
    const double k = to_real(p.extent[2]);
    double n = to_real(p.extent[1]);
    double outputs = to_real(p.instances) * m * n;
    double outside = 0;
    double last_bits = output_bits;
    for (const models::Operator* follower : group.followers) {
      if (const auto* matmul = std::get_if<models::MatMul>(&follower->shape)) {
        n += to_real(matmul->n);
        outputs += to_real(models::output_elements(follower->shape));
        continue;
      }
      vector += to_real(vector_operations(follower->shape));
      const double kept = to_real(models::output_elements(follower->shape));
      const auto* e = std::get_if<models::Elementwise>(&follower->shape);
      if (e != nullptr && e->inputs > 1 && kept * 2 > outputs) {
        outside += kept * to_real(e->inputs - 1) * activation_bits;
      }
      outputs = kept;
      last_bits = follower->formats.outputs.bits_per_element();
    }
    // A piece is one column of one instance: its weights stream once for the input rows that half
    // of the scratchpad holds; the rest comes in further rounds.
    const double held =
        std::max(1.0, std::floor(to_real(spec_.scratchpad.count()) / 2 / (k * p.activation_bits)));
    const double rounds = std::ceil(m / held);
    work.parts = to_real(p.instances) * n;
    const double adds = instructions(CoreOperation::add, op.formats.activations);
    work.instructions = m * k * multiply_accumulate(op.formats) + vector / work.parts * adds;
    work.read = rounds * k * p.weight_bits;
    const double columns = whole_up(work.parts / cores);  // of one core: it keeps its inputs
    const bool fits = m * k * p.activation_bits * 2 <= to_real(spec_.scratchpad.count());
    work.read += m * k * p.activation_bits / (fits ? columns : 1.0);
    const double used = std::min(cores, work.parts);
    const double copies = p.instances > 1 ? std::max(1.0, used / to_real(p.instances)) : used;
    work.inputs = copies * to_real(p.instances) * m * k * p.activation_bits + outside;
    work.outputs = outputs * last_bits;
    work.weights = work.parts * rounds * k * p.weight_bits;
    return cost_of(work, to_real(p.instances) * m * n * k, op.formats);
  }
  if (const auto* e = std::get_if<models::Embedding>(&op.shape)) {
    work.parts = to_real(e->tokens);
    work.piece = to_real(e->width) * op.formats.weights.bits_per_element();
    work.read = work.piece;
    work.written = work.piece;
    work.instructions = to_real(e->width) * instructions(CoreOperation::add, models::kInt32) /
                        std::max(1.0, 32.0 / op.formats.weights.bits_per_element());
    work.inputs = to_real(e->tokens) * 32;
    work.outputs = to_real(e->tokens) * work.piece;
    work.weights = work.parts * work.piece;
    return cost_of(work, 0, op.formats);
  }
  // Everything else works on elements that already lie in the banks.
  const double elements = std::max(1.0, to_real(models::output_elements(op.shape)));
  work.parts = elements;
  work.instructions = to_real(vector_operations(op.shape)) / elements *
                      instructions(CoreOperation::add, op.formats.activations);
  work.read = to_real(models::input_elements(op.shape)) * activation_bits / elements;
  work.written = output_bits;
  return cost_of(work, 0, op.formats);
}

void PimCores::append_area(std::vector<AreaPart>& parts) const {
  if (spec_.area) {
    parts.push_back({"cores", spec_.area->count() * kSquareMillimetresPerSquareMetre,
                     Confidence::published, /*complete=*/true});
  }
}

std::vector<std::string> PimCores::assumptions() const {
  return {"weights and KV cache lie in the banks; inputs are sent to every core, outputs collected",
          "operators are spread over the cores by rows of the result; the busiest core counts",
          "transfers between bank and scratchpad hide behind instructions, or the other way round"};
}

}  // namespace cairn::hw
