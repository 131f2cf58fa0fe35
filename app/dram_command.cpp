#include "app/dram_command.h"

#include <charconv>
#include <ctime>
#include <memory>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/dram_parts.h"
#include "app/dram_table.h"
#include "app/output.h"
#include "app/paths.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "core/text/file_text.h"
#include "hw/energy/technology.h"
#include "hw/memory/cycle/dram_channel.h"

namespace cairn::app {
namespace {

namespace hc = hw::cycle;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kUnloadedReads = 200;

void complain(Diagnostics& diagnostics, const std::string& flag, const std::string& message,
              const std::string& hint) {
  diagnostics.error({"<command line>", 1, 1, ""}, flag, message, hint);
}

template <NamedEnum E>
E chosen(Diagnostics& diagnostics, const std::string& flag, const std::string& text) {
  if (const std::optional<E> value = enum_from_text<E>(text)) {
    return *value;
  }
  complain(diagnostics, flag, fmt::format("'{}' is unknown", text), suggest(text, enum_texts<E>()));
  return E{};
}

hc::RefreshMode refresh_of(Diagnostics& diagnostics, const std::string& text) {
  if (text == "on") {
    return hc::RefreshMode::all_bank;
  }
  return chosen<hc::RefreshMode>(diagnostics, "refresh", text);
}

/// Lines of `R ADDRESS` or `W ADDRESS`, decimal or 0x hexadecimal; `#` starts a comment.
std::vector<hc::TraceAccess> read_trace(const std::string& path, Diagnostics& diagnostics) {
  std::istringstream in{read_text_file(path)};
  std::vector<hc::TraceAccess> accesses;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::istringstream words{line.substr(0, line.find('#'))};
    std::string kind;
    std::string address;
    std::string rest;
    if (!(words >> kind)) {
      continue;
    }
    words >> address >> rest;
    const bool hex = address.starts_with("0x");
    std::uint64_t value = 0;
    const std::string_view digits = std::string_view{address}.substr(hex ? 2 : 0);
    const char* const last = std::to_address(digits.end());
    const auto [end, error] = std::from_chars(digits.data(), last, value, hex ? 16 : 10);
    if ((kind != "R" && kind != "W") || error != std::errc{} || end != last || !rest.empty()) {
      diagnostics.error({path, number, 1, line}, "trace", fmt::format("'{}' is no access", line),
                        "such as: R 0x1f40 or W 8000");
      continue;
    }
    accesses.push_back({value, kind == "W"});
  }
  if (accesses.empty()) {
    diagnostics.error({path, 1, 1, ""}, "trace", "the trace has no access", "");
  }
  return accesses;
}

hc::DramTrafficSpec traffic_of(const DramOptions& options, Diagnostics& diagnostics) {
  hc::DramTrafficSpec traffic;
  const std::string& name = options.pattern.front();
  if (name == "trace") {
    traffic.pattern = hc::DramPattern::trace;
    if (options.pattern.size() == 2) {
      traffic.trace = read_trace(options.pattern[1], diagnostics);
    } else {
      complain(diagnostics, "pattern", "a trace needs a file", "--pattern trace FILE");
    }
  } else if (name == "stream" || name == "random") {
    traffic.pattern = name == "stream" ? hc::DramPattern::stream : hc::DramPattern::random;
    if (options.pattern.size() > 1) {
      complain(diagnostics, "pattern", fmt::format("'{}' takes no file", name), "");
    }
  } else {
    const std::vector<std::string> names{"stream", "random", "trace"};
    complain(diagnostics, "pattern", fmt::format("'{}' is unknown", name), suggest(name, names));
  }
  if (options.requests) {
    traffic.requests = *options.requests;
  } else if (traffic.pattern == hc::DramPattern::trace) {
    traffic.requests = std::ssize(traffic.trace);
  }
  traffic.write_fraction = options.write_fraction;
  traffic.outstanding = options.outstanding;
  traffic.probe = options.probe;
  traffic.seed = options.seed;
  return traffic;
}

struct Answer {
  const hw::DramPartSpec& part;
  const hc::DramController& controller;
  const hc::DramTraffic& traffic;
  const hc::DramTraffic& unloaded;
  double cpu_s{};
};

Json json_of(const Answer& a) {
  const hc::DramStatistics s = a.controller.statistics();
  const hw::DramEnergy energy = a.controller.energy();
  const double tick = a.controller.tick_s();
  const auto requests = static_cast<double>(a.traffic.finished());
  const double time = static_cast<double>(a.traffic.end()) * tick;
  const hc::LatencyCount& reads = a.traffic.reads();
  Json j;
  j["part"] = a.part.name;
  j["bandwidth_bytes_per_s"] =
      time > 0 ? requests * static_cast<double>(a.controller.access_bytes()) / time : 0.0;
  Json latency;
  latency["unloaded"] = a.unloaded.reads().mean() * tick;
  latency["mean"] = reads.mean() * tick;
  latency["p50"] = reads.quantile(0.50) * tick;
  latency["p95"] = reads.quantile(0.95) * tick;
  latency["p99"] = reads.quantile(0.99) * tick;
  if (a.traffic.probes().count() > 0) {
    latency["probe"] = a.traffic.probes().mean() * tick;
  }
  j["latency_s"] = latency;
  j["row_hits"] = s.row_hits;
  j["row_misses"] = s.row_misses;
  j["row_conflicts"] = s.row_conflicts;
  j["energy_j"] = {{"activate", energy.activate},     {"read", energy.read},
                   {"write", energy.write},           {"refresh", energy.refresh},
                   {"background", energy.background}, {"total", energy.total()}};
  const auto pins = static_cast<double>(a.controller.protocol().counts[1]);
  j["bus_utilization"] = a.traffic.end() > 0 ? static_cast<double>(s.bus_busy) /
                                                   (static_cast<double>(a.traffic.end()) * pins)
                                             : 0.0;
  j["cycles"] = a.traffic.end() / a.controller.ticks_per_clock();
  j["requests"] = a.traffic.finished();
  j["requests_per_s_simulated"] = a.cpu_s > 0 ? requests / a.cpu_s : 0.0;
  j["access_bytes"] = a.controller.access_bytes();
  j["map"] = a.controller.map().order();
  j["reads"] = s.reads;
  j["writes"] = s.writes;
  Json commands;
  for (const auto& [command, name] : enum_names(hc::DramCommand{})) {
    if (const std::uint64_t n = s.commands.at(static_cast<std::size_t>(command)); n > 0) {
      commands[std::string{name}] = n;
    }
  }
  j["commands"] = commands;
  return j;
}

std::string table_of(const Json& j) {
  const auto number = [&](const Json& value, double scale, const char* unit) {
    return fmt::format("{:.4g} {}", value.get<double>() * scale, unit);
  };
  const Json& latency = j["latency_s"];
  const Json& energy = j["energy_j"];
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"part", j["part"].get<std::string>()});
  rows.push_back({"addresses", j["map"].get<std::string>()});
  rows.push_back({"bandwidth", number(j["bandwidth_bytes_per_s"], 1e-9, "GB/s")});
  rows.push_back({"data pins busy", number(j["bus_utilization"], 100, "%")});
  rows.push_back({"latency, one read at a time", number(latency["unloaded"], 1e9, "ns")});
  rows.push_back({"latency, mean", number(latency["mean"], 1e9, "ns")});
  rows.push_back({"latency, median", number(latency["p50"], 1e9, "ns")});
  rows.push_back({"latency, 95 of 100 below", number(latency["p95"], 1e9, "ns")});
  rows.push_back({"latency, 99 of 100 below", number(latency["p99"], 1e9, "ns")});
  if (latency.contains("probe")) {
    rows.push_back({"latency of probes, mean", number(latency["probe"], 1e9, "ns")});
  }
  rows.push_back(
      {"row hits, misses, conflicts",
       fmt::format("{}, {}, {}", j["row_hits"].get<std::uint64_t>(),
                   j["row_misses"].get<std::uint64_t>(), j["row_conflicts"].get<std::uint64_t>())});
  for (const char* what : {"activate", "read", "write", "refresh", "background", "total"}) {
    rows.push_back({fmt::format("energy, {}", what), number(energy[what], 1e6, "uJ")});
  }
  rows.push_back({"cycles", std::to_string(j["cycles"].get<std::int64_t>())});
  rows.push_back({"requests", std::to_string(j["requests"].get<std::int64_t>())});
  rows.push_back({"simulated", number(j["requests_per_s_simulated"], 1e-6,
                                      "million requests for each second of this program")});
  return columns(rows);
}

