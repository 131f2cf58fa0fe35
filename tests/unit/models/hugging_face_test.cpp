#include "models/importers/hugging_face.h"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/text/enum_names.h"
#include "tests/unit/models/scratch_file.h"

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

ModelConfig config_of(const std::string& text) {
  const ScratchFile file("config.json", text);
  Diagnostics diagnostics;
  ModelConfig config = read_hugging_face(file.path(), diagnostics);
  diagnostics.throw_if_any();
  return config;
}

std::int64_t parameters_of(const std::string& text) {
  return parameter_count(config_of(text));
}

/// Rendered diagnostics of a wrong file, without the folder of the file.
std::string complaint(const std::string& text) {
  const ScratchFile file("config.json", text);
  Diagnostics diagnostics;
  static_cast<void>(read_hugging_face(file.path(), diagnostics));
  std::string all;
  for (Diagnostic diagnostic : diagnostics.sorted()) {
    diagnostic.at.file = "config.json";
    all += render(diagnostic) + "\n";
  }
  return all;
}

const Operator& find(const Workload& workload, const std::string& name) {
  for (const Operator& op : workload.operators) {
    if (op.name == name) {
      return op;
    }
  }
  FAIL("no operator " << name);
  throw InternalError("unreachable");
}

ModelConfig shipped(const std::string& stem) {
  Diagnostics diagnostics;
  ModelConfig config = read_hugging_face(
      std::filesystem::path{CAIRN_SOURCE_DIR} / "configs/models" / (stem + ".json"), diagnostics);
  diagnostics.throw_if_any();
  return config;
}

constexpr const char* kLlama8B = R"({"model_type": "llama", "hidden_size": 4096,
  "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
  "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": false,
  "rope_scaling": {"factor": 8.0}, "architectures": ["LlamaForCausalLM"]})";

}  // namespace

