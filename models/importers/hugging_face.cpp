#include "models/importers/hugging_face.h"

#include <initializer_list>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "models/importers/json_text.h"

namespace cairn::models {
namespace {

using Json = nlohmann::json;
using Keys = std::initializer_list<std::string_view>;

constexpr std::int64_t kLargest = std::int64_t{1} << 30;  // any one size of a model
constexpr std::int64_t kMostLayers = 4096;

/// Reads keys of one config.json with defaults. The first key of a list is the architecture's
/// own; the others are its normalised names. A null counts as missing.
class Keyed {
 public:
  Keyed(const JsonText& json, Diagnostics& diagnostics)
      : json_(&json), diagnostics_(&diagnostics) {}

  [[nodiscard]] bool has(std::string_view key) const { return json_->root().contains(key); }
  [[nodiscard]] bool is_null(std::string_view key) const {
    return has(key) && json_->root().at(key).is_null();
  }

  /// The first of \p keys that has a value.
  [[nodiscard]] std::optional<std::string_view> given(Keys keys) const {
    for (const std::string_view key : keys) {
      if (has(key) && !is_null(key)) {
        return key;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] const Json& value(std::string_view key) const { return json_->root().at(key); }

  [[nodiscard]] std::int64_t whole(Keys keys, std::int64_t otherwise,
                                   std::int64_t most = kLargest) const {
    const std::optional<std::string_view> key = given(keys);
    return key ? checked_whole(*key, value(*key), otherwise, most) : otherwise;
  }

  [[nodiscard]] bool flag(Keys keys, bool otherwise) const {
    const std::optional<std::string_view> key = given(keys);
    if (!key) {
      return otherwise;
    }
    const Json& found = value(*key);
    if (!found.is_boolean()) {
      error(*key, fmt::format("expected true or false, found {}", found.dump()));
      return otherwise;
    }
    return found.get<bool>();
  }

  /// A size on both axes: one number, or [height, width].
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> pair(Keys keys,
                                                           std::int64_t otherwise) const {
    const std::optional<std::string_view> key = given(keys);
    if (!key || !value(*key).is_array()) {
      const std::int64_t both = whole(keys, otherwise);
      return {both, both};
    }
    const Json& found = value(*key);
    if (found.size() != 2) {
      error(*key, fmt::format("expected a number or [height, width], found {}", found.dump()));
      return {otherwise, otherwise};
    }
    return {checked_whole(*key, found[0], otherwise, kLargest),
            checked_whole(*key, found[1], otherwise, kLargest)};
  }

  [[nodiscard]] ElementwiseKind activation(Keys keys, ElementwiseKind otherwise) const;

  void error(std::string_view key, std::string message, std::string hint = {}) const {
    diagnostics_->error(json_->at(key), std::string{key}, std::move(message), std::move(hint));
  }

 private:
  [[nodiscard]] std::int64_t checked_whole(std::string_view key, const Json& found,
                                           std::int64_t otherwise, std::int64_t most) const {
    if (!found.is_number_integer()) {
      error(key, fmt::format("expected a whole number, found {}", found.dump()));
      return otherwise;
    }
    const bool huge =
        found.is_number_unsigned() && found.get<std::uint64_t>() > static_cast<std::uint64_t>(most);
    const std::int64_t number = huge ? most + 1 : found.get<std::int64_t>();
    if (number < 1 || number > most) {
      error(key, fmt::format("expected 1 to {}, found {}", most, found.dump()));
      return otherwise;
    }
    return number;
  }

  const JsonText* json_;
  Diagnostics* diagnostics_;
};

struct ActivationName {
  std::string_view name;
  ElementwiseKind kind;
};

/// Names of transformers' ACT2FN (activations.py) whose work is that of one of our kinds.
constexpr std::array kActivations{
    ActivationName{"silu", ElementwiseKind::silu},
    ActivationName{"swish", ElementwiseKind::silu},
    ActivationName{"gelu", ElementwiseKind::gelu},
    ActivationName{"gelu_new", ElementwiseKind::gelu},
    ActivationName{"gelu_fast", ElementwiseKind::gelu},
    ActivationName{"gelu_python", ElementwiseKind::gelu},
    ActivationName{"gelu_accurate", ElementwiseKind::gelu},
    ActivationName{"gelu_pytorch_tanh", ElementwiseKind::gelu},
    ActivationName{"quick_gelu", ElementwiseKind::gelu},
    ActivationName{"relu", ElementwiseKind::relu},
    ActivationName{"relu6", ElementwiseKind::relu6},
    ActivationName{"sigmoid", ElementwiseKind::sigmoid},
    ActivationName{"tanh", ElementwiseKind::tanh},
    ActivationName{"mish", ElementwiseKind::other},
    ActivationName{"selu", ElementwiseKind::other},
    ActivationName{"relu2", ElementwiseKind::other},
    ActivationName{"leaky_relu", ElementwiseKind::other},
};

ElementwiseKind Keyed::activation(Keys keys, ElementwiseKind otherwise) const {
  const std::optional<std::string_view> key = given(keys);
  if (!key) {
    return otherwise;
  }
  const Json& found = value(*key);
  std::vector<std::string> names;
  for (const ActivationName& known : kActivations) {
    if (found.is_string() && found.get_ref<const std::string&>() == known.name) {
      return known.kind;
    }
    names.emplace_back(known.name);
  }
  std::optional<std::string> close;
  if (found.is_string()) {
    close = nearest(found.get_ref<const std::string&>(), names);
  }
  error(*key, fmt::format("expected an activation, found {}", found.dump()),
        close ? fmt::format("did you mean '{}'?", *close)
              : fmt::format("one of: {}", fmt::join(names, ", ")));
  return otherwise;
}

/// LlamaConfig, MistralConfig, MixtralConfig and Qwen2Config differ in these defaults only
/// (transformers, models/<model_type>/configuration_<model_type>.py).
struct LlamaDefaults {
  std::int64_t vocabulary;
  std::int64_t intermediate;
  std::int64_t positions;
  std::int64_t kv_heads;  ///< 0: as many as heads
  std::int64_t window;    ///< 0: none
};

LlamaDefaults llama_defaults(Architecture architecture) {
  switch (architecture) {
    case Architecture::mistral:
      return {.vocabulary = 32000,
              .intermediate = 14336,
              .positions = 131072,
              .kv_heads = 8,
              .window = 4096};
    case Architecture::mixtral:
      return {.vocabulary = 32000,
              .intermediate = 14336,
              .positions = 131072,
              .kv_heads = 8,
              .window = 0};
    case Architecture::qwen2:
      return {.vocabulary = 151936,
              .intermediate = 22016,
              .positions = 32768,
              .kv_heads = 32,
              .window = 4096};
    default:
      return {.vocabulary = 32000,
              .intermediate = 11008,
              .positions = 2048,
              .kv_heads = 0,
              .window = 0};
  }
}

/// Qwen2 slides only if told to, and then from layer max_window_layers on unless layer_types
/// names every layer; the others slide in all layers or none.
void read_windows(const Keyed& in, ModelConfig& config, std::int64_t otherwise) {
  if (in.is_null("sliding_window")) {
    return;  // None in the configuration class: no window
  }
  const bool qwen = config.architecture == Architecture::qwen2;
  const bool named = in.given({"sliding_window"}).has_value();
  if (qwen && !in.flag({"use_sliding_window"}, false)) {
    return;
  }
  const std::int64_t window = named ? in.whole({"sliding_window"}, otherwise) : otherwise;
  if (window == 0) {
    return;
  }
  config.windows.assign(static_cast<std::size_t>(config.layers), window);
  if (!qwen) {
    return;
  }
  if (in.given({"layer_types"})) {
    const Json& types = in.value("layer_types");
    if (!types.is_array() || types.size() != config.windows.size()) {
      in.error("layer_types", fmt::format("expected a list of {} layer types", config.layers));
      return;
    }
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i] == "full_attention") {
        config.windows[i] = 0;
      } else if (types[i] != "sliding_attention") {
        in.error(
            "layer_types",
            fmt::format("expected full_attention or sliding_attention, found {}", types[i].dump()));
      }
    }
    return;
  }
  // Zero is a value here (all layers slide), so whole() with its least value of 1 does not fit.
  const bool zero = in.given({"max_window_layers"}) && in.value("max_window_layers") == 0;
  const std::int64_t full = zero ? 0 : in.whole({"max_window_layers"}, 28);
  for (std::int64_t i = 0; i < std::min(full, config.layers); ++i) {
    config.windows[static_cast<std::size_t>(i)] = 0;
  }
}

void read_llama_family(const Keyed& in, ModelConfig& config) {
  const LlamaDefaults defaults = llama_defaults(config.architecture);
  config.vocabulary = in.whole({"vocab_size"}, defaults.vocabulary);
  config.hidden = in.whole({"hidden_size"}, 4096);
  config.intermediate = in.whole({"intermediate_size"}, defaults.intermediate);
  config.layers = in.whole({"num_hidden_layers"}, 32, kMostLayers);
  config.heads = in.whole({"num_attention_heads"}, 32);
  const bool as_heads = defaults.kv_heads == 0 || in.is_null("num_key_value_heads");
  config.kv_heads = in.whole({"num_key_value_heads"}, as_heads ? config.heads : defaults.kv_heads);
  config.positions = in.whole({"max_position_embeddings"}, defaults.positions);
  config.activation = in.activation({"hidden_act"}, ElementwiseKind::silu);
  config.tied_embeddings = in.flag({"tie_word_embeddings"}, false);
  config.embedding_width = config.hidden;
  if (config.architecture == Architecture::llama) {
    config.qkv_bias = in.flag({"attention_bias"}, false);
    config.output_bias = config.qkv_bias;
    config.mlp_bias = in.flag({"mlp_bias"}, false);
  } else if (config.architecture == Architecture::qwen2) {
    config.qkv_bias = true;  // fixed in Qwen2Attention; there is no key for it
  }
  if (config.architecture == Architecture::mixtral) {
    config.experts = in.whole({"num_local_experts", "num_experts"}, 8, 1 << 16);
    config.experts_per_token = in.whole({"num_experts_per_tok"}, 2, 1 << 16);
    if (config.experts_per_token > config.experts) {
      in.error("num_experts_per_tok", fmt::format("a token cannot use {} of {} experts",
                                                  config.experts_per_token, config.experts));
    }
  }
  if (config.architecture == Architecture::mixtral) {
    // Not of this model type alone: as Qwen2-MoE and T5 call them.
    config.moe_every = in.whole({"decoder_sparse_step"}, 1, kMostLayers);
    config.gated = in.flag({"is_gated_act"}, true);
  }
  read_windows(in, config, defaults.window);
}

void read_gpt2(const Keyed& in, ModelConfig& config) {
  config.vocabulary = in.whole({"vocab_size"}, 50257);
  config.hidden = in.whole({"n_embd", "hidden_size"}, 768);
  config.layers = in.whole({"n_layer", "num_hidden_layers"}, 12, kMostLayers);
  config.heads = in.whole({"n_head", "num_attention_heads"}, 12);
  config.intermediate = in.whole({"n_inner", "intermediate_size"}, 4 * config.hidden);
  config.positions = in.whole({"n_positions", "max_position_embeddings", "n_ctx"}, 1024);
  config.activation = in.activation({"activation_function", "hidden_act"}, ElementwiseKind::gelu);
  config.tied_embeddings = in.flag({"tie_word_embeddings"}, true);
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.embedding_width = config.hidden;
}

void read_opt(const Keyed& in, ModelConfig& config) {
  config.vocabulary = in.whole({"vocab_size"}, 50272);
  config.hidden = in.whole({"hidden_size"}, 768);
  config.layers = in.whole({"num_hidden_layers"}, 12, kMostLayers);
  config.heads = in.whole({"num_attention_heads"}, 12);
  config.intermediate = in.whole({"ffn_dim", "intermediate_size"}, 3072);
  config.positions = in.whole({"max_position_embeddings"}, 2048);
  config.embedding_width = in.whole({"word_embed_proj_dim"}, config.hidden);
  config.activation = in.activation({"activation_function", "hidden_act"}, ElementwiseKind::relu);
  config.tied_embeddings = in.flag({"tie_word_embeddings"}, true);
  config.qkv_bias = in.flag({"enable_bias", "attention_bias"}, true);
  config.output_bias = config.mlp_bias = config.qkv_bias;
  config.norm_affine = in.flag({"layer_norm_elementwise_affine"}, true);
  config.norm_first = in.flag({"do_layer_norm_before"}, true);
  config.final_norm = config.norm_first && !in.flag({"_remove_final_layer_norm"}, false);
}

void read_bert(const Keyed& in, ModelConfig& config) {
  config.vocabulary = in.whole({"vocab_size"}, 30522);
  config.hidden = in.whole({"hidden_size"}, 768);
  config.layers = in.whole({"num_hidden_layers"}, 12, kMostLayers);
  config.heads = in.whole({"num_attention_heads"}, 12);
  config.intermediate = in.whole({"intermediate_size"}, 3072);
  config.positions = in.whole({"max_position_embeddings"}, 512);
  config.token_types = in.whole({"type_vocab_size"}, 2);
  config.activation = in.activation({"hidden_act"}, ElementwiseKind::gelu);
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.norm_first = false;
  config.final_norm = false;
  config.embedding_width = config.hidden;
}

/// Side of a square of \p tokens - 1 patches.
std::optional<std::int64_t> patches_per_side(std::int64_t tokens) {
  std::int64_t side = 0;
  while ((side + 1) * (side + 1) <= tokens - 1 && side < (1 << 15)) {
    ++side;
  }
  return side > 0 && side * side == tokens - 1 ? std::optional{side} : std::nullopt;
}

void read_vit(const Keyed& in, ModelConfig& config) {
  config.hidden = in.whole({"hidden_size"}, 768);
  config.layers = in.whole({"num_hidden_layers"}, 12, kMostLayers);
  config.heads = in.whole({"num_attention_heads"}, 12);
  config.intermediate = in.whole({"intermediate_size"}, 3072);
  config.activation = in.activation({"hidden_act"}, ElementwiseKind::gelu);
  config.qkv_bias = in.flag({"qkv_bias", "attention_bias"}, true);
  config.output_bias = config.mlp_bias = true;
  config.embedding_width = config.hidden;
  config.image_channels = in.whole({"num_channels"}, 3);
  std::tie(config.patch_height, config.patch_width) = in.pair({"patch_size"}, 16);
  std::int64_t side = 224;
  if (!in.given({"image_size"}) && in.given({"num_tokens"})) {
    const std::optional<std::int64_t> patches = patches_per_side(in.whole({"num_tokens"}, 197));
    if (!patches) {
      in.error("num_tokens", "expected a square number of patches and one class token");
    }
    side = patches.value_or(14) * config.patch_height;
  }
  std::tie(config.image_height, config.image_width) = in.pair({"image_size"}, side);
  if (config.image_height < config.patch_height || config.image_width < config.patch_width) {
    in.error("image_size", "the image is smaller than one patch");
  }
  config.positions = config.image_tokens();
  config.classes = in.whole({"num_labels", "num_classes"}, 2);  // PretrainedConfig: two labels
  if (in.given({"id2label"})) {
    const Json& labels = in.value("id2label");
    if (!labels.is_object()) {
      in.error("id2label", fmt::format("expected a map, found {}", labels.type_name()));
    } else {
      config.classes = static_cast<std::int64_t>(labels.size());
    }
  }
}

/// What the sizes must satisfy together.
void check_heads(const Keyed& in, ModelConfig& config) {
  const bool own_kv = config.llama_family();
  if (!own_kv) {
    config.kv_heads = config.heads;  // no key of these architectures says otherwise
  }
  const std::optional<std::string_view> heads_key = in.given({"n_head", "num_attention_heads"});
  const std::string_view blamed = heads_key.value_or(
      in.given({"n_embd", "hidden_size"}).value_or(std::string_view{"hidden_size"}));
  const bool own_head_dim = own_kv && in.given({"head_dim"}).has_value();
  if (own_head_dim) {
    config.head_dim = in.whole({"head_dim"}, 128);
  } else if (config.hidden % config.heads != 0) {
    in.error(blamed, fmt::format("a hidden size of {} is not a multiple of {} attention heads",
                                 config.hidden, config.heads));
  } else {
    config.head_dim = config.hidden / config.heads;
  }
  if (config.heads % config.kv_heads != 0) {
    in.error(own_kv && in.given({"num_key_value_heads"}) ? "num_key_value_heads" : blamed,
             fmt::format("{} attention heads are not a multiple of {} key-value heads",
                         config.heads, config.kv_heads));
  }
}

std::optional<Architecture> read_model_type(const Keyed& in) {
  const std::vector<std::string> names = enum_texts<Architecture>();
  const std::string hint = fmt::format("one of: {}", fmt::join(names, ", "));
  if (!in.given({"model_type"})) {
    in.error("model_type", "key is missing", hint);
    return std::nullopt;
  }
  const Json& found = in.value("model_type");
  if (!found.is_string()) {
    in.error("model_type", fmt::format("expected a name, found {}", found.dump()), hint);
    return std::nullopt;
  }
  const auto& name = found.get_ref<const std::string&>();
  const std::optional<Architecture> architecture = enum_from_text<Architecture>(name);
  if (!architecture) {
    const std::optional<std::string> close = nearest(name, names);
    in.error("model_type", fmt::format("'{}' is not a supported architecture", name),
             close ? fmt::format("did you mean '{}'? {}", *close, hint) : hint);
  }
  return architecture;
}

}  // namespace