hw::DramCommandEnergies energies_for(const hw::DramPartSpec& part, Diagnostics& diagnostics) {
  if (const std::optional<hw::DramCommandEnergies> own = hw::energies_of(part)) {
    return *own;
  }
  const hw::Technology technology = hw::load_technology(
      (configs_directory() / "technology" / "cmos_7nm.yaml").string(), diagnostics);
  diagnostics.throw_if_any();
  const std::optional<hw::DramFigures>& figures = technology.dram(part.kind);
  return figures ? hw::energies_of(part, *figures) : hw::DramCommandEnergies{};
}

}  // namespace

std::string dram_footer() {
  return fmt::format(
      "Addresses, most significant part first: {}\n  (--map; parts may be split: \"row column bank "
      "bankgroup column:2\")\n"
      "In flight: a read until its last data, a write until its command; the next request is "
      "offered\n  in that cycle and waits while the queue is full. Latencies are those of reads, "
      "from when the\n  controller takes them. `unloaded` is the mean of {} random reads, one at a "
      "time, on an idle channel.\n"
      "Example:\n  cairn dram DDR4_8Gb_x8:DDR4_2400R --pattern stream --requests 50000 --json\n"
      "  cairn dram hbm3_16gb_8hi_6400 --pattern random --write-fraction 0.33 --outstanding 16",
      hc::default_address_order(), kUnloadedReads);
}

