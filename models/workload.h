/// \file
/// A workload: operators in a topological order, the tensors between them, and a phase.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/operator.h"

namespace cairn::models {

enum class Phase : std::uint8_t {
  forward,
  prefill,
  decode,
  mixed,  ///< a stage of continuous batching: most sequences make a token, some read their prompt
  training,  ///< a step: forward, gradients backward, update of the parameters
};
constexpr auto enum_names(Phase) {
  return std::array{std::pair{Phase::forward, std::string_view{"forward"}},
                    std::pair{Phase::prefill, std::string_view{"prefill"}},
                    std::pair{Phase::decode, std::string_view{"decode"}},
                    std::pair{Phase::mixed, std::string_view{"mixed"}},
                    std::pair{Phase::training, std::string_view{"training"}}};
}

/// Operators that may run as one kernel or tile pass, so that what flows between them need not
/// visit DRAM. A proposal: a study may forbid or force it, and hardware decides if it fits.
enum class FusionKind : std::uint8_t {
  attention,  ///< scores, softmax and values of one attention operator
  epilogue,   ///< a matmul or convolution with bias, activation, residual, requantise after it
  gate_up,    ///< two matmuls that read the same input
};
constexpr auto enum_names(FusionKind) {
  return std::array{std::pair{FusionKind::attention, std::string_view{"attention"}},
                    std::pair{FusionKind::epilogue, std::string_view{"epilogue"}},
                    std::pair{FusionKind::gate_up, std::string_view{"gate_up"}}};
}
struct FusionGroup {
  FusionKind kind{FusionKind::epilogue};
  std::vector<std::int32_t> operators;  ///< indices, the anchor first
};

/// An edge: `to` reads the output of `from`.
struct Edge {
  std::int32_t from{};
  std::int32_t to{};
};

/// A run of operators that repeats with equal shapes (the blocks of a transformer), so that
/// schedulers and reports can treat the copies alike. Operators of copy c of a run of length L
/// stand at first + c * L ... first + c * L + L - 1.
struct Repeat {
  std::int32_t first{};
  std::int32_t length{};
  std::int32_t copies{1};
};

struct Workload {
  std::string name;
  Phase phase{Phase::forward};
  std::int64_t batch{1};
  std::int64_t tokens{1};  ///< made or processed in this pass over all sequences
  /// Equal devices that each do what `operators` say (tensor parallelism): operators, parameters
  /// and cache are those of one of them, `tokens` and `batch` those of all.
  std::int64_t ranks{1};
  /// Groups of `ranks` devices that hold and run an equal share of the blocks each, one group after
  /// the other (pipeline parallelism): operators, parameters and cache are those of all groups.
  std::int64_t stages{1};
  std::vector<Operator> operators;  ///< in a topological order
  std::vector<Edge> edges;
  std::vector<FusionGroup> fusions;
  std::vector<Repeat> repeats;  ///< cover all operators, in order; length = all, copies = 1 if none
  std::int64_t parameters{0};   ///< total stored parameters of the model, as published (one rank)
  /// Elements of the KV cache held during this pass (keys and values, all layers, all sequences).
  std::int64_t kv_cache_elements{0};
  /// Weights the model holds that this pass does not touch (idle experts, tied or unused tables),
  /// in elements: they need capacity, not traffic.
  std::int64_t idle_parameters{0};
  /// Training: what is held beside the parameters for the whole step, in bits (one rank). Gradients
  /// that are used by their update at once are activations and not counted here.
  double gradient_bits{0};
  double optimizer_bits{0};  ///< moments, and the copy of the weights that the update works on
};

/// Throws InternalError if indices, order or repeats are inconsistent (our own bug).
void check(const Workload& workload);

}  // namespace cairn::models
