#include "app/validation/decode_comparisons.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "app/validation/served_models.h"
#include "core/error.h"

namespace cairn::app {
namespace {

std::int64_t layers_of(const std::string& model) {
  static const std::map<std::string, std::int64_t> layers{{"llama-3-8b", 32}, {"llama-3-70b", 80}};
  const auto found = layers.find(model);
  CAIRN_CHECK(found != layers.end(), "a model of the table has no number of blocks here");
  return found->second;
}

std::vector<Comparison> compare_llama_cpp() {
  constexpr std::int64_t kGenerated = 1024;
  ReferenceTable table(reference_file("llama_cpp_decode.csv"),
                       {"device", "devices", "model", "format", "tokens_per_s"});
  MachineShelf machines;
  std::map<std::string, Comparison> by_device;
  while (table.next()) {
    const std::string device{table.text("device")};
    const std::string model{table.text("model")};
    const std::string format{table.text("format")};
    sim::WorkloadSpec spec;
    spec.model = model;
    spec.phase = models::Phase::decode;
    spec.context = kGenerated / 2;
    spec.pipeline_parallel = table.count("devices");
    std::vector<models::Scheme> schemes;
    if (format == "q4_k_m") {
      schemes = k_quant_mix(layers_of(model));
    } else if (format != "f16") {
      table.wrong("format", "f16 or q4_k_m");
    }
    ComparedRow& row = by_device[device].rows.emplace_back();
    row.name = fmt::format("{} x {}, {} {}", spec.pipeline_parallel, device, model, format);
    row.group = fmt::format("{} {}", model, format);
    row.contest = fmt::format("{} x {} {}", spec.pipeline_parallel, model, format);
    row.contestant = device;
    row.measured = table.positive("tokens_per_s");
    row.predicted = 1 / price_pass(machines.get(device, "llama_cpp"), spec, schemes).latency_s;
  }
  std::vector<Comparison> result;
  for (auto& [device, c] : by_device) {
    c.id = "llama_cpp_" + device;
    c.topic = "Tokens of one sequence, llama.cpp";
    c.device = device;
    c.stack = "llama_cpp";
    c.table = "llama_cpp_decode.csv";
    c.metric = "throughput";
    c.unit = "token/s";
    result.push_back(std::move(c));
  }
  return result;
}

std::vector<Comparison> compare_tinychat() {
  ReferenceTable table(reference_file("tinychat_decode.csv"),
                       {"device", "model", "format", "latency_s"});
  MachineShelf machines;
  std::map<std::string, Comparison> by_device;
  while (table.next()) {
    const std::string device{table.text("device")};
    const std::string model{table.text("model")};
    const std::string format{table.text("format")};
    Comparison& c = by_device[device];
    if (model.find("vila") != std::string::npos) {  // a vision encoder's figures stand beside it
      c.note += fmt::format("{}{} {}: not compared, no description of its language model",
                            c.note.empty() ? "" : "; ", model, format);
      continue;
    }
    sim::WorkloadSpec spec;
    spec.model = model;
    spec.phase = models::Phase::decode;
    spec.context = 4;
    std::vector<models::Scheme> schemes;
    if (format == "w4g128") {  // a 16-bit scale and a zero point of 4 bits, kept in 16
      models::Quantize blocks{.weights = format_of("int4/g128s32")};
      blocks.apply_to.name = "layers.*";
      schemes.emplace_back(blocks);
    } else if (format != "fp16") {
      table.wrong("format", "fp16 or w4g128");
    }
    ComparedRow& row = c.rows.emplace_back();
    row.name = fmt::format("{}, {} {}", device, model, format);
    row.group = format;
    row.contest = fmt::format("{} {}", device, model);
    row.contestant = format;
    row.measured = table.positive("latency_s");
    row.predicted = price_pass(machines.get(device, "tinychat"), spec, schemes).latency_s;
  }
  std::vector<Comparison> result;
  for (auto& [device, c] : by_device) {
    c.id = "tinychat_" + device;
    c.topic = "A token of one sequence, TinyChat";
    c.device = device;
    c.stack = "tinychat";
    c.table = "tinychat_decode.csv";
    c.metric = "latency";
    c.unit = "s";
    result.push_back(std::move(c));
  }
  return result;
}

}  // namespace

std::vector<Comparison> compare_decode() {
  std::vector<Comparison> all = compare_llama_cpp();
  for (Comparison& c : compare_tinychat()) {
    all.push_back(std::move(c));
  }
  for (Comparison& c : all) {
    c.family = "gpu";
    c.truth = Truth::silicon;
    c.bars = {{Statistic::mean_absolute, 0.12}};
  }
  return all;
}

}  // namespace cairn::app
