#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "models/compression/compression.h"
#include "models/importers/hugging_face.h"
#include "models/quality/quality.h"
#include "models/tensor_network/contraction_order.h"

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::int64_t kRows = 32;

/// A norm, a matmul of 768 x 768 with biases and an activation after it, `copies` times in a row.
Workload blocks(std::int32_t copies) {
  Workload w;
  w.name = "blocks";
  for (std::int32_t c = 0; c < copies; ++c) {
    const std::string prefix = "layers." + std::to_string(c) + ".";
    const auto first = static_cast<std::int32_t>(w.operators.size());
    Operator norm;
    norm.name = prefix + "norm";
    norm.group = "norm";
    norm.shape = Normalization{.rows = kRows, .columns = 768};
    norm.parameters = 1536;
    norm.layer = c;
    Operator matmul = norm;
    matmul.name = prefix + "fc";
    matmul.group = "fc";
    matmul.shape = MatMul{.batch = 2, .m = 16, .n = 768, .k = 768};
    matmul.parameters = 768 * 768 + 768;
    matmul.input_density = 0.75;
    matmul.output_density = 0.5;
    Operator gelu = norm;
    gelu.name = prefix + "gelu";
    gelu.group = "gelu";
    gelu.shape = Elementwise{.kind = ElementwiseKind::gelu, .rows = kRows, .columns = 768};
    gelu.parameters = 0;
    for (const Operator& op : {norm, matmul, gelu}) {
      w.operators.push_back(op);
      w.parameters += op.parameters;
    }
    if (c > 0) {
      w.edges.push_back({.from = first - 1, .to = first});
    }
    w.edges.push_back({.from = first, .to = first + 1});
    w.edges.push_back({.from = first + 1, .to = first + 2});
    w.fusions.push_back({.kind = FusionKind::epilogue, .operators = {first + 1, first + 2}});
  }
  w.repeats = {{.first = 0, .length = 3, .copies = copies}};
  return w;
}

/// The tensor train of rank 10 with modes [12, 8, 8 | 8, 8, 12].
Tensorize train(TensorOrder order) {
  return {.apply_to = {.name = "fc"},
          .decomposition = Decomposition::tensor_train,
          .rank = 10,
          .modes = {},
          .input_modes = {8, 8, 12},
          .output_modes = {12, 8, 8},
          .blocks = {},
          .order = order};
}

/// What the operators of one weight multiply.
double multiplications(const Workload& workload, const std::string& prefix) {
  double sum = 0;
  for (const Operator& op : workload.operators) {
    if (op.name.starts_with(prefix) && std::holds_alternative<MatMul>(op.shape)) {
      sum += static_cast<double>(multiply_accumulates(op.shape));
    }
  }
  return sum;
}

