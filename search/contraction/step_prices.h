/// \file
/// What the steps of an order cost on a machine, each shape priced once.
///
/// Assumes:    steps run one after the other, nothing overlaps between them; an operand that is a
///             term marked as stored is a weight of the product, every other operand is not.
/// Ignores:    weights prefetched under the step before; the host of a serving framework.
/// Checked by: tests/unit/search/contraction/device_order_test.cpp
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "hw/system.h"
#include "models/operator.h"

namespace cairn::search {

/// Static power over the latency is part of the energy.
struct StepPrice {
  double latency_s{};
  double energy_j{};
  StepPrice& operator+=(const StepPrice& more) {
    latency_s += more.latency_s;
    energy_j += more.energy_j;
    return *this;
  }
  friend StepPrice operator+(StepPrice a, const StepPrice& b) { return a += b; }
};

/// One thread's.
class StepPrices {
 public:
  /// The machine must outlive it. \param formats of every product; reorderings move
  /// `formats.activations`.
  StepPrices(const hw::Machine& machine, const models::Formats& formats,
             hw::MappingObjective mappings);

  /// A batched product; infinite in both where the machine cannot do it (refusal() says why).
  /// \param weight the second operand is a stored weight.
  [[nodiscard]] StepPrice product(std::int64_t batch, std::int64_t m, std::int64_t n,
                                  std::int64_t k, bool weight);
  /// A tensor read and written once, runs of \p run elements staying together.
  [[nodiscard]] StepPrice permute(std::int64_t elements, std::int64_t run);
  /// Below the price of every product of so many multiplications, for models that keep to their
  /// peak and to the price of a single multiplication.
  [[nodiscard]] StepPrice least(double multiplications) const;

  /// Why the first refused step was refused; empty if none was.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  [[nodiscard]] std::uint64_t priced() const { return known_.size(); }

 private:
  struct Key {
    std::int64_t batch{};
    std::int64_t m{};
    std::int64_t n{};  ///< of a reordering: 0
    std::int64_t k{};
    bool weight{};
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  [[nodiscard]] StepPrice price(const Key& key, const models::Shape& shape);

  const hw::Machine* machine_;
  models::Operator operator_;
  hw::MappingObjective mappings_;
  double static_power_{};
  double seconds_per_mac_{};
  double joules_per_mac_{};
  StepPrice floor_;
  std::unordered_map<Key, StepPrice, KeyHash> known_;
  std::string refusal_;
  std::uint64_t asked_{};
};

}  // namespace cairn::search
