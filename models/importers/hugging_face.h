/// \file
/// Transformers from an unmodified Hugging Face config.json, as workloads of any phase and size.
///
/// Reads what the architecture's own configuration class reads, with its defaults (transformers,
/// configuration_<model_type>.py); other keys are ignored. A normalised file (hidden_size,
/// num_attention_heads, intermediate_size ... for every architecture) gives the same model: where
/// an architecture's own key is missing, the common one is understood.
///
/// Assumes:    biases are added inside their matmul (no operator of their own, no traffic beyond
///             it); in prefill only the last token of every sequence goes through the language
///             head (`forward` prices all tokens); routers spread tokens uniformly and
///             independently over experts; a sliding-window layer caches at most `window` keys.
/// Ignores:    dropout, masks, position arithmetic beyond the rotary multiply, sampling, and any
///             quantisation that the file itself announces (say it as a compression scheme).
/// Reference:  parameter totals published with each model, met exactly.
/// Checked by: tests/unit/models/hugging_face_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/diagnostics.h"
#include "models/workload.h"

namespace cairn::models {

/// `model_type` of the config.json.
enum class Architecture : std::uint8_t { llama, mistral, mixtral, qwen2, gpt2, opt, bert, vit };
constexpr auto enum_names(Architecture /*tag*/) {
  return std::array{std::pair{Architecture::llama, std::string_view{"llama"}},
                    std::pair{Architecture::mistral, std::string_view{"mistral"}},
                    std::pair{Architecture::mixtral, std::string_view{"mixtral"}},
                    std::pair{Architecture::qwen2, std::string_view{"qwen2"}},
                    std::pair{Architecture::gpt2, std::string_view{"gpt2"}},
                    std::pair{Architecture::opt, std::string_view{"opt"}},
                    std::pair{Architecture::bert, std::string_view{"bert"}},
                    std::pair{Architecture::vit, std::string_view{"vit"}}};
}

/// One transformer, all defaults filled in. Sizes are in elements.
struct ModelConfig {
  std::string name;  ///< stem of the file
  Architecture architecture{Architecture::llama};
  std::int64_t hidden{};
  std::int64_t layers{};
  std::int64_t heads{};
  std::int64_t kv_heads{};
  std::int64_t head_dim{};
  std::int64_t intermediate{};
  std::int64_t vocabulary{};       ///< 0 for vit
  std::int64_t positions{};        ///< longest sequence the model was made for, in tokens
  std::int64_t embedding_width{};  ///< of the token table (opt: word_embed_proj_dim), else hidden
  ElementwiseKind activation{ElementwiseKind::silu};
  bool tied_embeddings{};
  bool qkv_bias{};
  bool output_bias{};  ///< of the projection after attention
  bool mlp_bias{};
  bool norm_first{true};   ///< norm before attention and MLP, else after the residual add
  bool final_norm{true};   ///< a norm after the last block
  bool norm_affine{true};  ///< norms have learned scales (and shifts)
  std::vector<std::int64_t> windows;  ///< sliding window of each layer, 0 = none; empty = none
  std::int64_t experts{};             ///< 0 = dense
  std::int64_t experts_per_token{};
  std::int64_t moe_every{1};    ///< every so many blocks one has experts, the others a plain MLP
  bool gated{true};             ///< llama family: MLP and experts have a gate
  std::int64_t token_types{};   ///< bert
  std::int64_t image_height{};  ///< vit, in pixels, as the four below
  std::int64_t image_width{};
  std::int64_t patch_height{};
  std::int64_t patch_width{};
  std::int64_t image_channels{};
  std::int64_t classes{};  ///< vit: rows of the classifier, 0 = none