std::vector<std::string> readers(const Workload& workload, std::int32_t from) {
  std::vector<std::string> names;
  for (const Edge& edge : workload.edges) {
    if (edge.from == from) {
      names.push_back(workload.operators[static_cast<std::size_t>(edge.to)].name);
    }
  }
  return names;
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

TEST_CASE("bidirectional contraction of a tensor train, operator by operator") {
  const Workload before = blocks(1);
  const Workload w = compress(before, {train(TensorOrder::bidirectional)});
  check(w);
  REQUIRE(w.operators.size() == 3 - 1 + 6);
  const auto at = [&](std::size_t i) -> const Operator& { return w.operators[i]; };
  for (std::size_t s = 0; s < 6; ++s) {
    CHECK(at(1 + s).name == "layers.0.fc.step" + std::to_string(s));
    CHECK(at(1 + s).group == "fc.step" + std::to_string(s));
    CHECK(at(1 + s).layer == 0);
  }
  // Cores: o0 12 x 10, o1 and o2 10 x 8 x 10, i0 and i1 the same, i2 10 x 12.
  const auto product = [&](std::size_t s) { return std::get<MatMul>(at(1 + s).shape); };
  // i2 with i1: 12 x 80 over r5; a product of two cores, both counted.
  CHECK(product(0) == MatMul{.m = 80, .n = 12, .k = 10, .weight = true});
  CHECK(at(1).parameters == 120 + 800);
  // Those (8 x 12 by r4) with i0 (8 x 10): the first is no stored weight any more.
  CHECK(product(1) == MatMul{.m = 96, .n = 80, .k = 10, .weight = true});
  CHECK(at(2).parameters == 800);
  CHECK(product(2) == MatMul{.m = 80, .n = 12, .k = 10, .weight = true});
  CHECK(at(3).parameters == 120 + 800);
  CHECK(product(3) == MatMul{.m = 96, .n = 80, .k = 10, .weight = true});
  CHECK(at(4).parameters == 800);
  // The input with its side, then with the other: 32 x 768 by 768 x 10, 768 x 10 by 10 x 32.
  CHECK(product(4) == MatMul{.m = kRows, .n = 10, .k = 768, .weight = false});
  CHECK(at(5).parameters == 0);
  CHECK(product(5) == MatMul{.m = 768, .n = kRows, .k = 10, .weight = false});
  CHECK(at(6).parameters == 768);  // the biases
  // 3440 elements of cores in place of 768 x 768.
  CHECK(w.parameters == before.parameters - 768 * 768 + 3440);
  CHECK(multiplications(w, "layers.0.fc") == 2 * (9'600 + 76'800 + 245'760));
  // The norm is read where the input meets its side; what is made of cores flows inside.
  CHECK(readers(w, 0) == std::vector<std::string>{"layers.0.fc.step4"});
  CHECK(readers(w, 1) == std::vector<std::string>{"layers.0.fc.step1"});
  CHECK(readers(w, 2) == std::vector<std::string>{"layers.0.fc.step4"});
  CHECK(readers(w, 4) == std::vector<std::string>{"layers.0.fc.step5"});
  CHECK(readers(w, 6) == std::vector<std::string>{"layers.0.gelu"});
  CHECK(w.edges.size() == 2 + 5);
  // The result of the last product takes the activation as the matmul did.
  REQUIRE(w.fusions.size() == 1);
  CHECK(w.fusions[0].operators == std::vector<std::int32_t>{6, 7});
  CHECK(at(5).input_density == 0.75);
  CHECK(at(6).input_density == 1.0);
  CHECK(at(6).output_density == 0.5);
  CHECK(at(5).output_density == 1.0);
}

TEST_CASE("right to left contraction ends with a reordering of the output") {
  const Workload w = compress(blocks(1), {train(TensorOrder::right_to_left)});
  check(w);
  REQUIRE(w.operators.size() == 2 + 7);
  const auto product = [&](std::size_t s) { return std::get<MatMul>(w.operators[1 + s].shape); };
  CHECK(product(0) == MatMul{.m = 32 * 64, .n = 10, .k = 12});
  CHECK(product(1) == MatMul{.m = 32 * 8, .n = 10, .k = 80});
  CHECK(product(2) == MatMul{.m = 32, .n = 10, .k = 80});
  CHECK(product(3) == MatMul{.m = 32, .n = 80, .k = 10});
  CHECK(product(4) == MatMul{.m = 32 * 8, .n = 80, .k = 10});
  CHECK(product(5) == MatMul{.m = 32 * 64, .n = 12, .k = 10});
  // No product writes o0 between the rows and o1: of o0 o1 b o2, say, o2 stays together.
  const auto& permute = std::get<Elementwise>(w.operators[7].shape);
  CHECK(permute == Elementwise{.kind = ElementwiseKind::permute, .rows = 32 * 96, .columns = 8});
  CHECK(w.operators[7].name == "layers.0.fc.step6");
  CHECK(w.operators[7].parameters == 0);
  CHECK(w.operators[6].parameters == 120 + 768);  // the last core and the biases
  CHECK(w.operators[7].output_density == 0.5);
  CHECK(multiplications(w, "layers.0.fc") == 2 * (245'760 + 204'800 + 25'600));
  CHECK(w.fusions.empty());  // nothing joins a reordering
  CHECK(readers(w, 0) == std::vector<std::string>{"layers.0.fc.step0"});
  CHECK(readers(w, 7) == std::vector<std::string>{"layers.0.gelu"});
}

TEST_CASE("reconstruction multiplies the dense weight that it made") {
  const Workload w = compress(blocks(1), {train(TensorOrder::reconstruct)});
  check(w);
  const auto* last = std::get_if<MatMul>(&w.operators[w.operators.size() - 2].shape);
  REQUIRE(last != nullptr);
  CHECK(multiply_accumulates(*last) == 32 * 768 * 768);
  CHECK_FALSE(last->weight);
  CHECK(multiplications(w, "layers.0.fc") ==
        9'600 + 76'800 + 614'400 + 4'915'200 + 5'898'240 + 18'874'368);
}

TEST_CASE("an order that is searched is asked of the planner, once for layers that are alike") {
  int asked = 0;
  OrderPlanning orders;
  orders.training = true;
  orders.planner = [&asked](const OrderRequest& request) {
    ++asked;
    CHECK(request.order == TensorOrder::energy);
    CHECK(request.training);
    CHECK(request.layer.parameters == 3440);
    CHECK(request.layer.network.terms.size() == 7);
    return PlannedOrder{.order = {{1, 2}, {6, 5}, {8, 4}, {0, 9}, {7, 3}, {10, 11}}, .lowered = {}};
  };
  const Workload w = compress(blocks(3), {train(TensorOrder::energy)}, orders);
  check(w);
  CHECK(asked == 1);
  CHECK(w.repeats.size() == 1);
  CHECK(w.repeats[0].copies == 3);
  CHECK(w.repeats[0].length == 8);
  CHECK(multiplications(w, "layers.2.fc") == 2 * (9'600 + 76'800 + 245'760));
  // The input is read by the fourth step, and the block before ends with its activation.
  CHECK(readers(w, 8) == std::vector<std::string>{"layers.1.fc.step3"});
  CHECK(readers(w, 7) == std::vector<std::string>{"layers.1.norm"});
  CHECK_THROWS_AS(compress(blocks(1), {train(TensorOrder::flops)}), InternalError);
  CHECK(orders_need_device({train(TensorOrder::energy)}));
  CHECK_FALSE(orders_need_device({train(TensorOrder::flops), LowRank{.rank = 3}}));
}

TEST_CASE("operators multiply as often as the order says, for every decomposition") {
  for (const auto& [decomposition, name] : enum_names(Decomposition{})) {
    for (const TensorOrder order : {TensorOrder::right_to_left, TensorOrder::reconstruct}) {
      CAPTURE(name);
      Tensorize scheme = train(order);
      scheme.decomposition = decomposition;
      scheme.rank = 4;
      scheme.input_modes.clear();
      scheme.output_modes.clear();
      scheme.modes = 2;  // 32 x 24 each
      const Workload w = compress(blocks(1), {scheme});
      check(w);
      const TensorLayerShape shape{.decomposition = decomposition,
                                   .input_modes = balanced_modes(768, 2),
                                   .output_modes = balanced_modes(768, 2),
                                   .rank = 4,
                                   .blocks = 1};
      const TensorLayer layer = tensor_layer(shape, kRows);
      CHECK(w.parameters == blocks(1).parameters - 768 * 768 + layer.parameters);
      // The same planner's order by hand: through the planner the sum has to be that of cost_of().
      OrderPlanning orders;
      double expected = 0;
      orders.planner = [&expected](const OrderRequest& request) {
        ContractionOrder chain;
        auto grown = std::int32_t{0};
        const auto terms = static_cast<std::int32_t>(request.layer.network.terms.size());
        for (std::int32_t t = 1; t < terms; ++t) {
          chain.push_back({.first = grown, .second = t});
          grown = terms + t - 1;
        }
        expected = cost_of(request.layer.network, chain).multiplications;
        return PlannedOrder{.order = chain, .lowered = {}};
      };
      scheme.order = TensorOrder::flops;
      const Workload planned = compress(blocks(1), {scheme}, orders);
      check(planned);
      CHECK(multiplications(planned, "layers.0.fc") == expected);
    }
  }
}

TEST_CASE("a pointwise convolution is a matmul of its pixels; others are refused by name") {
  Workload w;
  Operator conv;
  conv.name = "expand";
  conv.shape = Convolution{.batch = 2, .height = 7, .width = 5, .channels = 16, .filters = 24};
  conv.parameters = 16 * 24 + 24;
  w.operators = {conv};
  w.parameters = conv.parameters;
  w.repeats = {{.first = 0, .length = 1, .copies = 1}};
  Tensorize scheme{.rank = 2, .modes = 2, .order = TensorOrder::right_to_left};
  const Workload made = compress(w, {scheme});
  check(made);
  CHECK(made.operators.front().name == "expand.step0");
  CHECK(made.operators.front().group.empty());
  // Rows 2 x 7 x 5, input modes 4 x 4: the last one first.
  CHECK(std::get<MatMul>(made.operators.front().shape) == MatMul{.m = 70 * 4, .n = 2, .k = 4});
  w.operators.front().shape = Convolution{.batch = 2,
                                          .height = 7,
                                          .width = 5,
                                          .channels = 16,
                                          .filters = 24,
                                          .kernel_height = 3,
                                          .kernel_width = 3};
  CHECK(unmatched(w, {scheme}) == std::vector<std::size_t>{0});
  const std::vector<SchemeRefusal> refused = refusals(w, {LowRank{.rank = 1}, scheme});
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].scheme == 1);
  CHECK(refused[0].problem.field == "apply_to");
  CHECK(refused[0].problem.message ==
        "expand is a 3x3 convolution of stride 1 in 1 group(s), which is no matrix product");
  CHECK_THROWS_AS(compress(w, {scheme}), ConfigError);
}

TEST_CASE("modes have to multiply to the sides of every weight") {
  Tensorize scheme = train(TensorOrder::right_to_left);
  scheme.output_modes = {12, 8, 4};
  const std::vector<SchemeRefusal> refused = refusals(blocks(2), {scheme});
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].problem.field == "output_modes");
  CHECK(refused[0].problem.message ==
        "12 x 8 x 4 multiply to 384, but the width of layers.0.fc is 768");
  CHECK(refused[0].problem.hint == "such as [12, 8, 8]");
  scheme.input_modes = {1'000'000'000'000, 1'000'000'000'000};
  CHECK(refusals(blocks(1), {scheme})[0].problem.message ==
        "1000000000000 x 1000000000000 multiply to more than 768, but the reduction of layers.0.fc "
        "is 768");
  try {
    static_cast<void>(compress(blocks(1), {Quantize{.weights = kInt8}, scheme}));
    FAIL("nothing was refused");
  } catch (const ConfigError& e) {
    CHECK(e.diagnostics().front().path == "compression[1].input_modes");
  }
}

TEST_CASE("wrong values of the scheme say what is wrong and where") {
  CHECK(complaint("{kind: tensorize, rank: 8}").empty());
  CHECK(complaint("{kind: tensorize, rank: 8, input_modes: [4, 8], output_modes: [4, 4, 2]}")
            .empty());
  CHECK(complaint("{kind: tensorize}").find("rank") != std::string::npos);
  CHECK(complaint("{kind: tensorize, rank: 8, input_modes: [4, 8]}")
            .find("s.yaml:1:41: error: input_modes: modes of one side only") != std::string::npos);
  CHECK(complaint("{kind: tensorize, rank: 8, modes: 2, input_modes: [4, 8], output_modes: [4, 4]}")
            .find("s.yaml:1:35: error: modes: the modes of both sides are given") !=
        std::string::npos);
  CHECK(complaint("{kind: tensorize, rank: 8, blocks: 2}").find("a tensor_train has no blocks") !=
        std::string::npos);
  CHECK(complaint("{kind: tensorize, rank: 8, decomposition: tucker, order: bidirectional}")
            .find("bidirectional merges the cores of each side, which those of a tucker are not") !=
        std::string::npos);
  CHECK(
      complaint("{kind: tensorize, rank: 8, decomposition: tensor_train_matrix, input_modes: [4], "
                "output_modes: [2, 2]}")
          .find("there are 1 input and 2 output modes") != std::string::npos);
  CHECK(complaint("{kind: tensorize, rank: 8, decomposition: tensor_chain}").find("tensor_train") !=
        std::string::npos);
  CHECK(complaint("{kind: tensorize, rank: 8, order: left_to_right}").find("right_to_left") !=
        std::string::npos);
  CHECK(complaint("{kind: tensorize, rank: 0}").find("rank") != std::string::npos);
}

TEST_CASE("what a scheme cannot say alone is refused when knobs bring it together") {
  Tensorize scheme = train(TensorOrder::bidirectional);
  scheme.decomposition = Decomposition::tucker;
  const std::vector<SchemeRefusal> refused = refusals(blocks(1), {scheme});
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].problem.field == "order");
}

TEST_CASE("the later of low rank and tensorize wins") {
  const Tensorize tensors = train(TensorOrder::right_to_left);
  const LowRank thin{.apply_to = {.name = "fc"}, .rank = 16};
  CHECK(compress(blocks(1), {tensors, thin}).operators[1].name == "layers.0.fc.u");
  CHECK(compress(blocks(1), {thin, tensors}).operators[1].name == "layers.0.fc.step0");
}

TEST_CASE("cores keep formats and zeros of the weight, what is made of them does not") {
  const Workload w = compress(blocks(1), {Quantize{.weights = kInt8}, Prune{.density = 0.5},
                                          train(TensorOrder::bidirectional)});
  check(w);
  CHECK(w.operators[1].formats.weights == kInt8);
  CHECK(w.operators[1].sparsity.density == 0.5);
  CHECK(w.operators[5].formats.weights == kFp16);  // both operands are activations
  CHECK(w.operators[5].sparsity == Sparsity{});
}

TEST_CASE("grouped experts are tensorised each, the idle ones too") {
  ModelConfig config;
  config.name = "small";
  config.architecture = Architecture::mixtral;
  config.hidden = config.embedding_width = 128;
  config.layers = 4;
  config.heads = 8;
  config.kv_heads = 2;
  config.head_dim = 16;
  config.intermediate = 256;
  config.vocabulary = 1000;
  config.experts = 8;
  config.experts_per_token = 2;
  const Workload w = compress(build_transformer(config, Phase::decode, {.batch = 1, .context = 3}),
                              {Tensorize{.apply_to = {.name = "*.experts.*"},
                                         .rank = 4,
                                         .modes = 2,
                                         .order = TensorOrder::right_to_left}});
  check(w);
  // 128 = 16 x 8 and 256 = 16 x 16: cores 16 x 4, 4 x 16 x 4, 4 x 16 x 4, 4 x 8 of one projection
  // up (output 256): o 16, 16, i 16, 8; and down (output 128): o 16, 8, i 16, 16.
  const std::int64_t up = 16 * 4 + 4 * 16 * 4 + 4 * 16 * 4 + 4 * 8;
  const std::int64_t down = 16 * 4 + 4 * 8 * 4 + 4 * 16 * 4 + 4 * 16;
  CHECK(w.idle_parameters == 4 * 6 * (2 * up + down));
  // Two experts in use, a product for each.
  for (const Operator& op : w.operators) {
    if (op.name.find("experts") != std::string::npos && std::holds_alternative<MatMul>(op.shape)) {
      CHECK(std::get<MatMul>(op.shape).batch == 2);
      CHECK(std::get<MatMul>(op.shape).distinct_weights);
    }
  }
  // Gate and up read the same input still; both first products are in one proposal.
  CHECK(std::ranges::any_of(w.fusions, [&](const FusionGroup& group) {
    return group.kind == FusionKind::gate_up &&
           w.operators[static_cast<std::size_t>(group.operators[1])].name.ends_with("step0");
  }));
}

TEST_CASE("no source of quality prices a tensorised weight, whatever its order") {
  const auto listed = [](const Tensorize& scheme) {
    return tensorised(compress(blocks(2), {scheme}));
  };
  CHECK(tensorised(blocks(2)).empty());
  CHECK(listed(train(TensorOrder::right_to_left)) ==
        std::vector<std::string>{"fc: tensorised to 4208 parameters"});  // 3440 and 768 biases
  CHECK(listed(train(TensorOrder::right_to_left)) == listed(train(TensorOrder::bidirectional)));
  Tensorize smaller = train(TensorOrder::right_to_left);
  smaller.rank = 9;
  CHECK(listed(smaller) != listed(train(TensorOrder::right_to_left)));
  // What else is done to the weight is said of the whole weight, not of the steps of one order.
  Operator step;
  step.name = "layers.3.fc.step12";
  CHECK(weight_group(step) == "layers.3.fc");
  step.group = "fc.step12";
  CHECK(weight_group(step) == "fc");
  step.group = "fc.stepper";
  CHECK(weight_group(step) == "fc.stepper");
}
