#include "hw/crossbar/macro.h"

#include <algorithm>
#include <bit>

namespace cairn::hw {
namespace {

std::int64_t log2_up(std::int64_t value) {
  return static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(value - 1)));
}

/// Bits that remain without a sign; a format of one bit has none.
std::int64_t without_sign(const models::Precision& format) {
  const std::int64_t bits = format.element_bits();
  return format.kind == models::NumberKind::unsigned_integer ? bits
                                                             : std::max<std::int64_t>(1, bits - 1);
}

/// Sum of 2^(s x bits) over \p slices slices.
std::int64_t integrations(std::int64_t slices, std::int64_t bits) {
  std::int64_t sum = 0;
  for (std::int64_t s = 0; s < slices; ++s) {
    sum += std::int64_t{1} << std::min<std::int64_t>(s * bits, 40);
  }
  return sum;
}

}  // namespace

std::vector<FieldProblem> CrossbarSpec::problems() const {
  std::vector<FieldProblem> found;
  if (active_rows && *active_rows > rows) {
    found.push_back({"active_rows", "more rows are driven than there are", "at most `rows`"});
  }
  if (!native.is_integer()) {
    found.push_back({"native", "cells and converters hold whole numbers", "give int8, int4, ..."});
  }
  if (converter.kind == ConverterKind::digital) {
    if (!adders) {
      found.push_back({"converter.kind", "a digital macro needs `adders`",
                       "add adders: {shape: tree} or {shape: chain}"});
    }
    if (inputs.sum == SliceSum::charge) {
      found.push_back({"inputs.sum", "a digital macro has no charge to add up", "sum: digital"});
    }
    if (cell.bits != 1) {
      found.push_back({"cell.bits", "a digital macro reads one bit of a cell", "bits: 1"});
    }
  } else if (adders) {
    found.push_back({"adders", "only a macro with `converter: {kind: digital}` has adders",
                     "leave `adders` out, or choose that kind"});
  }
  if (activation_products == ActivationProducts::digital && digital_macs == 0) {
    found.push_back({"activation_products", "digital products need `digital_macs`",
                     "give digital_macs, or choose refuse or program"});
  }
  if (weights == WeightEncoding::differential_rows && rows < 2) {
    found.push_back({"rows", "a pair of cells needs two rows", ""});
  }
  return found;
}

// NOLINTNEXTLINE(modernize-pass-by-value): once for a machine
CrossbarMacro::CrossbarMacro(const CrossbarSpec& spec, double accumulate_energy)
    : spec_(spec), accumulate_energy_(accumulate_energy) {}

MacroLayout CrossbarMacro::layout(const models::Precision& weights) const {
  MacroLayout l;
  const bool pairs = spec_.weights != WeightEncoding::binary;
  const std::int64_t bits = pairs ? without_sign(weights) : weights.element_bits();
  l.slices_per_weight = ceil_div(bits, spec_.cell.bits);
  l.cols_per_weight = l.slices_per_weight;
  if (spec_.weights == WeightEncoding::differential_rows) {
    l.rows_per_weight = 2;
  } else if (spec_.weights == WeightEncoding::differential_columns) {
    l.cols_per_weight *= 2;
  }
  if (spec_.adders && spec_.adders->shape == AdderShape::chain) {
    l.cols_per_weight += log2_up(spec_.rows);  // the sum of all rows is so much wider
  }
  l.weight_rows = spec_.rows / l.rows_per_weight;
  l.weight_cols = spec_.cols / l.cols_per_weight;
  return l;
}

std::int64_t CrossbarMacro::converter_steps(std::int64_t bits) const {
  switch (spec_.converter.kind) {
    case ConverterKind::sar:
      return bits;
    case ConverterKind::ramp:
      return std::int64_t{1} << bits;
    case ConverterKind::flash:
      return 1;
    case ConverterKind::digital:
      break;
  }
  return 0;
}

