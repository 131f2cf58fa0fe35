#include "app/validation/serving_comparisons.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "app/validation/collective_comparisons.h"
#include "app/validation/decode_comparisons.h"
#include "app/validation/layer_comparisons.h"
#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "app/validation/served_models.h"
#include "app/validation/weight_only_comparisons.h"

namespace cairn::app {
namespace {

constexpr std::int64_t kPositions = 4096;  // that the model was made for
/// Averaging window of a board's own power meter on A100: Z. Yang et al., "Part-time power
/// measurements: nvidia-smi's lack of attention", 2023 (a reading every 100 ms).
constexpr double kMeterWindow = 0.1;  // s

/// One row of the table.
struct Request {
  std::string device;
  std::int64_t ranks{};
  std::int64_t prompt{};
  std::int64_t batch{};
  std::int64_t generated{};
  double prompt_s{};
  double token_s{};
  double request_s{};

  [[nodiscard]] std::string text() const {
    return fmt::format("{} tp {}, batch {}, prompt {}, {} tokens", device, ranks, batch, prompt,
                       generated);
  }
  /// The row from which the host's time was taken.
  [[nodiscard]] bool anchor() const { return ranks == 8 && prompt == 128; }
  /// Why its times contradict themselves; empty if they do not.
  [[nodiscard]] std::string outlier() const {
    const double whole = prompt_s + static_cast<double>(generated - 1) * token_s;
    if (request_s > 2 * whole) {
      return fmt::format(
          "known outlier: the request took {:.0f} times its prompt and tokens, and its prompt less "
          "than that of a smaller batch: requests waited for memory",
          request_s / whole);
    }
    return {};
  }
};

/// Prompt and token passes, each priced once.
class Passes {
 public:
  const sim::WorkloadCost& get(const Request& r, models::Phase phase) {
    // A token in the middle of the generated ones.
    const std::int64_t context =
        phase == models::Phase::prefill ? r.prompt : r.prompt + r.generated / 2;
    const auto key = std::tuple{r.device, r.ranks, r.batch, context, phase};
    const auto found = passes_.find(key);
    if (found != passes_.end()) {
      return found->second;
    }
    sim::WorkloadSpec spec;
    spec.model = "llama-2-70b";
    spec.phase = phase;
    spec.batch = r.batch;
    spec.context = context;
    spec.tensor_parallel = r.ranks;
    const hw::Machine& machine = machines_.get(r.device, "eager_serving_dgx_" + r.device);
    return passes_.emplace(key, price_pass(machine, spec)).first->second;
  }

 private:
  MachineShelf machines_;
  std::map<std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t, models::Phase>,
           sim::WorkloadCost>
      passes_;
};

void label(Comparison& c, const std::string& device) {
  c.topic = "Llama-2-70B served on several GPUs";
  c.family = "gpu";
  c.device = device;
  c.stack = "eager_serving_dgx_" + device;
  c.table = "llama_2_70b_serving.csv";
  c.truth = Truth::silicon;
}

std::vector<Comparison> compare_requests() {
  ReferenceTable table(
      reference_file("llama_2_70b_serving.csv"),
      {"device", "tensor_parallel", "prompt_tokens", "batch", "generated_tokens", "prompt_s",
       "token_s", "request_s", "peak_power_share", "average_power_share"});
  Passes passes;
  std::map<std::string, Comparison> times;
  Comparison average;
  Comparison peak;
  while (table.next()) {
    const Request r{.device = std::string{table.text("device")},
                    .ranks = table.count("tensor_parallel"),
                    .prompt = table.count("prompt_tokens"),
                    .batch = table.count("batch"),
                    .generated = table.count("generated_tokens"),
                    .prompt_s = table.positive("prompt_s"),
                    .token_s = table.positive("token_s"),
                    .request_s = table.positive("request_s")};
    const std::string outlier = r.outlier();
    if (!outlier.empty()) {  // what waited for memory has no place on the machine
      times[r.device].note +=
          (times[r.device].note.empty() ? "" : "; ") + fmt::format("{}: {}", r.text(), outlier);
      continue;
    }
    const sim::WorkloadCost& prompt = passes.get(r, models::Phase::prefill);
    const sim::WorkloadCost& token = passes.get(r, models::Phase::decode);
    for (const bool first : {true, false}) {
      ComparedRow& row = times[r.device].rows.emplace_back();
      row.name = fmt::format("{}: {}", r.text(), first ? "prompt" : "token");
      row.group = fmt::format("tp {}, {}", r.ranks, first ? "prompt" : "token");
      row.contest = fmt::format("batch {} prompt {} of {} {}", r.batch, r.prompt, r.generated,
                                first ? "prompt" : "token");
      row.contestant = fmt::format("{} tp {}", r.device, r.ranks);
      row.measured = first ? r.prompt_s : r.token_s;
      row.predicted = first ? prompt.latency_s : token.latency_s;
      if (r.anchor()) {
        row.scored = false;
        row.note = "the host's time is taken from this row";
      }
    }
    if (table.empty("average_power_share")) {
      continue;
    }
    const double limit = 400.0 * static_cast<double>(r.ranks);  // W, data sheet of the A100
    const auto tokens = static_cast<double>(r.generated - 1);
    const double token_power = token.energy.total() / token.latency_s;
    const double prompt_power = prompt.energy.total() / prompt.latency_s;
    const double seen = std::min(1.0, prompt.latency_s / kMeterWindow);
    ComparedRow row;
    row.name = r.text();
    row.group = fmt::format("tp {}", r.ranks);
    row.contest = fmt::format("batch {} prompt {}", r.batch, r.prompt);
    row.contestant = fmt::format("tp {}", r.ranks);
    if (r.prompt > kPositions) {
      row.scored = false;
      row.note = "known outlier: twice the model's positions, and an average below the idle share";
    }
    row.predicted = (prompt.energy.total() + tokens * token.energy.total()) /
                    (prompt.latency_s + tokens * token.latency_s) / limit;
    row.measured = table.positive("average_power_share");
    average.rows.push_back(row);
    row.predicted = std::max(token_power, seen * prompt_power + (1 - seen) * token_power) / limit;
    row.measured = table.positive("peak_power_share");
    peak.rows.push_back(row);
  }
  std::vector<Comparison> result;
  for (auto& [device, c] : times) {
    label(c, device);
    c.id = "llm_serving_" + device;
    c.metric = "latency";
    c.unit = "s";
    c.bars = {{Statistic::mean_absolute, 0.12}};
    result.push_back(std::move(c));
  }
  for (auto& [id, c] : {std::pair<const char*, Comparison&>{"llm_serving_average_power", average},
                        std::pair<const char*, Comparison&>{"llm_serving_peak_power", peak}}) {
    label(c, "a100");
    c.id = id;
    c.topic = std::string{"Board power of Llama-2-70B, "} + (id[12] == 'a' ? "average" : "peak");
    c.metric = "power";
    c.unit = "of the board's limit";
    c.bars = {{Statistic::mean_absolute, 0.10}};
    result.push_back(std::move(c));
  }
  return result;
}

void append(std::vector<Comparison>& all, std::vector<Comparison> more) {
  for (Comparison& c : more) {
    all.push_back(std::move(c));
  }
}

}  // namespace

std::vector<Comparison> compare_serving() {
  std::vector<Comparison> all = compare_all_reduce();
  append(all, compare_requests());
  append(all, compare_transformer_layers());
  append(all, compare_decode());
  append(all, compare_weight_only());
  return all;
}

}  // namespace cairn::app
