#include "models/training.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "models/compression/compression.h"
#include "models/importers/cnn.h"
#include "models/importers/hugging_face.h"
#include "models/zoo.h"

using namespace cairn::models;  // NOLINT: the subject of every line below

namespace {

std::int64_t macs(const Workload& w) {
  std::int64_t sum = 0;
  for (const Operator& op : w.operators) {
    sum += multiply_accumulates(op.shape);
  }
  return sum;
}

std::int64_t attention_macs(const Workload& w) {
  std::int64_t sum = 0;
  for (const Operator& op : w.operators) {
    sum += std::holds_alternative<Attention>(op.shape) ? multiply_accumulates(op.shape) : 0;
  }
  return sum;
}

std::int32_t index_of(const Workload& w, std::string_view name) {
  const auto found = std::ranges::find(w.operators, name, &Operator::name);
  INFO("no operator is called " << name);
  REQUIRE(found != w.operators.end());
  return static_cast<std::int32_t>(found - w.operators.begin());
}

const Operator& named(const Workload& w, std::string_view name) {
  return w.operators[static_cast<std::size_t>(index_of(w, name))];
}

bool has(const Workload& w, std::string_view name) {
  return std::ranges::find(w.operators, name, &Operator::name) != w.operators.end();
}

std::set<std::string> inputs_of(const Workload& w, std::string_view name) {
  std::set<std::string> names;
  for (const Edge& edge : w.edges) {
    if (edge.to == index_of(w, name)) {
      names.insert(w.operators[static_cast<std::size_t>(edge.from)].name);
    }
  }
  return names;
}

/// A workload of operators by hand: each reads those named by index.
struct Sketch {
  Workload w;
  std::int32_t add(std::string name, Shape shape, std::int64_t parameters,
                   const std::vector<std::int32_t>& inputs) {
    Operator op;
    op.name = std::move(name);
    op.shape = shape;
    op.parameters = parameters;
    w.parameters += parameters;
    w.operators.push_back(op);
    const auto index = static_cast<std::int32_t>(w.operators.size()) - 1;
    for (const std::int32_t input : inputs) {
      w.edges.push_back({input, index});
    }
    w.repeats = {{.first = 0, .length = index + 1, .copies = 1}};
    return index;
  }
};

/// x (4 x 8) -> fc1 (8 x 16, bias) -> relu -> fc2 (16 x 3): logits.
Workload two_layers() {
  Sketch s;
  const auto fc1 = s.add("fc1", MatMul{.m = 4, .n = 16, .k = 8}, 8 * 16 + 16, {});
  const auto act =
      s.add("act", Elementwise{.kind = ElementwiseKind::relu, .rows = 4, .columns = 16}, 0, {fc1});
  s.add("fc2", MatMul{.m = 4, .n = 3, .k = 16}, 16 * 3, {act});
  s.w.fusions.push_back({.kind = FusionKind::epilogue, .operators = {fc1, act}});
  return s.w;
}

ModelConfig config_of(const char* stem) {
  cairn::Diagnostics diagnostics;
  ModelConfig config =
      read_hugging_face(std::string{"configs/models/"} + stem + ".json", diagnostics);
  diagnostics.throw_if_any();
  return config;
}

Workload forward_of(const char* stem, std::int64_t batch, std::int64_t context) {
  return build_transformer(config_of(stem), Phase::forward, {.batch = batch, .context = context});
}

}  // namespace