  /// Gated MLP, RMS norms and rotary positions (the llama family).
  [[nodiscard]] bool llama_family() const {
    return architecture == Architecture::llama || architecture == Architecture::mistral ||
           architecture == Architecture::mixtral || architecture == Architecture::qwen2;
  }
  [[nodiscard]] bool encoder_only() const {
    return architecture == Architecture::bert || architecture == Architecture::vit;
  }
  /// vit: patches and the class token.
  [[nodiscard]] std::int64_t image_tokens() const {
    return (image_height / patch_height) * (image_width / patch_width) + 1;
  }
};

/// Reads a config.json. Mistakes are reported to \p diagnostics with file, line and column; the
/// answer is meaningful only if `diagnostics.ok()` afterwards.
[[nodiscard]] ModelConfig read_hugging_face(const std::filesystem::path& path,
                                            Diagnostics& diagnostics);

/// Stored parameters of the whole model, tied tables once. \throws std::overflow_error.
[[nodiscard]] std::int64_t parameter_count(const ModelConfig& config);

/// How much one pass computes.
struct WorkloadSize {
  std::int64_t batch{1};  ///< sequences, or images
  /// prefill and forward: tokens of each sequence; decode: keys already cached, to which one new
  /// token per sequence is added. Unused by vit.
  std::int64_t context{1};
  /// Devices that share every block: heads, MLP columns, experts' columns and vocabulary are cut
  /// into equal parts, sums are all-reduced after attention and MLP, logits gathered. A KV head is
  /// held by several ranks when there are more ranks than KV heads.
  std::int64_t tensor_parallel{1};
  /// Groups of devices with a run of blocks each, which hand activations on.
  std::int64_t pipeline_parallel{1};
  /// Groups of `tensor_parallel` devices that share the sequences; experts serve all of them.
  std::int64_t data_parallel{1};
  /// Parts that the experts are dealt into. Each part's experts are cut over the devices that hold
  /// it: tensor_parallel x data_parallel / expert_parallel of them.
  std::int64_t expert_parallel{1};
  /// Experts one by one, with the tokens that each takes on the busiest device (expert_loads());
  /// false: one product over the experts used on average, with equal loads.
  bool spread_experts{false};
  /// mixed: sequences of `batch` that read a prompt of `prompt` tokens in this stage; the others
  /// make a token behind `context` cached keys.
  std::int64_t prompts{0};
  std::int64_t prompt{0};
};

/// The operators of one pass, of one rank of those that share it. Blocks are `layers.<i>.<group>`
/// with the module names of Hugging Face (`layers.3.self_attn.q_proj`). \throws ConfigError if the
/// model does not have that phase (an encoder cannot decode), its table
///         of learned positions is shorter than the context, or its heads or MLP cannot be cut into
///         that many parts.
[[nodiscard]] Workload build_transformer(const ModelConfig& config, Phase phase,
                                         const WorkloadSize& size);

/// Makes a decode workload one of another context: all that changes from one generated token to
/// the next. Adds nothing, allocates nothing. \p context keys are cached before the new token.
void set_context(Workload& decode, std::int64_t context);

/// Tokens that each expert of the busiest part takes, most first, when every token picks \p
/// per_token of \p experts uniformly and independently, and the experts are dealt into \p parts.
/// The busiest part takes the expected maximum over the parts; its experts share that by the
/// quantiles of a binomial law, so that the list is a typical draw. Zeros are kept: these experts
/// are idle.
///
/// Assumes:   normal approximation of the maximum over parts.
/// Reference: G. Blom, "Statistical estimates and transformed beta-variables", 1958 (positions of
///            order statistics).
/// Checked by: tests/unit/models/expert_loads_test.cpp (against random draws)
[[nodiscard]] std::vector<std::int64_t> expert_loads(std::int64_t experts, std::int64_t per_token,
                                                     std::int64_t tokens, std::int64_t parts);

/// Experts that \p tokens tokens use in expectation when each picks \p per_token of \p experts
/// uniformly and independently: E (1 - (1 - k/E)^tokens), rounded, at least k.
[[nodiscard]] std::int64_t expected_experts(std::int64_t experts, std::int64_t per_token,
                                            std::int64_t tokens);

}  // namespace cairn::models
