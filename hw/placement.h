/// \file
/// Which memory holds what: tensors of three kinds, each in a list of memories filled in order.
///
/// A device says where its tensors lie (`placement()` of its model); a hardware file may say
/// otherwise, with further tiers behind the first: `placement: {weights: [hbm, host, ssd]}`.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"

namespace cairn::hw {

/// Kinds of tensors, in the order in which they are given room: what cannot be split first.
enum class TensorKind : std::uint8_t { activations, kv_cache, weights };
inline constexpr std::size_t kTensorKinds = 3;
/// Most memories in the list of one kind.
inline constexpr std::size_t kMostTiers = 8;
constexpr auto enum_names(TensorKind /*tag*/) {
  using K = TensorKind;
  using S = std::string_view;
  return std::array{std::pair{K::activations, S{"activations"}},
                    std::pair{K::kv_cache, S{"KV cache"}}, std::pair{K::weights, S{"weights"}}};
}

/// Names of memories by kind of tensor; an empty list means: where the device holds them.
struct PlacementSpec {
  std::vector<std::string> weights;
  std::vector<std::string> kv_cache;
  std::vector<std::string> activations;

  template <class Archive>
  void fields(Archive& a) {
    a("weights", weights, "memories that hold weights, filled in this order", kOptional);
    a("kv_cache", kv_cache, "memories that hold the KV cache, filled in this order", kOptional);
    a("activations", activations, "memories for activations: the first with room takes them",
      kOptional);
  }
  [[nodiscard]] const std::vector<std::string>& of(TensorKind kind) const {
    return kind == TensorKind::weights ? weights
                                       : (kind == TensorKind::kv_cache ? kv_cache : activations);
  }
};

/// Where a device model holds its tensors, by name of memory: what `placement()` answers.
struct DevicePlacement {
  std::string weights;
  std::string kv_cache;
  std::string activations;
  [[nodiscard]] const std::string& of(TensorKind kind) const {
    return kind == TensorKind::weights ? weights
                                       : (kind == TensorKind::kv_cache ? kv_cache : activations);
  }
};

/// The same with every name resolved: indices into the memories of the machine, never empty.
struct Placement {
  std::array<std::vector<std::uint32_t>, kTensorKinds> memories;
  [[nodiscard]] const std::vector<std::uint32_t>& of(TensorKind kind) const {
    return memories.at(static_cast<std::size_t>(kind));
  }
};

}  // namespace cairn::hw
