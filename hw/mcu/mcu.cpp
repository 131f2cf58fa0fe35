#include "hw/mcu/mcu.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text/enum_names.h"
#include "hw/mcu/convolution_unit.h"
#include "hw/permute.h"

namespace cairn::hw {
namespace {

using models::Precision;

constexpr double kBitsPerByte = 8;
/// Buffers of a few lines in a flash interface are searched as a whole, caches in sets of four
/// (STM32 reference manuals RM0351, RM0385).
constexpr std::int64_t kMostLinesOfOneSet = 32;
constexpr std::int64_t kWays = 4;
constexpr double kAccessWithoutWait = 1;  ///< cycles of an access that the core does not notice

double real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Cycles of one access of \p memory at \p clock, forgiving the rounding of their product.
double access_cycles(const ResolvedMemory& memory, double clock) {
  return std::max(kAccessWithoutWait, std::ceil(memory.latency_s * clock * (1.0 - 1e-9)));
}

const ResolvedMemory& memory_of(const DeviceContext& context, const std::string& name) {
  const ResolvedMemory* memory = context.find(name);
  CAIRN_CHECK(memory != nullptr, "a microcontroller names a memory that does not exist");
  return *memory;
}

KernelFormat format_of(const Precision& weights, const Precision& activations) {
  if (activations.is_floating() || weights.is_floating()) {
    return KernelFormat::fp32;
  }
  return activations.element_bits() <= 8 && (weights.element_bits() <= 8 || weights.is_coded())
             ? KernelFormat::int8
             : KernelFormat::int16;
}

/// Of an operator without weights the activations alone decide.
KernelFormat format_of(const models::Operator& op) {
  const bool weights =
      std::holds_alternative<models::Attention>(op.shape) || models::weight_elements(op.shape) > 0;
  return format_of(weights ? op.formats.weights : op.formats.activations, op.formats.activations);
}

std::int64_t bits_of(KernelFormat format) {
  switch (format) {
    case KernelFormat::int8:
      return 8;
    case KernelFormat::int16:
      return 16;
    case KernelFormat::fp32:
      break;
  }
  return 32;
}

/// Best set of kernels that the core runs, by format.
std::array<std::int32_t, 3> choose_kernels(const McuLibrarySpec& library, const McuCoreSpec& core) {
  std::array<std::int32_t, 3> chosen{-1, -1, -1};
  for (std::size_t i = 0; i < library.kernels.size(); ++i) {
    const McuKernelsSpec& kernels = library.kernels.items[i].second;
    const auto& sets = core.instruction_sets;
    if (std::find(sets.begin(), sets.end(), kernels.instruction_set) == sets.end()) {
      continue;
    }
    std::int32_t& best = chosen.at(static_cast<std::size_t>(kernels.format));
    if (best < 0 || library.kernels.items[static_cast<std::size_t>(best)].second.instruction_set <
                        kernels.instruction_set) {
      best = static_cast<std::int32_t>(i);
    }
  }
  return chosen;
}

const InstructionClasses& elementwise_counts(const McuKernelsSpec& kernels,
                                             models::ElementwiseKind kind) {
  using E = models::ElementwiseKind;
  switch (kind) {
    case E::add:
      return kernels.add;
    case E::multiply:
    case E::rotary:
      return kernels.multiply;
    case E::bias:
    case E::relu:
    case E::relu6:
    case E::requantize:
      return kernels.activation;
    case E::copy:
    case E::other:
    case E::permute:
      return kernels.copy;
    case E::sgd:
      return kernels.multiply;
    case E::activation_gradient:
    case E::normalization_gradient:
    case E::softmax_gradient:
    case E::adam:
    case E::gelu:
    case E::silu:
    case E::sigmoid:
    case E::tanh:
    case E::hard_swish:
    case E::hard_sigmoid:
      break;
  }
  return kernels.function;
}

/// Elements that one access of a copying loop moves: a run that is shorter fills no word.
double elements_of_access(const InstructionClasses& copy) {
  const double accesses = copy.load + copy.vector_load;
  return accesses > 0 ? std::max(1.0, std::round(1 / accesses)) : 1.0;
}

/// The clamp of an output does it.
bool is_clamp(const models::Operator& op) {
  const auto* e = std::get_if<models::Elementwise>(&op.shape);
  return e != nullptr && e->inputs == 1 &&
         (e->kind == models::ElementwiseKind::relu || e->kind == models::ElementwiseKind::relu6 ||
          e->kind == models::ElementwiseKind::bias ||
          e->kind == models::ElementwiseKind::requantize);
}

void add_to(KernelCycles& sum, const KernelCycles& part, double times = 1.0) {
  sum.products += times * part.products;
  sum.outputs += times * part.outputs;
  sum.gather += times * part.gather;
  sum.unpack += times * part.unpack;
  sum.stall += times * part.stall;
  sum.fetched_bytes += times * part.fetched_bytes;
}

Bottleneck limit_of(const KernelCycles& cycles, double overhead) {
  const std::array<std::pair<double, Bottleneck>, 5> parts{
      std::pair{cycles.products, Bottleneck::compute},
      std::pair{cycles.outputs + cycles.gather, Bottleneck::vector},
      std::pair{cycles.unpack, Bottleneck::decode}, std::pair{cycles.stall, Bottleneck::dram},
      std::pair{overhead, Bottleneck::latency}};
  return std::max_element(parts.begin(), parts.end(),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

const MatrixKernelSpec& convolution_kernel(const McuKernelsSpec& kernels,
                                           const models::Convolution& shape) {
  const bool pointwise = shape.kernel_height == 1 && shape.kernel_width == 1 &&
                         shape.stride_height == 1 && shape.stride_width == 1 && shape.groups == 1;
  if (kernels.narrow && shape.channels / shape.groups % kernels.channel_multiple != 0) {
    return *kernels.narrow;
  }
  return pointwise && kernels.pointwise ? *kernels.pointwise : kernels.convolution;
}

const DepthwiseKernelSpec& depthwise_kernel(const McuKernelsSpec& kernels,
                                            const models::Convolution& shape) {
  const bool small = shape.kernel_height == 3 && shape.kernel_width == 3 &&
                     shape.dilation_height == 1 && shape.dilation_width == 1;
  return small && kernels.depthwise_3x3 ? *kernels.depthwise_3x3 : kernels.depthwise;
}

/// Products of one multiply-accumulate cycle at best; 0 if a kernel counts none.
double rate(double products, const InstructionClasses& counts, const InstructionClasses& issue) {
  const double cycles = multiply_cycles(counts, issue);
  return cycles > 0 ? products / cycles : 0.0;
}

double rate(const MatrixKernelSpec& kernel, const InstructionClasses& issue) {
  return rate(real(kernel.pixels * kernel.filters * kernel.depth), kernel.step, issue);
}

}  // namespace

std::optional<Infeasible> Mcu::problem(const Spec& spec, const DeviceContext& /*context*/) {
  const std::array<std::int32_t, 3> kernels = choose_kernels(spec.library, spec.core);
  if (std::all_of(kernels.begin(), kernels.end(), [](std::int32_t k) { return k < 0; })) {
    return Infeasible{fmt::format("library {} has no kernels for any instruction set of {}",
                                  spec.library.name, spec.core.name),
                      "library", 0.0};
  }
  const Voltage core = spec.voltage.value_or(spec.power.voltage);
  const Voltage supply = spec.supply.value_or(spec.power.supply);
  if (supply < core) {
    return Infeasible{fmt::format("supply of {} V is below the core voltage of {} V",
                                  supply.count(), core.count()),
                      "supply", core / supply - 1.0};
  }
  return std::nullopt;
}

Mcu::Mcu(const Spec& spec, const DeviceContext& context)
    : spec_(spec),
      flash_(memory_of(context, spec.flash.memory)),
      kernels_(choose_kernels(spec.library, spec.core)) {
  const double clock = spec_.clock.count();
  const double wait = access_cycles(memory_of(context, spec_.sram), clock) - kAccessWithoutWait;
  const double flash_access = access_cycles(flash_, clock);
  machine_.issue = spec_.core.issue;
  double slower = wait;
  if (spec_.cluster) {
    // The cores compute from the scratchpad; the DMA engine waits for the main memory.
    machine_.cores = real(spec_.cluster->cores);
    // The engine needs a cycle to take a command even where nothing has to be set up.
    transport_ = {.bits_per_cycle = spec_.cluster->dma.count(),
                  .setup = std::max(1.0, real(spec_.cluster->transfer.count())),
                  .capacity_bits = memory_of(context, spec_.cluster->scratchpad).capacity_bits};
    slower = spec_.cluster->bank_conflicts;
    flash_.bandwidth = spec_.cluster->dma.count() * clock;
  } else {
    const double fetch = real(spec_.flash.fetch.count());
    const double line = std::max(fetch, real(spec_.flash.line.count()));
    const double miss =
        std::ceil(line / fetch) * flash_access - kAccessWithoutWait + real(spec_.flash.bus.count());
    machine_.line_bytes = line / kBitsPerByte;
    machine_.stall_per_byte = miss / machine_.line_bytes;
    if (spec_.flash.cache) {
      machine_.cache_bytes = memory_of(context, *spec_.flash.cache).capacity_bits / kBitsPerByte;
      machine_.ways = machine_.cache_lines() > kMostLinesOfOneSet ? kWays : 0;
    }
    if (!spec_.flash.instruction_cache) {
      machine_.issue.branch += flash_access - kAccessWithoutWait;
    }
    // One access a cycle when nothing stalls, a line in `miss` cycles when it does.
    flash_.bandwidth = machine_.stall_per_byte > 0 ? kBitsPerByte * clock / machine_.stall_per_byte
                                                   : fetch * clock;
  }
  flash_.peak_bandwidth = flash_.bandwidth;
  InstructionClasses& issue = machine_.issue;
  for (double* cycles : {&issue.load, &issue.store, &issue.vector_load, &issue.vector_store}) {
    *cycles += slower;
  }
  for (double* cycles : {&issue.load, &issue.store, &issue.arithmetic, &issue.branch,
                         &issue.long_multiply, &issue.divide, &issue.floating, &issue.vector_load,
                         &issue.vector_store, &issue.vector_arithmetic}) {
    *cycles *= spec_.library.expansion;
  }
  const McuPowerSpec& power = spec_.power;
  const double voltage = spec_.voltage.value_or(power.voltage) / power.voltage;
  const double supply = spec_.supply.value_or(power.supply) / power.supply;
  const double drop = power.linear_regulator ? supply : 1.0;
  const double dynamic = drop * voltage * voltage * (spec_.clock / power.clock);
  idle_power_ = power.idle.count() * drop * voltage + power.clocks.count() * dynamic;
  core_power_ = power.core.count() * dynamic;
  unit_power_ = power.engine.count() * dynamic;
}

const McuKernelsSpec* Mcu::kernels_for(KernelFormat format) const {
  const std::int32_t index = kernels_.at(static_cast<std::size_t>(format));
  return index < 0 ? nullptr : &spec_.library.kernels.items[static_cast<std::size_t>(index)].second;
}

double Mcu::peak_macs_per_second(const models::Formats& formats) const {
  const McuKernelsSpec* kernels = kernels_for(format_of(formats.weights, formats.activations));
  if (kernels == nullptr) {
    return 0.0;
  }
  const InstructionClasses& issue = machine_.issue;
  double best = std::max(rate(kernels->convolution, issue), rate(kernels->fully_connected, issue));
  best = std::max(best, rate(1.0, kernels->depthwise.product, issue));
  if (kernels->pointwise) {
    best = std::max(best, rate(*kernels->pointwise, issue));
  }
  if (kernels->depthwise_3x3) {
    best = std::max(best, rate(1.0, kernels->depthwise_3x3->product, issue));
  }
  best *= machine_.cores;
  if (spec_.engine && kernels->format == KernelFormat::int8) {
    best = std::max(best, unit_peak(*spec_.engine, real(formats.weights.element_bits())));
  }
  return best * clock();
}

KernelBlocks Mcu::convolution(const models::Operator& op, const McuKernelsSpec& kernels) const {
  const auto& shape = std::get<models::Convolution>(op.shape);
  const double weight_bytes = op.formats.weights.bits_per_element() / kBitsPerByte;
  const bool unpacked =
      op.formats.weights.element_bits() < bits_of(kernels.format) || op.formats.weights.is_coded();
  const std::int64_t pixels = shape.batch * shape.output_height() * shape.output_width();
  const std::int64_t taps = shape.kernel_height * shape.kernel_width;
  if (shape.depthwise()) {
    return depthwise_blocks(machine_, kernels, depthwise_kernel(kernels, shape),
                            {.pixels = pixels,
                             .channels = shape.filters,
                             .taps = taps,
                             .weight_bytes = weight_bytes,
                             .unpacked = unpacked});
  }
  const MatrixKernelSpec& kernel = convolution_kernel(kernels, shape);
  KernelBlocks blocks = matrix_blocks(machine_, kernels, kernel,
                                      {.pixels = pixels,
                                       .filters = shape.filters / shape.groups,
                                       .depth = taps * shape.channels / shape.groups,
                                       .runs = kernel.gathers ? taps : 0,
                                       .weight_bytes = weight_bytes,
                                       .unpacked = unpacked});
  blocks.repeats = shape.groups;
  return blocks;
}

KernelBlocks Mcu::product(const models::Operator& op, const McuKernelsSpec& kernels) const {
  const auto& shape = std::get<models::MatMul>(op.shape);
  const bool separate = !shape.weight || shape.distinct_weights;
  const bool unpacked =
      shape.weight && (op.formats.weights.element_bits() < bits_of(kernels.format) ||
                       op.formats.weights.is_coded());
  KernelBlocks blocks =
      matrix_blocks(machine_, kernels, shape.weight ? kernels.fully_connected : kernels.convolution,
                    {.pixels = separate ? shape.m : shape.batch * shape.m,
                     .filters = shape.n,
                     .depth = shape.k,
                     .weight_bytes = op.formats.weights.bits_per_element() / kBitsPerByte,
                     .stored_weights = shape.weight,
                     .unpacked = unpacked});
  blocks.repeats = separate ? shape.batch : 1;
  return blocks;
}

void Mcu::add_kernels(const models::Operator& op, const McuKernelsSpec& kernels,
                      McuPlan& plan) const {
  const auto add = [&](const KernelBlocks& blocks) {
    plan.kernels.at(plan.kernel_count++) = blocks;
    add_to(plan.cores, cycles_of(machine_, blocks));
  };
  const auto stream = [&](const InstructionClasses& counts, std::int64_t elements) {
    add(streaming_blocks(machine_, counts, elements));
  };
  std::visit(
      [&](const auto& shape) {
        using T = std::decay_t<decltype(shape)>;
        if constexpr (std::is_same_v<T, models::Convolution>) {
          add(convolution(op, kernels));
        } else if constexpr (std::is_same_v<T, models::MatMul>) {
          add(product(op, kernels));
        } else if constexpr (std::is_same_v<T, models::Attention>) {
          const std::int64_t rows = shape.batch * shape.heads * shape.queries;
          const std::int64_t keys = ceil_div(shape.visible_pairs(), shape.queries);
          const MatrixWork scores{
              .pixels = rows, .filters = keys, .depth = shape.head_dim, .stored_weights = false};
          const MatrixWork values{
              .pixels = rows, .filters = shape.head_dim, .depth = keys, .stored_weights = false};
          add(matrix_blocks(machine_, kernels, kernels.convolution, scores));
          stream(kernels.softmax, rows * keys);
          add(matrix_blocks(machine_, kernels, kernels.convolution, values));
        } else if constexpr (std::is_same_v<T, models::Elementwise>) {
          const std::int64_t joined = std::max<std::int64_t>(1, shape.inputs - 1);
          std::int64_t elements = shape.rows * shape.columns * joined;
          if (const models::Elementwise* permute = permute_of(op.shape)) {
            elements = std::llround(permute_moves(*permute, elements_of_access(kernels.copy)));
          }
          stream(elementwise_counts(kernels, shape.kind), elements);
        } else if constexpr (std::is_same_v<T, models::Normalization>) {
          stream(kernels.normalization, shape.rows * shape.columns);
        } else if constexpr (std::is_same_v<T, models::Softmax>) {
          stream(kernels.softmax, shape.rows * shape.columns);
        } else if constexpr (std::is_same_v<T, models::Embedding>) {
          KernelBlocks blocks =
              streaming_blocks(machine_, kernels.copy, shape.tokens * shape.width);
          const double row =
              real(shape.width) * op.formats.weights.bits_per_element() / kBitsPerByte;
          blocks.reads = {.rows = shape.tokens, .row_bytes = row, .step_bytes = row};
          add(blocks);
        } else if constexpr (std::is_same_v<T, models::Pooling>) {
          stream(kernels.pooling,
                 models::output_elements(op.shape) * shape.kernel_height * shape.kernel_width);
        } else {
          // Between machines: priced by their links, never here.
          static_assert(std::is_same_v<T, models::Collective>,
                        "a microcontroller has no kernel for this shape");
        }
      },
      op.shape);
}

std::optional<McuPlan> Mcu::plan_of(const models::Operator& op) const {
  const McuKernelsSpec* kernels = kernels_for(format_of(op));
  if (kernels == nullptr) {
    return std::nullopt;
  }
  McuPlan plan;
  add_kernels(op, *kernels, plan);
  plan.overhead = real(spec_.library.operator_overhead.count());
  const double weights =
      real(models::weight_elements(op.shape)) * op.formats.weights.bits_per_element();
  plan.fetched_bits = plan.cores.fetched_bytes * kBitsPerByte;
  if (!spec_.cluster) {
    plan.weight_bits = std::min(plan.fetched_bits, weights);
    return plan;
  }
  plan.overhead += real(spec_.cluster->fork.count());
  TiledWork& tiled = plan.tiled;
  tiled.compute = plan.cores.total();
  for (const KernelBlocks& kernel : plan.used()) {
    tiled.rounds = std::max(tiled.rounds, kernel.rounds(spec_.cluster->cores));
  }
  const auto* convolution = std::get_if<models::Convolution>(&op.shape);
  if (spec_.engine && convolution != nullptr && kernels->format == KernelFormat::int8 &&
      unit_computes(*spec_.engine, *convolution)) {
    plan.unit_setup = real(spec_.engine->setup.count());
    plan.unit_cycles = unit_cycles(
        *spec_.engine, *convolution, real(op.formats.weights.element_bits()),
        op.formats.activations.bits_per_element(), op.formats.outputs.bits_per_element());
    plan.on_unit = plan.unit_setup + plan.unit_cycles < plan.cores.total();
    if (plan.on_unit) {
      tiled.compute = plan.unit_cycles;
      tiled.rounds = unit_tiles(*spec_.engine, *convolution);
    }
  }
  const double inputs =
      real(models::input_elements(op.shape)) * op.formats.activations.bits_per_element();
  plan.weight_bits = weights;
  plan.fetched_bits = inputs + weights;
  plan.stored_bits =
      real(models::output_elements(op.shape)) * op.formats.outputs.bits_per_element();
  tiled.input_bits = inputs;
  tiled.weight_bits = weights;
  tiled.output_bits = plan.stored_bits;
  tiled.on_unit = plan.on_unit;
  plan.tile = best_tile(tiled, transport_);
  return plan;
}

OperatorCost Mcu::cost_of(const McuPlan& plan) const {
  const double frequency = clock();
  const KernelCycles& cores = plan.cores;
  const double overhead = plan.overhead + (plan.on_unit ? plan.unit_setup : 0.0);
  PipelineCycles pipeline{.steady = cores.total()};
  if (spec_.cluster) {
    pipeline = pipeline_cycles(plan.tiled, transport_, plan.tile);
  }
  OperatorCost cost;
  cost.input_fill_s = (overhead + pipeline.fill) / frequency;
  cost.busy_s = pipeline.steady / frequency;
  cost.drain_s = pipeline.drain / frequency;
  cost.dram_read_bits = plan.fetched_bits;
  cost.dram_write_bits = plan.stored_bits;
  cost.weight_bits = plan.weight_bits;
  cost.cycles = static_cast<std::int64_t>(std::ceil((overhead + pipeline.total()) * (1.0 - 1e-12)));
  if (pipeline.waits) {
    cost.bottleneck = Bottleneck::dram;
  } else if (plan.on_unit) {
    cost.bottleneck = plan.unit_cycles > overhead ? Bottleneck::compute : Bottleneck::latency;
  } else {
    cost.bottleneck = limit_of(cores, overhead + pipeline.fill + pipeline.drain);
  }
  EnergyBreakdown& e = cost.energy;
  // Overhead runs on one core; the others and the unit sleep.
  e[EnergyComponent::vector] = core_power_ * plan.overhead / frequency;
  if (plan.on_unit) {
    e[EnergyComponent::multiply_accumulate] =
        unit_power_ * (plan.unit_setup + plan.unit_cycles) / frequency;
  } else {
    const double watts = core_power_ * machine_.cores / frequency;  // of one cycle of all cores
    e[EnergyComponent::multiply_accumulate] = watts * cores.products;
    e[EnergyComponent::vector] += watts * cores.outputs;
    e[EnergyComponent::scratchpad] = watts * cores.gather;
    e[EnergyComponent::decode] = watts * cores.unpack;
    e[EnergyComponent::dram] = watts * cores.stall;
  }
  return cost;
}

bool Mcu::is_free(const models::Operator& follower) const {
  return spec_.library.fused_activations && is_clamp(follower);
}

Estimate Mcu::price(const GroupView& group, const MappingConstraint& /*constraint*/,
                    MappingObjective /*objective*/) const {
  OperatorCost cost;
  double macs = 0;
  // Returns the format that the library has no kernels for, if any.
  const auto add = [&](const models::Operator& op) -> std::optional<Infeasible> {
    const std::optional<McuPlan> plan = plan_of(op);
    if (!plan) {
      return Infeasible{fmt::format("library {} has no {} kernels for {}", spec_.library.name,
                                    cairn::to_text(format_of(op)), spec_.core.name),
                        "library", 0.0};
    }
    const OperatorCost part = cost_of(*plan);
    macs += real(models::multiply_accumulates(op.shape));
    if (&op == group.anchor) {
      cost = part;
      return std::nullopt;
    }
    // A kernel of its own, after the anchor's.
    cost.busy_s += part.latency_s();
    cost.cycles += part.cycles;
    cost.dram_read_bits += part.dram_read_bits;
    cost.dram_write_bits += part.dram_write_bits;
    cost.weight_bits += part.weight_bits;
    for (std::size_t i = 0; i < kEnergyComponents; ++i) {
      cost.energy.joules.at(i) += part.energy.joules.at(i);
    }
    return std::nullopt;
  };
  if (auto refusal = add(*group.anchor)) {
    return *refusal;
  }
  for (const models::Operator* follower : group.followers) {
    if (is_free(*follower)) {
      continue;
    }
    if (auto refusal = add(*follower)) {
      return *refusal;
    }
  }
  cost.macs = static_cast<std::int64_t>(macs);
  const double peak = peak_macs_per_second(group.anchor->formats);
  cost.utilization = peak > 0 ? macs / (peak * cost.latency_s()) : 0.0;
  cost.mapping.fused = group.fused;
  return cost;
}

void Mcu::append_area(std::vector<AreaPart>& /*parts*/) const {}

std::vector<std::string> Mcu::assumptions() const {
  std::vector<std::string> said{
      fmt::format("kernels of {} on {}: instruction counts of its loops times issue costs",
                  spec_.library.name, spec_.core.name),
      "activations in the main memory, weights in flash; loops stay in the instruction cache",
      "power of the whole board at one operating point, dynamic with clock and V^2; no area"};
  if (spec_.cluster) {
    said.emplace_back(
        "tensors pass through the scratchpad in two tiles at a time, each tensor once");
  }
  return said;
}

}  // namespace cairn::hw