ExitCode run_dram(const DramOptions& options) {
  if (options.table) {
    return run_dram_table(options);
  }
  Diagnostics diagnostics;
  if (options.part.empty()) {
    complain(diagnostics, "part", "no DRAM part is named", "cairn dram DDR4_8Gb_x8:DDR4_2400R");
    diagnostics.throw_if_any();
  }
  const hw::DramPartSpec part = find_dram_part(options.part);
  hc::DramTrafficSpec traffic = traffic_of(options, diagnostics);
  hc::DramControllerOptions settings = hc::default_options(part);
  settings.map = options.map;
  settings.refresh = refresh_of(diagnostics, options.refresh);
  settings.page = chosen<hc::PagePolicy>(diagnostics, "page", options.page);
  for (const FieldProblem& p : settings.problems(part)) {
    complain(diagnostics, p.field, p.message, p.hint);
  }
  diagnostics.throw_if_any();
  settings.energies = energies_for(part, diagnostics);

  hc::DramController loaded{part, settings};
  hc::DramTraffic load{traffic, loaded};
  hc::DramController idle{part, settings};
  hc::DramTrafficSpec single;
  single.pattern = hc::DramPattern::random;
  single.requests = kUnloadedReads;
  single.outstanding = 1;
  single.seed = options.seed;
  hc::DramTraffic one{single, idle};
  hc::DramChannels channels;
  channels.add("loaded", loaded, load);
  channels.add("idle", idle, one);
  const std::clock_t start = std::clock();
  channels.run();
  const double cpu = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;

  const Json answer = json_of({part, loaded, load, one, cpu});
  Output output{""};
  output.text() = options.json ? answer.dump(2) + "\n" : table_of(answer);
  output.finish();
  return ExitCode::success;
}

}  // namespace cairn::app
