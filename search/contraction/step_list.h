/// \file
/// An order that is built step by step, with the tensors it has made.
#pragma once

#include <cstdint>
#include <vector>

#include "models/tensor_network/contraction_order.h"
#include "search/contraction/bit_network.h"

namespace cairn::search {

class StepList {
 public:
  explicit StepList(const BitNetwork& network);

  /// Contracts two tensors that are left; the number of the result.
  std::int32_t join(std::int32_t first, std::int32_t second);
  /// Contracts all of \p tensors (at least one): each time the two that share an index and whose
  /// result is the least larger than they are; when none share an index, the two smallest.
  std::int32_t join_all(std::vector<std::int32_t> tensors);

  [[nodiscard]] const models::ContractionOrder& order() const { return order_; }

 private:
  struct Sizes {
    double result{};
    bool shared{};
  };
  [[nodiscard]] BitView legs(std::int32_t tensor) const {
    return BitView(legs_).subspan(static_cast<std::size_t>(tensor) * network_->words,
                                  network_->words);
  }
  [[nodiscard]] Sizes sizes(std::int32_t first, std::int32_t second) const;

  const BitNetwork* network_;
  std::vector<std::uint64_t> legs_;
  std::vector<double> size_;
  std::vector<std::int32_t> holders_;
  models::ContractionOrder order_;
};

}  // namespace cairn::search
