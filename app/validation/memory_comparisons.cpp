#include "app/validation/memory_comparisons.h"

#include <string>

#include <fmt/format.h>

#include "app/paths.h"
#include "app/validation/reference_table.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "hw/memory/dram_part.h"

namespace cairn::app {
namespace {

constexpr double kBitsPerByte = 8;

hw::DramFiguresOfPart figures_of_file(const std::string& stem) {
  Diagnostics diagnostics;
  const Node root =
      load_yaml((configs_directory() / "memory" / (stem + ".yaml")).string(), diagnostics);
  hw::DramPartSpec part;
  read(root, part, diagnostics);
  diagnostics.throw_if_any();
  return hw::figures_of(part);
}

}  // namespace

std::vector<Comparison> compare_memories() {
  constexpr const char* kTable = "dram_streams_simulated.csv";
  Comparison bandwidth;
  bandwidth.id = "dram_streams";
  bandwidth.topic = "DRAM derived from its part";
  bandwidth.family = "memory";
  bandwidth.device = "DRAM parts";
  bandwidth.table = kTable;
  bandwidth.metric = "bandwidth";
  bandwidth.unit = "B/s";
  bandwidth.truth = Truth::simulator;
  Comparison latency = bandwidth;
  latency.id = "dram_latency";
  latency.metric = "latency";
  latency.unit = "s";
  ReferenceTable rows(reference_file(kTable), {"part", "bandwidth_bytes_per_s", "latency_s"});
  while (rows.next()) {
    const std::string part{rows.text("part")};
    const hw::DramFiguresOfPart f = figures_of_file(part);
    ComparedRow& stream = bandwidth.rows.emplace_back();
    stream.name = part + ", long stream with refresh";
    stream.predicted = f.peak_bandwidth * (1 - f.refresh_loss) / kBitsPerByte;
    stream.measured = rows.positive("bandwidth_bytes_per_s");
    ComparedRow& probe = latency.rows.emplace_back();
    probe.name = part + ", single requests, another row open";
    probe.predicted = f.latency_s;
    probe.measured = rows.positive("latency_s");
  }
  return {bandwidth, latency};
}

}  // namespace cairn::app
