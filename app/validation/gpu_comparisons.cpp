#include "app/validation/gpu_comparisons.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "core/error.h"
#include "core/text/enum_names.h"

namespace cairn::app {
namespace {

constexpr double kShort = 10e-6;  // s; the timer of the table resolves 1 us
constexpr const char* kMeasuredStack = "pytorch_cublas";
constexpr const char* kHostTimedStack = "llmcompass_pytorch";

std::string decade_of(std::int64_t tokens) {
  std::int64_t decade = 1;
  while (tokens >= 10 * decade) {
    decade *= 10;
  }
  return fmt::format("{} to {} tokens", decade, 10 * decade - 1);
}

Comparison latency_of_gpu(std::string id, std::string topic, std::string device, const char* stack,
                          const char* table) {
  Comparison c;
  c.id = std::move(id);
  c.topic = std::move(topic);
  c.family = "gpu";
  c.device = std::move(device);
  c.stack = stack;
  c.table = table;
  c.metric = "latency";
  c.unit = "s";
  return c;
}

models::MatMul product_of(const ReferenceTable& rows) {
  models::MatMul shape;
  shape.m = rows.count("m");
  shape.n = rows.count("n");
  shape.k = rows.count("k");
  return shape;
}

std::vector<Comparison> values_of(std::map<std::string, Comparison, std::less<>>&& comparisons) {
  std::vector<Comparison> result;
  result.reserve(comparisons.size());
  for (auto& [key, comparison] : comparisons) {
    result.push_back(std::move(comparison));
  }
  return result;
}

double product_time(const hw::Machine& machine, const models::MatMul& shape,
                    const models::Formats& formats) {
  models::Operator op;
  op.shape = shape;
  op.formats = formats;
  return cost_of(machine, op).latency_s();
}

std::string name_of(const models::MatMul& shape) {
  return fmt::format("m {} n {} k {}", shape.m, shape.n, shape.k);
}

double operations_of(const models::MatMul& shape) {
  return 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) *
         static_cast<double>(shape.k);
}

/// A table of products timed from the host, under \p device, which names its stack.
Comparison compare_host_timed_products(MachineShelf& machines, const char* id, const char* device,
                                       const char* stack, const char* table) {
  Comparison c = latency_of_gpu(id, "Matrix products timed from the host", device, stack, table);
  const hw::Machine& machine = machines.get(device);
  ReferenceTable rows(reference_file(table), {"m", "n", "k", "median_s"});
  while (rows.next()) {
    const models::MatMul shape = product_of(rows);
    ComparedRow& row = c.rows.emplace_back();
    row.name = name_of(shape);
    row.measured = rows.positive("median_s");
    row.predicted = product_time(machine, shape, default_formats(machine));
  }
  return c;
}

std::vector<Comparison> compare_host_timed(MachineShelf& machines) {
  constexpr const char* kTable = "llmcompass_a100_gemm.csv";
  std::vector<Comparison> result;
  Comparison own = compare_host_timed_products(machines, "gpu_host_timed_gemm_a100",
                                               "a100_llmcompass", kHostTimedStack, kTable);
  own.bars = {{Statistic::mean_absolute, 0.06}};
  own.peers = "LLMCompass: 5.2 %, with a mapping search of CPU-seconds a product";
  result.push_back(std::move(own));
  Comparison standard = compare_host_timed_products(
      machines, "gpu_host_timed_gemm_a100_default_stack", "a100", kMeasuredStack, kTable);
  standard.note = "the default stack has no host time and a clock under load: printed only";
  result.push_back(std::move(standard));
  Comparison other =
      compare_host_timed_products(machines, "gpu_host_timed_gemm_mi210", "mi210_llmcompass",
                                  kHostTimedStack, "llmcompass_mi210_gemm.csv");
  other.note = "another vendor's libraries under constants of an A100: printed only";
  result.push_back(std::move(other));
  return result;
}

/// The operator of a row of a table of streaming kernels. \p shape says which one it is.
models::Shape streaming_shape(const ReferenceTable& rows, std::string_view shape) {
  const std::int64_t count = rows.count("rows");
  const std::int64_t columns = rows.count("columns");
  if (shape == "softmax") {
    return models::Softmax{.rows = count, .columns = columns};
  }
  if (shape == "embedding") {
    constexpr std::int64_t kVocabulary = 32000;  // of the model measured; no effect on time
    return models::Embedding{.tokens = count, .width = columns, .vocabulary = kVocabulary};
  }
  if (const auto norm = enum_from_text<models::NormalizationKind>(shape)) {
    return models::Normalization{.kind = *norm, .rows = count, .columns = columns};
  }
  const auto kind = enum_from_text<models::ElementwiseKind>(shape);
  if (!kind) {
    rows.wrong("operator", "an operator without a matrix product");
  }
  // An activation of a feed-forward layer gates a second tensor; a sum has two of them.
  const bool two = *kind == models::ElementwiseKind::silu || *kind == models::ElementwiseKind::add;
  return models::Elementwise{
      .kind = *kind, .rows = count, .columns = columns, .inputs = two ? 2 : 1};
}

double streaming_time(const hw::Machine& machine, const models::Shape& shape) {
  models::Operator op;
  op.shape = shape;
  op.formats = default_formats(machine);
  return cost_of(machine, op).latency_s();
}

/// Softmax, normalisation and GELU, each a comparison of its own.
std::vector<Comparison> compare_host_timed_streams(MachineShelf& machines) {
  constexpr const char* kTable = "llmcompass_a100_streams.csv";
  const hw::Machine& machine = machines.get("a100_llmcompass");
  ReferenceTable rows(reference_file(kTable), {"operator", "rows", "columns", "seconds"});
  std::map<std::string, Comparison, std::less<>> by_operator;
  while (rows.next()) {
    const std::string op{rows.text("operator")};
    auto found = by_operator.find(op);
    if (found == by_operator.end()) {
      Comparison c =
          latency_of_gpu("gpu_host_timed_" + op + "_a100", "Streaming kernels timed from the host",
                         "a100_llmcompass", kHostTimedStack, kTable);
      c.bars = {{Statistic::mean_absolute, 0.12}};
      found = by_operator.emplace(op, std::move(c)).first;
    }
    ComparedRow& row = found->second.rows.emplace_back();
    row.name = fmt::format("{} x {}", rows.text("rows"), rows.text("columns"));
    row.measured = rows.positive("seconds");
    row.predicted = streaming_time(machine, streaming_shape(rows, op));
  }
  return values_of(std::move(by_operator));
}

std::vector<Comparison> compare_streams(MachineShelf& machines) {
  constexpr const char* kTable = "gpu_streams_measured.csv";
  ReferenceTable rows(reference_file(kTable),
                      {"device", "operator", "tensor_parallel", "rows", "columns", "median_s"});
  std::map<std::string, Comparison, std::less<>> by_device;
  std::map<std::string, int, std::less<>> seen;
  while (rows.next()) {
    const std::string device{rows.text("device")};
    auto found = by_device.find(device);
    if (found == by_device.end()) {
      Comparison c = latency_of_gpu("gpu_streams_" + device, "Streaming kernels on GPUs", device,
                                    kMeasuredStack, kTable);
      c.bars = {{Statistic::mean_absolute, 0.12}};
      c.note = "the timer resolves 1 us: kernels of 1 to 4 us carry up to 30 % of rounding";
      found = by_device.emplace(device, std::move(c)).first;
    }
    const std::string_view op = rows.text("operator");
    ComparedRow& row = found->second.rows.emplace_back();
    row.name = fmt::format("{} {} x {} tp {}", op, rows.text("rows"), rows.text("columns"),
                           rows.text("tensor_parallel"));
    row.group = op;
    row.contest = fmt::format("{} #{}", row.name, ++seen[device + row.name]);
    row.contestant = device;
    row.measured = rows.positive("median_s");
    row.predicted = streaming_time(machines.get(device), streaming_shape(rows, op));
  }
  return values_of(std::move(by_device));
}

Comparison throughput_of_gpu(const char* id, const char* topic, std::string device,
                             const char* stack, const char* table, Truth truth) {
  Comparison c = latency_of_gpu(id, topic, std::move(device), stack, table);
  c.metric = "throughput";
  c.unit = "op/s";
  c.truth = truth;
  return c;
}

Comparison compare_square_products(MachineShelf& machines) {
  constexpr const char* kTable = "cublas_a100_square.csv";
  Comparison c = throughput_of_gpu("gpu_square_gemm_a100", "Square products of a vendor's library",
                                   "a100", kMeasuredStack, kTable, Truth::chart_read);
  c.note = "board, clock and repetition are not stated: printed only";
  const hw::Machine& machine = machines.get("a100");
  ReferenceTable rows(reference_file(kTable), {"format", "n", "operations_per_s"});
  while (rows.next()) {
    models::MatMul shape;
    shape.m = shape.n = shape.k = rows.count("n");
    const models::Precision format =
        rows.text("format") == "fp16" ? models::kFp16 : models::kFp32;  // fp32 operands as tf32
    ComparedRow& row = c.rows.emplace_back();
    row.name = fmt::format("{} n {}", rows.text("format"), shape.n);
    row.group = rows.text("format");
    row.measured = rows.positive("operations_per_s");
    row.predicted = operations_of(shape) / product_time(machine, shape, {format, format, format});
  }
  return c;
}

Comparison compare_largest_throughput(MachineShelf& machines) {
  constexpr const char* kTable = "achievable_matmul.csv";
  // Shapes that such searches find; the fastest of them where the source names none.
  constexpr std::array<std::array<std::int64_t, 3>, 5> kShapes{{{1024, 10240, 5120},
                                                                {2048, 2048, 13312},
                                                                {4096, 4096, 4096},
                                                                {6144, 6144, 16384},
                                                                {8192, 8192, 8192}}};
  Comparison c = throughput_of_gpu("gpu_largest_throughput", "Largest matrix throughput", "several",
                                   kMeasuredStack, kTable, Truth::recalled);
  ReferenceTable rows(reference_file(kTable), {"device", "m", "n", "k", "operations_per_s"});
  const models::Formats formats{models::kBf16, models::kBf16, models::kBf16};
  while (rows.next()) {
    const hw::Machine& machine = machines.get(rows.text("device"));
    double largest = 0;
    for (const auto& [m, n, k] : kShapes) {
      models::MatMul shape{.m = m, .n = n, .k = k};
      if (!rows.empty("m")) {
        shape = product_of(rows);
      }
      largest = std::max(largest, operations_of(shape) / product_time(machine, shape, formats));
    }
    ComparedRow& row = c.rows.emplace_back();
    row.name = rows.text("device");
    row.measured = rows.positive("operations_per_s");
    row.predicted = largest;
    row.contest = "largest product";
    row.contestant = row.name;
  }
  return c;
}

/// Fused attention of 16,384 tokens, 2,048 wide.
std::vector<Comparison> compare_attention(MachineShelf& machines) {
  constexpr const char* kTable = "flash_attention_h100.csv";
  constexpr std::int64_t kTokens = 16384;
  constexpr std::int64_t kWidth = 2048;
  constexpr std::uint8_t kFused = 1 + static_cast<std::uint8_t>(models::FusionKind::attention);
  std::map<std::string, Comparison, std::less<>> by_kernel;
  ReferenceTable rows(reference_file(kTable),
                      {"kernel", "head_dim", "causal", "context", "operations_per_s"});
  while (rows.next()) {
    const std::string kernel{rows.text("kernel")};
    const bool standard = kernel == "flash2";
    const std::string device = standard ? "h100" : "h100_" + kernel;
    auto found = by_kernel.find(kernel);
    if (found == by_kernel.end()) {
      Comparison c = throughput_of_gpu("gpu_attention_h100", "Fused attention, whole prompts",
                                       device, standard ? kMeasuredStack : "flash_attention_3",
                                       kTable, Truth::chart_read);
      c.id = "gpu_attention_h100_" + kernel;
      found = by_kernel.emplace(kernel, std::move(c)).first;
    }
    models::Attention shape;
    shape.head_dim = rows.count("head_dim");
    shape.heads = shape.kv_heads = kWidth / shape.head_dim;
    shape.queries = shape.context = rows.count("context");
    shape.batch = kTokens / shape.context;
    shape.causal = rows.integer("causal") != 0;
    models::Operator op;
    op.shape = shape;
    const hw::Machine& machine = machines.get(device);
    op.formats = default_formats(machine);
    const hw::Estimate estimate =
        machine.price({&op, {}, kFused}, {}, hw::MappingObjective::latency);
    const auto* cost = std::get_if<hw::OperatorCost>(&estimate);
    CAIRN_CHECK(cost != nullptr, "fused attention of a reference table cannot run");
    // The source counts half of the dense work for causal rows.
    const double dense = 4.0 * static_cast<double>(kTokens) * static_cast<double>(shape.context) *
                         static_cast<double>(kWidth);
    ComparedRow& row = found->second.rows.emplace_back();
    row.name = fmt::format("head {} context {}{}", shape.head_dim, shape.context,
                           shape.causal ? " causal" : "");
    row.group = fmt::format("head {}{}", shape.head_dim, shape.causal ? " causal" : "");
    row.measured = rows.positive("operations_per_s");
    row.predicted = (shape.causal ? dense / 2 : dense) / cost->latency_s();
  }
  return values_of(std::move(by_kernel));
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
    const models::MatMul shape = product_of(rows);
    const hw::Machine& machine = machines.get(device);
    ComparedRow& row = c.rows.emplace_back();
    row.name = name_of(shape);
    row.measured = rows.positive("median_s");
    row.predicted = product_time(machine, shape, default_formats(machine));
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
    c.stack = kMeasuredStack;
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
  MachineShelf machines;
  std::vector<Comparison> result = compare_linear_layers(reference_file("gpu_gemm_measured.csv"));
  const auto append = [&result](std::vector<Comparison> more) {
    std::move(more.begin(), more.end(), std::back_inserter(result));
  };
  append(compare_streams(machines));
  append(compare_host_timed(machines));
  append(compare_host_timed_streams(machines));
  append(compare_attention(machines));
  result.push_back(compare_square_products(machines));
  result.push_back(compare_largest_throughput(machines));
  return result;
}

}  // namespace cairn::app
