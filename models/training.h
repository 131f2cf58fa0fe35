/// \file
/// A training step as a workload: a forward pass, the gradients of everything that has parameters
/// or leads to some, and the update of the parameters.
///
/// Reverse-mode differentiation at the level of operators: from the last operator to the first,
/// each one turns the gradient of its output into gradients of its inputs and of its parameters. A
/// tensor with several readers gets the sum of what they send. Whatever a gradient reads of the
/// forward pass is an edge, so that memory planning sees what has to be kept. Compression comes
/// before: a factorised layer is differentiated as the products that it was lowered to, and all
/// factors share its intermediates and their gradients.
///
/// By operator, for an output gradient G:
///   matmul        G B^T for A, A^T G for B; of one B for the whole batch, the batch is part of the
///                 reduction. A second operand that is an activation gets its gradient likewise.
///   convolution   two convolutions of the forward's multiply-accumulates: G with the kernels
///   turned
///                 round (at the places of G, the result then spread over the input where the two
///                 differ in size), and the input with G as its kernel.
///   attention     one attention-like operator of five products against two (scores again, and the
///                 gradients of probabilities, values, queries, keys), or the plain chain of
///                 products and softmax with its probabilities stored.
///   sums, copies  nothing: the gradient is handed on; other element-wise operators, softmax,
///                 normalisation and pooling: one pass that reads what the derivative needs (relu,
///                 sigmoid, tanh and softmax their output, the others their input).
///   embedding     rows added into the table's gradient.
///   collectives   the conjugate exchange of as many elements.
/// Results that nobody reads are where the loss begins: softmax and cross-entropy behind a matmul
/// (a language head, a classifier) or at a softmax, else the difference from a target. Layers that
/// stand inside a network have none: gradients of their results are read, as their input is, and
/// gradients of that input are written.
///
/// Assumes:    every parameter is trained, with dense gradients and state (a pruned weight keeps
///             its mask); quantised tensors have their gradient passed straight through; a batch
///             normalisation that was folded into its convolution is trained as scale and shift;
///             statistics of a normalisation are kept and cost nothing beside their rows; updates
///             follow their gradient at once. With pruned N:M weights the transposed product is
///             dense, since the pattern lies along the other dimension.
/// Ignores:    dropout, gradient clipping, loss scaling, clearing of gradient buffers; gradients of
///             the shares of experts beyond their sum; the batch of inputs, after the first
///             operator has read it; pipelining of micro-batches.
/// Reference:  A. Griewank, A. Walther, "Evaluating derivatives", 2nd ed., SIAM 2008, chapter 3
///             (reverse mode); T. Dao, "FlashAttention-2", ICLR 2024, algorithm 2 (five products);
///             V. Korthikanti et al., "Reducing activation recomputation in large transformer
///             models", MLSys 2023 (stored activations); S. Rajbhandari et al., "ZeRO", SC 2020,
///             section 3.1 (bytes of parameters, gradients and Adam's state).
/// Checked by: tests/unit/models/training_test.cpp, tests/unit/sim/training_memory_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "core/config/fields.h"
#include "models/precision.h"
#include "models/workload.h"

namespace cairn::models {

enum class Optimizer : std::uint8_t {
  sgd,       ///< no state
  momentum,  ///< one word a parameter
  adam,      ///< two words a parameter
};
constexpr auto enum_names(Optimizer /*tag*/) {
  return std::array{std::pair{Optimizer::sgd, std::string_view{"sgd"}},
                    std::pair{Optimizer::momentum, std::string_view{"momentum"}},
                    std::pair{Optimizer::adam, std::string_view{"adam"}}};
}
/// Words of state a parameter, without a copy of the weights.
[[nodiscard]] constexpr std::int64_t state_words(Optimizer optimizer) {
  return static_cast<std::int64_t>(optimizer);
}

/// What attention keeps for its gradient.
enum class AttentionStorage : std::uint8_t {
  recompute,  ///< queries, keys, values and output: probabilities are computed again
  store,      ///< the probabilities of all pairs; scores, softmax and values run one by one
};
constexpr auto enum_names(AttentionStorage /*tag*/) {
  return std::array{std::pair{AttentionStorage::recompute, std::string_view{"recompute"}},
                    std::pair{AttentionStorage::store, std::string_view{"store"}}};
}

struct TrainingSpec {
  Optimizer optimizer{Optimizer::adam};
  std::optional<Precision> gradients{};  ///< absent: the format of each operator's activations
  Precision optimizer_state{kFp32};
  /// Where weights are narrower than the state, the update works on a copy in the state's format.
  bool master_weights{true};
  bool hold_gradients{true};
  AttentionStorage attention{AttentionStorage::recompute};
  /// The model is a part of a network: no loss, and the gradient of its input is wanted.
  bool inside_network{false};
  /// Groups of devices that share the sequences and add up their gradients; set by whoever knows
  /// how the workload is cut.
  std::int64_t groups{1};

  template <class Archive>
  void fields(Archive& a) {
    a("optimizer", optimizer, "sgd, momentum or adam", kOptional);
    a("gradients", gradients, "format of gradients; absent: that of each operator's activations",
      kOptional);
    a("optimizer_state", optimizer_state, "format of momentum and moments", kOptional);
    a("master_weights", master_weights,
      "keep a copy of weights that are narrower than the state, in its format", kOptional);
    a("hold_gradients", hold_gradients,
      "true: gradients of all parameters are held for the whole step; false: each only until its "
      "update",
      kOptional);
    a("attention", attention, "recompute: probabilities again; store: keep those of all pairs",
      kOptional);
    a("inside_network", inside_network,
      "the model is a part of a network: no loss, gradients of its results are given and those of "
      "its input made",
      kOptional);
  }
};

/// The step that trains \p forward (a pass over all tokens, compressed or not): its operators, then
/// gradients and updates. Names: `<operator>.input_grad`, `.weight_grad`, `.bias_grad`, `.grad`,
/// `.grad_sum`, `.update`. Blocks that repeat forward repeat backward. Nothing is cached: the KV
/// format gives way to that of activations.
[[nodiscard]] Workload training_step(Workload forward, const TrainingSpec& spec);

}  // namespace cairn::models