double CrossbarMacro::conversion_energy(std::int64_t bits) const {
  const CrossbarConverterSpec& c = spec_.converter;
  if (bits == 0 || digital()) {
    return 0;
  }
  const auto codes = static_cast<double>(std::int64_t{1} << bits);
  if (c.figure_of_merit) {
    return c.fixed_energy.count() + c.figure_of_merit->count() * codes;
  }
  const double decisions =
      c.kind == ConverterKind::flash ? codes - 1 : static_cast<double>(converter_steps(bits));
  return c.fixed_energy.count() + c.step_energy.count() * decisions;
}

CrossbarMacro::Phases CrossbarMacro::phases(const models::Formats& formats) const {
  const CrossbarInputSpec& in = spec_.inputs;
  const std::int64_t bits = in.sign == InputSign::in_amplitude ? without_sign(formats.activations)
                                                               : formats.activations.element_bits();
  const std::int64_t resolution =
      spec_.converter.follows_output
          ? std::min(spec_.converter.bits, formats.outputs.element_bits())
          : spec_.converter.bits;
  const std::int64_t slices = ceil_div(bits, in.bits);
  Phases p;
  if (in.sum == SliceSum::digital) {
    const std::int64_t pulses =
        in.drive == InputDrive::pulses ? (std::int64_t{1} << std::min(in.bits, bits)) - 1 : 1;
    p.count = slices;
    p.of_kind[0] = {pulses, converter_steps(resolution), conversion_energy(resolution)};
    return p;
  }
  // Parts of nearly equal length, the most significant first and the longest.
  p.count = bits <= in.single_phase_bits ? 1 : std::min(in.phases, slices);
  p.kinds = static_cast<std::size_t>(p.count);
  std::int64_t left = resolution;
  std::int64_t done = 0;
  for (std::int64_t phase = 0; phase < p.count; ++phase) {
    const std::int64_t length = ceil_div(slices - done, p.count - phase);
    p.of_kind.at(static_cast<std::size_t>(phase)) = {integrations(length, in.bits),
                                                     converter_steps(left) * (left > 0 ? 1 : 0),
                                                     conversion_energy(left)};
    done += length;
    left = std::max<std::int64_t>(0, left - length * in.bits);
  }
  return p;
}

InputSteps CrossbarMacro::steps(const models::Formats& formats) const {
  const CrossbarInputSpec& in = spec_.inputs;
  const std::int64_t bits = in.sign == InputSign::in_amplitude ? without_sign(formats.activations)
                                                               : formats.activations.element_bits();
  const Phases p = phases(formats);
  InputSteps s;
  s.slices = ceil_div(bits, in.bits);
  s.phases = p.count;
  const std::int64_t times = p.count / static_cast<std::int64_t>(p.kinds);  // of each kind
  s.periods = 0;
  s.decisions = 0;
  for (std::size_t kind = 0; kind < p.kinds; ++kind) {
    s.periods += times * p.of_kind.at(kind).periods;
    s.decisions += times * p.of_kind.at(kind).decisions;
    s.converter_joules += static_cast<double>(times) * p.of_kind.at(kind).joules;
  }
  return s;
}

std::int64_t CrossbarMacro::row_groups(std::int64_t rows) const {
  const std::int64_t cells = spec_.weights == WeightEncoding::differential_rows ? 2 * rows : rows;
  return ceil_div(cells, spec_.active_rows.value_or(spec_.rows));
}

MacroTime MacroSchedule::time() const {
  const auto times = static_cast<double>(phases) / static_cast<double>(kinds);
  double interval = 0;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const MacroStep& step = of_kind.at(kind);
    const MacroStep& next = of_kind.at((kind + 1) % kinds);
    interval +=
        overlapped ? std::max(next.array_s, step.conversion_s) : step.array_s + step.conversion_s;
  }
  interval *= static_cast<double>(groups) * times;
  const double fill =
      overlapped ? std::min(of_kind[0].array_s, of_kind.at(kinds - 1).conversion_s) : 0.0;
  return {interval, fill + carry_s};
}

