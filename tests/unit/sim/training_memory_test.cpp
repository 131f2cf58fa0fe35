#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "models/importers/hugging_face.h"
#include "models/training.h"
#include "sim/compiled_workload.h"
#include "sim/memory/capacity.h"

using cairn::hw::TensorKind;
using cairn::models::AttentionStorage;
using cairn::models::Elementwise;
using cairn::models::ElementwiseKind;
using cairn::models::FusionKind;
using cairn::models::MatMul;
using cairn::models::ModelConfig;
using cairn::models::Operator;
using cairn::models::Optimizer;
using cairn::models::Phase;
using cairn::models::training_step;
using cairn::models::TrainingSpec;
using cairn::models::Workload;
using cairn::sim::compile;
using cairn::sim::CompiledWorkload;
using cairn::sim::demand_of;

namespace {

/// x (4 x 8) -> fc1 (8 x 16, bias) -> relu -> fc2 (16 x 3), all in 16 bits.
Workload two_layers() {
  Workload w;
  const auto add = [&w](const char* name, cairn::models::Shape shape, std::int64_t parameters) {
    Operator op;
    op.name = name;
    op.shape = shape;
    op.parameters = parameters;
    w.operators.push_back(op);
    w.parameters += parameters;
  };
  add("fc1", MatMul{.m = 4, .n = 16, .k = 8}, 8 * 16 + 16);
  add("act", Elementwise{.kind = ElementwiseKind::relu, .rows = 4, .columns = 16}, 0);
  add("fc2", MatMul{.m = 4, .n = 3, .k = 16}, 16 * 3);
  w.edges = {{0, 1}, {1, 2}};
  w.fusions = {{.kind = FusionKind::epilogue, .operators = {0, 1}}};
  w.repeats = {{.first = 0, .length = 3, .copies = 1}};
  return w;
}

double activations(const Workload& forward, const TrainingSpec& spec) {
  return compile(training_step(forward, spec), {}).activation_bits;
}

ModelConfig gpt2() {
  cairn::Diagnostics diagnostics;
  ModelConfig config = cairn::models::read_hugging_face("configs/models/gpt2.json", diagnostics);
  diagnostics.throw_if_any();
  return config;
}

/// Bytes that one more block adds to what is alive at once.
double bytes_of_block(std::int64_t batch, std::int64_t tokens, const TrainingSpec& spec) {
  ModelConfig config = gpt2();
  const auto peak = [&](std::int64_t layers) {
    config.layers = layers;
    return activations(
        build_transformer(config, Phase::forward, {.batch = batch, .context = tokens}), spec);
  };
  return (peak(8) - peak(7)) / 8;
}

}  // namespace

TEST_CASE("what a training step keeps alive, by hand") {
  // Most is alive while the gradient of the hidden layer is made: the hidden layer itself (4 x 16,
  // which relu's and fc2's gradients read), the gradient of the logits (4 x 3), and the new one
  // (4 x 16); relu's mask is applied on the way out. 16 bits each.
  CHECK(activations(two_layers(), {}) == 16.0 * (64 + 12 + 64));
  // Where gradients of parameters die with their update, they count: at fc1 the gradient of the
  // hidden layer (64), that of the weight (8 x 16) and that of the bias (16).
  CHECK(activations(two_layers(), {.hold_gradients = false}) == 16.0 * (64 + 128 + 16));
}

TEST_CASE("memory of a training step: weights, gradients, state, activations") {
  const CompiledWorkload c = compile(training_step(two_layers(), {}), {});
  const double parameters = 8 * 16 + 16 + 16 * 3;
  CHECK(c.weight_bits == parameters * 16);
  CHECK(c.gradient_bits == parameters * 16);
  CHECK(c.optimizer_bits == parameters * 96);
  const cairn::sim::MemoryDemand demand = demand_of(c, nullptr);
  CHECK(demand[TensorKind::weights] == parameters * (16 + 16 + 96));
  CHECK(demand[TensorKind::activations] == c.activation_bits);
  CHECK(demand.gradients == c.gradient_bits);
  CHECK(demand.optimizer == c.optimizer_bits);
}

TEST_CASE("stored activations of a GPT block against the published count") {
  // V. Korthikanti et al., arXiv:2205.05198, equation 1: s b h (34 + 5 a s / h) bytes a layer. Of
  // these, dropout makes two masks of s b h bytes, and of each score 1 byte of mask and 2 of
  // output: there is no dropout here, which leaves s b h (32 + 2 a s / h). Scores that are computed
  // again are not kept at all.
  const double h = 768;
  const double a = 12;
  for (const auto& [batch, tokens] : {std::pair{1, 128}, std::pair{4, 256}, std::pair{2, 1024}}) {
    const double s = tokens;
    const double b = batch;
    const double published = s * b * h * (34 + 5 * a * s / h);
    const double dropout = s * b * h * 2 + 3 * a * s * s * b;
    CHECK(bytes_of_block(batch, tokens, {.attention = AttentionStorage::store}) ==
          Approx(published - dropout).epsilon(1e-12));
    CHECK(bytes_of_block(batch, tokens, {}) == Approx(s * b * h * 32).epsilon(1e-12));
  }
}

TEST_CASE("blocks of a training step are priced once forward and once backward") {
  const Workload step =
      training_step(build_transformer(gpt2(), Phase::forward, {.batch = 1, .context = 64}), {});
  const CompiledWorkload c = compile(step, {});
  CHECK(c.macs == [&] {
    std::int64_t sum = 0;
    for (const Operator& op : step.operators) {
      sum += cairn::models::multiply_accumulates(op.shape);
    }
    return sum;
  }());
  std::int64_t counted = 0;
  for (const auto& group : c.unique) {
    counted += group.count * static_cast<std::int64_t>(1 + group.followers.size());
  }
  CHECK(counted == static_cast<std::int64_t>(step.operators.size()));
  CHECK(c.unique.size() < 100);
  CHECK(c.layers == 12);
}

TEST_CASE("plain descent in single precision needs weights and gradients only") {
  Workload w = two_layers();
  for (Operator& op : w.operators) {
    op.formats = {cairn::models::kFp32, cairn::models::kFp32, cairn::models::kFp32};
  }
  const CompiledWorkload c = compile(training_step(w, {.optimizer = Optimizer::sgd}), {});
  CHECK(c.optimizer_bits == 0);
  CHECK(c.gradient_bits == c.weight_bits);
}
