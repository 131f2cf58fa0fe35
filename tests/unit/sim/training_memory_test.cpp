#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "hw/vector_work.h"
#include "models/compression/compression.h"
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

TEST_CASE("tensor-compressed training fits the published memories") {
  // J. Tian et al., arXiv:2501.06663: 6 MB of block RAM and 22.5 MB of UltraRAM hold parameters,
  // gradients and intermediates of models of 36.7 to 93.5 MB, 30 to 51 times less than uncompressed
  // training takes on a GPU. Tensors alone: 20 to 22 times with plain descent, 35 to 39 with Adam.
  using cairn::models::Decomposition;
  using cairn::models::Quantize;
  using cairn::models::Tensorize;
  using Modes = std::vector<std::int64_t>;
  std::vector<cairn::models::Scheme> schemes{
      Quantize{.weights = cairn::models::kFp32, .activations = cairn::models::kFp32}};
  const auto bytes = [&](const char* stem, Optimizer optimizer) {
    cairn::Diagnostics diagnostics;
    const ModelConfig config = cairn::models::read_hugging_face(
        std::string{"configs/models/"} + stem + ".json", diagnostics);
    diagnostics.throw_if_any();
    const Workload forward =
        compress(build_transformer(config, Phase::forward, {.batch = 1, .context = 32}), schemes);
    const CompiledWorkload c = compile(training_step(forward, {.optimizer = optimizer}), {});
    return demand_of(c, nullptr).total() / 8;
  };
  const double small = bytes("tensor_transformer_1", Optimizer::sgd);
  const double large = bytes("tensor_transformer_3", Optimizer::sgd);
  const double large_adam = bytes("tensor_transformer_3", Optimizer::adam);
  const auto add = [&](const char* name, Modes in, Modes out, bool table) {
    Tensorize scheme;
    scheme.apply_to.name = name;
    scheme.apply_to.kind = table ? "embedding" : "matmul";
    scheme.decomposition = table ? Decomposition::tensor_train_matrix : Decomposition::tensor_train;
    scheme.rank = 10;
    scheme.input_modes = std::move(in);
    scheme.output_modes = std::move(out);
    scheme.order = table ? cairn::models::TensorOrder::flops  // the slices of a row know one order
                         : cairn::models::TensorOrder::bidirectional;
    schemes.emplace_back(scheme);
  };
  add("*attention.*", {8, 8, 12}, {12, 8, 8}, false);
  add("pooler.dense", {8, 8, 12}, {12, 8, 8}, false);
  add("intermediate.dense", {8, 8, 12}, {12, 16, 16}, false);
  add("output.dense", {16, 16, 12}, {12, 8, 8}, false);
  add("*word_embeddings", {10, 10, 10}, {12, 8, 8}, true);
  add("*position_embeddings", {8, 8, 8}, {12, 8, 8}, true);
  const double budget = (6.0 + 22.5) * 1e6;
  CHECK(large > budget);
  CHECK(bytes("tensor_transformer_3", Optimizer::adam) < budget);
  CHECK(small / bytes("tensor_transformer_1", Optimizer::sgd) == Approx(19.9).epsilon(0.01));
  CHECK(large / bytes("tensor_transformer_3", Optimizer::sgd) == Approx(22.1).epsilon(0.01));
  CHECK(large_adam / bytes("tensor_transformer_3", Optimizer::adam) == Approx(39.0).epsilon(0.01));
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

TEST_CASE("primitive operations of gradients and updates, by hand") {
  const auto operations = [](ElementwiseKind kind, std::int64_t inputs) {
    return cairn::hw::vector_operations(
        Elementwise{.kind = kind, .rows = 3, .columns = 5, .inputs = inputs});
  };
  // w - r (g + c w): two products, two sums; a momentum m u + d before it one of each more.
  CHECK(operations(ElementwiseKind::sgd, 2) == 15 * 4);
  CHECK(operations(ElementwiseKind::sgd, 3) == 15 * 6);
  // Moments 3 + 4, corrections 2, root, sum, quotient, step 2.
  CHECK(operations(ElementwiseKind::adam, 4) == 15 * 14);
  // p (g - sum p g): product, sum, difference, product.
  CHECK(operations(ElementwiseKind::softmax_gradient, 2) == 15 * 4);
  // A row that does not fit is read twice: once for its sums, once for the gradient.
  const Elementwise norm{
      .kind = ElementwiseKind::normalization_gradient, .rows = 3, .columns = 5, .inputs = 2};
  CHECK(cairn::hw::input_passes(norm, 16, 2 * 5 * 16) == 1);
  CHECK(cairn::hw::input_passes(norm, 16, 2 * 5 * 16 - 1) == 2);
}