MacroSchedule CrossbarMacro::schedule(const models::Formats& formats, std::int64_t rows,
                                      std::int64_t cols) const {
  const MacroLayout l = layout(formats.weights);
  const Phases p = phases(formats);
  const CrossbarConverterSpec& c = spec_.converter;
  MacroSchedule s;
  s.groups = row_groups(rows);
  s.phases = p.count;
  s.kinds = p.kinds;
  double period = spec_.inputs.period.count();
  if (digital()) {
    const CrossbarAdderSpec& a = *spec_.adders;
    const std::int64_t stage = a.shape == AdderShape::tree
                                   ? log2_up(std::max<std::int64_t>(2, spec_.rows))
                               : a.rows_per_stage > 0 ? std::min(a.rows_per_stage, spec_.rows)
                                                      : spec_.rows;
    const double path =
        a.delay.count() * static_cast<double>(stage + l.cols_per_weight + a.register_delays);
    period = std::max(period, path);
    s.carry_s = a.shape == AdderShape::chain
                    ? static_cast<double>(ceil_div(spec_.rows, stage) - 1) * period
                    : 0.0;
  } else {
    s.converts = true;
    s.overlapped = c.overlapped;
  }
  const auto turns = static_cast<double>(ceil_div(cols * l.slices_per_weight, c.per_macro));
  for (std::size_t kind = 0; kind < p.kinds; ++kind) {
    const Phase& phase = p.of_kind.at(kind);
    MacroStep& step = s.of_kind.at(kind);
    step.array_s = spec_.inputs.setup_time.count() + static_cast<double>(phase.periods) * period;
    if (s.converts) {
      step.conversion_s = turns * (static_cast<double>(phase.decisions) * c.step_time.count() +
                                   c.fixed_time.count());
    }
  }
  return s;
}

MacroTime CrossbarMacro::time(const models::Formats& formats, std::int64_t rows,
                              std::int64_t cols) const {
  return schedule(formats, rows, cols).time();
}

MacroEnergy CrossbarMacro::energy(const models::Formats& formats, std::int64_t rows,
                                  std::int64_t cols) const {
  const MacroLayout l = layout(formats.weights);
  const InputSteps s = steps(formats);
  const CrossbarInputSpec& in = spec_.inputs;
  const auto slices = static_cast<double>(s.slices);
  const auto lines = static_cast<double>(rows * l.rows_per_weight);
  const double line =
      in.row_energy.count() + in.row_energy_per_cell.count() * static_cast<double>(spec_.cols);
  // Cells conduct, and counters count, for every period that their row is driven.
  const double drives = in.drive == InputDrive::pulses && in.sum == SliceSum::digital
                            ? static_cast<double>(s.periods)
                            : slices;
  MacroEnergy e;
  e.array = drives * lines * line;
  if (digital()) {
    e.array += drives * lines * static_cast<double>(spec_.cols) * spec_.cell.read_energy.count();
    e.conversion = slices * static_cast<double>(cols) * accumulate_energy_;
    return e;
  }
  const auto columns = static_cast<double>(cols * l.slices_per_weight);
  const double cells = lines * static_cast<double>(cols * l.cols_per_weight);
  e.array += drives * cells * spec_.cell.read_energy.count();
  const auto groups = static_cast<double>(row_groups(rows));
  double column = slices * in.sample_energy.count() + s.converter_joules;
  if (in.sum == SliceSum::charge) {
    column += static_cast<double>(s.periods) * in.integrate_energy.count();
  }
  column += static_cast<double>(s.phases) * accumulate_energy_;
  e.conversion = groups * columns * column;
  return e;
}

double CrossbarMacro::cells(const models::Precision& weights, double rows, double cols) const {
  const MacroLayout l = layout(weights);
  return rows * static_cast<double>(l.rows_per_weight) * cols *
         static_cast<double>(l.cols_per_weight);
}

}  // namespace cairn::hw
