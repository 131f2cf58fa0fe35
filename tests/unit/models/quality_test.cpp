#include "models/quality/quality.h"

#include <cmath>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "models/compression/compression.h"
#include "models/importers/hugging_face.h"
#include "models/quality/gaussian_error.h"

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

Precision format(const std::string& text) {
  std::string why;
  return parse_precision(text, why).value();
}

double proxy(const std::string& text) {
  return gaussian_error(format(text)).value();
}

QualityTable shipped() {
  Diagnostics diagnostics;
  QualityTable table = load_quality(
      std::filesystem::path{CAIRN_SOURCE_DIR} / "configs/quality/llama-3.1-8b_qpalette.yaml",
      diagnostics);
  diagnostics.throw_if_any();
  return table;
}

Workload llama(const std::string& scheme) {
  Diagnostics diagnostics;
  const ModelConfig config = read_hugging_face(
      std::filesystem::path{CAIRN_SOURCE_DIR} / "configs/models/llama-3.1-8b.json", diagnostics);
  diagnostics.throw_if_any();
  Workload workload = build_transformer(config, Phase::decode, {.batch = 1, .context = 128});
  std::vector<Scheme> schemes;
  for (const char* blocks : {"self_attn.?_proj", "mlp.*_proj"}) {
    if (!scheme.empty()) {
      schemes.emplace_back(Quantize{.apply_to = {.name = blocks}, .weights = format(scheme)});
    }
  }
  return compress(std::move(workload), schemes);
}

}  // namespace

TEST_CASE("scalar codebooks have the errors that Max tabulated and Q-Palette measured") {
  // J. Max 1960, table I: 2, 4, 8, 16 levels.
  CHECK(proxy("cb1x1") == Approx(0.3634).epsilon(1e-3));
  CHECK(proxy("cb1x2") == Approx(0.1175).epsilon(1e-3));
  CHECK(proxy("cb1x3") == Approx(0.03454).epsilon(1e-3));
  CHECK(proxy("cb1x4") == Approx(0.009497).epsilon(1e-3));
  for (const PublishedQuantizer& measured : shipped().quantizers) {
    if (measured.format.kind == NumberKind::codebook && measured.format.vector_length == 1) {
      CAPTURE(measured.name);
      CHECK(gaussian_error(measured.format).value() == Approx(measured.error).epsilon(0.015));
    }
  }
}

TEST_CASE("vector codebooks come within a tenth of what was measured from three bits on") {
  for (const PublishedQuantizer& measured : shipped().quantizers) {
    const bool pairs = measured.format.kind == NumberKind::codebook &&
                       measured.format.vector_length == 2 && measured.format.milli_bits >= 3000;
    if (pairs) {
      CAPTURE(measured.name);
      CHECK(gaussian_error(measured.format).value() == Approx(measured.error).epsilon(0.1));
    }
  }
}

TEST_CASE("no format beats the distortion-rate bound of a Gaussian") {
  const std::string text = GENERATE("int2/g64", "int3/g64", "int4/g128", "int8", "cb1x4", "cb2x8",
                                    "cb4x8", "cb8x8", "fp8_e4m3", "fp4_e2m1/g32s8");
  const Precision f = format(text);
  CHECK(gaussian_error(f).value() >= std::exp2(-2.0 * f.bits_per_element()));
  for (const PublishedQuantizer& measured : shipped().quantizers) {
    CHECK(measured.error >= std::exp2(-2.0 * measured.format.bits_per_element()));
  }
}

TEST_CASE("integers lose less with more bits and smaller groups") {
  CHECK(proxy("int3/g128") > proxy("int4/g128"));
  CHECK(proxy("int4") > proxy("int4/g128"));
  CHECK(proxy("int4/g128") > proxy("int4/g32"));
  CHECK(proxy("int8/g128") > proxy("int12/g128"));
  CHECK(proxy("int10/g128") > proxy("int11/g128"));  // enumerated, then priced by its step
  CHECK(proxy("int11/g128") == Approx(proxy("int10/g128") / 4.02).epsilon(0.01));
  CHECK(proxy("int1") == Approx(1.0 - 2.0 / 3.14159265).epsilon(1e-6));
  // int4/g128: the largest of 128 magnitudes is 2.81 on average, so a step is 0.40 and the error
  // near 0.40^2 / 12 = 0.0134 (E[step^2] is a little more).
  CHECK(proxy("int4/g128") == Approx(0.0134).epsilon(0.05));
}

TEST_CASE("floating formats: a step in every binade") {
  // Mean of (2^(e-m))^2 / 12 over binades: near E[x^2] x 2^-2m / 12 x (average of (2^e / x)^2 =
  // about 0.54).
  CHECK(proxy("fp16") == Approx(std::exp2(-20) / 12 * 0.5).epsilon(0.15));
  CHECK(proxy("bf16") / proxy("fp16") == Approx(64).epsilon(1e-6));
  CHECK(proxy("fp8_e4m3") < proxy("fp8_e5m2"));
  CHECK(proxy("fp6_e2m3/g32s8") < proxy("fp4_e2m1/g32s8"));
  CHECK(proxy("fp4_e2m1/g16s8") < proxy("fp4_e2m1/g32s8"));
}

