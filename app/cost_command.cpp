#include "app/cost_command.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/hardware_file.h"
#include "app/operator_table.h"
#include "app/output.h"
#include "core/csv.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "hw/systolic/scratchpad_words.h"

namespace cairn::app {
namespace {

constexpr double kBitsPerByte = 8;

/// The figures of one row, in the order of priced_columns().
struct Figures {
  double latency_s{};
  std::int64_t cycles{};
  double energy_j{};
  double utilization{};
  std::string_view bottleneck;
  double dram_read_bytes{};
  double dram_write_bytes{};
  double analytical_latency_s{};  ///< at cycle level
};

Figures figures_of(const hw::OperatorCost& cost, std::int64_t count, double static_power) {
  const auto times = static_cast<double>(count);
  Figures f;
  f.latency_s = times * cost.latency_s();
  f.cycles = count * cost.cycles;
  f.energy_j = times * (cost.energy.total() + static_power * cost.latency_s());
  f.utilization = cost.utilization;
  f.bottleneck = cairn::to_text(cost.bottleneck);
  f.dram_read_bytes = times * cost.dram_read_bits / kBitsPerByte;
  f.dram_write_bytes = times * cost.dram_write_bits / kBitsPerByte;
  return f;
}

/// Appends rows as CSV or as JSON objects.
class Writer {
 public:
  Writer(const CsvReader& csv, const OperatorTable& table, const CostOptions& options, bool cycle,
         std::string& out)
      : csv_(csv), table_(table), options_(options), cycle_(cycle), out_(out) {
    if (options_.json) {
      out_ += "[";
      return;
    }
    bool first = true;
    for (const std::size_t column : table_.echoed()) {
      separate(first);
      append_csv_cell(out_, csv_.header()[column]);
    }
    if (options_.mappings && !table_.mapping_column()) {
      separate(first);
      out_ += "mapping";
    }
    for (const std::string& name : priced_columns()) {
      if (name == "error" && cycle_) {
        for (const std::string& more : cycle_columns()) {
          separate(first);
          out_ += more;
        }
      }
      separate(first);
      out_ += name;
    }
    out_ += '\n';
  }

  void good(const Figures& f, const hw::Mapping& mapping,
            const std::optional<hw::ArrayTraffic>& words) {
    if (options_.json) {
      nlohmann::ordered_json row = echo();
      row["latency_s"] = f.latency_s;
      row["cycles"] = f.cycles;
      row["energy_j"] = f.energy_j;
      row["utilization"] = f.utilization;
      row["bottleneck"] = f.bottleneck;
      row["dram_read_bytes"] = f.dram_read_bytes;
      row["dram_write_bytes"] = f.dram_write_bytes;
      if (cycle_) {
        row["analytical_latency_s"] = f.analytical_latency_s;
        row["disagreement"] = sim::disagreement(f.latency_s, f.analytical_latency_s);
      }
      if (words) {
        row["scratchpad_words"] = {{"weight_reads", words->weights},
                                   {"activation_reads", words->activations},
                                   {"output_writes", words->output_writes},
                                   {"output_reads", words->output_reads}};
      }
      row["mapping"] = hw::to_text(mapping);
      row["error"] = "";
      append(row);
      return;
    }
    cells(options_.mappings ? hw::to_text(mapping) : std::string{});
    append_double(out_, f.latency_s);
    out_ += ',';
    append_int(out_, f.cycles);
    out_ += ',';
    append_double(out_, f.energy_j);
    out_ += ',';
    append_double(out_, f.utilization);
    out_ += ',';
    out_ += f.bottleneck;
    out_ += ',';
    append_double(out_, f.dram_read_bytes);
    out_ += ',';
    append_double(out_, f.dram_write_bytes);
    if (cycle_) {
      out_ += ',';
      append_double(out_, f.analytical_latency_s);
      out_ += ',';
      append_double(out_, sim::disagreement(f.latency_s, f.analytical_latency_s));
    }
    out_ += ",\n";
  }

  void bad(std::string_view reason) {
    if (options_.json) {
      nlohmann::ordered_json row = echo();
      row["error"] = reason;
      append(row);
      return;
    }
    cells(table_.mapping_column() ? std::string{csv_.cell(*table_.mapping_column())}
                                  : std::string{});
    out_ += cycle_ ? ",,,,,,,,," : ",,,,,,,";
    append_csv_cell(out_, reason);
    out_ += '\n';
  }

  void end() {
    if (options_.json) {
      out_ += rows_ == 0 ? "]\n" : "\n]\n";
    }
  }

