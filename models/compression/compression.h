/// \file
/// Compression schemes of a study and the effects they have on the operators they select.
///
/// Assumes:    a scheme changes what is stored, moved and computed; what a device gains from it
///             is the device's own business (compression decides effects, hardware benefits).
/// Ignores:    accuracy after fine-tuning; quality comes from a source of its own (quality.h).
/// Checked by: tests/unit/models/compression_test.cpp
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "models/compression/order_planner.h"
#include "models/operator.h"
#include "models/tensor_network/tensor_layer.h"
#include "models/workload.h"

namespace cairn::models {

/// Chooses operators: every given part must match.
struct Selector {
  std::string name{"*"};              ///< glob on the operator's name or group (`*.q_proj`)
  std::optional<std::string> kind{};  ///< matmul, conv2d, attention, ...
  std::optional<std::int64_t> first_layer{};
  std::optional<std::int64_t> last_layer{};  ///< inclusive

  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "pattern on the operator's name or group, * matches anything", kOptional);
    a("kind", kind, "operator kind, as in `cairn list`", kOptional);
    a("first_layer", first_layer, "first block index", kOptional);
    a("last_layer", last_layer, "last block index, inclusive", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};
/// `*` stands for any text, `?` for any character; the kind is that of kind_name().
[[nodiscard]] bool matches(const Selector& selector, const Operator& op);

/// Number formats for selected operators; absent ones stay as they are. Weights are those of
/// matmuls, convolutions and embedding tables (norms and biases keep theirs: they are a thousandth
/// of a model). The KV format is also that in which keys and values are written by the operators
/// that make them; where nothing is cached (an encoder) keys and values are activations.
struct Quantize {
  static constexpr std::string_view kKind = "quantize";
  Selector apply_to{};
  std::optional<Precision> weights{};
  std::optional<Precision> activations{};
  std::optional<Precision> kv_cache{};
  template <class Archive>
  void fields(Archive& a) {
    a("apply_to", apply_to, "which operators", kOptional);
    a("weights", weights, "format of the stored weights", kOptional);
    a("activations", activations, "format of activations in and out", kOptional);
    a("kv_cache", kv_cache, "format of keys and values", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// Unstructured (`density`) or N:M (`pattern`) pruning of the weights of matmuls and convolutions.
struct Prune {
  static constexpr std::string_view kKind = "prune";
  Selector apply_to{};
  std::optional<double> density{};
  std::optional<std::string> pattern{};    ///< `2:4`
  std::optional<SparseStorage> storage{};  ///< n_m for a pattern, bitmask without one
  template <class Archive>
  void fields(Archive& a) {
    a("apply_to", apply_to, "which operators", kOptional);
    a("density", density, "share of weights kept", kOptional, Range{1e-6, 1.0});
    a("pattern", pattern, "N:M, N kept of each M along the reduction", kOptional);
    a("storage", storage, "layout of the kept weights", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// W (k x n) becomes U (k x r) times V (r x n): two operators in place of one. The rank is at most
/// the smaller side; nothing says that it saves anything.
struct LowRank {
  static constexpr std::string_view kKind = "low_rank";
  Selector apply_to{};
  std::optional<std::int64_t> rank{};
  std::optional<double> ratio{};  ///< rank = ratio x min(k, n), at least 1
  template <class Archive>
  void fields(Archive& a) {
    a("apply_to", apply_to, "which operators", kOptional);
    a("rank", rank, "rank of the factorisation", kOptional, Positive{});
    a("ratio", ratio, "rank as a share of the smaller side", kOptional, Range{1e-6, 1.0});
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// Depthwise convolutions become grouped ones with `channels` channels in a group (the next smaller
/// number that divides evenly): `channels` times the weights and the work, in a shape that an array
/// can be filled with. 1 changes nothing.
struct GroupChannels {
  static constexpr std::string_view kKind = "group_channels";
  Selector apply_to{};
  std::int64_t channels{1};
  template <class Archive>
  void fields(Archive& a) {
    a("apply_to", apply_to, "which operators", kOptional);
    a("channels", channels, "channels of a group", Range{1, 65536});
  }
};

/// W (k x n) becomes a network of small cores, contracted with the input in pairs: matrix products
/// and reorderings in place of one matmul (or 1x1 convolution of stride 1, which is one).
/// Parameters are those of the cores; a core lies in memory as its product wants it.
struct Tensorize {
  static constexpr std::string_view kKind = "tensorize";
  Selector apply_to{};
  Decomposition decomposition{Decomposition::tensor_train};
  std::int64_t rank{};
  std::optional<std::int64_t> modes{};      ///< of each side, kDefaultModes if none are given
  std::vector<std::int64_t> input_modes{};  ///< together, and instead of `modes`
  std::vector<std::int64_t> output_modes{};
  std::optional<std::int64_t> blocks{};  ///< of a block term, 1 if not given
  TensorOrder order{TensorOrder::flops};
  static constexpr std::int64_t kDefaultModes = 3;
  template <class Archive>
  void fields(Archive& a) {
    a("apply_to", apply_to, "which operators", kOptional);
    a("decomposition", decomposition, "how the weight is held as cores", kOptional);
    a("rank", rank, "rank of the bonds between cores, cut down where a smaller one is exact",
      Range{1, 1 << 20});
    a("modes", modes, "modes that each side is cut into, 3 unless modes are given", kOptional,
      Range{1, 16});
    a("input_modes", input_modes, "modes of the input, whose product is the reduction", kOptional,
      Positive{});
    a("output_modes", output_modes, "modes of the output, whose product is its width", kOptional,
      Positive{});
    a("blocks", blocks, "blocks of a block_term, 1 unless given", kOptional, Range{1, 1 << 16});
    a("order", order, "order of contraction: a fixed one, or searched for what it is to minimise",
      kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

using Scheme = std::variant<Quantize, Prune, LowRank, GroupChannels, Tensorize>;

/// Applies \p schemes in order; later ones win, of low rank and tensorize too. Operators keep their
/// names (low rank appends `.u` and `.v`, tensorize `.step0`, ...); a repeat stays as long as
/// neighbouring copies are treated alike.
/// \param orders finds the orders of `tensorize` that are searched.
/// \throws ConfigError what refusals() finds.
[[nodiscard]] Workload compress(Workload workload, const std::vector<Scheme>& schemes,
                                const OrderPlanning& orders = {});

/// What a scheme cannot do to an operator that it selects.
struct SchemeRefusal {
  std::size_t scheme{};  ///< position
  FieldProblem problem;
};
/// The first refusal of each scheme: modes that do not multiply to the sides of an operator,
/// convolutions that are no matrix product.
[[nodiscard]] std::vector<SchemeRefusal> refusals(const Workload& workload,
                                                  const std::vector<Scheme>& schemes);

/// Whether some order of \p schemes depends on the device.
[[nodiscard]] bool orders_need_device(const std::vector<Scheme>& schemes);

/// Positions in \p schemes of those that change nothing, because their selector finds no operator
/// that has what they compress.
[[nodiscard]] std::vector<std::size_t> unmatched(const Workload& workload,
                                                 const std::vector<Scheme>& schemes);

/// Parses a shorthand `w4g128a16kv8` (the group, and a and kv, may be left out): integers below 16
/// bits, fp16 at 16. \p why explains an empty answer.
[[nodiscard]] std::optional<std::vector<Scheme>> parse_scheme(std::string_view text,
                                                              std::string& why);

}  // namespace cairn::models
