#include "app/validation/gpu_comparisons.h"

#include <map>

#include <fmt/format.h>

#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"

namespace cairn::app {
namespace {

constexpr double kShort = 10e-6;  // s; the timer of the table resolves 1 us

std::string decade_of(std::int64_t tokens) {
  std::int64_t decade = 1;
  while (tokens >= 10 * decade) {
    decade *= 10;
  }
  return fmt::format("{} to {} tokens", decade, 10 * decade - 1);
}

}  // namespace

std::vector<Comparison> compare_linear_layers(const std::filesystem::path& table) {
  ReferenceTable rows(table, {"device", "m", "n", "k", "median_s"});
  MachineShelf machines;
  std::map<std::string, Comparison, std::less<>> by_device;
  std::map<std::string, int> seen;  // some shapes were measured more than once
  while (rows.next()) {
    const std::string device{rows.text("device")};
    Comparison& c = by_device[device];
    models::MatMul shape;
    shape.m = rows.count("m");
    shape.n = rows.count("n");
    shape.k = rows.count("k");
    models::Operator op;
    op.shape = shape;
    const hw::Machine& machine = machines.get(device);
    op.formats = default_formats(machine);
    ComparedRow& row = c.rows.emplace_back();
    row.name = fmt::format("m {} n {} k {}", shape.m, shape.n, shape.k);
    row.measured = rows.positive("median_s");
    row.predicted = cost_of(machine, op).latency_s();
    row.group = row.measured < kShort ? "measured under 10 us" : decade_of(shape.m);
    row.contest = fmt::format("{} #{}", row.name, ++seen[device + row.name]);
    row.contestant = device;
  }
  std::vector<Comparison> result;
  for (auto& [device, c] : by_device) {
    c.id = "gpu_linear_" + device;
    c.topic = "Linear layers on GPUs";
    c.family = "gpu";
    c.device = device;
    c.stack = "pytorch_cublas";
    c.table = table.filename().string();
    c.metric = "latency";
    c.unit = "s";
    c.truth = Truth::silicon;
    c.bars = {{Statistic::mean_absolute, 0.06},
              {Statistic::signed_mean, 0.02},
              {Statistic::ratio_error, 0.08}};
    c.peers = "LLM-Viewer (roofline): 25.4 % mean over both cards";
    result.push_back(std::move(c));
  }
  return result;
}

std::vector<Comparison> compare_gpu() {
  return compare_linear_layers(reference_file("gpu_gemm_measured.csv"));
}

}  // namespace cairn::app