 private:
  void separate(bool& first) {
    if (!first) {
      out_ += ',';
    }
    first = false;
  }
  void cells(const std::string& mapping) {
    for (const std::size_t column : table_.echoed()) {
      if (options_.mappings && table_.mapping_column() == column) {
        append_csv_cell(out_, mapping);
      } else {
        append_csv_cell(out_, csv_.cell(column));
      }
      out_ += ',';
    }
    if (options_.mappings && !table_.mapping_column()) {
      append_csv_cell(out_, mapping);
      out_ += ',';
    }
  }
  [[nodiscard]] nlohmann::ordered_json echo() const {
    nlohmann::ordered_json row;
    for (const std::size_t column : table_.echoed()) {
      const std::string_view cell = csv_.cell(column);
      if (const std::optional<std::int64_t> number = parse_int(cell)) {
        row[csv_.header()[column]] = *number;
      } else {
        row[csv_.header()[column]] = cell;
      }
    }
    return row;
  }
  void append(const nlohmann::ordered_json& row) {
    out_ += rows_++ == 0 ? "\n " : ",\n ";
    out_ += row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }

  const CsvReader& csv_;
  const OperatorTable& table_;
  const CostOptions& options_;
  bool cycle_;
  std::string& out_;
  std::size_t rows_{};
};

/// Rows of a table, for the shares of a timeline.
std::size_t rows_of(const std::string& file) {
  CsvReader csv = CsvReader::from_file(file);
  std::size_t rows = 0;
  while (csv.next()) {
    ++rows;
  }
  return rows;
}

/// Words between array and scratchpads of \p count operators; only where the device is an array.
std::optional<hw::ArrayTraffic> words_of(const hw::Machine& machine, const hw::GroupView& group,
                                         const hw::Mapping& mapping, std::int64_t count) {
  const auto* array = std::get_if<hw::SystolicArray>(&machine.primary());
  std::optional<hw::ArrayTraffic> words =
      array != nullptr ? hw::scratchpad_words(*array, group, mapping) : std::nullopt;
  if (words) {
    const auto times = static_cast<double>(count);
    words->weights *= times;
    words->activations *= times;
    words->output_writes *= times;
    words->output_reads *= times;
  }
  return words;
}

hw::Estimate simulated(CycleLevel& cycle, const OperatorRow& row, const hw::GroupView& group,
                       double& analytical_s) {
  const std::string name =
      row.op.name.empty() ? std::string{models::kind_name(row.op.shape)} : row.op.name;
  sim::CycleEstimate estimate =
      cycle.price(name, group, row.mapping, hw::MappingObjective::energy_delay);
  if (auto* refused = std::get_if<hw::Infeasible>(&estimate)) {
    return std::move(*refused);
  }
  const auto& both = std::get<sim::CyclePrice>(estimate);
  analytical_s = both.closed_form.latency_s();
  return both.cost;
}

}  // namespace

ExitCode run_cost(const CostOptions& options) {
  const LoadedSystem loaded = load_system(options.hardware, options.overrides, options.stack);
  const hw::Machine& machine = *loaded.machine;
  CsvReader csv = CsvReader::from_file(options.operators);
  const OperatorTable table(csv, default_formats(machine), options.depthwise);
  Output output(options.out);
  const std::unique_ptr<CycleLevel> cycle =
      make_cycle_level(options.level, loaded, options.hardware);
  Writer writer(csv, table, options, cycle != nullptr, output.text());
  if (cycle) {
    cycle->expect(rows_of(options.operators));
  }
  OperatorRow row;
  hw::GroupView group{&row.op, {}, 0};
  constexpr auto kFusedAttention =
      static_cast<std::uint8_t>(1 + static_cast<int>(models::FusionKind::attention));
  bool any_ran = false;
  bool any_row = false;
  while (csv.next()) {
    any_row = true;
    table.read(row);
    if (!row.error.empty()) {
      writer.bad(row.error);
      continue;
    }
    // As in a model, scores stay on chip unless the mapping says `fuse none`.
    group.fused = std::holds_alternative<models::Attention>(row.op.shape)
                      ? row.mapping.fused.value_or(kFusedAttention)
                      : std::uint8_t{0};
    double analytical_s = 0;
    const hw::Estimate estimate =
        cycle ? simulated(*cycle, row, group, analytical_s)
              : machine.price(group, row.mapping, hw::MappingObjective::energy_delay);
    const auto* cost = std::get_if<hw::OperatorCost>(&estimate);
    if (cost != nullptr && cost->cycles > std::numeric_limits<std::int64_t>::max() / row.count) {
      writer.bad("count is so large that the cycles exceed 63 bits");
    } else if (cost != nullptr) {
      Figures figures = figures_of(*cost, row.count, machine.static_power());
      figures.analytical_latency_s = static_cast<double>(row.count) * analytical_s;
      writer.good(figures, cost->mapping,
                  options.json ? words_of(machine, group, cost->mapping, row.count) : std::nullopt);
      any_ran = true;
    } else {
      writer.bad(std::get<hw::Infeasible>(estimate).what);
    }
    output.flush_if_large();
  }
  writer.end();
  output.finish();
  if (cycle) {
    cycle->finish();
    fmt::print(stderr, "{}", wrapped(cycle->trace_note(), 0));
  }
  return any_ran || !any_row ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
