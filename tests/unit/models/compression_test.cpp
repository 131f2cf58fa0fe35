#include "models/compression/compression.h"

#include <string>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "models/importers/hugging_face.h"

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

/// Four layers of a llama with 8 heads of 16, small enough to count by hand.
ModelConfig small_llama() {
  ModelConfig config;
  config.name = "small";
  config.architecture = Architecture::llama;
  config.hidden = config.embedding_width = 128;
  config.layers = 4;
  config.heads = 8;
  config.kv_heads = 2;
  config.head_dim = 16;
  config.intermediate = 256;
  config.vocabulary = 1000;
  return config;
}

Workload decode() {
  return build_transformer(small_llama(), Phase::decode, {.batch = 2, .context = 15});
}

Precision format(const std::string& text) {
  std::string why;
  return parse_precision(text, why).value();
}

const Operator& find(const Workload& workload, const std::string& name) {
  for (const Operator& op : workload.operators) {
    if (op.name == name) {
      return op;
    }
  }
  throw InternalError("no operator " + name);
}

std::string complaint(const std::string& text) {
  Diagnostics diagnostics;
  Scheme scheme;
  read(parse_yaml(text, "s.yaml", diagnostics), scheme, diagnostics);
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    all += render(diagnostic) + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("selectors match by pattern, kind and layers together") {
  Operator op;
  op.name = "layers.3.self_attn.q_proj";
  op.group = "self_attn.q_proj";
  op.layer = 3;
  CHECK(matches({}, op));
  CHECK(matches({.name = "*.q_proj"}, op));
  CHECK(matches({.name = "self_attn.q_proj"}, op));  // the group
  CHECK(matches({.name = "layers.?.self_*proj"}, op));
  CHECK_FALSE(matches({.name = "layers.??.self_*"}, op));
  CHECK_FALSE(matches({.name = "q_proj"}, op));
  CHECK_FALSE(matches({.name = "*.q_proj?"}, op));
  CHECK(matches({.kind = "matmul"}, op));
  CHECK_FALSE(matches({.kind = "conv2d"}, op));
  CHECK(matches({.first_layer = 3, .last_layer = 3}, op));
  CHECK_FALSE(matches({.first_layer = 4}, op));
  CHECK_FALSE(matches({.last_layer = 2}, op));
  op.layer = -1;
  CHECK_FALSE(matches({.first_layer = 0}, op));  // outside the blocks
  CHECK(matches({}, op));
}

TEST_CASE("quantization sets the formats it names and leaves the others") {
  const Workload all = compress(decode(), {Quantize{.weights = format("int4/g128")}});
  check(all);
  CHECK(find(all, "layers.0.mlp.up_proj").formats.weights == format("int4/g128"));
  CHECK(find(all, "lm_head").formats.weights == format("int4/g128"));
  CHECK(find(all, "embed_tokens").formats.weights == format("int4/g128"));
  CHECK(find(all, "layers.0.input_layernorm").formats.weights == kFp16);
  CHECK(find(all, "layers.0.self_attn.attention").formats.weights == kFp16);
  CHECK(find(all, "layers.0.mlp.up_proj").formats.activations == kFp16);
  CHECK(all.repeats.size() == 3);
}

TEST_CASE("keys and values are written in the format of the cache") {
  const Workload w = compress(decode(), {Quantize{.activations = kInt8, .kv_cache = format("int4")},
                                         Quantize{.activations = kBf16}});
  check(w);
  CHECK(find(w, "layers.2.self_attn.attention").formats.weights == format("int4"));
  CHECK(find(w, "layers.2.self_attn.attention").formats.activations == kBf16);
  CHECK(find(w, "layers.2.self_attn.v_proj").formats.outputs == format("int4"));
  CHECK(find(w, "layers.2.self_attn.k_rotary").formats.outputs == format("int4"));
  CHECK(find(w, "layers.2.self_attn.k_proj").formats.outputs == kBf16);
  CHECK(find(w, "layers.2.self_attn.q_rotary").formats.outputs == kBf16);
}

TEST_CASE("without a cache keys and values are activations") {
  ModelConfig bert = small_llama();
  bert.architecture = Architecture::bert;
  bert.kv_heads = 8;
  bert.norm_first = bert.final_norm = false;
  bert.token_types = 2;
  bert.positions = 512;
  const Workload w = compress(build_transformer(bert, Phase::forward, {.batch = 1, .context = 32}),
                              {Quantize{.activations = kInt8}});
  CHECK(find(w, "layers.1.attention.self.attention").formats.weights == kInt8);
}

TEST_CASE("layers that are treated differently split their repeat into the longest equal runs") {
  const Workload w = compress(
      decode(), {Quantize{.apply_to = {.first_layer = 1, .last_layer = 2}, .weights = kInt8}});
  check(w);
  REQUIRE(w.repeats.size() == 5);  // embedding, layer 0, layers 1 and 2, layer 3, norm and head
  CHECK(w.repeats[1].copies == 1);
  CHECK(w.repeats[2].copies == 2);
  CHECK(w.repeats[3].copies == 1);
  // A later scheme that treats all alike joins them again.
  const Workload joined = compress(w, {Quantize{.weights = kInt8}});
  CHECK(joined.repeats.size() == 3);
}

TEST_CASE("pruning touches weights only and keeps shapes and parameters") {
  const Workload w = compress(decode(), {Prune{.apply_to = {.name = "*.mlp.*"}, .pattern = "2:4"},
                                         Prune{.apply_to = {.name = "*attn*"}, .density = 0.3}});
  check(w);
  CHECK(find(w, "layers.0.mlp.up_proj").sparsity ==
        Sparsity{.density = 0.5, .kept = 2, .block = 4, .storage = SparseStorage::n_m});
  CHECK(find(w, "layers.0.self_attn.q_proj").sparsity ==
        Sparsity{.density = 0.3, .storage = SparseStorage::bitmask});
  CHECK(find(w, "layers.0.self_attn.attention").sparsity == Sparsity{});
  CHECK(find(w, "layers.0.mlp.act_fn").sparsity == Sparsity{});
  CHECK(w.parameters == decode().parameters);
}

TEST_CASE("low rank puts two operators in place of one and keeps the graph whole") {
  const Workload before = decode();
  const Workload w = compress(before, {LowRank{.apply_to = {.name = "*.mlp.*"}, .rank = 16}});
  check(w);
  CHECK(w.operators.size() == before.operators.size() + 4 * 3);
  CHECK(w.repeats.size() == 3);
  CHECK(w.repeats[1].length == 18);
  CHECK(w.repeats[1].copies == 4);
  CHECK(std::get<MatMul>(find(w, "layers.3.mlp.down_proj.u").shape) ==
        MatMul{.m = 2, .n = 16, .k = 256});
  CHECK(std::get<MatMul>(find(w, "layers.3.mlp.down_proj.v").shape) ==
        MatMul{.m = 2, .n = 128, .k = 16});
  // Each of 3 x 4 matrices of 128 x 256 becomes 16 x (128 + 256).
  CHECK(w.parameters == before.parameters - 12 * (128 * 256 - 16 * (128 + 256)));
  CHECK(w.edges.size() == before.edges.size() + 12);
  // The gate and up proposals keep the factors that read the same input; the activation follows
  // the later second factor.
  bool gates = false;
  bool follows = false;
  for (const FusionGroup& group : w.fusions) {
    std::vector<std::string> names;
    for (const std::int32_t index : group.operators) {
      names.push_back(w.operators[static_cast<std::size_t>(index)].name);
    }
    gates = gates ||
            names == std::vector<std::string>{"layers.0.mlp.gate_proj.u", "layers.0.mlp.up_proj.u"};
    follows = follows ||
              names == std::vector<std::string>{"layers.0.mlp.up_proj.v", "layers.0.mlp.act_fn"};
  }
  CHECK(gates);
  CHECK(follows);
}

TEST_CASE("low rank of some layers only splits the repeat where lengths differ") {
  const Workload w = compress(
      decode(), {LowRank{.apply_to = {.name = "*.o_proj", .last_layer = 1}, .ratio = 0.25}});
  check(w);
  REQUIRE(w.repeats.size() == 4);
  CHECK(w.repeats[1].length == 16);
  CHECK(w.repeats[1].copies == 2);
  CHECK(w.repeats[2].length == 15);
  CHECK(std::get<MatMul>(find(w, "layers.1.self_attn.o_proj.u").shape).n == 32);
}

TEST_CASE("a rank is between one and the smaller side") {
  const Workload w = compress(decode(), {LowRank{.apply_to = {.name = "*.q_proj"}, .rank = 4000},
                                         LowRank{.apply_to = {.name = "*.o_proj"}, .ratio = 1e-6}});
  CHECK(std::get<MatMul>(find(w, "layers.0.self_attn.q_proj.u").shape).n == 128);
  CHECK(std::get<MatMul>(find(w, "layers.0.self_attn.o_proj.u").shape).n == 1);
}

TEST_CASE("idle experts are factorised with the others") {
  ModelConfig config = small_llama();
  config.architecture = Architecture::mixtral;
  config.experts = 8;
  config.experts_per_token = 2;
  const Workload w = compress(build_transformer(config, Phase::decode, {.batch = 1, .context = 3}),
                              {LowRank{.apply_to = {.name = "*.experts.*"}, .rank = 16}});
  check(w);
  CHECK(w.idle_parameters == 4 * 6 * 3 * 16 * (128 + 256));
}

TEST_CASE("schemes that change nothing are reported by their position") {
  const Workload w = decode();
  CHECK(unmatched(w, {}).empty());
  CHECK(unmatched(w, {Quantize{.weights = kInt8},
                      Quantize{.apply_to = {.name = "*.qproj"}, .weights = kInt8},
                      Prune{.apply_to = {.kind = "attention"}, .density = 0.5},
                      Quantize{.apply_to = {.kind = "attention"}, .kv_cache = kInt8},
                      LowRank{.apply_to = {.kind = "conv2d"}, .rank = 2},
                      Quantize{.apply_to = {.name = "*.q_proj"}, .kv_cache = kInt8}}) ==
        std::vector<std::size_t>{1, 2, 4, 5});
}

TEST_CASE("the shorthand of a scheme") {
  std::string why;
  const auto schemes = parse_scheme("w4g128a16kv8", why);
  REQUIRE(schemes.has_value());
  const auto& scheme = std::get<Quantize>(schemes->front());
  CHECK(scheme.weights == format("int4/g128"));
  CHECK(scheme.activations == kFp16);
  CHECK(scheme.kv_cache == kInt8);
  CHECK(std::get<Quantize>(parse_scheme("w8a8", why)->front()).kv_cache == std::nullopt);
  CHECK(std::get<Quantize>(parse_scheme("w16a16kv16", why)->front()).weights == kFp16);
  for (const char* wrong : {"", "4", "w0a16kv16", "w17", "w4a", "w4ga16", "w4kv8a8",
                            "w4g128a16kv8x", "w16g128a16kv16", "W4a16kv8", "w-4"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_scheme(wrong, why).has_value());
    CHECK(why.find("is not a scheme") != std::string::npos);
  }
}

TEST_CASE("wrong schemes say what is wrong and where") {
  CHECK(complaint("{kind: quantize, weights: int4/g128, kv_cache: fp8_e4m3}").empty());
  CHECK_THAT(complaint("{kind: quantize}"), Catch::Contains("nothing to quantize"));
  CHECK_THAT(complaint("{kind: quantize, activations: tcq3}"),
             Catch::Contains("s.yaml:1:31: error: activations: 'tcq3' is a format of constants"));
  CHECK_THAT(complaint("{kind: prune, density: 0.5, pattern: \"2:4\"}"),
             Catch::Contains("expected either a density or a pattern"));
  CHECK_THAT(complaint("{kind: prune, pattern: \"4:2\"}"),
             Catch::Contains("'4:2' is not an N:M pattern"));
  CHECK_THAT(complaint("{kind: prune, density: 0.5, storage: n_m}"),
             Catch::Contains("n_m stores a pattern"));
  CHECK_THAT(complaint("{kind: prune, density: 0}"), Catch::Contains("density"));
  CHECK_THAT(complaint("{kind: low_rank}"), Catch::Contains("either a rank or a ratio"));
  CHECK_THAT(complaint("{kind: low_rank, rank: 2, apply_to: {kind: matmull}}"),
             Catch::Contains("did you mean 'matmul'?"));
  CHECK_THAT(complaint("{kind: low_rank, rank: 2, apply_to: {first_layer: 3, last_layer: 2}}"),
             Catch::Contains("the last layer 2 is before the first 3"));
}
