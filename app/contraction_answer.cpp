#include "app/contraction_answer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"
#include "core/text/utf8.h"
#include "models/tensor_network/einsum.h"

namespace cairn::app {
namespace {

using models::IndexId;
using models::TensorIndices;
using models::TensorNetwork;

constexpr double kMilli = 1e-3;

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Elements and multiplications as JSON: whole while a double is.
std::string number(double value) {
  constexpr double kWhole = 0x1p63;
  if (std::abs(value) < kWhole && std::floor(value) == value) {
    return fmt::format("{}", static_cast<std::int64_t>(value));
  }
  return fmt::format("{:.17g}", value);
}

/// For people: whole with commas, or rounded.
std::string human(double value) {
  constexpr double kLong = 1e15;
  if (std::abs(value) >= kLong || std::floor(value) != value) {
    return human_double(value);
  }
  std::string digits = fmt::format("{}", static_cast<std::int64_t>(value));
  for (auto i = static_cast<std::int64_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}
std::string human(const std::string& decimal) {
  return human(std::strtod(decimal.c_str(), nullptr));
}

std::int64_t size_of(const TensorNetwork& network, IndexId index) {
  return network.indices[static_cast<std::size_t>(index)].size;
}

std::string names_json(const TensorNetwork& network, const TensorIndices& indices) {
  std::vector<std::string> names;
  for (const IndexId index : indices) {
    names.push_back(json_text(network.indices[static_cast<std::size_t>(index)].name));
  }
  return fmt::format("[{}]", fmt::join(names, ", "));
}

std::string shape_json(const TensorNetwork& network, const TensorIndices& indices) {
  std::vector<std::int64_t> sizes;
  for (const IndexId index : indices) {
    sizes.push_back(size_of(network, index));
  }
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

std::string shape_text(const TensorNetwork& network, const TensorIndices& indices) {
  std::vector<std::int64_t> sizes;
  for (const IndexId index : indices) {
    sizes.push_back(size_of(network, index));
  }
  return sizes.empty() ? "a scalar" : fmt::format("{}", fmt::join(sizes, " x "));
}

/// `[[0, 1], [0, 2]]`; the only term of a network by itself is `[[0]]`.
template <class Steps, class Pair>
std::string path_json(const Steps& steps, const Pair& pair) {
  if (steps.empty()) {
    return "[[0]]";
  }
  std::string text = "[";
  for (const auto& step : steps) {
    const auto [first, second] = pair(step);
    text += fmt::format("{}[{}, {}]", text.size() == 1 ? "" : ", ", first, second);
  }
  return text + "]";
}
std::string linear_json(const ContractionAnswer& a) {
  return path_json(models::linear_path(a.order, a.network.terms.size()),
                   [](const auto& step) { return step; });
}
std::string ssa_json(const ContractionAnswer& a) {
  return path_json(a.order, [](const models::PairwiseStep& step) {
    return std::pair{step.first, step.second};
  });
}

/// The network of one slice, for pairs.
TensorNetwork slice_of(const ContractionAnswer& a) {
  return models::without_indices(a.pairs.network, a.sliced);
}

std::string unary_einsum(const ContractionAnswer& a, const models::UnaryStep& step) {
  const auto t = static_cast<std::size_t>(step.term);
  const std::array<TensorIndices, 1> before{a.network.terms[t]};
  return models::einsum_text(a.network, before, a.pairs.network.terms[t]);
}

std::string explanation_json(const ContractionAnswer& a) {
  std::vector<std::string> unary;
  for (const models::UnaryStep& step : a.pairs.unary) {
    unary.push_back(fmt::format(R"({{"term": {}, "einsum": {}, "diagonals": {}, "sums": {}}})",
                                step.term, json_text(unary_einsum(a, step)),
                                names_json(a.network, step.diagonals),
                                names_json(a.network, step.sums)));
  }
  std::vector<std::string> steps;
  for (const ExplainedStep& step : explained_steps(a)) {
    steps.push_back(fmt::format(
        "{{\"tensors\": [{}, {}], \"makes\": {}, \"einsum\": {}, \"batch\": {}, \"m\": {}, "
        "\"n\": {}, \"k\": {}, \"multiplications\": {}, \"result\": {}, \"shape\": {}}}",
        step.tensors.first, step.tensors.second, step.result, json_text(step.einsum),
        number(step.batch), number(step.m), number(step.n), number(step.k),
        number(step.multiplications), names_json(a.network, step.indices),
        shape_json(a.network, step.indices)));
  }
  return fmt::format(",\n  \"unary\": [{}],\n  \"steps\": [{}{}{}]", fmt::join(unary, ", "),
                     steps.empty() ? "" : "\n    ", fmt::join(steps, ",\n    "),
                     steps.empty() ? "" : "\n  ");
}

/// The work of a step on the machine: a product with its shape, or a reordering.
std::string work_text(const models::LoweredStep& step) {
  if (!step.is_product()) {
    return fmt::format("reorder {} elements, runs of {}", step.elements, step.run);
  }
  const models::GemmStep& p = step.product;
  return fmt::format("{}{} x {} by {} x {}", p.batch > 1 ? fmt::format("{} times ", p.batch) : "",
                     p.m, p.k, p.k, p.n);
}

std::string machine_json(const MachineAnswer& machine, bool explain) {
  std::string text = fmt::format(
      ",\n  \"machine\": {},\n  \"training\": {},\n  \"latency_s\": {},\n  \"energy_j\": {},\n"
      "  \"reordering_latency_s\": {},\n  \"reordering_energy_j\": {}",
      json_text(machine.name), machine.training, print_double(machine.price.latency_s),
      print_double(machine.price.energy_j), print_double(machine.permutes.latency_s),
      print_double(machine.permutes.energy_j));
  if (!explain) {
    return text;
  }
  std::vector<std::string> steps;
  for (std::size_t s = 0; s < machine.steps.size(); ++s) {
    const models::LoweredStep& step = machine.lowered.steps[s];
    const std::string work =
        step.is_product()
            ? fmt::format(R"("batch": {}, "m": {}, "n": {}, "k": {})", step.product.batch,
                          step.product.m, step.product.n, step.product.k)
            : fmt::format(R"("elements": {}, "run": {})", step.elements, step.run);
    steps.push_back(fmt::format(
        R"({{"kind": "{}", "tensors": [{}{}], {}, "latency_s": {}, "energy_j": {}}})",
        step.is_product() ? "product" : "permute", step.first,
        step.is_product() ? fmt::format(", {}", step.second) : "", work,
        print_double(machine.steps[s].latency_s), print_double(machine.steps[s].energy_j)));
  }
  return text + fmt::format(",\n  \"machine_steps\": [{}{}{}]", steps.empty() ? "" : "\n    ",
                            fmt::join(steps, ",\n    "), steps.empty() ? "" : "\n  ");
}

std::string machine_steps_text(const MachineAnswer& machine, std::size_t terms) {
  std::vector<std::vector<std::string>> rows{{"makes", "from", "work", "latency", "energy"}};
  for (std::size_t s = 0; s < machine.steps.size(); ++s) {
    const models::LoweredStep& step = machine.lowered.steps[s];
    rows.push_back({fmt::format("{}", terms + s),
                    step.is_product() ? fmt::format("{}, {}", step.first, step.second)
                                      : fmt::format("{}", step.first),
                    work_text(step), human_text(Seconds{machine.steps[s].latency_s}),
                    human_text(Joules{machine.steps[s].energy_j})});
  }
  return columns(rows);
}

/// With a blank wherever a line may break.
std::string breakable(std::string_view einsum) {
  std::string text;
  for (const char c : einsum) {
    text += c == '-' ? " -" : std::string{c};
    text += c == ',' || c == '>' ? " " : "";
  }
  return text;
}

/// At most \p length characters: what is between the first and the last ones is left out.
std::string without_middle(const std::string& text, std::size_t length) {
  const std::size_t characters = count_characters(text);
  if (characters <= length) {
    return text;
  }
  const std::size_t kept = length - 3;
  const std::size_t end = kept / 2;
  return text.substr(0, byte_of_character(text, kept - end)) + "..." +
         text.substr(byte_of_character(text, characters - end));
}

std::string proof_text(const ContractionAnswer& a) {
  if (a.optimal) {
    return "proven to be the least";
  }
  const std::optional<double> gap = a.gap();
  return gap ? fmt::format("the least is at most {} % less", human_double(100 * *gap, 3))
             : "not proven to be the least";
}

std::string verification_text(const models::Verification& v) {
  return v.difference ? fmt::format("another order differs by {} of the largest element",
                                    human_double(*v.difference, 2))
                      : fmt::format("not verified: {}", v.refusal);
}

}  // namespace

std::optional<double> ContractionAnswer::gap() const {
  if (optimal) {
    return 0.0;
  }
  if (!sliced.empty() && objective != "flops") {
    return std::nullopt;
  }
  return objective_cost > 0 ? std::max(0.0, 1 - lower_bound / objective_cost) : 0.0;
}

std::vector<ExplainedStep> explained_steps(const ContractionAnswer& a) {
  const TensorNetwork network = slice_of(a);
  std::vector<TensorIndices> tensors = models::tensors_of(network, a.order);
  for (std::size_t t = 0; t < network.terms.size(); ++t) {
    tensors[t] = network.terms[t];  // as they lie
  }
  if (!a.order.empty()) {
    tensors.back() = network.output;
  }
  const auto holds = [](const TensorIndices& indices, IndexId index) {
    return std::ranges::find(indices, index) != indices.end();
  };
  std::vector<ExplainedStep> steps;
  for (std::size_t s = 0; s < a.order.size(); ++s) {
    const std::size_t made = network.terms.size() + s;
    ExplainedStep step;
    step.tensors = a.order[s];
    step.result = static_cast<std::int32_t>(made);
    const std::array<TensorIndices, 2> operands{
        tensors[static_cast<std::size_t>(step.tensors.first)],
        tensors[static_cast<std::size_t>(step.tensors.second)]};
    step.indices = tensors[made];
    for (const IndexId index : operands[0]) {
      const auto size = static_cast<double>(size_of(network, index));
      (!holds(operands[1], index)   ? step.m
       : holds(step.indices, index) ? step.batch
                                    : step.k) *= size;
    }
    for (const IndexId index : operands[1]) {
      if (!holds(operands[0], index)) {
        step.n *= static_cast<double>(size_of(network, index));
      }
    }
    step.multiplications = step.batch * step.m * step.n * step.k;
    step.einsum = models::einsum_text(network, operands, step.indices);
    steps.push_back(std::move(step));
  }
  return steps;
}

std::string contraction_json(const ContractionAnswer& a, bool explain) {
  const std::optional<double> gap = a.gap();
  std::string text = fmt::format(
      "{{\"name\": {},\n  \"path\": {},\n  \"ssa_path\": {},\n  \"multiplications\": {},\n"
      "  \"largest_intermediate\": {},\n  \"write\": {},\n  \"traffic\": {},\n  \"peak\": {},\n"
      "  \"minimize\": {},\n  \"cost\": {},\n  \"method\": {},\n  \"optimal\": {},\n  \"gap\": "
      "{},\n"
      "  \"seconds\": {}",
      json_text(a.network.name), linear_json(a), ssa_json(a), a.multiplications,
      number(a.cost.largest_intermediate), number(a.cost.write * a.slices),
      number(a.cost.traffic * a.slices), number(a.cost.peak), json_text(a.objective),
      number(a.objective_cost), json_text(a.method), a.optimal, gap ? print_double(*gap) : "null",
      print_double(a.seconds));
  if (a.limited) {
    const double bytes = a.cost.peak * a.element_bits / 8;
    text += fmt::format(
        ",\n  \"sliced\": {},\n  \"slices\": {},\n  \"overhead\": {},\n  \"peak_bytes\": {},\n"
        "  \"infeasible\": {}",
        names_json(a.network, a.sliced), number(a.slices), print_double(a.overhead), number(bytes),
        a.refusal.empty() ? "null" : json_text(a.refusal));
  }
  if (a.machine) {
    text += machine_json(*a.machine, explain);
  }
  if (explain) {
    text += explanation_json(a);
  }
  if (a.verification) {
    const models::Verification& v = *a.verification;
    text += fmt::format(",\n  \"verified\": {{\"difference\": {}, \"refused\": {}}}",
                        v.difference ? print_double(*v.difference) : "null",
                        v.refusal.empty() ? "null" : json_text(v.refusal));
  }
  return text + "}";
}

std::string contraction_text(const ContractionAnswer& a, bool explain) {
  std::vector<std::vector<std::string>> rows;
  if (!a.network.name.empty()) {
    rows.push_back({"network", breakable(a.network.name)});
  }
  rows.push_back({"tensors, indices",
                  fmt::format("{}, {}", a.network.terms.size(), a.network.indices.size())});
  rows.push_back({"multiplications", human(a.multiplications)});
  rows.push_back({"largest intermediate", human(a.cost.largest_intermediate) + " elements"});
  rows.push_back({"elements written", human(a.cost.write * a.slices)});
  rows.push_back(
      {"most alive at once",
       fmt::format("{} elements, {} at {} bits", human(a.cost.peak),
                   human_text(Quantity<Dim{.data = 1}, double>{a.cost.peak * a.element_bits}),
                   a.element_bits)});
  if (a.limited) {
    if (!a.refusal.empty()) {
      rows.push_back({"memory", a.refusal});
    } else if (a.sliced.empty()) {
      rows.push_back({"memory", "fits without slices"});
    } else {
      rows.push_back(
          {"memory", fmt::format("{} slices over {}, {} times the multiplications", human(a.slices),
                                 breakable(models::names_of(a.network, a.sliced)),
                                 human_double(a.overhead, 4))});
    }
  }
  if (a.machine) {
    const MachineAnswer& machine = *a.machine;
    const char* what = machine.training ? " of a training step" : "";
    rows.push_back(
        {"on " + machine.name, fmt::format("{}, {}{}", human_text(Seconds{machine.price.latency_s}),
                                           human_text(Joules{machine.price.energy_j}), what)});
    rows.push_back({"  reordering",
                    fmt::format("{}, {} of these", human_text(Seconds{machine.permutes.latency_s}),
                                human_text(Joules{machine.permutes.energy_j}))});
  }
  rows.push_back({"order by", fmt::format("{}, {}: {}", a.objective, a.method, proof_text(a))});
  rows.push_back({"search", fmt::format("{} ms", human_double(a.seconds / kMilli, 3))});
  if (a.verification) {
    rows.push_back({"check", verification_text(*a.verification)});
  }
  rows.push_back({"path", linear_json(a)});
  std::string text = columns(rows);
  if (!explain) {
    return text;
  }
  if (!a.pairs.unary.empty()) {
    text += "\nFirst, in single tensors:\n";
    for (const models::UnaryStep& step : a.pairs.unary) {
      std::string what;
      if (!step.diagonals.empty()) {
        what +=
            fmt::format("; diagonal of {}", breakable(models::names_of(a.network, step.diagonals)));
      }
      if (!step.sums.empty()) {
        what += fmt::format("; sum over {}", breakable(models::names_of(a.network, step.sums)));
      }
      text += wrapped(
          fmt::format("tensor {}: {}{}", step.term, breakable(unary_einsum(a, step)), what), 2);
    }
  }
  text += fmt::format("\nThen, in pairs{}:\n", a.sliced.empty() ? "" : ", in each slice");
  for (const ExplainedStep& step : explained_steps(a)) {
    text += wrapped(fmt::format("{} = {} with {}: {}", step.result, step.tensors.first,
                                step.tensors.second, breakable(step.einsum)),
                    2);
    text += wrapped(fmt::format("{}{} x {} by {} x {}: {} multiplications, makes {}",
                                step.batch > 1 ? fmt::format("{} times ", human(step.batch)) : "",
                                human(step.m), human(step.k), human(step.k), human(step.n),
                                human(step.multiplications), shape_text(a.network, step.indices)),
                    6);
  }
  if (a.machine) {
    text += fmt::format("\nOn {}, forward, reorderings as steps of their own:\n{}", a.machine->name,
                        machine_steps_text(*a.machine, a.network.terms.size()));
  }
  return text;
}

std::string contraction_table(const std::vector<ContractionAnswer>& answers) {
  std::vector<std::vector<std::string>> rows{
      {"network", "multiplications", "largest", "gap %", "ms", "method"}};
  for (const ContractionAnswer& a : answers) {
    const std::optional<double> gap = a.gap();
    rows.push_back(
        {a.network.name, human(a.multiplications), human_double(a.cost.largest_intermediate),
         gap ? fmt::format("{:.3g}", 100 * *gap) : "-", fmt::format("{:.3g}", a.seconds / kMilli),
         a.refusal.empty() ? a.method : a.refusal});
  }
  constexpr std::size_t kShortestName = 12;
  constexpr std::size_t kMostOfLast = 20;  // it wraps
  std::size_t others = 0;
  for (std::size_t column = 1; column < rows[0].size(); ++column) {
    std::size_t width = 0;
    for (const std::vector<std::string>& row : rows) {
      width = std::max(width, row[column].size());
    }
    const bool last = column + 1 == rows[0].size();
    others += 2 + (last ? std::min(width, kMostOfLast) : width);
  }
  const std::size_t room =
      std::max(kShortestName, kTerminalWidth - std::min(others, kTerminalWidth));
  for (std::vector<std::string>& row : rows) {
    row[0] = without_middle(row[0], room);
  }
  return columns(rows, {1, 2, 3, 4});
}

}  // namespace cairn::app
