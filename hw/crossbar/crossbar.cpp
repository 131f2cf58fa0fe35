#include "hw/crossbar/crossbar.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "hw/permute.h"
#include "hw/vector_work.h"

namespace cairn::hw {
namespace {

using models::Precision;

/// In which work passes that has no vectors of its own.
constexpr std::int64_t kPieces = 64;

double accumulate_energy(const CrossbarSpec& spec, const Technology& technology) {
  if (spec.converter.accumulate_energy) {
    return spec.converter.accumulate_energy->count();
  }
  const OperatingPoint point = *technology.operating_point(spec.clock);
  return technology.add(models::kInt32).energy.count() * point.dynamic;
}

EnergyComponent component_of(PartKind kind) {
  switch (kind) {
    case PartKind::network:
      return EnergyComponent::link;
    case PartKind::buffer:
      return EnergyComponent::scratchpad;
    case PartKind::digital:
      break;
  }
  return EnergyComponent::vector;
}

/// Bits of a sum that other macros still add to.
double partial_bits(const models::Formats& formats, std::int64_t rows) {
  return static_cast<double>(formats.weights.element_bits() + formats.activations.element_bits()) +
         std::ceil(std::log2(static_cast<double>(std::max<std::int64_t>(2, rows))));
}

/// Rounds in which the inputs of one product are needed: those over which its weights are spread.
std::int64_t input_rounds(const CrossbarPlacement& p) {
  return std::max<std::int64_t>(1, ceil_div(p.row_tiles * p.col_tiles * p.rounds, p.image_macros));
}

bool is_weight_product(const models::Shape& shape) {
  if (const auto* matmul = std::get_if<models::MatMul>(&shape)) {
    return matmul->weight;
  }
  return std::holds_alternative<models::Convolution>(shape);
}

}  // namespace

std::optional<Infeasible> Crossbar::problem(const Spec& spec, const DeviceContext& context) {
  const ResolvedMemory* backing = context.find(spec.backing);
  if (backing == nullptr || !std::isfinite(backing->bandwidth)) {
    return Infeasible{fmt::format("memories.{}: a backing memory needs `bandwidth`", spec.backing),
                      "backing bandwidth", 0.0};
  }
  if (std::string slow = context.technology->clock_problem(spec.clock); !slow.empty()) {
    return Infeasible{std::move(slow), "clock", context.technology->clock_excess(spec.clock)};
  }
  return std::nullopt;
}

Crossbar::Crossbar(const Spec& spec, const DeviceContext& context)
    : spec_(spec),
      buffer_(*context.find(spec.buffer)),
      backing_(*context.find(spec.backing)),
      technology_(*context.technology),
      macro_(spec, accumulate_energy(spec, *context.technology)),
      accumulate_energy_(accumulate_energy(spec, *context.technology)) {
  const OperatingPoint point = *technology_.operating_point(spec.clock);
  voltage_scale_ = point.dynamic;
  const Area lane = technology_.vector_operation(models::kFp32).area;
  const Area mac = technology_.multiply_accumulate(spec.native, spec.native).area;
  leakage_ = technology_
                 .logic_leakage(Area{lane.count() * static_cast<double>(spec.vector_lanes) +
                                     mac.count() * static_cast<double>(spec.digital_macs)})
                 .count() *
             point.leakage;
}

std::optional<Infeasible> Crossbar::unsupported(const models::Operator& op) const {
  for (const Precision& operand : {op.formats.weights, op.formats.activations}) {
    if (!operand.is_integer()) {
      return Infeasible{fmt::format("crossbars hold whole numbers, operator {} is in {}", op.name,
                                    models::to_text(operand)),
                        "native format", 0.0};
    }
  }
  const MacroLayout l = macro_.layout(op.formats.weights);
  if (l.weight_cols == 0) {
    return Infeasible{fmt::format("a weight of {} needs {} columns, a macro has {}: {} over",
                                  models::to_text(op.formats.weights), l.cols_per_weight,
                                  spec_.cols, l.cols_per_weight - spec_.cols),
                      "cols",
                      static_cast<double>(l.cols_per_weight) / static_cast<double>(spec_.cols) - 1};
  }
  return std::nullopt;
}

std::optional<CrossbarPlacement> Crossbar::placement_of(const models::Operator& op) const {
  if (unsupported(op)) {
    return std::nullopt;
  }
  const GemmProblem p = gemm_problem(op);
  return place({p.instances, p.extent[0], p.extent[1], p.extent[2]},
               macro_.layout(op.formats.weights), spec_);
}

std::variant<CrossbarStage, Infeasible> Crossbar::stage_of(const GemmProblem& problem,
                                                           const models::Operator& op,
                                                           bool programmed,
                                                           CrossbarWork& work) const {
  const models::Formats& formats = op.formats;
  const MacroLayout l = macro_.layout(formats.weights);
  const WeightBlock block{problem.instances, problem.extent[0], problem.extent[1],
                          problem.extent[2]};
  CrossbarStage stage;
  stage.on_macros = true;
  stage.placement = place(block, l, spec_);
  const CrossbarPlacement& p = stage.placement;
  if (!programmed && p.rounds > 1) {
    return Infeasible{
        fmt::format("macros: the weights {}need {} macros, the chip has {}: {} over; they "
                    "would fit {} macros, or `residence: streamed`",
                    op.name.empty() ? "" : "of " + op.name + " ", p.image_macros, spec_.macros,
                    p.image_macros - spec_.macros, p.image_macros),
        "macros", static_cast<double>(p.image_macros) / static_cast<double>(spec_.macros) - 1.0};
  }
  const auto instances = static_cast<double>(block.instances);
  const auto n = static_cast<double>(block.n);
  const auto k = static_cast<double>(block.k);
  stage.schedule = macro_.schedule(formats, p.macro_rows, p.macro_cols);
  stage.time = stage.schedule.time();
  stage.vectors = p.vectors_per_copy;
  stage.rounds = p.rounds;

  // Full tiles, and what is left over at the ends of k and n.
  const auto add_energy = [&](std::int64_t rows, std::int64_t cols, double times) {
    if (rows > 0 && cols > 0 && times > 0) {
      const MacroEnergy e = macro_.energy(formats, rows, cols);
      work.energy[EnergyComponent::multiply_accumulate] += times * e.array;
      work.energy[EnergyComponent::conversion] += times * e.conversion;
    }
  };
  const std::int64_t last_rows = block.k - (p.row_tiles - 1) * l.weight_rows;
  const std::int64_t last_cols = block.n - (p.col_tiles - 1) * l.weight_cols;
  const double all = instances * static_cast<double>(block.vectors);
  const auto full_rows = static_cast<double>(p.row_tiles - 1);
  const auto full_cols = static_cast<double>(p.col_tiles - 1);
  add_energy(l.weight_rows, l.weight_cols, all * full_rows * full_cols);
  add_energy(l.weight_rows, last_cols, all * full_rows);
  add_energy(last_rows, l.weight_cols, all * full_cols);
  add_energy(last_rows, last_cols, all);
  work.energy[EnergyComponent::conversion] += all * n * full_rows * accumulate_energy_;

  const double once = all * k * formats.activations.bits_per_element();
  stage.buffer_reads = once * static_cast<double>(input_rounds(p));
  const double delivered = once * static_cast<double>(p.col_tiles);
  const double collected =
      all * n *
      (p.row_tiles > 1 ? static_cast<double>(p.row_tiles) * partial_bits(formats, spec_.rows)
                       : formats.outputs.bits_per_element());
  work.energy[EnergyComponent::link] += (delivered + collected) * spec_.network_energy.count();

  const auto macros = static_cast<double>(spec_.macros);
  const double used = static_cast<double>(p.image_macros) * static_cast<double>(p.copies) / macros;
  work.active_share = std::max(work.active_share, std::min(1.0, used));
  if (programmed) {
    stage.program_rows = p.macro_rows * l.rows_per_weight;
    stage.program_s = static_cast<double>(stage.program_rows) * spec_.cell.write_time.count();
    work.energy[EnergyComponent::programming] += macro_.cells(formats.weights, k, n) * instances *
                                                 static_cast<double>(p.copies) *
                                                 spec_.cell.write_energy.count();
    stage.weight_bits = instances * k * n * problem.weight_bits;
  } else {
    work.resident_share = used;
  }
  return stage;
}

CrossbarRates Crossbar::rates_of(const CrossbarStage& stage) const {
  return {.buffer = buffer_.bandwidth,
          .buffer_bits = buffer_.capacity_bits,
          .backing = backing_.bandwidth,
          .gather = stage.gather_run_bits > 0 ? backing_.bandwidth_of_runs(stage.gather_run_bits)
                                              : backing_.bandwidth,
          .vector = static_cast<double>(spec_.vector_lanes) * spec_.clock.count()};
}

void Crossbar::place_activations(CrossbarWork& work) const {
  CrossbarStage& first = work.stages[0];
  CrossbarStage& last = work.stages.at(work.stage_count - 1);
  if (buffer_.name == backing_.name) {  // one port for all
    for (std::size_t i = 0; i < work.stage_count; ++i) {
      CrossbarStage& stage = work.stages.at(i);
      stage.memory_reads = std::exchange(stage.buffer_reads, 0.0);
      stage.memory_writes = std::exchange(stage.buffer_writes, 0.0);
    }
    return;
  }
  if (work.distinct_input_bits + work.distinct_output_bits <= buffer_.capacity_bits) {
    return;
  }
  first.memory_reads = work.distinct_input_bits *
                       static_cast<double>(first.on_macros ? input_rounds(first.placement) : 1);
  last.memory_writes = work.distinct_output_bits;
}

OperatorCost Crossbar::cost_of(const CrossbarWork& work, const models::Formats& formats) const {
  OperatorCost cost;
  CrossbarStageTime sum;
  double vector_operations = 0;
  double written = 0;
  const bool apart = buffer_.name != backing_.name;
  cost.energy = work.energy;
  for (std::size_t i = 0; i < work.stage_count; ++i) {
    const CrossbarStage& stage = work.stages.at(i);
    const CrossbarStageTime t = time_of(stage, rates_of(stage));
    if (i == 0) {
      cost.weight_fill_s = t.fill_s;
    } else {
      sum.busy_s += t.fill_s;
    }
    sum.busy_s += t.busy_s;
    sum.macros_s += t.macros_s;
    sum.program_s += t.program_s;
    sum.stream_s += t.stream_s;
    sum.buffer_s += t.buffer_s;
    sum.vector_s += t.vector_s;
    vector_operations += stage.vector_operations;
    // Programmed weights pass through the buffer; those of products beside the macros are in reads.
    cost.weight_bits += stage.weight_bits;
    cost.dram_read_bits += stage.weight_bits + (apart ? stage.memory_reads : 0.0);
    written += stage.memory_writes;
    if (stage.weight_bits + stage.memory_reads > 0) {
      cost.input_fill_s += backing_.latency_s;
    }
    cost.energy[EnergyComponent::scratchpad] +=
        (apart ? stage.buffer_reads : stage.memory_reads) * buffer_.read_energy +
        (apart ? stage.buffer_writes : stage.memory_writes) * buffer_.write_energy;
  }
  cost.dram_write_bits = apart ? written : 0.0;
  cost.busy_s = sum.busy_s;
  cost.stream_s = std::min(sum.stream_s, sum.busy_s);
  cost.input_fill_s += buffer_.latency_s;
  cost.drain_s = written > 0 ? backing_.latency_s : 0.0;
  cost.energy[EnergyComponent::vector] +=
      vector_operations * technology_.vector_operation(formats.activations).energy.count() *
      voltage_scale_;
  cost.energy[EnergyComponent::dram] +=
      cost.dram_read_bits * backing_.read_energy + cost.dram_write_bits * backing_.write_energy;
  for (const auto& [name, part] : spec_.parts) {
    cost.energy[component_of(part.kind)] += static_cast<double>(part.count) * part.power.count() *
                                            work.active_share * (sum.macros_s - sum.program_s);
  }
  cost.cycles =
      static_cast<std::int64_t>(std::ceil(cost.latency_s() * spec_.clock.count() * (1.0 - 1e-12)));
  cost.resident_share = work.resident_share;
  cost.macs = std::llround(work.macs);
  const double most = std::max({sum.macros_s, sum.stream_s, sum.buffer_s, sum.vector_s});
  if (cost.input_fill_s + cost.weight_fill_s > cost.busy_s) {
    cost.bottleneck = Bottleneck::latency;
  } else if (sum.macros_s >= most) {
    cost.bottleneck =
        sum.program_s > sum.macros_s / 2 ? Bottleneck::programming : Bottleneck::compute;
  } else if (sum.stream_s >= most) {
    cost.bottleneck = Bottleneck::dram;
  } else {
    cost.bottleneck = sum.buffer_s >= most ? Bottleneck::scratchpad : Bottleneck::vector;
  }
  return cost;
}

Crossbar::WorkOrRefusal Crossbar::product_work(const GroupView& group) const {
  const models::Operator& anchor = *group.anchor;
  GemmProblem p = gemm_problem(anchor);
  double residual_bits = 0;
  double vector_work = 0;
  auto outputs = static_cast<double>(models::output_elements(anchor.shape));
  const models::Operator* last = &anchor;
  for (const models::Operator* follower : group.followers) {
    if (const auto* matmul = std::get_if<models::MatMul>(&follower->shape)) {
      p.extent[1] += matmul->n;  // reads the same input
      outputs += static_cast<double>(models::output_elements(follower->shape));
      continue;
    }
    vector_work += static_cast<double>(vector_operations(follower->shape));
    const double before = outputs;
    outputs = static_cast<double>(models::output_elements(follower->shape));
    if (const auto* e = std::get_if<models::Elementwise>(&follower->shape);
        e != nullptr && e->inputs > 1 && outputs * 2 > before) {  // not a join of two halves
      residual_bits += outputs * static_cast<double>(e->inputs - 1) *
                       follower->formats.activations.bits_per_element();
    }
    last = follower;
  }
  CrossbarWork work;
  auto ran = stage_of(p, anchor, spec_.residence == WeightResidence::streamed, work);
  if (auto* wrong = std::get_if<Infeasible>(&ran)) {
    return std::move(*wrong);
  }
  CrossbarStage& stage = work.stages[0];
  stage = std::get<CrossbarStage>(ran);
  work.distinct_output_bits = outputs * last->formats.outputs.bits_per_element();
  work.distinct_input_bits = static_cast<double>(models::input_elements(anchor.shape)) *
                                 anchor.formats.activations.bits_per_element() +
                             residual_bits;
  stage.buffer_reads += residual_bits;
  stage.buffer_writes = work.distinct_output_bits;
  stage.vector_operations = vector_work;
  place_activations(work);
  work.macs = static_cast<double>(p.instances) * static_cast<double>(p.extent[0]) *
              static_cast<double>(p.extent[1]) * static_cast<double>(p.extent[2]);
  return work;
}

Crossbar::WorkOrRefusal Crossbar::activations_work(const GroupView& group) const {
  const models::Operator& op = *group.anchor;
  if (spec_.activation_products == ActivationProducts::refuse) {
    return Infeasible{
        fmt::format("operator {} multiplies two activations, and the macros hold weights; "
                    "`activation_products: digital` or `program` would run it",
                    op.name),
        "activation products", 0.0};
  }
  // Scores and values of attention, or one product.
  std::array<GemmProblem, 2> problems;
  CrossbarWork work;
  double visible = 1;
  const double activation_bits = op.formats.activations.bits_per_element();
  if (const auto* a = std::get_if<models::Attention>(&op.shape)) {
    const std::int64_t keys = a->visible_keys();
    visible = static_cast<double>(a->visible_pairs()) /
              (static_cast<double>(a->queries) * static_cast<double>(keys));
    problems[0].instances = a->batch * a->kv_heads;
    problems[0].extent = {a->queries * (a->heads / a->kv_heads), keys, a->head_dim};
    problems[0].weight_bits = op.formats.weights.bits_per_element();
    problems[1] = problems[0];
    problems[1].extent = {problems[0].extent[0], a->head_dim, keys};
    work.stage_count = 2;
    // Keys and values come from where the cache lies, queries as inputs.
    work.distinct_input_bits =
        static_cast<double>(models::input_elements(op.shape)) * activation_bits;
  } else {
    problems[0] = gemm_problem(op);
    work.distinct_input_bits = static_cast<double>(problems[0].instances * problems[0].extent[0]) *
                               static_cast<double>(problems[0].extent[2]) * activation_bits;
  }
  work.distinct_output_bits = static_cast<double>(models::output_elements(op.shape)) *
                              op.formats.outputs.bits_per_element();
  for (std::size_t i = 0; i < work.stage_count; ++i) {
    const GemmProblem& p = problems.at(i);
    const double products = static_cast<double>(p.instances) * static_cast<double>(p.extent[0]) *
                            static_cast<double>(p.extent[1]) * static_cast<double>(p.extent[2]);
    work.macs += products * visible;
    CrossbarStage& stage = work.stages.at(i);
    if (spec_.activation_products == ActivationProducts::program) {
      auto ran = stage_of(p, op, true, work);
      if (auto* wrong = std::get_if<Infeasible>(&ran)) {
        return std::move(*wrong);
      }
      stage = std::get<CrossbarStage>(ran);
    } else {
      stage.beside_s = products / (static_cast<double>(spec_.digital_macs) * spec_.clock.count());
      stage.vectors = kPieces;
      work.energy[EnergyComponent::multiply_accumulate] +=
          products * visible *
          technology_.multiply_accumulate(op.formats.weights, op.formats.activations)
              .energy.count() *
          voltage_scale_;
      stage.weight_bits = static_cast<double>(p.instances * p.extent[1]) *
                          static_cast<double>(p.extent[2]) * p.weight_bits;
      stage.buffer_reads = stage.weight_bits + static_cast<double>(p.instances * p.extent[0]) *
                                                   static_cast<double>(p.extent[2]) *
                                                   activation_bits;
    }
    stage.buffer_writes += static_cast<double>(p.instances * p.extent[0]) *
                           static_cast<double>(p.extent[1]) * activation_bits;
  }
  work.stages[0].vector_operations = static_cast<double>(vector_operations(op.shape));
  place_activations(work);
  return work;
}

CrossbarWork Crossbar::vector_work(const GroupView& group) const {
  const models::Operator& first = *group.anchor;
  const models::Operator& last = group.followers.empty() ? first : *group.followers.back();
  CrossbarWork work;
  CrossbarStage& stage = work.stages[0];
  stage.vectors = kPieces;
  const models::Elementwise* permute = permute_of(first.shape);
  stage.vector_operations =  // lanes that a short run leaves idle count as well
      permute != nullptr ? permute_moves(*permute, static_cast<double>(spec_.vector_lanes))
                         : static_cast<double>(vector_operations(first.shape));
  const double bits = first.formats.activations.bits_per_element();
  work.distinct_input_bits = static_cast<double>(models::input_elements(first.shape)) * bits;
  if (const auto* e = std::get_if<models::Embedding>(&first.shape)) {  // rows of a table
    stage.weight_bits = static_cast<double>(models::output_elements(first.shape)) *
                        first.formats.weights.bits_per_element();
    stage.gather_run_bits =
        static_cast<double>(e->width) * first.formats.weights.bits_per_element();
  }
  for (const models::Operator* follower : group.followers) {
    stage.vector_operations += static_cast<double>(vector_operations(follower->shape));
  }
  work.distinct_output_bits = static_cast<double>(models::output_elements(last.shape)) *
                              last.formats.outputs.bits_per_element();
  stage.buffer_reads = work.distinct_input_bits *
                       static_cast<double>(input_passes(first.shape, bits, buffer_.capacity_bits));
  stage.buffer_writes = work.distinct_output_bits;
  place_activations(work);
  return work;
}

Crossbar::WorkOrRefusal Crossbar::work_of(const GroupView& group) const {
  const models::Shape& shape = group.anchor->shape;
  const bool product = std::holds_alternative<models::MatMul>(shape) ||
                       std::holds_alternative<models::Convolution>(shape) ||
                       std::holds_alternative<models::Attention>(shape);
  if (!product) {
    return vector_work(group);
  }
  if (std::optional<Infeasible> wrong = unsupported(*group.anchor)) {
    return std::move(*wrong);
  }
  return is_weight_product(shape) ? product_work(group) : activations_work(group);
}

Estimate Crossbar::price(const GroupView& group, const MappingConstraint& constraint,
                         MappingObjective /*objective*/) const {
  if (constraint.dataflow && *constraint.dataflow != Dataflow::weight_stationary) {
    return Infeasible{"the mapping wants another dataflow, crossbars are weight stationary",
                      "mapping dataflow", 0.0};
  }
  WorkOrRefusal answer = work_of(group);
  if (auto* wrong = std::get_if<Infeasible>(&answer)) {
    return std::move(*wrong);
  }
  const auto& work = std::get<CrossbarWork>(answer);
  const models::Formats& formats = group.anchor->formats;
  OperatorCost cost = cost_of(work, formats);
  cost.mapping.fused = group.fused;
  if (work.macs > 0) {
    cost.utilization = work.macs / (peak_macs_per_second(formats) * cost.latency_s());
    cost.mappings_considered = 1;
  }
  const CrossbarStage& stage = work.stages[0];
  if (is_weight_product(group.anchor->shape)) {
    cost.mapping.kind = MappingKind::array;
    cost.mapping.dataflow = Dataflow::weight_stationary;
    const CrossbarPlacement& placed = stage.placement;
    cost.mapping.trips = {placed.vectors_per_copy, placed.col_tiles, placed.row_tiles};
    cost.mapping.tile = {1, placed.macro_cols / placed.groups_per_macro,
                         placed.macro_rows / placed.groups_per_macro};
    cost.mapping.spatial = {placed.copies, cost.mapping.tile[1], cost.mapping.tile[2]};
  }
  return cost;
}

double Crossbar::peak_macs_per_second(const models::Formats& formats) const {
  models::Formats used = formats;
  for (Precision* p : {&used.weights, &used.activations, &used.outputs}) {
    if (!p->is_integer()) {
      *p = spec_.native;
    }
  }
  const double digital = static_cast<double>(spec_.digital_macs) * spec_.clock.count();
  const MacroLayout l = macro_.layout(used.weights);
  if (l.weight_cols == 0) {
    return digital;
  }
  // A last turn of converters, or a last group of rows, that is hardly used can make a smaller
  // block the more efficient one.
  const std::int64_t turns =
      ceil_div(l.weight_cols * l.slices_per_weight, spec_.converter.per_macro);
  const std::int64_t fewer_cols = (turns - 1) * spec_.converter.per_macro / l.slices_per_weight;
  const std::int64_t active = spec_.active_rows.value_or(spec_.rows);
  const std::int64_t groups = ceil_div(l.weight_rows * l.rows_per_weight, active);
  const std::int64_t fewer_rows = (groups - 1) * active / l.rows_per_weight;
  double best = digital;
  for (const std::int64_t cols : {l.weight_cols, fewer_cols}) {
    for (const std::int64_t rows : {l.weight_rows, fewer_rows}) {
      if (cols > 0 && rows > 0) {
        const double interval = macro_.time(used, rows, cols).interval_s;
        best = std::max(
            best, static_cast<double>(spec_.macros * rows) * static_cast<double>(cols) / interval);
      }
    }
  }
  return best;
}

DotProductNoise Crossbar::noise(const models::Formats& formats) const {
  ColumnSpec c;
  const MacroLayout l = macro_.layout(formats.weights);
  const std::int64_t driven = spec_.active_rows.value_or(spec_.rows);
  c.rows = std::max<std::int64_t>(1, driven / l.rows_per_weight);
  c.cell_bits = spec_.cell.bits;
  c.weight_slices = l.slices_per_weight;
  const InputSteps s = macro_.steps(formats);
  const bool charge = spec_.inputs.sum == SliceSum::charge;
  c.input_bits = charge ? s.slices * spec_.inputs.bits / s.phases : spec_.inputs.bits;
  c.input_slices = charge ? s.phases : s.slices;
  c.differential = spec_.weights != WeightEncoding::binary;
  if (spec_.converter.kind != ConverterKind::digital) {
    c.converter_bits = spec_.converter.follows_output
                           ? std::min(spec_.converter.bits, formats.outputs.element_bits())
                           : spec_.converter.bits;
    c.range = spec_.converter.range;
    c.programming_sigma = spec_.cell.programming_sigma;
    c.read_sigma = spec_.cell.read_sigma;
    c.wire_drop = spec_.cell.wire_drop;
  }
  return dot_product_noise(c);
}

void Crossbar::append_area(std::vector<AreaPart>& parts) const {
  const auto mm2 = [](double square_metres) {
    return square_metres * kSquareMillimetresPerSquareMetre;
  };
  const auto add = [&](std::string what, double square_metres, Confidence confidence) {
    if (square_metres > 0) {
      // Published figures of this family are those of finished blocks.
      parts.push_back({std::move(what), mm2(square_metres), confidence,
                       /*complete=*/confidence == Confidence::published});
    }
  };
  const auto macros = static_cast<double>(spec_.macros);
  if (spec_.cell.area) {
    add("cells",
        macros * static_cast<double>(spec_.rows) * static_cast<double>(spec_.cols) *
            spec_.cell.area->count(),
        Confidence::published);
  }
  if (spec_.converter.area) {
    add("converters",
        macros * static_cast<double>(spec_.converter.per_macro) * spec_.converter.area->count(),
        Confidence::published);
  }
  add("macro periphery", macros * spec_.macro_area.count(), Confidence::published);
  for (const auto& [name, part] : spec_.parts) {
    add(name, static_cast<double>(part.count) * part.area.count(), Confidence::published);
  }
  const ArithmeticFigures lane = technology_.vector_operation(models::kFp32);
  add("vector unit", static_cast<double>(spec_.vector_lanes) * lane.area.count(),
      lane.area_confidence);
  const ArithmeticFigures mac = technology_.multiply_accumulate(spec_.native, spec_.native);
  add("digital products", static_cast<double>(spec_.digital_macs) * mac.area.count(),
      mac.area_confidence);
}

std::vector<std::string> Crossbar::assumptions() const {
  std::vector<std::string> lines{
      "crossbar: energies of macro actions are averages over data; pruned weights save nothing",
      "crossbar: activations stay in the buffer where inputs and outputs of an operator fit it"};
  if (spec_.residence == WeightResidence::resident) {
    lines.emplace_back(
        "crossbar: weights were programmed before; programming is not in the figures");
  } else if (spec_.cell.endurance) {
    lines.push_back(
        fmt::format("crossbar: every run of an operator writes its cells once, of {:.3g} writes "
                    "that they survive",
                    *spec_.cell.endurance));
  }
  if (spec_.converter.kind != ConverterKind::digital) {
    const DotProductNoise n = noise({spec_.native, spec_.native, spec_.native});
    lines.push_back(fmt::format(
        "crossbar: a dot product of {} operands over all rows that are driven at once has a "
        "signal-to-noise ratio of {:.1f} dB ({:.1f} effective bits) by the noise model; results "
        "here assume that the network tolerates it",
        models::to_text(spec_.native), n.snr_db(), n.effective_bits()));
  }
  return lines;
}

}  // namespace cairn::hw
