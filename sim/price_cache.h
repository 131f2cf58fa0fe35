/// \file
/// Prices already computed, by hash of machine and group. A fixed number of places: memory does not
/// grow with the points of a sweep; a new price simply replaces an old one of the same place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/cost_report.h"

namespace cairn::sim {

/// Why a group cannot run, kept beside prices so that it is found once, too.
struct Refusal {
  std::string what;
  std::string limit;
  double excess{};
};

class PriceCache {
 public:
  /// \p places is rounded up to a power of two.
  explicit PriceCache(std::size_t places);

  struct Entry {
    std::uint64_t key{};
    GroupPrice price{};
    std::int32_t refusal{-1};  ///< index for refusal(), or -1 if it can run
  };

  /// The entry of \p key, or null. Counts a hit or a miss.
  [[nodiscard]] const Entry* find(std::uint64_t key);
  const Entry& put(std::uint64_t key, const GroupPrice& price);
  const Entry& put(std::uint64_t key, Refusal refusal);
  [[nodiscard]] const Refusal& refusal(std::int32_t index) const {
    return refusals_[static_cast<std::size_t>(index)];
  }

  [[nodiscard]] std::uint64_t hits() const { return hits_; }
  [[nodiscard]] std::uint64_t misses() const { return misses_; }
  [[nodiscard]] std::uint64_t mappings_considered() const { return mappings_; }

 private:
  [[nodiscard]] Entry& place(std::uint64_t key) { return entries_[key & mask_]; }
  void clear();

  std::vector<Entry> entries_;
  std::vector<Refusal> refusals_;
  std::uint64_t mask_{};
  std::uint64_t hits_{};
  std::uint64_t misses_{};
  std::uint64_t mappings_{};
};

}  // namespace cairn::sim
