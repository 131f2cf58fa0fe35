#include "hw/crossbar/macro.h"

#include <catch2/catch.hpp>

using cairn::Joules;
using cairn::Seconds;
using namespace cairn::hw;      // NOLINT(google-build-using-namespace): the subject of this file
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

Formats bits(int weights, int activations, int outputs) {
  return {integer_format(weights), integer_format(activations), integer_format(outputs)};
}

/// 128 x 64 cells of 2 bits, one input bit each 100 ns, four SAR converters of 6 bits at 2 ns a
/// bit.
CrossbarSpec analogue() {
  CrossbarSpec s;
  s.rows = 128;
  s.cols = 64;
  s.cell.bits = 2;
  s.cell.read_energy = Joules{2e-15};
  s.inputs.period = Seconds{100e-9};
  s.inputs.row_energy = Joules{0.1e-12};
  s.inputs.row_energy_per_cell = Joules{1e-15};
  s.inputs.sample_energy = Joules{3e-15};
  s.converter.bits = 6;
  s.converter.per_macro = 4;
  s.converter.step_time = Seconds{2e-9};
  s.converter.step_energy = Joules{0.2e-12};
  return s;
}

/// Sums charge: 256 rows in pairs, a period of 1 us for everything.
CrossbarSpec charge() {
  CrossbarSpec s;
  s.rows = 256;
  s.cols = 256;
  s.weights = WeightEncoding::differential_rows;
  s.cell.bits = 4;
  s.inputs.sign = InputSign::in_amplitude;
  s.inputs.sum = SliceSum::charge;
  s.inputs.single_phase_bits = 3;
  s.inputs.phases = 2;
  s.inputs.setup_time = Seconds{1e-6};
  s.inputs.period = Seconds{1e-6};
  s.converter.bits = 10;
  s.converter.follows_output = true;
  s.converter.per_macro = 256;
  s.converter.overlapped = false;
  s.converter.step_time = Seconds{1e-6};
  return s;
}

CrossbarSpec digital(AdderShape shape) {
  CrossbarSpec s;
  s.rows = 128;
  s.cols = 128;
  s.converter.kind = ConverterKind::digital;
  s.adders = CrossbarAdderSpec{.shape = shape, .delay = Seconds{0.5e-9}, .rows_per_stage = 16};
  s.cell.read_energy = Joules{10e-15};
  return s;
}

}  // namespace

TEST_CASE("weights of eight bits take four two-bit cells, or eight in pairs without their sign") {
  CrossbarSpec s = analogue();
  MacroLayout l = CrossbarMacro(s, 0).layout(integer_format(8));
  CHECK(l.cols_per_weight == 4);
  CHECK(l.weight_cols == 16);
  CHECK(l.weight_rows == 128);
  // 7 magnitude bits: ceil(7 / 2) = 4 cells, twice, side by side or one above the other.
  s.weights = WeightEncoding::differential_columns;
  l = CrossbarMacro(s, 0).layout(integer_format(8));
  CHECK(l.cols_per_weight == 8);
  CHECK(l.slices_per_weight == 4);
  CHECK(l.weight_cols == 8);
  s.weights = WeightEncoding::differential_rows;
  l = CrossbarMacro(s, 0).layout(integer_format(8));
  CHECK(l.weight_cols == 16);
  CHECK(l.weight_rows == 64);
}

TEST_CASE("a step takes the longer of array and shared converters") {
  // 64 columns over 4 converters are 16 turns of 6 x 2 ns = 192 ns, above the 100 ns of the array;
  // 8 input bits are 8 steps: 1536 ns, and the array shows once: 100 ns.
  const CrossbarMacro macro(analogue(), 0);
  MacroTime t = macro.time(bits(8, 8, 8), 128, 16);
  CHECK(t.interval_s == Approx(1536e-9));
  CHECK(t.fill_s == Approx(100e-9));
  // 8 weights are 32 columns, 8 turns, 96 ns: now the array limits.
  t = macro.time(bits(8, 8, 8), 128, 8);
  CHECK(t.interval_s == Approx(800e-9));
  CHECK(t.fill_s == Approx(96e-9));
  // Without a sample-and-hold both add up.
  CrossbarSpec s = analogue();
  s.converter.overlapped = false;
  t = CrossbarMacro(s, 0).time(bits(8, 8, 8), 128, 8);
  CHECK(t.interval_s == Approx(8 * 196e-9));
}

TEST_CASE("rows beyond those driven at once take further steps") {
  CrossbarSpec s = analogue();
  s.active_rows = 32;
  const CrossbarMacro macro(s, 0);
  CHECK(macro.time(bits(8, 8, 8), 32, 8).interval_s == Approx(800e-9));
  CHECK(macro.time(bits(8, 8, 8), 33, 8).interval_s == Approx(1600e-9));
}

TEST_CASE("energy of a vector is the sum of rows, cells, samples, decisions and additions") {
  // 10 rows, 3 weights of 4 columns, 8 slices; accumulation 1 fJ.
  // rows: 8 x 10 x (0.1 pJ + 64 x 1 fJ) = 13.12 pJ; cells: 8 x 10 x 12 x 2 fJ = 1.92 pJ
  // columns: 12 x 8 x (3 fJ + 6 x 0.2 pJ + 1 fJ) = 115.584 pJ
  const MacroEnergy e = CrossbarMacro(analogue(), 1e-15).energy(bits(8, 8, 8), 10, 3);
  CHECK(e.array == Approx(15.04e-12));
  CHECK(e.conversion == Approx(115.584e-12));
}