TEST_CASE("two layers, by hand") {
  const Workload step = training_step(two_layers(), {.optimizer = Optimizer::sgd});
  check(step);
  CHECK(step.phase == Phase::training);
  // fc1 has data for input: no gradient of it.
  CHECK_FALSE(has(step, "fc1.input_grad"));
  // G (4 x 3) times W^T (3 x 16); the transposed weight is the one that fc2 holds.
  CHECK(named(step, "fc2.input_grad").shape == Shape{MatMul{.m = 4, .n = 16, .k = 3}});
  CHECK(named(step, "fc2.input_grad").parameters == 0);
  // act^T (16 x 4) times G (4 x 3); both were made in the step.
  CHECK(named(step, "fc2.weight_grad").shape ==
        Shape{MatMul{.m = 16, .n = 3, .k = 4, .weight = false}});
  CHECK(named(step, "fc1.weight_grad").shape ==
        Shape{MatMul{.m = 8, .n = 16, .k = 4, .weight = false}});
  CHECK(inputs_of(step, "fc2.weight_grad") == std::set<std::string>{"fc2.loss_grad", "act"});
  // relu: a mask that the stored output tells.
  CHECK(
      named(step, "act.grad").shape ==
      Shape{Elementwise{.kind = ElementwiseKind::multiply, .rows = 4, .columns = 16, .inputs = 2}});
  CHECK(inputs_of(step, "act.grad") == std::set<std::string>{"fc2.input_grad", "act"});
  // The bias: 4 rows of 16 summed.
  CHECK(input_elements(named(step, "fc1.bias_grad").shape) == 4 * 16);
  CHECK(output_elements(named(step, "fc1.bias_grad").shape) == 16);
  CHECK(inputs_of(step, "fc1.update") == std::set<std::string>{"fc1.weight_grad", "fc1.bias_grad"});
  CHECK(output_elements(named(step, "fc1.update").shape) == 8 * 16 + 16);
  // Loss: softmax of 4 rows over 3 classes, less the truth.
  CHECK(named(step, "fc2.loss_softmax").shape == Shape{Softmax{.rows = 4, .columns = 3}});
  // forward 4*8*16 + 4*16*3 = 704; weight gradients as much; input gradient of fc2 192.
  CHECK(macs(step) == 704 + 704 + 192);
  // The output of relu is read by gradients, that of fc1 is not: they still run as one kernel.
  REQUIRE_FALSE(step.fusions.empty());
  CHECK(step.fusions.front().operators == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("an activation whose derivative needs its input is not fused with what makes it") {
  Workload forward = two_layers();
  forward.operators[1].shape = Elementwise{.kind = ElementwiseKind::gelu, .rows = 4, .columns = 16};
  const Workload step = training_step(forward, {});
  CHECK(inputs_of(step, "act.grad") == std::set<std::string>{"fc2.input_grad", "fc1"});
  for (const FusionGroup& group : step.fusions) {
    CHECK(group.operators.front() != 0);
  }
}

TEST_CASE("a weight that a whole batch shares folds the batch into the reduction") {
  Sketch s;
  const auto first = s.add("first", MatMul{.m = 6, .n = 7, .k = 5}, 35, {});
  s.add("second", MatMul{.batch = 2, .m = 3, .n = 4, .k = 7}, 28, {first});
  const Workload step = training_step(s.w, {});
  CHECK(named(step, "second.weight_grad").shape ==
        Shape{MatMul{.m = 7, .n = 4, .k = 2 * 3, .weight = false}});
  CHECK(named(step, "second.input_grad").shape ==
        Shape{MatMul{.batch = 2, .m = 3, .n = 7, .k = 4}});
}

TEST_CASE("experts have a gradient each") {
  Sketch s;
  const auto first = s.add("first", MatMul{.m = 6, .n = 7, .k = 5}, 35, {});
  s.add("experts", MatMul{.batch = 2, .m = 3, .n = 4, .k = 7, .distinct_weights = true}, 56,
        {first});
  const Workload step = training_step(s.w, {});
  CHECK(named(step, "experts.weight_grad").shape ==
        Shape{MatMul{.batch = 2, .m = 7, .n = 4, .k = 3, .weight = false}});
}

TEST_CASE("both operands of a product of activations get their gradient") {
  Sketch s;
  const auto a = s.add("a", MatMul{.m = 6, .n = 5, .k = 8}, 40, {});  // 6 x 5
  const auto b = s.add("b", MatMul{.m = 5, .n = 9, .k = 2}, 18, {});  // 5 x 9
  s.add("c", MatMul{.m = 6, .n = 9, .k = 5, .weight = false}, 0, {a, b});
  const Workload step = training_step(s.w, {});
  CHECK(named(step, "c.input_grad").shape ==
        Shape{MatMul{.m = 6, .n = 5, .k = 9, .weight = false}});
  CHECK(inputs_of(step, "c.input_grad") == std::set<std::string>{"c.loss_grad", "b"});
  CHECK(named(step, "c.second_grad").shape ==
        Shape{MatMul{.m = 5, .n = 9, .k = 6, .weight = false}});
  CHECK(inputs_of(step, "c.second_grad") == std::set<std::string>{"c.loss_grad", "a"});
  CHECK(has(step, "a.weight_grad"));
  CHECK(has(step, "b.weight_grad"));
}

TEST_CASE("two cores multiplied with each other are parameters both") {
  Sketch s;
  // Cores 4 x 3 and 3 x 5 merged, then an input 7 x 4 times the product.
  const auto merged = s.add("merged", MatMul{.m = 4, .n = 5, .k = 3}, 4 * 3 + 3 * 5, {});
  const auto input = s.add("input", MatMul{.m = 7, .n = 4, .k = 2}, 8, {});
  s.add("out", MatMul{.m = 7, .n = 5, .k = 4, .weight = false}, 0, {input, merged});
  const Workload step = training_step(s.w, {});
  // The gradient of the merged core is made once, and gives those of both.
  CHECK(named(step, "merged.first_grad").shape == Shape{MatMul{.m = 4, .n = 3, .k = 5}});
  CHECK(named(step, "merged.weight_grad").shape ==
        Shape{MatMul{.m = 3, .n = 5, .k = 4, .weight = false}});
  CHECK(inputs_of(step, "merged.update") ==
        std::set<std::string>{"merged.first_grad", "merged.weight_grad"});
  CHECK(inputs_of(step, "merged.first_grad") == std::set<std::string>{"out.second_grad"});
}

TEST_CASE("a tensor with several readers gets the sum of their gradients") {
  Sketch s;
  const auto in = s.add("in", MatMul{.m = 4, .n = 8, .k = 8}, 64, {});
  const auto branch = s.add("branch", MatMul{.m = 4, .n = 8, .k = 8}, 64, {in});
  s.add("sum", Elementwise{.kind = ElementwiseKind::add, .rows = 4, .columns = 8, .inputs = 2}, 0,
        {in, branch});
  const Workload step = training_step(s.w, {});
  CHECK(inputs_of(step, "in.grad_sum") ==
        std::set<std::string>{"sum.loss_grad", "branch.input_grad"});
  CHECK(inputs_of(step, "in.weight_grad") == std::set<std::string>{"in.grad_sum"});
  // The sum itself hands its gradient on.
  CHECK_FALSE(has(step, "sum.grad"));
}

TEST_CASE("parts of a tensor that are read apart are put beside each other, not added") {
  Sketch s;
  const auto qkv = s.add("qkv", MatMul{.m = 16, .n = 3 * 8, .k = 8}, 192, {});
  s.add("attention",
        Attention{.heads = 2, .kv_heads = 2, .head_dim = 4, .queries = 16, .context = 16}, 0,
        {qkv});
  const Workload step = training_step(s.w, {.attention = AttentionStorage::store});
  check(step);
  CHECK_FALSE(has(step, "qkv.grad_sum"));
  CHECK(inputs_of(step, "qkv.weight_grad") ==
        std::set<std::string>{"attention.scores.input_grad", "attention.scores.second_grad",
                              "attention.values.second_grad"});
}

TEST_CASE("a training step has three times the multiply-accumulates of its forward pass") {
  // All but the gradient of the first layer's input, which is data.
  for (const char* stem :
       {"resnet50", "mobilenet_v2", "mobilenet_v3_small", "vgg16", "alexnet_grouped"}) {
    const std::string path = std::string{"configs/models/"} + stem + ".yaml";
    cairn::Diagnostics diagnostics;
    const CnnTable table = read_cnn(path, diagnostics);
    diagnostics.throw_if_any();
    for (const std::int64_t batch : {1, 3}) {
      const Workload forward = build_cnn(table, batch);
      const Workload step = training_step(forward, {});
      INFO(stem);
      check(step);
      const std::int64_t first = multiply_accumulates(forward.operators.front().shape);
      CHECK(macs(step) == 3 * macs(forward) - first);
    }
  }
}

TEST_CASE("weight gradients of a convolution have the shape of its kernel") {
  cairn::Diagnostics diagnostics;
  const CnnTable table = read_cnn("configs/models/mobilenet_v2.yaml", diagnostics);
  diagnostics.throw_if_any();
  const Workload step = training_step(build_cnn(table, 2), {});
  std::int64_t compared = 0;
  for (const Operator& op : step.operators) {
    const auto* conv = std::get_if<Convolution>(&op.shape);
    if (conv == nullptr || op.parameters == 0) {
      continue;
    }
    const Operator& gradient = named(step, op.name + ".weight_grad");
    const auto& swapped = std::get<Convolution>(gradient.shape);
    CHECK(output_elements(gradient.shape) == weight_elements(op.shape));
    CHECK(swapped.output_height() == conv->kernel_height);
    CHECK(swapped.output_width() == conv->kernel_width);
    // What stands for its kernel is the gradient of the output.
    CHECK(weight_elements(gradient.shape) == output_elements(op.shape));
    CHECK(input_elements(gradient.shape) <= input_elements(op.shape));
    ++compared;
  }
  CHECK(compared > 50);
}

TEST_CASE("transformers: three times the products, five products for two in attention") {
  for (const char* stem : {"gpt2", "bert-base", "llama-3.1-8b", "opt-6.7b", "vit-b16"}) {
    INFO(stem);
    const Workload forward = forward_of(stem, 2, 64);
    const Workload step = training_step(forward, {});
    check(step);
    const std::int64_t attention = attention_macs(forward);
    const std::int64_t data =  // what reads pixels has no gradient of its input
        std::holds_alternative<Convolution>(forward.operators.front().shape)
            ? multiply_accumulates(forward.operators.front().shape)
            : 0;
    // 2 products forward, 5 backward: 7 halves of the forward's two.
    CHECK(2 * (macs(step) - attention_macs(step)) == 2 * (3 * (macs(forward) - attention) - data));
    CHECK(2 * attention_macs(step) == 7 * attention);
  }
}

TEST_CASE("stored probabilities: four products instead of five") {
  const Workload forward = forward_of("bert-base", 2, 64);
  const Workload step = training_step(forward, {.attention = AttentionStorage::store});
  check(step);
  // No mask in an encoder, so the products over all pairs are those of the forward pass.
  CHECK(macs(step) == 3 * macs(forward));
  CHECK(inputs_of(step, "layers.0.attention.self.attention.softmax.grad").size() == 2);
}

TEST_CASE("blocks repeat backward as they do forward") {
  const Workload step = training_step(forward_of("gpt2", 1, 32), {});
  std::vector<std::int32_t> copies;
  for (const Repeat& repeat : step.repeats) {
    if (repeat.copies > 1) {
      copies.push_back(repeat.copies);
    }
  }
  // The last block's result has one reader (the norm behind it), that of the others two, whose
  // gradients are added.
  CHECK(copies == std::vector<std::int32_t>{12, 11});
}

TEST_CASE("a head that shares the table adds to the table's gradient") {
  const Workload step = training_step(forward_of("gpt2", 1, 32), {});
  CHECK(inputs_of(step, "wte.update") == std::set<std::string>{"wte.grad", "lm_head.weight_grad"});
  CHECK_FALSE(has(step, "lm_head.update"));
  // Rows are added into the table: 32 read, added, written.
  CHECK(output_elements(named(step, "wte.grad").shape) == 32 * 768);
  CHECK(output_elements(named(step, "wte.update").shape) == 50257 * 768);
}

TEST_CASE("Adam in mixed precision holds 16 bytes a parameter") {
  // Rajbhandari et al.: 2 (weight) + 2 (gradient) + 4 + 4 + 4 (copy, momentum, variance).
  const Workload forward = forward_of("gpt2", 1, 32);
  const Workload adam = training_step(forward, {.optimizer = Optimizer::adam});
  const auto p = static_cast<double>(forward.parameters);
  CHECK(adam.parameters == forward.parameters);
  CHECK(adam.gradient_bits == p * 16);
  CHECK(adam.optimizer_bits == p * 8 * 12);
  // In single precision: no copy; momentum has one word, plain descent none.
  const Workload single = compress(forward, {Quantize{.weights = kFp32, .activations = kFp32}});
  const auto bits = [&](Optimizer optimizer) {
    return training_step(single, {.optimizer = optimizer}).optimizer_bits;
  };
  CHECK(bits(Optimizer::adam) == p * 64);
  CHECK(bits(Optimizer::momentum) == p * 32);
  CHECK(bits(Optimizer::sgd) == 0);
  // Experts that no token of this batch chose have gradients and state like the others.
  const Workload experts = forward_of("mixtral-8x7b", 1, 1);
  REQUIRE(experts.idle_parameters > 0);
  CHECK(training_step(experts, {}).optimizer_bits ==
        static_cast<double>(experts.parameters) * 8 * 12);
  // Gradients that are used at once are held nowhere.
  CHECK(training_step(forward, {.hold_gradients = false}).gradient_bits == 0);
}

TEST_CASE("an update moves every word that it reads and writes") {
  const Workload step = training_step(two_layers(), {.optimizer = Optimizer::adam});
  const Operator& update = named(step, "fc2.update");
  // Reads gradient 16, copy 32, two moments 64 bits; writes copy, moments and the 16-bit weight.
  CHECK(static_cast<double>(input_elements(update.shape)) *
            update.formats.activations.bits_per_element() ==
        48 * 112.0);
  CHECK(static_cast<double>(output_elements(update.shape)) *
            update.formats.outputs.bits_per_element() ==
        48 * 112.0);
}

TEST_CASE("a compressed layer is differentiated as the products that it became") {
  const Workload forward =
      compress(forward_of("gpt2", 1, 64), {LowRank{.apply_to = {.name = "*.mlp.*"}, .rank = 16}});
  const Workload step = training_step(forward, {});
  check(step);
  CHECK(macs(step) - attention_macs(step) == 3 * (macs(forward) - attention_macs(forward)));
  const auto p = static_cast<double>(forward.parameters);
  CHECK(step.gradient_bits == p * 16);
  CHECK(has(step, "layers.0.mlp.c_fc.u.update"));
}

TEST_CASE("groups of devices add up their gradients") {
  const Workload step = training_step(two_layers(), {.groups = 4});
  const auto& exchange = std::get<Collective>(named(step, "fc2.grad_all_reduce").shape);
  CHECK(exchange.elements == 48);
  CHECK(exchange.ranks == 4);
  CHECK(inputs_of(step, "fc2.update") == std::set<std::string>{"fc2.grad_all_reduce"});
}

TEST_CASE("every model of the zoo has a training step") {
  for (const auto& entry : std::filesystem::directory_iterator("configs/models")) {
    cairn::Diagnostics diagnostics;
    const auto model = load_model(entry.path(), diagnostics);
    if (!model) {
      continue;
    }
    INFO(entry.path().string());
    const Workload forward = build(*model, {.size = {.batch = 1, .context = 16}});
    const Workload step = training_step(forward, {});
    check(step);
    CHECK(step.repeats.size() <= 2 * forward.repeats.size() + 2);
    // Every parameter is updated.
    std::int64_t updated = 0;
    for (const Operator& op : step.operators) {
      const auto* e = std::get_if<Elementwise>(&op.shape);
      updated += e != nullptr && e->kind == ElementwiseKind::adam ? output_elements(op.shape) : 0;
    }
    CHECK(updated == forward.parameters - forward.idle_parameters);
  }
}