TEST_CASE("the proxy of an absmax integer agrees with counting") {
  // A small deterministic sample: normal quantiles in an order that spreads them over groups.
  constexpr int kGroups = 4000;
  constexpr int kGroup = 32;
  constexpr int kTotal = kGroups * kGroup;
  const auto quantile = [](double p) {
    double low = -9;
    double high = 9;
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (low + high);
      (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
    }
    return low;
  };
  double error = 0.0;
  for (int g = 0; g < kGroups; ++g) {
    double largest = 0.0;
    std::array<double, kGroup> x{};
    for (int i = 0; i < kGroup; ++i) {
      const std::int64_t mixed = (static_cast<std::int64_t>(g) * kGroup + i) * 48'271 % kTotal;
      x.at(static_cast<std::size_t>(i)) = quantile((static_cast<double>(mixed) + 0.5) / kTotal);
    }
    for (const double value : x) {
      largest = std::max(largest, std::abs(value));
    }
    const double step = largest / 7.0;
    for (const double value : x) {
      const double rounded = std::round(value / step) * step;
      error += (value - rounded) * (value - rounded);
    }
  }
  CHECK(proxy("int4/g32") == Approx(error / kTotal).epsilon(0.05));
}

TEST_CASE("formats without a formula have no proxy") {
  CHECK_FALSE(gaussian_error(format("tcq3")).has_value());
  CHECK_FALSE(gaussian_error(format("uint8")).has_value());
}

TEST_CASE("the shipped table has 224 layers and names bits per weight") {
  const QualityTable table = shipped();
  CHECK(table.coefficients.size() == 7);
  CHECK(table.coefficients.find("mlp.down_proj")->size() == 32);
  CHECK(table.quantizers.size() == 34);
  // A trellis of 3 bits a weight is the source's tcq_6: 6 bits for each 2 weights.
  const auto tcq3 = format_error(table, format("tcq3"));
  CHECK(tcq3->error == Approx(0.01891286780458093));
  CHECK(tcq3->source == QualitySource::published);
  const auto int4 = format_error(table, format("int4/g128"));
  CHECK(int4->source == QualitySource::proxy);
  CHECK(format_error(table, kBf16)->error == 0.0);
  CHECK_FALSE(format_error(table, format("tcq7")).has_value());
}

TEST_CASE("a loss is the sum of coefficient times error, with its source") {
  const QualityTable table = shipped();
  const auto sum = [&](const std::string& text) {
    double coefficients = 0.0;
    for (const auto& [group, layers] : table.coefficients) {
      for (const double value : layers) {
        coefficients += value;
      }
    }
    return coefficients * format_error(table, format(text))->error;
  };
  const QualityLoss published = quality_loss(table, llama("tcq3"));
  CHECK(published.loss == Approx(sum("tcq3")).epsilon(1e-12));
  CHECK(published.source == QualitySource::published);
  const QualityLoss proxied = quality_loss(table, llama("int4/g128"));
  CHECK(proxied.loss == Approx(sum("int4/g128")).epsilon(1e-12));
  CHECK(proxied.source == QualitySource::proxy);
  const QualityLoss none = quality_loss(table, llama(""));
  CHECK(none.loss == 0.0);
  CHECK(none.source == QualitySource::published);

  const Workload mixed = compress(
      llama("tcq3"), {Quantize{.apply_to = {.name = "*.v_proj"}, .weights = format("int8/g128")}});
  CHECK(quality_loss(table, mixed).source == QualitySource::mixed);
  const Operator& op = mixed.operators[3];
  CHECK(op.name == "layers.0.self_attn.k_proj");
  CHECK(quality_term(table, op, format("tcq2"))->error ==
        Approx(0.0016139515209943056 * 0.07101349196414854));
  CHECK_FALSE(quality_term(table, mixed.operators.front(), format("tcq2")).has_value());
}

TEST_CASE("what a table does not price is named") {
  const QualityTable table = shipped();
  CHECK(unpriced(table, llama("tcq3")).empty());
  const Workload w = compress(
      llama("tcq3"),
      {Quantize{.apply_to = {.name = "lm_head"}, .weights = kInt8}, Quantize{.kv_cache = kInt8},
       Prune{.apply_to = {.name = "*.up_proj"}, .pattern = "2:4"},
       Quantize{
           .apply_to = {.name = "*.o_proj"}, .weights = format("tcq9"), .activations = kInt8}});
  CHECK(unpriced(table, w) ==
        std::vector<std::string>{
            "self_attn.attention: KV cache int8", "self_attn.o_proj: weights tcq9",
            "self_attn.o_proj: activations int8", "mlp.up_proj: pruned", "lm_head: weights int8"});
}

TEST_CASE("every quality table is loaded, and a lopsided one is refused") {
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path{CAIRN_SOURCE_DIR} / "configs/quality")) {
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    Diagnostics diagnostics;
    CHECK_FALSE(load_quality(entry.path(), diagnostics).coefficients.empty());
    CHECK(diagnostics.ok());
  }
  Diagnostics diagnostics;
  QualityTable table;
  read(parse_yaml("model: m\nsource: s\nunit: u\nquantizers: []\n"
                  "coefficients: {a: [1, 2], b: [1]}\n",
                  "q.yaml", diagnostics),
       table, diagnostics);
  REQUIRE(diagnostics.error_count() == 1);
  CHECK(diagnostics.items().front().message == "'b' has 1 layers, 'a' has 2");
}
