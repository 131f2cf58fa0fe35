#include "app/validation/scalesim_layers_comparisons.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "hw/system.h"
#include "hw/systolic/fold_cycles.h"
#include "hw/systolic/scratchpad_words.h"

namespace cairn::app {
namespace {

constexpr const char* kTable = "scalesim_layers.csv";
constexpr const char* kHardware = "systolic_simulated";
constexpr double kBitsPerByte = 8;
constexpr std::int64_t kBytesPerKib = 1024;

struct Array {
  std::int64_t rows{};
  std::int64_t cols{};
  hw::Dataflow dataflow{};
  std::int64_t scratchpad_kib{};
  [[nodiscard]] auto key() const { return std::tuple{rows, cols, dataflow, scratchpad_kib}; }
};

/// The hardware file with other sizes.
class Arrays {
 public:
  Arrays()
      : base_(load_system(
            (configs_directory() / "hardware" / fmt::format("{}.yaml", kHardware)).string(), {})) {}

  const hw::Machine& get(const Array& wanted) {
    std::unique_ptr<hw::Machine>& machine = machines_[wanted.key()];
    if (!machine) {
      hw::SystemSpec spec = base_.spec;
      auto& array = std::get<hw::SystolicArraySpec>(spec.devices.items.front().second);
      array.rows = wanted.rows;
      array.cols = wanted.cols;
      array.dataflow = wanted.dataflow;
      for (const std::string& name :
           {array.weights_from, array.activations_from, array.outputs_to}) {
        spec.memories.at(name).capacity = bytes(wanted.scratchpad_kib * kBytesPerKib);
      }
      CAIRN_CHECK(!hw::Machine::problem(spec, base_.technology), "an array cannot be built");
      machine = std::make_unique<hw::Machine>(spec, base_.technology);
    }
    return *machine;
  }

 private:
  LoadedSystem base_;
  std::map<std::tuple<std::int64_t, std::int64_t, hw::Dataflow, std::int64_t>,
           std::unique_ptr<hw::Machine>>
      machines_;
};

/// What the simulator adds to the output writes (see the header).
double counted_besides(const Array& array, const models::MatMul& shape) {
  if (array.dataflow != hw::Dataflow::output_stationary) {
    return 0;
  }
  const std::int64_t folds =
      hw::folds(shape.m, shape.m, array.rows) * hw::folds(shape.n, shape.n, array.cols);
  return static_cast<double>(folds * (array.rows + array.cols));
}

Comparison comparison(const char* id, const char* metric, const char* unit) {
  Comparison c;
  c.id = id;
  c.topic = "Layers on a simulated array";
  c.family = "systolic_array";
  c.device = kHardware;
  c.table = kTable;
  c.metric = metric;
  c.unit = unit;
  c.truth = Truth::simulator;
  return c;
}

Comparison equal_counts(const char* id, const char* metric, const char* unit) {
  Comparison c = comparison(id, metric, unit);
  c.bars = {{Statistic::worst, 0.0}};
  return c;
}

}  // namespace

std::vector<Comparison> compare_scalesim_layers() {
  Comparison cycles = equal_counts("simulated_array_cycles", "compute cycles", "");
  Comparison activations =
      equal_counts("simulated_array_activation_reads", "activation reads of scratchpad", "B");
  Comparison weights =
      equal_counts("simulated_array_weight_reads", "weight reads of scratchpad", "B");
  Comparison outputs =
      equal_counts("simulated_array_output_writes", "output writes to scratchpad", "B");
  outputs.note =
      "with the rows + columns of the array that the simulator adds for each fold of outputs that "
      "stay, a count of no words";
  Comparison dram = comparison("simulated_array_dram_traffic", "DRAM traffic", "B");
  dram.note =
      "not the same count, so no error: operands that do not fit come again for each fold of the "
      "other one there, and tile by tile here; where weights stay, partial sums of every fold go "
      "to DRAM there, and stay in the scratchpad here; the first drain pads a line. The least that "
      "any order moves stands beside each row";

  Arrays arrays;
  ReferenceTable rows(reference_file(kTable),
                      {"layer", "m", "n", "k", "rows", "cols", "dataflow", "scratchpad_kib",
                       "cycles", "activation_reads", "weight_reads", "output_writes",
                       "dram_activation_reads", "dram_weight_reads", "dram_output_writes"});
  while (rows.next()) {
    const std::optional<hw::Dataflow> dataflow =
        enum_from_text<hw::Dataflow>(rows.text("dataflow"));
    if (!dataflow) {
      rows.wrong("dataflow", "a dataflow");
    }
    const Array array{rows.count("rows"), rows.count("cols"), *dataflow,
                      rows.count("scratchpad_kib")};
    models::MatMul shape;
    shape.m = rows.count("m");
    shape.n = rows.count("n");
    shape.k = rows.count("k");
    models::Operator op;
    const hw::Machine& machine = arrays.get(array);
    op.shape = shape;
    op.formats = default_formats(machine);
    op.formats.outputs = op.formats.activations;  // one byte a word
    const hw::OperatorCost cost = cost_of(machine, op);
    const std::optional<hw::ArrayTraffic> words = hw::scratchpad_words(
        std::get<hw::SystolicArray>(machine.primary()), {&op, {}, 0}, cost.mapping);
    CAIRN_CHECK(words.has_value(), "a product on one core has words");

    ComparedRow row;
    row.name = fmt::format("{} on {} x {}, {}", rows.text("layer"), array.rows, array.cols,
                           rows.text("dataflow"));
    row.group = std::string{rows.text("dataflow")};
    const auto add = [&](Comparison& c, double predicted, double printed) {
      row.predicted = predicted;
      row.measured = printed;
      c.rows.push_back(row);
    };
    add(cycles, static_cast<double>(cost.cycles), rows.positive("cycles"));
    add(activations, words->activations, rows.positive("activation_reads"));
    add(weights, words->weights, rows.positive("weight_reads"));
    add(outputs, words->output_writes + counted_besides(array, shape),
        rows.positive("output_writes"));
    const auto least =
        static_cast<double>(shape.m * shape.k + shape.k * shape.n + shape.m * shape.n);
    row.note = fmt::format("at least {:.0f}", least);
    add(dram, (cost.dram_read_bits + cost.dram_write_bits) / kBitsPerByte,
        rows.positive("dram_activation_reads") + rows.positive("dram_weight_reads") +
            rows.positive("dram_output_writes"));
  }
  return {cycles, activations, weights, outputs, dram};
}

}  // namespace cairn::app