TEST_CASE("converters take bits, one or two to the bits steps") {
  CrossbarSpec s = analogue();
  CHECK(CrossbarMacro(s, 0).converter_steps(6) == 6);
  CHECK(CrossbarMacro(s, 0).conversion_energy(6) == Approx(1.2e-12));
  s.converter.kind = ConverterKind::ramp;
  CHECK(CrossbarMacro(s, 0).converter_steps(6) == 64);
  CHECK(CrossbarMacro(s, 0).conversion_energy(6) == Approx(12.8e-12));
  s.converter.kind = ConverterKind::flash;
  CHECK(CrossbarMacro(s, 0).converter_steps(6) == 1);
  CHECK(CrossbarMacro(s, 0).conversion_energy(6) == Approx(12.6e-12));  // 63 comparators
  s.converter.step_energy = Joules{0};
  s.converter.figure_of_merit = Joules{5e-15};
  CHECK(CrossbarMacro(s, 0).conversion_energy(6) == Approx(0.32e-12));  // 5 fJ x 64
}

TEST_CASE("a train of pulses takes as many periods as its largest number") {
  CrossbarSpec s = analogue();
  s.inputs.bits = 4;
  s.inputs.drive = InputDrive::pulses;
  // 8 bits are 2 trains of 15 pulses.
  CHECK(CrossbarMacro(s, 0).steps(bits(8, 8, 8)).periods == 30);
  CHECK(CrossbarMacro(s, 0).steps(bits(8, 8, 8)).slices == 2);
}

TEST_CASE("charge is integrated by significance and converted once a phase") {
  const CrossbarMacro macro(charge(), 0);
  // 4-bit inputs: 3 magnitude bits, 1 + 2 + 4 integrations, one conversion of 6 decisions.
  InputSteps s = macro.steps(bits(4, 4, 6));
  CHECK(s.slices == 3);
  CHECK(s.periods == 7);
  CHECK(s.phases == 1);
  CHECK(s.decisions == 6);
  CHECK(macro.time(bits(4, 4, 6), 128, 256).interval_s == Approx(14e-6));  // 1 + 7 + 6
  // 8 bits: 7 magnitude bits in phases of 4 and 3: 15 + 7 integrations, 10 + (10 - 4) decisions.
  s = macro.steps(bits(4, 8, 10));
  CHECK(s.periods == 22);
  CHECK(s.phases == 2);
  CHECK(s.decisions == 16);
  CHECK(macro.time(bits(4, 8, 10), 128, 256).interval_s == Approx(40e-6));  // 2 + 22 + 16
  // In one phase: 127 integrations and 10 decisions.
  CrossbarSpec one = charge();
  one.inputs.single_phase_bits = 7;
  CHECK(CrossbarMacro(one, 0).time(bits(4, 8, 10), 128, 256).interval_s == Approx(138e-6));
}

TEST_CASE("a converter stops at the bits of the output only where it is told to") {
  CrossbarSpec s = charge();
  CHECK(CrossbarMacro(s, 0).steps(bits(4, 4, 12)).decisions == 10);  // its own limit
  s.converter.follows_output = false;
  CHECK(CrossbarMacro(s, 0).steps(bits(4, 4, 6)).decisions == 10);
}

TEST_CASE("carries of a chain take columns and time") {
  const CrossbarMacro chain(digital(AdderShape::chain), 0);
  // log2(128) = 7 columns for carries: 4 + 7 = 11 columns, 128 / 11 = 11 weights.
  const MacroLayout l = chain.layout(integer_format(4));
  CHECK(l.cols_per_weight == 11);
  CHECK(l.weight_cols == 11);
  // 0.5 ns x (16 rows + 11 columns + 2) = 14.5 ns a bit; 128 / 16 - 1 = 7 registers behind the
  // first.
  const MacroTime t = chain.time(bits(4, 4, 8), 128, 11);
  CHECK(t.interval_s == Approx(58e-9));
  CHECK(t.fill_s == Approx(7 * 14.5e-9));
  // A tree of 128 rows is 7 levels deep: 0.5 ns x (7 + 4 + 2) = 6.5 ns.
  const CrossbarMacro tree(digital(AdderShape::tree), 0);
  CHECK(tree.layout(integer_format(4)).weight_cols == 32);
  CHECK(tree.time(bits(4, 4, 8), 128, 32).interval_s == Approx(26e-9));
}

TEST_CASE("a digital array is clocked whole") {
  // 4 slices x 128 rows x 128 columns x 10 fJ, however many weights it holds; 1 fJ a sum.
  const CrossbarMacro macro(digital(AdderShape::chain), 1e-15);
  CHECK(macro.energy(bits(4, 4, 8), 128, 11).array == Approx(655.36e-12));
  CHECK(macro.energy(bits(4, 4, 8), 128, 1).array == Approx(655.36e-12));
  CHECK(macro.energy(bits(4, 4, 8), 128, 11).conversion == Approx(44e-15));
}
