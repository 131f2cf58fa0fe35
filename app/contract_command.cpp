#include "app/contract_command.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "app/contraction_answer.h"
#include "app/contraction_search.h"
#include "app/output.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/log.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"
#include "models/tensor_network/einsum.h"
#include "models/tensor_network/execute.h"
#include "models/tensor_network/network_json.h"

namespace cairn::app {
namespace {

/// Two orders of the same double-precision sums lie within this of each other; more is our mistake.
constexpr double kRounding = 1e-9;

bool names_file(const std::string& text) {
  std::error_code ignored;
  return text.ends_with(".json") || std::filesystem::is_regular_file(text, ignored);
}

models::NetworkFile read(const ContractOptions& options) {
  if (!names_file(options.network)) {
    models::NetworkFile file;
    file.networks.push_back(
        models::read_einsum(options.network, fmt::format("{}", fmt::join(options.sizes, ","))));
    file.networks.back().name = options.network;
    return file;
  }
  if (!options.sizes.empty()) {
    Diagnostics diagnostics;
    diagnostics.error({"<command line>", 1, 1, ""}, "sizes",
                      "is for an einsum: a file has its own sizes", "");
    diagnostics.throw_if_any();
  }
  return models::read_networks(options.network);
}

std::string label(const models::TensorNetwork& network, std::size_t position) {
  return network.name.empty() ? fmt::format("network {}", position) : network.name;
}

MachineAnswer machine_answer(search::PricedOrder priced, const ContractionSearch& search,
                             const models::TensorNetwork& network, const ContractOptions& options) {
  MachineAnswer machine;
  machine.name = std::filesystem::path(options.on).stem().string();
  machine.training = options.training;
  machine.price = priced.cost.price;
  machine.permutes = priced.cost.permutes;
  machine.steps = search.step_prices(network, priced.lowered);
  machine.lowered = std::move(priced.lowered);
  return machine;
}

ContractionAnswer answer_of(models::TensorNetwork network, const ContractionSearch& search,
                            const ContractOptions& options) {
  ContractionAnswer a;
  a.pairs = models::pairwise(network);
  a.network = std::move(network);
  a.element_bits = options.element_bits;
  a.objective = options.minimize;
  FoundOrder found = search.find(a.pairs.network);
  a.order = std::move(found.order);
  a.cost = models::cost_of(a.pairs.network, a.order);
  a.objective_cost = found.cost;
  a.lower_bound = found.lower_bound;
  a.method = std::move(found.method);
  a.optimal = found.optimal;
  a.out_of_time = found.out_of_time;
  a.seconds = found.seconds;
  a.refusal = found.refusal;
  if (found.priced) {
    a.machine = machine_answer(std::move(*found.priced), search, a.pairs.network, options);
  }
  a.limited = search.most_elements().has_value();
  if (a.limited && a.cost.peak > *search.most_elements()) {
    const double begin = cpu_time();
    const search::SlicingResult result = search.slice(a.pairs.network, a.order);
    a.seconds += cpu_time() - begin;
    if (const auto* refusal = std::get_if<search::SlicingRefusal>(&result)) {
      a.refusal = refusal->reason;
    } else {
      const auto& sliced = std::get<search::OrderInSlices>(result);
      a.sliced = sliced.sliced;
      a.slices = sliced.slices;
      a.overhead = sliced.overhead;
      a.order = sliced.order;
      a.cost = models::cost_of(models::without_indices(a.pairs.network, a.sliced), a.order);
      a.optimal = a.optimal && a.objective == "flops" && a.overhead <= 1;
      a.objective_cost = a.objective == "flops"   ? sliced.multiplications
                         : a.objective == "write" ? a.cost.write * a.slices
                         : a.objective == "size"  ? a.cost.largest_intermediate
                                                  : a.cost.traffic * a.slices;
    }
  }
  a.multiplications =
      models::exact_multiplications(models::without_indices(a.pairs.network, a.sliced), a.order,
                                    static_cast<std::int64_t>(a.slices));
  if (options.verify) {
    const models::ContractionOrder other = search.other_than(a.pairs.network, a.order);
    a.verification = models::verify(a.network, {.order = a.order, .sliced = a.sliced},
                                    {.order = other, .sliced = {}}, options.seed);
    CAIRN_CHECK(!a.verification->difference || *a.verification->difference < kRounding,
                "two orders of one network give the same result");
  }
  return a;
}

void tell(const ContractionAnswer& a, const std::string& name, const ContractOptions& options) {
  if (options.method == "optimal" && !a.optimal && a.sliced.empty()) {
    log::warn(
        "{}: no order was proven the best within --time {}: the best found has {} by --minimize "
        "{}, "
        "the least may be {} % less",
        name, options.time, human_double(a.objective_cost, 6), options.minimize,
        human_double(100 * a.gap().value_or(1), 3));
  }
  if (a.verification && !a.verification->refusal.empty()) {
    log::warn("{}: not verified: {}", name, a.verification->refusal);
  }
  if (!a.refusal.empty()) {
    log::warn("{}: {}", name, a.refusal);
  }
}

std::string json_of(const std::vector<ContractionAnswer>& answers, bool list, bool explain) {
  std::string text = list ? "[" : "";
  for (std::size_t i = 0; i < answers.size(); ++i) {
    text += i == 0 ? "" : ",\n";
    text += contraction_json(answers[i], explain);
  }
  return text + (list ? "]\n" : "\n");
}

std::string text_of(const std::vector<ContractionAnswer>& answers, bool explain) {
  if (answers.size() > 1 && !explain) {
    return contraction_table(answers);
  }
  std::string text;
  for (const ContractionAnswer& a : answers) {
    text += (text.empty() ? "" : "\n") + contraction_text(a, explain);
  }
  return text;
}

}  // namespace

ContractionAnswers contraction_answers(const ContractOptions& options) {
  const ContractionSearch search{options};
  models::NetworkFile file = read(options);
  ContractionAnswers result;
  result.list = file.list;
  for (models::TensorNetwork& network : file.networks) {
    const std::string name = label(network, result.answers.size());
    result.answers.push_back(answer_of(std::move(network), search, options));
    tell(result.answers.back(), name, options);
  }
  return result;
}

ExitCode run_contract(const ContractOptions& options) {
  const ContractionAnswers result = contraction_answers(options);
  Output output{""};
  output.text() = options.json ? json_of(result.answers, result.list, options.explain)
                               : text_of(result.answers, options.explain);
  output.finish();
  const bool fits = std::ranges::all_of(
      result.answers, [](const ContractionAnswer& answer) { return answer.refusal.empty(); });
  return fits ? ExitCode::success : ExitCode::no_feasible_point;
}

}  // namespace cairn::app
