/// \file
/// Names of the modules in a transformer block, as Hugging Face has them. Private to the importer.
#pragma once

#include <string_view>

#include "models/importers/hugging_face.h"

namespace cairn::models {

/// The same for all layers; llama names also serve mistral, mixtral and qwen2.
struct BlockNames {
  std::string_view norm1, q, k, v, attention, o, residual1, norm2, up, act, down, residual2;
};

inline constexpr BlockNames kLlamaNames{.norm1 = "input_layernorm",
                                        .q = "self_attn.q_proj",
                                        .k = "self_attn.k_proj",
                                        .v = "self_attn.v_proj",
                                        .attention = "self_attn.attention",
                                        .o = "self_attn.o_proj",
                                        .residual1 = "self_attn.residual",
                                        .norm2 = "post_attention_layernorm",
                                        .up = "mlp.up_proj",
                                        .act = "mlp.act_fn",
                                        .down = "mlp.down_proj",
                                        .residual2 = "mlp.residual"};
inline constexpr BlockNames kGpt2Names{.norm1 = "ln_1",
                                       .q = "attn.c_attn",  // fused with k and v
                                       .k = "",
                                       .v = "",
                                       .attention = "attn.attention",
                                       .o = "attn.c_proj",
                                       .residual1 = "attn.residual",
                                       .norm2 = "ln_2",
                                       .up = "mlp.c_fc",
                                       .act = "mlp.act",
                                       .down = "mlp.c_proj",
                                       .residual2 = "mlp.residual"};
inline constexpr BlockNames kOptNames{.norm1 = "self_attn_layer_norm",
                                      .q = "self_attn.q_proj",
                                      .k = "self_attn.k_proj",
                                      .v = "self_attn.v_proj",
                                      .attention = "self_attn.attention",
                                      .o = "self_attn.out_proj",
                                      .residual1 = "self_attn.residual",
                                      .norm2 = "final_layer_norm",
                                      .up = "fc1",
                                      .act = "activation_fn",
                                      .down = "fc2",
                                      .residual2 = "fc2.residual"};
inline constexpr BlockNames kBertNames{.norm1 = "attention.output.LayerNorm",
                                       .q = "attention.self.query",
                                       .k = "attention.self.key",
                                       .v = "attention.self.value",
                                       .attention = "attention.self.attention",
                                       .o = "attention.output.dense",
                                       .residual1 = "attention.output.residual",
                                       .norm2 = "output.LayerNorm",
                                       .up = "intermediate.dense",
                                       .act = "intermediate.act",
                                       .down = "output.dense",
                                       .residual2 = "output.residual"};
inline constexpr BlockNames kVitNames{.norm1 = "layernorm_before",
                                      .q = "attention.attention.query",
                                      .k = "attention.attention.key",
                                      .v = "attention.attention.value",
                                      .attention = "attention.attention.attention",
                                      .o = "attention.output.dense",
                                      .residual1 = "attention.output.residual",
                                      .norm2 = "layernorm_after",
                                      .up = "intermediate.dense",
                                      .act = "intermediate.act",
                                      .down = "output.dense",
                                      .residual2 = "output.residual"};

[[nodiscard]] constexpr const BlockNames& names_of(Architecture architecture) {
  switch (architecture) {
    case Architecture::gpt2:
      return kGpt2Names;
    case Architecture::opt:
      return kOptNames;
    case Architecture::bert:
      return kBertNames;
    case Architecture::vit:
      return kVitNames;
    default:
      return kLlamaNames;
  }
}

}  // namespace cairn::models
