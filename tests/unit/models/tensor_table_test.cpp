#include <algorithm>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "models/compression/compression.h"
#include "models/importers/hugging_face.h"
#include "models/training.h"

using cairn::FieldProblem;
using namespace cairn::models;  // NOLINT: the subject of every line below

namespace {

Workload forward_of(const char* stem) {
  cairn::Diagnostics diagnostics;
  const ModelConfig config =
      read_hugging_face(std::string{"configs/models/"} + stem + ".json", diagnostics);
  diagnostics.throw_if_any();
  return build_transformer(config, Phase::forward, {.batch = 1, .context = 32});
}

Tensorize table(std::vector<std::int64_t> rows, std::vector<std::int64_t> columns) {
  Tensorize scheme;
  scheme.apply_to = {.name = "*word_embeddings", .kind = "embedding"};
  scheme.decomposition = Decomposition::tensor_train_matrix;
  scheme.rank = 30;
  scheme.input_modes = std::move(rows);
  scheme.output_modes = std::move(columns);
  return scheme;
}

const Operator& named(const Workload& w, std::string_view name) {
  const auto found = std::ranges::find(w.operators, name, &Operator::name);
  INFO("no operator is called " << name);
  REQUIRE(found != w.operators.end());
  return *found;
}

std::int64_t macs(const Workload& w) {
  std::int64_t sum = 0;
  for (const Operator& op : w.operators) {
    const bool attention = std::holds_alternative<Attention>(op.shape);
    sum += attention ? 0 : multiply_accumulates(op.shape);
  }
  return sum;
}

std::int64_t updated(const Workload& w) {
  std::int64_t sum = 0;
  for (const Operator& op : w.operators) {
    const auto* e = std::get_if<Elementwise>(&op.shape);
    sum += e != nullptr && e->kind == ElementwiseKind::adam ? output_elements(op.shape) : 0;
  }
  return sum;
}

}  // namespace

TEST_CASE("a table of 1,000 rows of 768 as three cores, by hand") {
  const Workload before = forward_of("tensor_transformer_1");
  const Workload w = compress(before, {table({10, 10, 10}, {12, 8, 8})});
  check(w);
  const std::string name = "embeddings.word_embeddings";
  // Bonds: min(30, 10 x 12) and min(30, 10 x 8) = 30. Slices of 12 x 30, 30 x 8 x 30, 30 x 8.
  CHECK(named(w, name + ".core0").shape ==
        Shape{Embedding{.tokens = 32, .width = 360, .vocabulary = 10}});
  CHECK(named(w, name + ".core1").shape ==
        Shape{Embedding{.tokens = 32, .width = 7200, .vocabulary = 10}});
  CHECK(named(w, name + ".core2").shape ==
        Shape{Embedding{.tokens = 32, .width = 240, .vocabulary = 10}});
  // 12 x 30 times 30 x (8 x 30), then (12 x 8) x 30 times 30 x 8: a row of 768 for each token.
  CHECK(named(w, name + ".product1").shape ==
        Shape{MatMul{.batch = 32, .m = 12, .n = 240, .k = 30, .weight = false}});
  CHECK(named(w, name + ".product2").shape ==
        Shape{MatMul{.batch = 32, .m = 96, .n = 8, .k = 30, .weight = false}});
  CHECK(output_elements(named(w, name + ".product2").shape) == 32 * 768);
  // 10 x (360 + 7,200 + 240) in place of 1,000 x 768.
  CHECK(before.parameters - w.parameters == 768'000 - 78'000);
}

TEST_CASE("a bond is no wider than what it joins") {
  Tensorize scheme = table({2, 512}, {1, 768});
  scheme.rank = 1000;
  const Workload w = compress(forward_of("tensor_transformer_1"), {scheme});
  // Left of the only bond lie 2 x 1 elements.
  CHECK(named(w, "embeddings.word_embeddings.core0").parameters == 2 * 1 * 2);
  CHECK(named(w, "embeddings.word_embeddings.core1").parameters == 512 * 2 * 768);
}

TEST_CASE("cores of a table are trained through the products of their slices") {
  const Workload w =
      compress(forward_of("tensor_transformer_1"), {table({10, 10, 10}, {12, 8, 8})});
  const Workload step = training_step(w, {});
  check(step);
  CHECK(macs(step) == 3 * macs(w));
  CHECK(updated(step) == w.parameters);
  // 32 slices are added into the gradient of the second core.
  CHECK(output_elements(named(step, "embeddings.word_embeddings.core1.grad").shape) == 32 * 7200);
}

