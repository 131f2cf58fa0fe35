/// \file
/// What the flags of `cairn contract` ask for, and the order that a search finds by them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/contract_command.h"
#include "app/hardware_file.h"
#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/tensor_network.h"
#include "search/contraction/device_order.h"
#include "search/contraction/order_search.h"
#include "search/contraction/slicing.h"
#include "search/contraction/step_prices.h"

namespace cairn::app {

/// An order, by whatever objective.
struct FoundOrder {
  models::ContractionOrder order;
  std::string method;
  double cost{};
  double lower_bound{};
  bool optimal{};
  bool out_of_time{};
  double seconds{};                             ///< CPU time of the search
  std::optional<search::PricedOrder> priced{};  ///< where a machine is named
  std::string refusal{};                        ///< why no order can run there
};

class ContractionSearch {
 public:
  /// \throws ConfigError with every wrong flag.
  explicit ContractionSearch(const ContractOptions& options);

  /// \param network that of models::pairwise(). The same as often as it is asked, unless time ran
  ///                out.
  [[nodiscard]] FoundOrder find(const models::TensorNetwork& network) const;
  /// Another order of the same network, to compare results with: as cheap as one is found that
  /// makes other intermediates, else the same order with the operands of each step swapped.
  [[nodiscard]] models::ContractionOrder other_than(const models::TensorNetwork& network,
                                                    const models::ContractionOrder& order) const;
  /// The order and the indices to take out so that it fits the memory limit.
  /// Precondition: there is one.
  [[nodiscard]] search::SlicingResult slice(const models::TensorNetwork& network,
                                            const models::ContractionOrder& order) const;

  [[nodiscard]] const search::OrderOptions& options() const { return options_; }
  /// What each of these steps costs on the machine, done once. Precondition: one is named.
  [[nodiscard]] std::vector<search::StepPrice> step_prices(
      const models::TensorNetwork& network, const models::LoweredOrder& lowered) const;
  /// Limit on the elements alive at once.
  [[nodiscard]] std::optional<double> most_elements() const { return most_elements_; }

 private:
  [[nodiscard]] search::DeviceOrderOptions device_options(
      const models::TensorNetwork& network) const;

  search::OrderOptions options_;
  std::string weights_;
  bool training_{};
  std::optional<search::DeviceObjective> device_objective_;
  std::shared_ptr<LoadedSystem> system_;
  std::shared_ptr<search::StepPrices> prices_;
  std::optional<double> most_elements_;
};

/// CPU time of this process, in seconds.
[[nodiscard]] double cpu_time();

}  // namespace cairn::app
