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
#include "sim/memory/activation_graph.h"

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
  /// For each of `groups`: places of the same copy whose results it reads, all before it.
  std::vector<std::vector<std::int32_t>> after;
  std::int64_t copies{1};
};

/// Which operator a node of the activation graph begins with.
struct NodeOperator {
  static constexpr std::uint32_t kInput = ~std::uint32_t{0};
  std::uint32_t group{kInput};  ///< index into `unique`; kInput: no operator, an input of the pass
  std::uint32_t member{};       ///< 0: the anchor; k: follower k - 1
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
  double idle_bits{};        ///< of these, weights that the pass does not touch
  double matrix_bits{};      ///< of these, what compression of weights acts on
  double matrix_elements{};  ///< elements of that
  double gradient_bits{};    ///< gradients of parameters that a training step holds, of one device
  double optimizer_bits{};   ///< its optimiser state, copies of weights included
  double kv_bits{};          ///< KV cache at the end of the pass, of one device
  double activation_bits{};  ///< most that is alive between groups at once, inputs included
  /// Groups and what flows between them, all copies; sums in epilogues are nodes of their own.
  ActivationGraph activations;
  std::vector<NodeOperator> node_operators;  ///< one a node
  std::int64_t macs{};
  std::uint64_t hash{};
  [[nodiscard]] double devices() const { return static_cast<double>(ranks * stages); }
  /// The operator that node \p n of `activations` begins with; null for an input of the pass.
  [[nodiscard]] const models::Operator* operator_of(std::int32_t n) const;
};

/// Stored parameters of \p op, scales and metadata included.
[[nodiscard]] double stored_bits(const models::Operator& op);

/// \throws ConfigError if a kind is forced that the workload does not propose.
[[nodiscard]] CompiledWorkload compile(const models::Workload& workload, const FusionSpec& fusion);

}  // namespace cairn::sim
