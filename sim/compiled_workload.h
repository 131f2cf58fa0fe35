/// \file
/// A compressed workload prepared for pricing: operators grouped by fusion, equal groups priced
/// once, copies of blocks counted, and the memory it needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/device.h"
#include "models/compression/compression.h"
#include "models/workload.h"

namespace cairn::sim {

/// What a study says about fusion of one kind.
enum class FusionRule : std::uint8_t {
  automatic,  ///< fuse where the workload proposes it
  forbid,     ///< price every operator by itself
  force,      ///< fuse, and refuse a workload that proposes no such group
};
constexpr auto enum_names(FusionRule) {
  return std::array{std::pair{FusionRule::automatic, std::string_view{"automatic"}},
                    std::pair{FusionRule::forbid, std::string_view{"forbid"}},
                    std::pair{FusionRule::force, std::string_view{"force"}}};
}
struct FusionSpec {
  FusionRule attention{FusionRule::automatic};
  FusionRule epilogue{FusionRule::automatic};
  FusionRule gate_up{FusionRule::automatic};
  template <class Archive>
  void fields(Archive& a) {
    a("attention", attention, "scores, softmax and values", kOptional);
    a("epilogue", epilogue, "bias, activation, residual after a matmul", kOptional);
    a("gate_up", gate_up, "matmuls that read the same input", kOptional);
  }
  [[nodiscard]] FusionRule rule(models::FusionKind kind) const;
  [[nodiscard]] bool allows(models::FusionKind kind) const {
    return rule(kind) != FusionRule::forbid;
  }
};

/// One unit of pricing and how often it occurs.
struct UniqueGroup {
  models::Operator anchor;
  std::vector<models::Operator> followers;
  std::uint8_t fused{};
  std::uint64_t hash{};  ///< of everything a price may depend on
  std::int64_t count{};  ///< occurrences in the workload
  std::string label;     ///< `self_attn.o_proj+add`
};

/// A run of groups that repeats `copies` times in a row.
struct Segment {
  std::vector<std::uint32_t> groups;  ///< indices into `unique`, in order of execution
  std::int64_t copies{1};
};

struct CompiledWorkload {
  std::string name;
  models::Phase phase{};
  std::int64_t batch{1};
  std::int64_t tokens{1};
  std::int64_t parameters{};  ///< of one rank
  std::int64_t ranks{1};      ///< devices that each do all of this
  std::int64_t stages{1};     ///< groups of them, with a share of the blocks each
  std::int64_t layers{};      ///< blocks
  std::vector<UniqueGroup> unique;
  std::vector<Segment> segments;
  double weight_bits{};      ///< stored weights of one device (the fullest), idle experts included
  double kv_bits{};          ///< KV cache at the end of the pass, of one device
  double activation_bits{};  ///< most that is alive between groups at once
  std::int64_t macs{};
  std::uint64_t hash{};
  [[nodiscard]] double devices() const { return static_cast<double>(ranks * stages); }
};

/// \throws ConfigError if a kind is forced that the workload does not propose.
[[nodiscard]] CompiledWorkload compile(const models::Workload& workload, const FusionSpec& fusion);

}  // namespace cairn::sim