TEST_CASE("tables that cannot be held as cores are refused") {
  const auto why = [](const char* stem, const Tensorize& scheme) {
    const std::vector<SchemeRefusal> found = refusals(forward_of(stem), {scheme});
    REQUIRE(found.size() == 1);
    return found.front().problem;
  };
  const FieldProblem few = why("tensor_transformer_1", table({10, 10, 9}, {12, 8, 8}));
  CHECK(few.field == "input_modes");
  CHECK(few.message == "10 x 10 x 9 count 900 rows, but embeddings.word_embeddings has 1000");
  CHECK(few.hint == "such as [10, 10, 10]");
  const FieldProblem width = why("tensor_transformer_1", table({10, 10, 10}, {12, 8, 9}));
  CHECK(width.message ==
        "12 x 8 x 9 do not multiply to the width of embeddings.word_embeddings, which is 768");
  Tensorize train = table({10, 10, 10}, {12, 8, 8});
  train.decomposition = Decomposition::tensor_train;
  CHECK(why("tensor_transformer_1", train).hint == "tables are held as tensor_train_matrix");
  Tensorize tied = table({}, {});
  tied.apply_to.name = "wte";
  CHECK(why("gpt2", tied).message == "wte is also the weight of lm_head");
}

TEST_CASE("tensorised layers: all cores share what the forward pass made") {
  for (const TensorOrder order :
       {TensorOrder::right_to_left, TensorOrder::bidirectional, TensorOrder::reconstruct}) {
    Tensorize scheme;
    scheme.apply_to = {.name = "*attention.*", .kind = "matmul"};
    scheme.rank = 10;
    scheme.input_modes = {8, 8, 12};
    scheme.output_modes = {12, 8, 8};
    scheme.order = order;
    const Workload w = compress(forward_of("tensor_transformer_3"), {scheme});
    const Workload step = training_step(w, {});
    check(step);
    // Every product of the forward pass, of cores among themselves too, has two gradients; nothing
    // is contracted again.
    CHECK(macs(step) == 3 * macs(w));
    CHECK(updated(step) == w.parameters);
    CHECK(step.gradient_bits == static_cast<double>(w.parameters) * 16);
  }
}

TEST_CASE("one layer of 768 x 768 at rank 10 in both orders, forward and training, by hand") {
  // One-directional, 32 rows: the input with its cores, 32 x 64 x (12 x 10) + 32 x 8 x (80 x 10) +
  // 32 x (80 x 10) = 245,760 + 204,800 + 25,600; then the same sizes towards the output.
  // From both ends: each side's cores, 12 x 10 x 80 + 96 x 10 x 80 = 86,400, then 32 x 768 x 10 to
  // the bond and as much from it.
  const auto products = [](TensorOrder order, bool training) {
    Workload w;
    Operator op;
    op.name = "source";
    op.shape = MatMul{.m = 32, .n = 768, .k = 1};
    op.parameters = 768;
    w.operators.push_back(op);
    op.name = "layer";
    op.shape = MatMul{.m = 32, .n = 768, .k = 768};
    op.parameters = 768 * 768;
    w.operators.push_back(op);
    w.edges = {{0, 1}};
    w.parameters = 768 + 768 * 768;
    w.repeats = {{.first = 0, .length = 2, .copies = 1}};
    Tensorize scheme;
    scheme.apply_to.name = "layer";
    scheme.rank = 10;
    scheme.input_modes = {8, 8, 12};
    scheme.output_modes = {12, 8, 8};
    scheme.order = order;
    w = compress(w, {scheme});
    if (training) {
      w = training_step(w, {});
    }
    std::int64_t sum = 0;
    for (const Operator& made : w.operators) {
      sum += made.name.starts_with("layer") ? multiply_accumulates(made.shape) : 0;
    }
    return sum;
  };
  CHECK(products(TensorOrder::right_to_left, false) == 2 * (245'760 + 204'800 + 25'600));
  CHECK(products(TensorOrder::bidirectional, false) == 2 * 86'400 + 2 * 245'760);
  CHECK(products(TensorOrder::right_to_left, true) == 3 * 952'320);
  CHECK(products(TensorOrder::bidirectional, true) == 3 * 664'320);
}
