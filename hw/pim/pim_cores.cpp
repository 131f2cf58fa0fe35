#include "hw/pim/pim_cores.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include <fmt/format.h>

#include "core/error.h"
#include "hw/permute.h"
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

double PimCoresLoop::at_once() const {
  return std::min(threads, portions);
}

double PimCoresLoop::portion_cycles() const {
  const double sharing = std::max(1.0, std::floor(threads / portions));
  return instructions * std::max(1.0, reissue_cycles / sharing);
}

double PimCoresLoop::cycles() const {
  const double own = portion_cycles();
  const double issue = std::max(1.0, reissue_cycles / threads);  // cycles between instructions
  const double last = own + write_cycles;
  // Turns of all threads, and one of those that are left.
  const double transfers = read_cycles + write_cycles;
  const double turns = std::floor(portions / at_once());
  const double left = portions - turns * at_once();
  const double slower = std::max(transfers, instructions);
  const double in_turns = turns * std::max(at_once() * slower, read_cycles + last) +
                          (left > 0 ? std::max(left * slower, read_cycles + last) : 0.0);
  return std::max({read_cycles + portions * instructions * issue + write_cycles, engine_cycles(),
                   portions * read_cycles + (portions - at_once()) * write_cycles + last,
                   in_turns});
}

PimCoresLoop PimCores::loop_of(const PimCoresWork& work) const {
  const double most = whole_up(work.parts / to_real(spec_.cores));  // of the busiest core
  const double block = to_real(spec_.block.count());
  double portions = 1;
  const auto transfers = [&](const CoreDmaSpec& dma, double bits) {
    if (bits <= 0) {
      return 0.0;
    }
    if (work.piece > 0) {  // entries that lie apart
      const double each = std::min(work.piece, block);
      const double count = most * whole_up(bits / each);
      portions = std::max(portions, count);
      return count * dma.cycles(each / kBitsPerByte);
    }
    const double total = bits * most;
    const double whole = std::floor(total / block * (1.0 + 1e-12));
    const double rest = std::max(0.0, total - whole * block);
    portions = std::max(portions, whole + (rest > 0.5 ? 1 : 0));
    return whole * dma.cycles(block / kBitsPerByte) +
           (rest > 0.5 ? dma.cycles(rest / kBitsPerByte) : 0.0);
  };
  PimCoresLoop loop;
  const double read = transfers(spec_.read, work.read);
  const double written = transfers(spec_.write, work.written);
  loop.portions = portions;
  loop.threads = to_real(spec_.tasklets);
  loop.read_cycles = read / portions;
  loop.write_cycles = written / portions;
  loop.instructions = most * work.instructions / portions;
  loop.reissue_cycles = to_real(spec_.reissue_cycles);
  return loop;
}

OperatorCost PimCores::cost_of(const PimCoresWork& work, const models::Formats& formats) const {
  const double clock = spec_.clock.count();
  const PimCoresLoop loop = loop_of(work);
  const double macs = work.macs;
  const double engine = loop.engine_cycles() / clock;
  const double compute = loop.portions * loop.instructions / clock;
  OperatorCost cost;
  cost.input_fill_s = spec_.launch.count() + work.inputs / spec_.host_to_cores.count();
  cost.busy_s = loop.cycles() / clock;
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

PimCoresWork PimCores::work_of(const GroupView& group) const {
  const models::Operator& op = *group.anchor;
  const double cores = to_real(spec_.cores);
  const double activation_bits = op.formats.activations.bits_per_element();
  const double output_bits = op.formats.outputs.bits_per_element();
  PimCoresWork work;
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
    work.macs = to_real(models::multiply_accumulates(op.shape));
    return work;
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
    work.macs = to_real(p.instances) * m * n * k;
    return work;
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
    return work;
  }
  // Everything else works on elements that already lie in the banks.
  const double elements = std::max(1.0, to_real(models::output_elements(op.shape)));
  work.parts = elements;
  work.instructions = to_real(vector_operations(op.shape)) / elements *
                      instructions(CoreOperation::add, op.formats.activations);
  work.read = to_real(models::input_elements(op.shape)) * activation_bits / elements;
  work.written = output_bits;
  if (permute_of(op.shape) != nullptr) {  // cores do not see each other's banks: by way of the host
    work.outputs = work.read * elements;
    work.inputs = work.written * elements;
  }
  return work;
}

Estimate PimCores::price(const GroupView& group, const MappingConstraint& /*constraint*/,
                         MappingObjective /*objective*/) const {
  return cost_of(work_of(group), group.anchor->formats);
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