ModelConfig read_hugging_face(const std::filesystem::path& path, Diagnostics& diagnostics) {
  ModelConfig config;
  config.name = path.stem().string();
  if (config.name == "config" && path.has_parent_path()) {  // .../Llama-3.1-8B/config.json
    config.name = path.parent_path().filename().string();
  }
  const std::optional<JsonText> json = JsonText::load(path, diagnostics);
  if (!json) {
    return config;
  }
  const Keyed in(*json, diagnostics);
  const std::optional<Architecture> architecture = read_model_type(in);
  if (!architecture) {
    return config;
  }
  config.architecture = *architecture;
  switch (config.architecture) {
    case Architecture::llama:
    case Architecture::mistral:
    case Architecture::mixtral:
    case Architecture::qwen2:
      read_llama_family(in, config);
      break;
    case Architecture::gpt2:
      read_gpt2(in, config);
      break;
    case Architecture::opt:
      read_opt(in, config);
      break;
    case Architecture::bert:
      read_bert(in, config);
      break;
    case Architecture::vit:
      read_vit(in, config);
      break;
  }
  const std::size_t before = diagnostics.error_count();
  check_heads(in, config);
  if (diagnostics.error_count() == before && diagnostics.ok()) {
    try {
      static_cast<void>(parameter_count(config));
    } catch (const std::overflow_error&) {
      in.error("hidden_size", "the model has more parameters than 63 bits can count");
    }
  }
  return config;
}

}  // namespace cairn::models
