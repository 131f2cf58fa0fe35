#include "app/validation/mcu_comparisons.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "app/validation/reference_table.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "models/compression/compression.h"
#include "sim/evaluator.h"

namespace cairn::app {
namespace {

/// Latency and energy of nets on boards under libraries; each pair is built once.
class Boards {
 public:
  Boards() : builder_(configs_directory() / "models") {}

  /// \p settings are further fields of the device, as YAML: `clock: 370 MHz`.
  sim::WorkloadCost run(const std::string& net, const std::string& board,
                        const std::string& library, const std::string& settings) {
    const hw::Machine& machine = machine_of(board, library, settings);
    sim::WorkloadSpec spec;
    spec.model = net;
    const models::Precision format = machine.default_format();
    const models::Workload workload = models::compress(
        builder_.build(spec),
        {models::Quantize{.weights = format, .activations = format, .kv_cache = format}});
    const auto report = sim::report_workload(sim::compile(workload, {}), machine,
                                             hw::MappingObjective::latency, {});
    if (const auto* refused = std::get_if<hw::Infeasible>(&report)) {
      throw InternalError(fmt::format("{} on {}: {}", net, board, refused->what));
    }
    return std::get<sim::WorkloadReport>(report).cost;
  }

 private:
  const hw::Machine& machine_of(const std::string& board, const std::string& library,
                                const std::string& settings) {
    const std::string key = fmt::format("{} {} {}", board, library, settings);
    const auto found = systems_.find(key);
    if (found != systems_.end()) {
      return *found->second.machine;
    }
    const std::string text = fmt::format(
        "extends: boards/{}.yaml\ndevices: {{mcu: {{library: {{extends: software/{}.yaml}}, "
        "{}}}}}\n",
        board, library, settings);
    Diagnostics diagnostics;
    const std::string path = (configs_directory() / "comparison.yaml").string();
    Node root = parse_yaml(text, path, diagnostics);
    resolve_extends(root, path, diagnostics);
    diagnostics.throw_if_any();
    return *systems_.emplace(key, load_system(root)).first->second.machine;
  }