TEST_CASE("parameter totals equal the published ones") {
  struct Case {
    const char* stem;
    std::int64_t parameters;
  };
  const Case shipped_case = GENERATE(values<Case>({
      {"llama-2-7b", 6'738'415'616},
      {"llama-2-13b", 13'015'864'320},
      {"llama-2-70b", 68'976'648'192},
      {"llama-3.1-8b", 8'030'261'248},
      {"llama-3.1-70b", 70'553'706'496},
      {"llama-3.1-405b", 405'853'388'800},
      {"mistral-7b", 7'241'732'096},
      {"mixtral-8x7b", 46'702'792'704},
      {"qwen2.5-7b", 7'615'616'512},
      {"gpt2", 124'439'808},
      {"opt-6.7b", 6'658'473'984},
      {"opt-13b", 12'853'473'280},
      {"opt-30b", 29'974'540'288},
      {"opt-66b", 65'719'701'504},
      {"bert-base", 109'482'240},
      {"vit-b16", 86'567'656},
      {"deit-s", 22'050'664},
      {"tensor_transformer_1", 8'842'752},
      {"tensor_transformer_3", 23'018'496},
  }));
  CHECK(parameter_count(shipped(shipped_case.stem)) == shipped_case.parameters);
}

TEST_CASE("an empty llama config is the configuration class with its defaults") {
  const ModelConfig config = config_of(R"({"model_type": "llama"})");
  CHECK(config.hidden == 4096);
  CHECK(config.intermediate == 11008);
  CHECK(config.layers == 32);
  CHECK(config.heads == 32);
  CHECK(config.kv_heads == 32);
  CHECK(config.head_dim == 128);
  CHECK(config.vocabulary == 32000);
  CHECK_FALSE(config.tied_embeddings);
  CHECK(config.windows.empty());
  // Llama-2-7B is the default: 2 x 32000 x 4096 embeddings and head
  //   + 32 x (4 x 4096^2 + 3 x 4096 x 11008 + 2 x 4096) + 4096
  //   = 262,144,000 + 32 x (67,108,864 + 135,266,304 + 8,192) + 4,096 = 6,738,415,616.
  CHECK(parameter_count(config) == 6'738'415'616);
}

TEST_CASE("defaults of the other architectures are those of their configuration classes") {
  const ModelConfig mistral = config_of(R"({"model_type": "mistral"})");
  CHECK(mistral.kv_heads == 8);
  CHECK(mistral.intermediate == 14336);
  CHECK(mistral.windows == std::vector<std::int64_t>(32, 4096));
  const ModelConfig mixtral = config_of(R"({"model_type": "mixtral"})");
  CHECK(mixtral.experts == 8);
  CHECK(mixtral.experts_per_token == 2);
  CHECK(mixtral.windows.empty());
  CHECK(parameter_count(mixtral) == 46'702'792'704);
  const ModelConfig qwen = config_of(R"({"model_type": "qwen2"})");
  CHECK(qwen.vocabulary == 151936);
  CHECK(qwen.intermediate == 22016);
  CHECK(qwen.kv_heads == 32);
  CHECK(qwen.qkv_bias);
  CHECK_FALSE(qwen.output_bias);
  CHECK(qwen.windows.empty());
  CHECK(parameters_of(R"({"model_type": "gpt2"})") == 124'439'808);
  // opt-125m is the default: 50272 x 768 tokens, 2050 x 768 positions (two rows of offset),
  //   12 x (4 x 768^2 + 4 x 768 + 2 x 768 x 3072 + 3072 + 768 + 4 x 768), final norm 2 x 768:
  //   38,608,896 + 1,574,400 + 12 x 7,087,872 + 1,536 = 125,239,296.
  CHECK(parameters_of(R"({"model_type": "opt"})") == 125'239'296);
  CHECK(parameters_of(R"({"model_type": "bert"})") == 109'482'240);
  const ModelConfig vit = config_of(R"({"model_type": "vit"})");
  CHECK(vit.classes == 2);
  CHECK(vit.image_tokens() == 197);
}

TEST_CASE("other published totals follow from their original config keys") {
  // gpt2-medium, -large, -xl: 12 h^2 + 13 h per block, (50257 + 1024) h, 2 h:
  //   24 x (12 x 1024^2 + 13 x 1024) + 51281 x 1024 + 2048 = 354,823,168.
  CHECK(parameters_of(R"({"model_type": "gpt2", "n_embd": 1024, "n_layer": 24, "n_head": 16})") ==
        354'823'168);
  CHECK(parameters_of(R"({"model_type": "gpt2", "n_embd": 1280, "n_layer": 36, "n_head": 20,
                          "n_inner": null, "n_ctx": 1024})") == 774'030'080);
  CHECK(parameters_of(R"({"model_type": "gpt2", "n_embd": 1600, "n_layer": 48, "n_head": 25})") ==
        1'557'611'200);
  // opt-350m: tokens of 512, projected in and out, norms after the sums and none at the end:
  //   50272 x 512 + 2050 x 1024 + 2 x 512 x 1024 + 24 x 12,596,224 = 331,196,416.
  CHECK(parameters_of(R"({"model_type": "opt", "hidden_size": 1024, "num_hidden_layers": 24,
        "num_attention_heads": 16, "ffn_dim": 4096, "word_embed_proj_dim": 512,
        "do_layer_norm_before": false})") == 331'196'416);
  // Qwen2.5-0.5B: tied head, biases on q, k and v only:
  //   151936 x 896 + 24 x (2 x 896^2 + 896 + 2 x (896 x 128 + 128) + 3 x 896 x 4864 + 2 x 896)
  //   + 896 = 136,134,656 + 24 x 14,912,384 + 896 = 494,032,768.
  CHECK(parameters_of(R"({"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "vocab_size": 151936, "tie_word_embeddings": true})") == 494'032'768);
  // bert-large: (30522 + 512 + 2) x 1024 + 2048 + 24 x (12 x 1024^2 + 13 x 1024)
  //   + 1024^2 + 1024 = 31,782,912 + 24 x 12,596,224 + 1,049,600 = 335,141,888.
  CHECK(parameters_of(R"({"model_type": "bert", "hidden_size": 1024, "num_hidden_layers": 24,
        "num_attention_heads": 16, "intermediate_size": 4096})") == 335'141'888);
  // ViT-L/16 with 1000 classes: 24 x 12,596,224 + 16 x 16 x 3 x 1024 + 1024 + 1024
  //   + 197 x 1024 + 2048 + 1024 x 1000 + 1000 = 304,326,632.
  CHECK(parameters_of(R"({"model_type": "vit", "hidden_size": 1024, "num_hidden_layers": 24,
        "num_attention_heads": 16, "intermediate_size": 4096, "num_labels": 1000})") ==
        304'326'632);
}

TEST_CASE("normalised keys are understood where the architecture's own are missing") {
  const ModelConfig own = shipped("gpt2");
  const ModelConfig normal = config_of(R"({"model_type": "gpt2", "hidden_size": 768,
      "num_hidden_layers": 12, "num_attention_heads": 12, "num_key_value_heads": 12,
      "head_dim": 64, "intermediate_size": 3072, "vocab_size": 50257,
      "max_position_embeddings": 1024, "hidden_act": "gelu_new", "gated_mlp": false,
      "attention_bias": true, "tie_word_embeddings": true})");
  CHECK(parameter_count(own) == parameter_count(normal));
  CHECK(normal.positions == own.positions);
  // The architecture's own key wins over a normalised one.
  CHECK(config_of(R"({"model_type": "opt", "ffn_dim": 2048, "intermediate_size": 4096})")
            .intermediate == 2048);
  const ModelConfig vit = config_of(R"({"model_type": "vit", "num_tokens": 257,
      "patch_size": 14, "num_classes": 10})");
  CHECK(vit.image_height == 224);  // 16 x 16 patches of 14 pixels
  CHECK(vit.classes == 10);
}

TEST_CASE("a null means what the configuration class makes of it") {
  CHECK(config_of(R"({"model_type": "mistral", "sliding_window": null})").windows.empty());
  CHECK(config_of(R"({"model_type": "mistral", "num_key_value_heads": null})").kv_heads == 32);
  CHECK(config_of(R"({"model_type": "llama", "head_dim": null})").head_dim == 128);
  CHECK(config_of(R"({"model_type": "gpt2", "n_inner": null})").intermediate == 3072);
}

TEST_CASE("a head size of its own need not divide the hidden size") {
  const ModelConfig config = config_of(R"({"model_type": "mistral", "hidden_size": 5120,
      "num_attention_heads": 32, "head_dim": 128, "num_hidden_layers": 1})");
  const Workload workload = build_transformer(config, Phase::decode, {.batch = 1, .context = 9});
  CHECK(std::get<MatMul>(find(workload, "layers.0.self_attn.q_proj").shape).n == 4096);
  CHECK(std::get<MatMul>(find(workload, "layers.0.self_attn.o_proj").shape).k == 4096);
}

TEST_CASE("qwen2 slides only when told to and from the layer it names") {
  const ModelConfig config = config_of(R"({"model_type": "qwen2", "num_hidden_layers": 4,
      "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 3})");
  CHECK(config.windows == std::vector<std::int64_t>{0, 0, 0, 8});
  const Workload workload = build_transformer(config, Phase::decode, {.batch = 1, .context = 99});
  check(workload);
  CHECK(workload.repeats.size() == 4);  // embedding, 3 full layers, 1 sliding layer, head
  // Three layers cache 100 keys, the fourth its window of 8; keys and values of 32 x 128.
  CHECK(workload.kv_cache_elements == (3 * 100 + 8) * 2 * 32 * 128);
}

TEST_CASE("decode of llama-3.1-8b has the operators and sizes worked out by hand") {
  const ModelConfig config = config_of(kLlama8B);
  const Workload workload = build_transformer(config, Phase::decode, {.batch = 4, .context = 1023});
  check(workload);
  CHECK(workload.tokens == 4);
  CHECK(workload.parameters == 8'030'261'248);
  CHECK(workload.idle_parameters == 0);
  // 1 embedding, 32 blocks of 15, final norm and head.
  CHECK(workload.operators.size() == 1 + 32 * 15 + 2);
  REQUIRE(workload.repeats.size() == 3);
  CHECK(workload.repeats[1].length == 15);
  CHECK(workload.repeats[1].copies == 32);

  const Operator& q = find(workload, "layers.3.self_attn.q_proj");
  CHECK(q.group == "self_attn.q_proj");
  CHECK(q.layer == 3);
  CHECK(std::get<MatMul>(q.shape) == MatMul{.m = 4, .n = 4096, .k = 4096});
  CHECK(std::get<MatMul>(find(workload, "layers.31.self_attn.k_proj").shape) ==
        MatMul{.m = 4, .n = 1024, .k = 4096});
  CHECK(std::get<MatMul>(find(workload, "layers.0.mlp.down_proj").shape) ==
        MatMul{.m = 4, .n = 4096, .k = 14336});
  const auto& attention = std::get<Attention>(find(workload, "layers.0.self_attn.attention").shape);
  CHECK(attention == Attention{.batch = 4,
                               .heads = 32,
                               .kv_heads = 8,
                               .head_dim = 128,
                               .queries = 1,
                               .context = 1024,  // 1023 cached and the new one
                               .causal = true});
  CHECK(std::get<MatMul>(find(workload, "lm_head").shape) ==
        MatMul{.m = 4, .n = 128256, .k = 4096});
  // Keys and values, 32 layers, 8 heads of 128, 4 sequences of 1024.
  CHECK(workload.kv_cache_elements == 2LL * 32 * 8 * 128 * 4 * 1024);

  // Multiply-accumulates of the weights: every weight but the embedding and the norms, per token.
  std::int64_t macs = 0;
  for (const Operator& op : workload.operators) {
    macs += std::holds_alternative<MatMul>(op.shape) ? multiply_accumulates(op.shape) : 0;
  }
  CHECK(macs == 4 * (8'030'261'248 - 128256LL * 4096 - 65LL * 4096));
}

TEST_CASE("prefill sends only the last token of each sequence through the head, forward all") {
  const ModelConfig config = config_of(kLlama8B);
  const Workload prefill = build_transformer(config, Phase::prefill, {.batch = 2, .context = 512});
  check(prefill);
  CHECK(prefill.tokens == 1024);
  CHECK(std::get<MatMul>(find(prefill, "lm_head").shape).m == 2);
  CHECK(std::get<MatMul>(find(prefill, "layers.0.self_attn.q_proj").shape).m == 1024);
  const auto& attention = std::get<Attention>(find(prefill, "layers.0.self_attn.attention").shape);
  CHECK(attention.queries == 512);
  CHECK(attention.context == 512);
  CHECK(prefill.kv_cache_elements == 2LL * 32 * 8 * 128 * 2 * 512);
  const Workload forward = build_transformer(config, Phase::forward, {.batch = 2, .context = 512});
  CHECK(std::get<MatMul>(find(forward, "lm_head").shape).m == 1024);
}

TEST_CASE("another context of a decode workload equals one built for it") {
  const ModelConfig config = shipped("mistral-7b");
  Workload moved = build_transformer(config, Phase::decode, {.batch = 3, .context = 10});
  for (const std::int64_t context : {0, 11, 4095, 4096, 9000}) {
    set_context(moved, context);
    const Workload built =
        build_transformer(config, Phase::decode, {.batch = 3, .context = context});
    CHECK(moved.kv_cache_elements == built.kv_cache_elements);
    REQUIRE(moved.operators.size() == built.operators.size());
    for (std::size_t i = 0; i < built.operators.size(); ++i) {
      CHECK(moved.operators[i].shape == built.operators[i].shape);
    }
  }
}

TEST_CASE("mixtral prices the experts that its tokens use and keeps the others idle") {
  // 8 (1 - (1 - 2/8)^t): 2 for 1 token, 5.47 -> 5 for 4, 8 for many.
  CHECK(expected_experts(8, 2, 1) == 2);
  CHECK(expected_experts(8, 2, 4) == 5);
  CHECK(expected_experts(8, 2, 1000) == 8);
  const ModelConfig config = shipped("mixtral-8x7b");
  const Workload one = build_transformer(config, Phase::decode, {.batch = 1, .context = 100});
  check(one);
  const auto& w1 = std::get<MatMul>(find(one, "layers.0.block_sparse_moe.experts.w1").shape);
  CHECK(w1 == MatMul{.batch = 2, .m = 1, .n = 14336, .k = 4096, .distinct_weights = true});
  CHECK(one.parameters == 46'702'792'704);
  CHECK(one.idle_parameters == 32LL * 6 * 3 * 4096 * 14336);
  const Workload four = build_transformer(config, Phase::decode, {.batch = 4, .context = 100});
  check(four);
  // 8 picks over 5 experts: 1.6 -> 2 rows each.
  CHECK(std::get<MatMul>(find(four, "layers.0.block_sparse_moe.experts.w2").shape) ==
        MatMul{.batch = 5, .m = 2, .n = 4096, .k = 14336, .distinct_weights = true});
  const Workload many = build_transformer(config, Phase::prefill, {.batch = 1, .context = 4096});
  check(many);
  CHECK(many.idle_parameters == 0);
}

TEST_CASE("every shipped transformer builds consistent workloads in all its phases") {
  for (const char* stem : {"gpt2", "opt-13b", "llama-2-70b", "qwen2.5-7b", "mixtral-8x7b"}) {
    const ModelConfig config = shipped(stem);
    for (const Phase phase : {Phase::prefill, Phase::decode, Phase::forward}) {
      const Workload workload = build_transformer(config, phase, {.batch = 2, .context = 64});
      check(workload);
      CHECK(workload.parameters == parameter_count(config));
    }
  }
  for (const char* stem : {"bert-base", "vit-b16", "deit-s"}) {
    const ModelConfig config = shipped(stem);
    const Workload workload =
        build_transformer(config, Phase::forward, {.batch = 2, .context = 128});
    check(workload);
    CHECK(workload.parameters == parameter_count(config));
    CHECK(workload.kv_cache_elements == 0);
    CHECK_THROWS_AS(build_transformer(config, Phase::decode, {}), ConfigError);
  }
}

TEST_CASE("vit-b16 computes 197 tokens and attends in both directions") {
  const Workload workload =
      build_transformer(shipped("vit-b16"), Phase::forward, {.batch = 1, .context = 1});
  CHECK(workload.tokens == 197);
  const auto& attention =
      std::get<Attention>(find(workload, "layers.0.attention.attention.attention").shape);
  CHECK_FALSE(attention.causal);
  CHECK(attention.visible_pairs() == 197 * 197);
  // Patches 14 x 14 x 768 x 3 x 16 x 16; 12 blocks of 197 x (4 x 768^2 + 2 x 768 x 3072) and
  // attention 2 x 197^2 x 768; classifier 768 x 1000: 17.56 G multiply-accumulates.
  std::int64_t macs = 0;
  for (const Operator& op : workload.operators) {
    macs += multiply_accumulates(op.shape);
  }
  CHECK(macs ==
        196LL * 768 * 768 + 12 * (197LL * 12 * 768 * 768 + 2LL * 197 * 197 * 768) + 768 * 1000);
}

TEST_CASE("a learned position table bounds the context") {
  const ModelConfig config = shipped("gpt2");
  CHECK_NOTHROW(build_transformer(config, Phase::prefill, {.batch = 1, .context = 1024}));
  CHECK_THROWS_AS(build_transformer(config, Phase::prefill, {.batch = 1, .context = 1025}),
                  ConfigError);
  CHECK_NOTHROW(build_transformer(config, Phase::decode, {.batch = 1, .context = 1023}));
  CHECK_THROWS_WITH(build_transformer(config, Phase::decode, {.batch = 1, .context = 1024}),
                    Catch::Contains("exceeds the 1024 learned positions"));
  CHECK_THROWS_AS(build_transformer(config, Phase::prefill, {.batch = 0, .context = 1}),
                  ConfigError);
  CHECK_THROWS_AS(build_transformer(shipped("llama-2-7b"), Phase::prefill,
                                    {.batch = 1LL << 40, .context = 1LL << 40}),
                  ConfigError);
}

TEST_CASE("mistakes in a config are shown with their place") {
  CHECK(complaint("{\n  \"model_type\": \"lama\"\n}") ==
        "config.json:2:17: error: model_type: 'lama' is not a supported architecture\n"
        "    \"model_type\": \"lama\"\n"
        "                  ^\n"
        "  hint: did you mean 'llama'? one of: llama, mistral, mixtral, qwen2, gpt2, opt, bert, "
        "vit\n");
  const std::string several = complaint(
      "{\"model_type\": \"llama\",\n \"hidden_size\": \"4096\",\n \"num_hidden_layers\": -1,\n"
      " \"vocab_size\": 1e3,\n \"hidden_act\": \"silo\",\n \"tie_word_embeddings\": 1}");
  CHECK_THAT(several,
             Catch::Contains("config.json:2:17: error: hidden_size: expected a whole number, found "
                             "\"4096\""));
  CHECK_THAT(several,
             Catch::Contains("config.json:3:23: error: num_hidden_layers: expected 1 to 4096, "
                             "found -1"));
  CHECK_THAT(several, Catch::Contains(":4:16: error: vocab_size: expected a whole number"));
  CHECK_THAT(several, Catch::Contains("did you mean 'silu'?"));
  CHECK_THAT(several, Catch::Contains("tie_word_embeddings: expected true or false, found 1"));
  CHECK_THAT(complaint("{\"model_type\": \"llama\",\n \"num_attention_heads\": 33}"),
             Catch::Contains(
                 "config.json:2:25: error: num_attention_heads: a hidden size of 4096 is not a "
                 "multiple of 33 attention heads"));
  CHECK_THAT(complaint("{\"model_type\": \"llama\",\n \"num_key_value_heads\": 5}"),
             Catch::Contains("config.json:2:25: error: num_key_value_heads: 32 attention heads "
                             "are not a multiple of 5"));
}

TEST_CASE("a file that is no JSON object or is not there is an error, not a crash") {
  CHECK_THAT(complaint("{\"model_type\": \"llama\",\n  oops}"),
             Catch::Contains("config.json:2:3: error: not valid JSON here"));
  CHECK_THAT(complaint("[]"), Catch::Contains("expected a JSON object, found array"));
  CHECK_THAT(complaint(""), Catch::Contains("not valid JSON"));
  CHECK_THAT(complaint("{}"), Catch::Contains("model_type: key is missing"));
  CHECK_THAT(complaint("{\"model_type\": \"llama\", \"hidden_size\": 1e999}"),
             Catch::Contains("out of range"));
  Diagnostics diagnostics;
  static_cast<void>(read_hugging_face("/nonexistent/config.json", diagnostics));
  REQUIRE(diagnostics.error_count() == 1);
  CHECK_THAT(render(diagnostics.items().front()),
             Catch::Contains("cannot read the file: No such file or directory"));
}

TEST_CASE("sizes that no counter holds are refused") {
  CHECK_THAT(complaint(R"({"model_type": "mixtral", "hidden_size": 1073741824,
      "num_attention_heads": 1, "num_key_value_heads": 1,
      "intermediate_size": 1073741824, "num_local_experts": 65536})"),
             Catch::Contains("more parameters than 63 bits"));
  CHECK_THAT(complaint(R"({"model_type": "llama", "hidden_size": 99999999999999999999})"),
             Catch::Contains("hidden_size"));
}

TEST_CASE("eight ranks share Llama-2-70B: each holds its heads, columns and vocabulary") {
  const ModelConfig config = shipped("llama-2-70b");
  const Workload whole = build_transformer(config, Phase::decode, {.batch = 2, .context = 99});
  const Workload part =
      build_transformer(config, Phase::decode, {.batch = 2, .context = 99, .tensor_parallel = 8});
  check(part);
  CHECK(part.ranks == 8);
  CHECK(part.tokens == whole.tokens);
  // 8 of 64 heads and 1 of 8 KV heads, 3,584 of 28,672 columns, 4,000 of 32,000 words
  CHECK(std::get<MatMul>(find(part, "layers.7.self_attn.q_proj").shape).n == 1024);
  CHECK(std::get<MatMul>(find(part, "layers.7.self_attn.k_proj").shape).n == 128);
  CHECK(std::get<MatMul>(find(part, "layers.7.mlp.down_proj").shape).k == 3584);
  CHECK(std::get<MatMul>(find(part, "lm_head").shape).n == 4000);
  CHECK(part.kv_cache_elements * 8 == whole.kv_cache_elements);
  // Norms are held by all: 161 of 8,192 elements.
  CHECK((part.parameters - 161 * 8192) * 8 == whole.parameters - 161 * 8192);
  std::int64_t sums = 0;
  for (const Operator& op : part.operators) {
    const auto* exchange = std::get_if<Collective>(&op.shape);
    if (exchange != nullptr && exchange->kind == CollectiveKind::all_reduce) {
      CHECK(*exchange ==
            Collective{.kind = CollectiveKind::all_reduce, .elements = 2 * 8192, .ranks = 8});
      ++sums;
    }
  }
  CHECK(sums == 2 * 80 + 1);  // attention and MLP of each block, the embedding
  CHECK(std::get<Collective>(find(part, "lm_head.all_gather").shape).elements == 2 * 32000);
}

TEST_CASE("more ranks than KV heads hold the same KV head") {
  const Workload part = build_transformer(shipped("llama-2-70b"), Phase::decode,
                                          {.context = 99, .tensor_parallel = 16});
  const auto& attention = std::get<Attention>(find(part, "layers.0.self_attn.attention").shape);
  CHECK(attention.heads == 4);
  CHECK(attention.kv_heads == 1);
  CHECK(part.kv_cache_elements == std::int64_t{2} * 80 * 100 * 128);  // as of one KV head
}

TEST_CASE("a number of ranks that does not divide the heads is refused") {
  try {
    static_cast<void>(build_transformer(shipped("llama-2-70b"), Phase::decode,
                                        {.context = 1, .tensor_parallel = 3}));
    FAIL("was not refused");
  } catch (const ConfigError& error) {
    CHECK(error.diagnostics().front().path == "tensor_parallel");
    CHECK(error.diagnostics().front().message ==
          "64 attention heads cannot be cut into 3 equal parts");
  }
}

TEST_CASE("four stages hand activations on three times") {
  const Workload staged = build_transformer(shipped("llama-2-70b"), Phase::decode,
                                            {.batch = 2, .context = 9, .pipeline_parallel = 4});
  check(staged);
  CHECK(staged.stages == 4);
  CHECK(std::get<Collective>(find(staged, "hand_over.3").shape) ==
        Collective{.kind = CollectiveKind::point_to_point, .elements = 2 * 8192, .ranks = 2});
  const Workload whole =
      build_transformer(shipped("llama-2-70b"), Phase::decode, {.batch = 2, .context = 9});
  CHECK(staged.operators.size() == whole.operators.size() + 3);
  CHECK(staged.parameters == whole.parameters);
}
