#include "app/validate_command.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/output.h"
#include "app/paths.h"
#include "app/validation.h"

namespace cairn::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kPercent = 100;

std::vector<std::string> error_row(const ErrorSummary& s, const std::string& device,
                                   const std::string& verdict) {
  if (s.rows == 0) {
    return {device, s.what, "0", "-", "-", verdict};
  }
  return {device,
          s.what,
          fmt::format("{}", s.rows),
          fmt::format("{:.2f} %", kPercent * s.mean_absolute),
          fmt::format("{:+.2f} %", kPercent * s.mean_signed),
          verdict};
}

Json error_json(const ErrorSummary& s) {
  return {{"what", s.what},
          {"rows", s.rows},
          {"mean_absolute_error", s.mean_absolute},
          {"mean_signed_error", s.mean_signed}};
}

std::string gpu_text(const std::vector<GpuComparison>& gpus) {
  std::vector<std::vector<std::string>> rows{
      {"GPU", "ROWS OF", "ROWS", "|ERROR|", "ERROR", "BARS"}};
  for (const GpuComparison& gpu : gpus) {
    rows.push_back(error_row(gpu.all, gpu.device, gpu.holds() ? "hold" : "BROKEN"));
    for (const ErrorSummary& part : gpu.parts) {
      rows.push_back(error_row(part, "", ""));
    }
  }
  return fmt::format(
             "Linear layers on GPUs, time of the model against the measured median.\n"
             "Bars: mean |error| at most {:.0f} %, |mean error| at most {:.0f} % over all "
             "rows.\n\n",
             kPercent * GpuComparison::kMostAbsolute, kPercent * GpuComparison::kMostSigned) +
         columns(rows, {2, 3, 4});
}

std::string cycle_text(const std::vector<CycleComparison>& tables) {
  std::vector<std::vector<std::string>> rows{{"TABLE", "ROWS", "EQUAL", "BAR"}};
  std::string differences;
  for (const CycleComparison& t : tables) {
    rows.push_back({t.table, fmt::format("{}", t.rows), fmt::format("{}", t.equal),
                    t.holds() ? "holds" : "BROKEN"});
    if (!t.first_difference.empty()) {
      differences += wrapped(t.table + " " + t.first_difference, 0);
    }
  }
  return "Systolic array with timing: scalesim, cycles against those that SCALE-Sim prints.\n"
         "Bar: every row equal.\n\n" +
         columns(rows, {1, 2}) + differences;
}

Json json_of(const std::vector<GpuComparison>& gpus, const std::vector<CycleComparison>& tables,
             bool all_hold) {
  Json json;
  json["holds"] = all_hold;
  json["gpu"] = Json::array();
  for (const GpuComparison& gpu : gpus) {
    Json one{{"device", gpu.device},
             {"holds", gpu.holds()},
             {"all", error_json(gpu.all)},
             {"parts", Json::array()}};
    for (const ErrorSummary& part : gpu.parts) {
      one["parts"].push_back(error_json(part));
    }
    json["gpu"].push_back(std::move(one));
  }
  json["cycles"] = Json::array();
  for (const CycleComparison& t : tables) {
    json["cycles"].push_back({{"table", t.table},
                              {"holds", t.holds()},
                              {"rows", t.rows},
                              {"equal", t.equal},
                              {"first_difference", t.first_difference}});
  }
  return json;
}

}  // namespace

ExitCode run_validate(const ValidateOptions& options) {
  const std::filesystem::path tables = configs_directory() / "validation";
  const std::vector<GpuComparison> gpus = compare_gpus(tables / "gpu_gemm_measured.csv");
  const std::vector<CycleComparison> cycles{compare_cycles(tables / "scalesim_v2_cycles.csv"),
                                            compare_cycles(tables / "scalesim_v3_cycles.csv")};
  const auto good = [](const auto& comparison) { return comparison.holds(); };
  const bool all_hold = !gpus.empty() && std::all_of(gpus.begin(), gpus.end(), good) &&
                        std::all_of(cycles.begin(), cycles.end(), good);
  Output output{""};
  output.text() = options.json ? json_of(gpus, cycles, all_hold).dump(2) + "\n"
                               : gpu_text(gpus) + "\n" + cycle_text(cycles);
  output.finish();
  return all_hold ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