  sim::WorkloadBuilder builder_;
  std::map<std::string, LoadedSystem, std::less<>> systems_;
};

/// One line of configs/validation/mlperf_tiny.csv.
struct TinyRow {
  std::string name;
  std::string submission;  ///< round and submitter
  std::string scope;
  std::string net;
  std::string board;
  std::string library;
  std::string settings;
  std::string note;
  bool described_from{};
  double latency_s{};
  double energy_j{};  ///< 0: not measured
};

std::vector<TinyRow> read_tiny() {
  ReferenceTable table(reference_file("mlperf_tiny.csv"),
                       {"round", "submitter", "scope", "board", "library", "net", "settings",
                        "described_from", "latency_s", "energy_j", "note"});
  std::vector<TinyRow> rows;
  while (table.next()) {
    TinyRow& row = rows.emplace_back();
    row.scope = table.text("scope");
    row.net = table.text("net");
    row.board = table.text("board");
    row.library = table.text("library");
    row.settings = table.text("settings");
    std::replace(row.settings.begin(), row.settings.end(), ';', ',');  // a comma ends a cell
    row.described_from = table.text("described_from") == "yes";
    row.note = table.text("note");
    row.latency_s = table.positive("latency_s");
    row.energy_j = table.empty("energy_j") ? 0.0 : table.positive("energy_j");
    row.submission = fmt::format("{} {}", table.text("round"), table.text("submitter"));
    row.name = fmt::format("{} {}, {} on {}", row.submission, row.net, row.library, row.board);
  }
  return rows;
}

Comparison tiny(std::string id, std::string topic, std::string metric, std::string unit) {
  Comparison c;
  c.id = std::move(id);
  c.topic = std::move(topic);
  c.family = "microcontroller";
  c.table = "mlperf_tiny.csv";
  c.metric = std::move(metric);
  c.unit = std::move(unit);
  c.truth = Truth::silicon;
  return c;
}

std::vector<Comparison> compare_tiny(Boards& boards) {
  Comparison open = tiny("mcu_tiny_latency", "Microcontrollers: MLPerf Tiny", "latency", "s");
  open.device = "stm32l4r5, nrf5340, gap9";
  open.stack = "libraries with a public mechanism";
  open.bars = {{Statistic::mean_absolute, 0.12}};
  open.note =
      "Rounds 1.0 and 1.1, closed division. Out of scope: Syntiant, FPGAs, and the Cortex-M33 with "
      "a matrix processor of Silicon Labs.";
  Comparison closed = tiny("mcu_tiny_latency_closed",
                           "Microcontrollers: MLPerf Tiny, closed libraries", "latency", "s");
  closed.device = "eight boards";
  closed.stack = "closed libraries by version";
  closed.note =
      "Each version has one constant, chosen on keyword spotting: those rows are not scored. "
      "X-CUBE-AI 8.1, Plumerai 2023.05 and ONNC run the visual wake words net 1.5 to 1.7 times "
      "faster than their own other nets explain, on every board alike: they leave out work that "
      "its weights make needless, which a table of layers does not show.";
  Comparison energy =
      tiny("mcu_tiny_energy", "Microcontrollers: energy of MLPerf Tiny", "energy", "J");
  energy.device = "stm32l4r5, stm32u575, stm32h7a3, gap9";
  energy.stack = "all libraries";
  energy.bars = {{Statistic::mean_absolute, 0.20}};
  energy.note = "Of the whole board. One power for each board, of its keyword-spotting rows.";

  std::map<std::string, std::map<double, std::pair<double, double>>> operating;  // GAP9, by net
  for (const TinyRow& row : read_tiny()) {
    const sim::WorkloadCost cost = boards.run(row.net, row.board, row.library, row.settings);
    ComparedRow compared;
    compared.name = row.name + (row.settings.empty() ? "" : ", " + row.settings);
    compared.group = row.library;
    compared.contest = fmt::format("{} {} under {}", row.submission, row.net, row.library);
    compared.contestant = row.board;
    if (row.settings.starts_with("clock")) {  // a supply changes no latency
      compared.contestant += " " + row.settings;
    }
    compared.predicted = cost.latency_s;
    compared.measured = row.latency_s;
    compared.scored = !row.described_from;
    if (row.described_from) {
      compared.note = "the library is described from this row";
    }
    (row.scope == "public" ? open : closed).rows.push_back(compared);
    if (row.energy_j > 0) {
      compared.contest.clear();
      compared.predicted = cost.energy.total();
      compared.measured = row.energy_j;
      compared.scored = true;
      compared.note = row.note;
      energy.rows.push_back(compared);
      if (row.board == "gap9") {
        operating[row.net][row.latency_s] = {cost.energy.total(), row.energy_j};
      }
    }
  }
  Comparison ratio =
      tiny("mcu_gap9_operating_points", "Microcontrollers: 0.8 V, 370 MHz over 0.65 V, 240 MHz",
           "energy ratio", "");
  ratio.device = "gap9";
  ratio.stack = "gap_nntool";
  ratio.bars = {{Statistic::worst, 0.08}};
  for (const auto& [net, points] : operating) {
    const auto& fast = points.begin()->second;
    const auto& slow = points.rbegin()->second;
    ComparedRow& row = ratio.rows.emplace_back();
    row.name = net;
    row.predicted = fast.first / slow.first;
    row.measured = fast.second / slow.second;
  }
  return {open, closed, energy, ratio};
}

Comparison compare_tinyengine(Boards& boards) {
  ReferenceTable table(reference_file("tinyengine_latency.csv"), {"net", "library", "latency_s"});
  Comparison c;
  c.id = "mcu_tinyengine_latency";
  c.topic = "Microcontrollers: TinyEngine's table";
  c.family = "microcontroller";
  c.device = "stm32h743";
  c.stack = "four libraries";
  c.table = "tinyengine_latency.csv";
  c.metric = "latency";
  c.unit = "s";
  c.truth = Truth::silicon;
  c.bars = {{Statistic::mean_absolute, 0.12}, {Statistic::winner_share, 1.0}};
  c.note =
      "The table states no clock; see configs/boards/stm32h743.yaml. X-CUBE-AI 7.3 is described "
      "from another board and net; the others by one constant each on these rows.";
  while (table.next()) {
    ComparedRow& row = c.rows.emplace_back();
    const std::string net{table.text("net")};
    const std::string library{table.text("library")};
    row.name = fmt::format("{} under {}", net, library);
    row.group = library;
    row.contest = net;
    row.contestant = library;
    row.measured = table.positive("latency_s");
    row.predicted = boards.run(net, "stm32h743", library, "").latency_s;
  }
  return c;
}

}  // namespace

std::vector<Comparison> compare_mcu() {
  Boards boards;
  std::vector<Comparison> all = compare_tiny(boards);
  all.push_back(compare_tinyengine(boards));
  return all;
}

}  // namespace cairn::app
