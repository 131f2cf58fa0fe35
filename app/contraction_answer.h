/// \file
/// What `cairn contract` says of one network, as JSON and as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/execute.h"
#include "models/tensor_network/lower.h"
#include "models/tensor_network/tensor_network.h"
#include "search/contraction/step_prices.h"

namespace cairn::app {

/// What the order costs on a machine.
struct MachineAnswer {
  std::string name;
  bool training{};  ///< of all three products of every step
  search::StepPrice price;
  search::StepPrice permutes;  ///< of these, reorderings
  models::LoweredOrder lowered;
  std::vector<search::StepPrice> steps;  ///< of `lowered`, each done once (forward)
};

struct ContractionAnswer {
  models::TensorNetwork network;  ///< as it was read
  models::PairwiseNetwork pairs;
  models::ContractionOrder order;
  models::OrderCost cost;       ///< without slices: of all; with: of one slice
  std::string multiplications;  ///< exact, of all slices
  std::string objective;
  double objective_cost{};
  double lower_bound{};  ///< of the objective, without slices
  std::string method;
  bool optimal{};
  bool out_of_time{};
  double seconds{};

  bool limited{};  ///< a memory limit was given
  models::TensorIndices sliced;
  double slices{1};
  double overhead{1};   ///< multiplications over those without slices
  std::string refusal;  ///< why it fits no memory; the order is then without slices
  std::int32_t element_bits{32};

  std::optional<MachineAnswer> machine;
  std::optional<models::Verification> verification;

  /// How much cheaper the best order may be, as a share of the objective's cost; absent where
  /// slices make the bound say nothing.
  [[nodiscard]] std::optional<double> gap() const;
};

/// One step as a matrix product.
struct ExplainedStep {
  models::PairwiseStep tensors;
  std::int32_t result{};
  std::string einsum;
  double batch{1};
  double m{1};
  double n{1};
  double k{1};
  double multiplications{1};
  models::TensorIndices indices;  ///< of the result
};
/// All steps, of one slice.
[[nodiscard]] std::vector<ExplainedStep> explained_steps(const ContractionAnswer& answer);

/// A JSON object. Whole numbers are exact, however long. \param explain adds `unary` and `steps`.
[[nodiscard]] std::string contraction_json(const ContractionAnswer& answer, bool explain);
/// For a terminal: one network at length, with its steps if \p explain.
[[nodiscard]] std::string contraction_text(const ContractionAnswer& answer, bool explain);
/// For a terminal: a line for each.
[[nodiscard]] std::string contraction_table(const std::vector<ContractionAnswer>& answers);

}  // namespace cairn::app
