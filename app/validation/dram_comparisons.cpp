#include "app/validation/dram_comparisons.h"

#include <string>

#include <fmt/format.h>

#include "app/dram_parts.h"
#include "app/validation/reference_table.h"
#include "hw/memory/cycle/dram_traffic.h"

namespace cairn::app {
namespace {

namespace hc = hw::cycle;

struct Seen {
  double bandwidth{};  ///< B/s of all requests
  double latency_s{};  ///< of single reads
};

Seen simulate(const std::string& part_name, const std::string& mode, bool refresh) {
  const hw::DramPartSpec part = find_dram_part(part_name);
  hc::DramControllerOptions options = hc::default_options(part);
  options.refresh = refresh ? hc::RefreshMode::all_bank : hc::RefreshMode::off;
  hc::DramController controller{part, options};
  hc::DramTrafficSpec traffic;
  traffic.pattern = mode == "unloaded" ? hc::DramPattern::random : hc::DramPattern::stream;
  traffic.requests = mode == "unloaded" ? 200 : mode == "stream" ? 50'000 : 200'000;
  traffic.outstanding = mode == "unloaded" ? 1 : 1024;
  traffic.probe = mode == "loaded";
  hc::DramTraffic load{traffic, controller};
  static_cast<void>(hc::run_to_end(controller, load));
  const auto requests = static_cast<double>(load.finished() + load.probes().count());
  Seen seen;
  seen.bandwidth = requests * static_cast<double>(controller.access_bytes()) /
                   (static_cast<double>(load.end()) * controller.tick_s());
  seen.latency_s =
      (traffic.probe ? load.probes().mean() : load.reads().mean()) * controller.tick_s();
  return seen;
}

}  // namespace

std::vector<Comparison> compare_dram_commands() {
  constexpr const char* kTable = "dram_commands_simulated.csv";
  Comparison bandwidth;
  bandwidth.id = "dram_cycle_bandwidth";
  bandwidth.topic = "DRAM, command by command";
  bandwidth.family = "memory";
  bandwidth.device = "DRAM parts";
  bandwidth.table = kTable;
  bandwidth.metric = "bandwidth";
  bandwidth.unit = "B/s";
  bandwidth.truth = Truth::simulator;
  bandwidth.bars = {{Statistic::worst, 0.005}};
  Comparison unloaded = bandwidth;
  unloaded.id = "dram_cycle_unloaded";
  unloaded.metric = "latency";
  unloaded.unit = "s";
  unloaded.bars = {{Statistic::worst, 0.03}};
  Comparison loaded = unloaded;
  loaded.id = "dram_cycle_loaded";
  loaded.bars = {{Statistic::worst, 0.10}};
  ReferenceTable rows(reference_file(kTable),
                      {"part", "mode", "refresh", "bandwidth_bytes_per_s", "latency_s"});
  while (rows.next()) {
    const std::string part{rows.text("part")};
    const std::string mode{rows.text("mode")};
    const std::string refresh{rows.text("refresh")};
    const Seen seen = simulate(part, mode, refresh == "on");
    ComparedRow row;
    row.name = fmt::format("{}, {}, refresh {}", part, mode, refresh);
    if (mode != "unloaded") {
      row.predicted = seen.bandwidth;
      row.measured = rows.positive("bandwidth_bytes_per_s");
      bandwidth.rows.push_back(row);
    }
    if (mode != "stream") {
      row.predicted = seen.latency_s;
      row.measured = rows.positive("latency_s");
      (mode == "loaded" ? loaded : unloaded).rows.push_back(row);
    }
  }
  return {bandwidth, unloaded, loaded};
}

}  // namespace cairn::app
