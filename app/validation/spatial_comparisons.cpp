#include "app/validation/spatial_comparisons.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "app/paths.h"
#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "models/compression/compression.h"
#include "models/importers/cnn.h"

namespace cairn::app {
namespace {

constexpr double kBitsPerByte = 8;
constexpr std::string_view kChip = "eyeriss";
constexpr std::string_view kArray = "row_stationary_64x64";
constexpr std::string_view kGroupedNetwork = "mobilenet_v1";

/// The convolutions of a network of configs/models in the formats of a machine.
std::vector<models::Operator> convolutions_of(std::string_view model, std::int64_t batch,
                                              const models::Formats& formats,
                                              std::int64_t channels_per_group = 1) {
  Diagnostics diagnostics;
  const models::CnnTable table =
      models::read_cnn(configs_directory() / "models" / fmt::format("{}.yaml", model), diagnostics);
  diagnostics.throw_if_any();
  const models::Workload workload =
      models::compress(models::build_cnn(table, batch),
                       {models::GroupChannels{.apply_to = {}, .channels = channels_per_group}});
  std::vector<models::Operator> found;
  for (const models::Operator& op : workload.operators) {
    if (std::holds_alternative<models::Convolution>(op.shape)) {
      found.push_back(op);
      found.back().formats = formats;
    }
  }
  return found;
}

struct Total {
  double seconds{};
  double chip_joules{};
  double dram_bytes{};
  double macs{};
  void add(const Total& other) {
    seconds += other.seconds;
    chip_joules += other.chip_joules;
    dram_bytes += other.dram_bytes;
    macs += other.macs;
  }
};

/// W of everything on the chip.
double chip_leakage(const hw::Machine& machine) {
  double watts = machine.static_power();
  for (const hw::ResolvedMemory& memory : machine.memories()) {
    watts -= hw::is_on_chip(memory.kind) ? 0.0 : memory.static_power;
  }
  return watts;
}

Total price(const hw::Machine& machine, const models::Operator& op,
            hw::MappingObjective objective) {
  const hw::Estimate estimate = machine.price({&op, {}, 0}, {}, objective);
  const auto* cost = std::get_if<hw::OperatorCost>(&estimate);
  CAIRN_CHECK(cost != nullptr, fmt::format("{} runs on the machine", op.name));
  const double seconds = cost->latency_s();
  return {.seconds = seconds,
          .chip_joules = cost->energy.total() - cost->energy[hw::EnergyComponent::dram] +
                         chip_leakage(machine) * seconds,
          .dram_bytes = (cost->dram_read_bits + cost->dram_write_bits) / kBitsPerByte,
          .macs = static_cast<double>(cost->macs)};
}

Comparison chip_comparison(std::string id, std::string metric, std::string unit, double bar) {
  Comparison c;
  c.id = std::move(id);
  c.topic = "Row-stationary chip";
  c.family = "spatial";
  c.device = kChip;
  c.table = "eyeriss.csv";
  c.metric = std::move(metric);
  c.unit = std::move(unit);
  c.truth = Truth::silicon;
  if (bar > 0) {
    c.bars = {{Statistic::worst, bar}};
  }
  return c;
}

/// Three figures of one network, or of one of its layers.
struct ChipTables {
  Comparison speed;
  Comparison power;
  Comparison traffic;
  void add(const std::string& name, double speed_predicted, double speed_measured,
           const Total& total, double watts, double bytes, bool scored, const std::string& note) {
    ComparedRow row;
    row.name = name;
    row.scored = scored;
    row.note = note;
    row.predicted = speed_predicted;
    row.measured = speed_measured;
    speed.rows.push_back(row);
    row.predicted = total.chip_joules / total.seconds;
    row.measured = watts;
    power.rows.push_back(row);
    row.predicted = total.dram_bytes;
    row.measured = bytes;
    traffic.rows.push_back(row);
  }
};

// The chip's mappings were chosen for energy; a batch also wants to end.
constexpr hw::MappingObjective kChipObjective = hw::MappingObjective::energy_delay;

std::vector<Comparison> compare_chip(MachineShelf& machines) {
  const hw::Machine& machine = machines.get(kChip);
  const models::Formats formats = default_formats(machine);
  ChipTables totals{chip_comparison("eyeriss_speed", "throughput", "frame/s", 0.10),
                    chip_comparison("eyeriss_power", "power", "W", 0.15),
                    chip_comparison("eyeriss_traffic", "DRAM traffic", "B", 0.15)};
  totals.traffic.note =
      "run-length packed; zeros of inputs 0.01, 38.7, 72.5, 79.3 and 77.6 %, of outputs those of "
      "the next input (configs/models/alexnet_grouped.yaml has the source)";
  ReferenceTable rows(reference_file("eyeriss.csv"),
                      {"network", "batch", "frames_per_s", "power_w", "dram_bytes"});
  while (rows.next()) {
    const std::string network{rows.text("network")};
    const std::int64_t batch = rows.count("batch");
    Total total;
    for (const models::Operator& op : convolutions_of(network, batch, formats)) {
      total.add(price(machine, op, kChipObjective));
    }
    const bool scored = network == "alexnet_grouped";
    totals.add(fmt::format("{} batch {}", network, batch),
               static_cast<double>(batch) / total.seconds, rows.positive("frames_per_s"), total,
               rows.positive("power_w"), rows.positive("dram_bytes"), scored,
               scored ? ""
                      : "not fitted: by its (recalled) buffer traffic the chip ran this network "
                        "with passes of "
                        "one channel, limited by the bus of partial sums; the search finds better");
  }
  ChipTables layers{chip_comparison("eyeriss_layer_latency", "latency", "s", 0),
                    chip_comparison("eyeriss_layer_power", "power", "W", 0),
                    chip_comparison("eyeriss_layer_traffic", "DRAM traffic", "B", 0)};
  for (Comparison* c : {&layers.speed, &layers.power, &layers.traffic}) {
    c->truth = Truth::recalled;
    c->table = "eyeriss_layers.csv";
  }
  const std::vector<models::Operator> ops = convolutions_of("alexnet_grouped", 4, formats);
  ReferenceTable table(reference_file("eyeriss_layers.csv"),
                       {"layer", "latency_s", "power_w", "dram_bytes"});
  while (table.next()) {
    const std::string_view name = table.text("layer");
    const auto op =
        std::ranges::find_if(ops, [&](const models::Operator& o) { return o.name == name; });
    if (op == ops.end()) {
      table.wrong("layer", "a convolution of alexnet_grouped");
    }
    const Total total = price(machine, *op, kChipObjective);
    layers.add(std::string{name}, total.seconds, table.positive("latency_s"), total,
               table.positive("power_w"), table.positive("dram_bytes"), true, "");
  }
  return {totals.speed, totals.power, totals.traffic, layers.speed, layers.power, layers.traffic};
}

/// All convolutions of the network with so many channels in a group.
Total grouped(const hw::Machine& machine, std::int64_t channels) {
  Total total;
  for (const models::Operator& op :
       convolutions_of(kGroupedNetwork, 1, default_formats(machine), channels)) {
    total.add(price(machine, op, hw::MappingObjective::latency));
  }
  return total;
}

std::vector<Comparison> compare_grouped(MachineShelf& machines) {
  const hw::Machine& machine = machines.get(kArray);
  Comparison utilization;
  utilization.id = "grouped_depthwise_utilization";
  utilization.topic = "Grouped depthwise convolutions";
  utilization.family = "spatial";
  utilization.device = kArray;
  utilization.table = "draco.csv";
  utilization.metric = "utilization";
  utilization.truth = Truth::published_model;
  utilization.note =
      "relative to depthwise convolutions; memories and bandwidth are assumptions of the device "
      "file; the number of channels with the least latency is scored";
  Comparison latency = utilization;
  latency.id = "grouped_depthwise_latency";
  latency.metric = "latency";
  ReferenceTable rows(reference_file("draco.csv"), {"utilization_ratio", "latency_ratio"});
  CAIRN_CHECK(rows.next(), "the table has a row");
  const double published_utilization = rows.positive("utilization_ratio");
  const double published_latency = rows.positive("latency_ratio");
  const Total depthwise = grouped(machine, 1);
  std::size_t best = 0;
  for (const std::int64_t channels : {2, 4, 8, 16, 32}) {
    const Total total = grouped(machine, channels);
    ComparedRow row;
    row.name = fmt::format("{} channels in a group", channels);
    row.scored = false;
    row.predicted = (total.macs / total.seconds) / (depthwise.macs / depthwise.seconds);
    row.measured = published_utilization;
    utilization.rows.push_back(row);
    row.predicted = total.seconds / depthwise.seconds;
    row.measured = published_latency;
    latency.rows.push_back(row);
    if (row.predicted < latency.rows[best].predicted) {
      best = latency.rows.size() - 1;
    }
  }
  utilization.rows[best].scored = true;
  latency.rows[best].scored = true;
  return {utilization, latency};
}

}  // namespace

std::vector<Comparison> compare_spatial() {
  MachineShelf machines;
  std::vector<Comparison> all = compare_chip(machines);
  for (Comparison& c : compare_grouped(machines)) {
    all.push_back(std::move(c));
  }
  return all;
}

}  // namespace cairn::app
