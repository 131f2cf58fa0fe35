#include "models/importers/onnx.h"

#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "models/training.h"
#include "tests/unit/models/onnx_builder.h"
#include "tests/unit/models/scratch_file.h"

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)
using Dims = OnnxBuilder::Dims;

namespace {

Workload read_bytes(const std::string& bytes, const OnnxOptions& options = {}) {
  const ScratchFile file("model.onnx", bytes);
  Diagnostics diagnostics;
  Workload workload = read_onnx(file.path(), options, diagnostics);
  diagnostics.throw_if_any();
  check(workload);
  return workload;
}

std::string complaint(const std::string& bytes, const OnnxOptions& options = {}) {
  const ScratchFile file("model.onnx", bytes);
  Diagnostics diagnostics;
  static_cast<void>(read_onnx(file.path(), options, diagnostics));
  std::string all;
  for (Diagnostic diagnostic : diagnostics.sorted()) {
    diagnostic.at.file = "model.onnx";
    all += render(diagnostic) + "\n";
  }
  return all;
}

std::int64_t macs(const Workload& workload) {
  std::int64_t sum = 0;
  for (const Operator& op : workload.operators) {
    sum += multiply_accumulates(op.shape);
  }
  return sum;
}

const Operator& find(const Workload& workload, const std::string& name) {
  for (const Operator& op : workload.operators) {
    if (op.name == name) {
      return op;
    }
  }
  throw InternalError("no operator " + name);
}

/// ResNet-50 v1.5 for 224 x 224 images (stride in the 3 x 3 convolution).
std::string resnet50(WeightForm form) {
  OnnxBuilder b(9, form);
  b.input("image", {1, 3, 224, 224});
  std::string x = b.conv_bn("conv1", "image", 3, 64, 7, 2);
  b.add("Relu", {x}, "conv1.relu");
  onnx::NodeProto& pool = b.add("MaxPool", {"conv1.relu"}, "pool");
  OnnxBuilder::set(pool, "kernel_shape", Dims{3, 3});
  OnnxBuilder::set(pool, "strides", Dims{2, 2});
  OnnxBuilder::set(pool, "pads", Dims{1, 1, 1, 1});
  x = "pool";
  std::int64_t channels = 64;
  const Dims blocks{3, 4, 6, 3};
  for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
    const std::int64_t inner = 64LL << stage;
    for (std::int64_t block = 0; block < blocks[stage]; ++block) {
      const std::string name = "s" + std::to_string(stage) + "b" + std::to_string(block);
      const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      const std::string a = b.conv_bn(name + ".a", x, channels, inner, 1, 1);
      b.add("Relu", {a}, a + ".relu");
      const std::string c = b.conv_bn(name + ".b", a + ".relu", inner, inner, 3, stride);
      b.add("Relu", {c}, c + ".relu");
      const std::string d = b.conv_bn(name + ".c", c + ".relu", inner, 4 * inner, 1, 1);
      std::string shortcut = x;
      if (block == 0) {
        shortcut = b.conv_bn(name + ".shortcut", x, channels, 4 * inner, 1, stride);
      }
      b.add("Add", {d, shortcut}, name + ".sum");
      b.add("Relu", {name + ".sum"}, name);
      x = name;
      channels = 4 * inner;
    }
  }
  b.add("GlobalAveragePool", {x}, "mean");
  b.add("Flatten", {"mean"}, "flat");
  onnx::NodeProto& fc =
      b.add("Gemm", {"flat", b.weight("fc.w", {1000, 2048}), b.weight("fc.b", {1000})}, "fc");
  OnnxBuilder::set(fc, "transB", std::int64_t{1});
  b.output("fc");
  return b.bytes();
}

/// One encoder layer as PyTorch exports it: batch and sequence dynamic, heads split by reshapes
/// whose sizes come from Shape nodes.
std::string encoder(std::int64_t hidden, std::int64_t heads, std::int64_t vocabulary) {
  OnnxBuilder b(17);
  b.input("ids", {0, 0}, {"batch", "sequence"}, onnx::TensorProto::INT64);
  b.add("Gather", {b.weight("table", {vocabulary, hidden}), "ids"}, "embed");
  b.add("Shape", {"ids"}, "size");
  b.add("Gather", {"size", b.numbers("zero", {0})}, "batch_size");
  b.add("Gather", {"size", b.numbers("one", {1})}, "length");
  b.add("Concat", {"batch_size", "length", b.numbers("heads", {heads, hidden / heads})}, "split");
  OnnxBuilder::set(*b.graph().mutable_node(b.graph().node_size() - 1), "axis", std::int64_t{0});
  b.add("Concat", {"batch_size", "length", b.numbers("width", {hidden})}, "join");
  OnnxBuilder::set(*b.graph().mutable_node(b.graph().node_size() - 1), "axis", std::int64_t{0});
  const auto linear = [&](const std::string& name, const std::string& in, std::int64_t k,
                          std::int64_t n) {
    b.add("MatMul", {in, b.weight(name + ".w", {k, n})}, name);
    b.add("Add", {b.weight(name + ".b", {n}), name}, name + ".sum");
    return name + ".sum";
  };
  const auto split = [&](const std::string& name, const Dims& order) {
    b.add("Reshape", {linear(name, "embed", hidden, hidden), "split"}, name + ".heads");
    onnx::NodeProto& turned = b.add("Transpose", {name + ".heads"}, name + ".turned");
    OnnxBuilder::set(turned, "perm", order);
    return name + ".turned";
  };
  const std::string q = split("q", {0, 2, 1, 3});
  const std::string k = split("k", {0, 2, 3, 1});
  const std::string v = split("v", {0, 2, 1, 3});
  b.add("MatMul", {q, k}, "scores");
  b.add("Softmax", {"scores"}, "weights");
  b.add("MatMul", {"weights", v}, "mixed");
  onnx::NodeProto& back = b.add("Transpose", {"mixed"}, "back");
  OnnxBuilder::set(back, "perm", Dims{0, 2, 1, 3});
  b.add("Reshape", {"back", "join"}, "joined");
  b.add("Add", {linear("o", "joined", hidden, hidden), "embed"}, "residual");
  b.add("LayerNormalization", {"residual", b.weight("ln.w", {hidden}), b.weight("ln.b", {hidden})},
        "ln");
  b.add("Erf", {linear("up", "ln", hidden, 4 * hidden)}, "erf");
  b.add("Add", {linear("down", "erf", 4 * hidden, hidden), "ln"}, "out");
  b.output("out");
  return b.bytes();
}

}  // namespace

TEST_CASE("ResNet-50 has its published parameters and multiply-accumulates in either weight form") {
  const WeightForm form = GENERATE(WeightForm::initializer, WeightForm::constant_of_shape);
  const Workload workload = read_bytes(resnet50(form));
  CHECK(workload.parameters == 25'557'032);
  CHECK(macs(workload) == 4'089'184'256);
  CHECK(workload.batch == 1);
  CHECK(find(workload, "conv1").parameters == 64 * 3 * 49 + 2 * 64);  // folded normalisation
  CHECK(std::get<MatMul>(find(workload, "fc").shape) == MatMul{.m = 1, .n = 1000, .k = 2048});
  for (const Operator& op : workload.operators) {
    CHECK(kind_name(op.shape) != "batch_norm");
  }
}

TEST_CASE("a transformer encoder keeps attention as products of activations") {
  const std::string bytes = encoder(64, 4, 500);
  const Workload w = read_bytes(bytes, {.dimensions = {{"batch", 3}, {"sequence", 10}}});
  CHECK(w.batch == 3);
  // Table 500 x 64; four projections of 64 x 64 + 64; norm 128; 64 x 256 + 256; 256 x 64 + 64.
  CHECK(w.parameters == 32'000 + 4 * 4160 + 128 + 16'640 + 16'448);
  CHECK(std::get<Embedding>(find(w, "embed").shape) ==
        Embedding{.tokens = 30, .width = 64, .vocabulary = 500});
  CHECK(std::get<MatMul>(find(w, "q").shape) == MatMul{.m = 30, .n = 64, .k = 64});
  CHECK(find(w, "q").parameters == 4160);  // its bias is folded in
  CHECK(std::get<MatMul>(find(w, "scores").shape) ==
        MatMul{.batch = 12, .m = 10, .n = 10, .k = 16, .weight = false});
  CHECK(std::get<MatMul>(find(w, "mixed").shape) ==
        MatMul{.batch = 12, .m = 10, .n = 16, .k = 10, .weight = false});
  CHECK(std::get<Softmax>(find(w, "weights").shape) == Softmax{.rows = 120, .columns = 10});
  CHECK(std::get<Normalization>(find(w, "ln").shape).rows == 30);
  // Weights 30 x (4 x 4096 + 2 x 16384), attention 2 x 12 x 10 x 10 x 16.
  CHECK(macs(w) == 30 * (4 * 4096 + 2 * 16'384) + 2 * 12 * 1600);
}

TEST_CASE("graphs from ONNX train") {
  const auto updated = [](const Workload& step) {
    std::int64_t sum = 0;
    for (const Operator& op : step.operators) {
      const auto* e = std::get_if<Elementwise>(&op.shape);
      sum += e != nullptr && e->kind == ElementwiseKind::adam ? output_elements(op.shape) : 0;
    }
    return sum;
  };
  // All products of the encoder, those of attention too, have two gradients each: its first
  // operator is a table.
  const Workload encoded =
      read_bytes(encoder(64, 4, 500), {.dimensions = {{"batch", 3}, {"sequence", 10}}});
  const Workload step = training_step(encoded, {});
  check(step);
  CHECK(macs(step) == 3 * macs(encoded));
  CHECK(updated(step) == encoded.parameters);
  CHECK(std::get<MatMul>(find(step, "scores.second_grad").shape) ==
        MatMul{.batch = 12, .m = 16, .n = 10, .k = 10, .weight = false});
  // The embedding is read by three projections and the residual.
  CHECK(std::get<Elementwise>(find(step, "embed.grad_sum").shape) ==
        Elementwise{.kind = ElementwiseKind::add, .rows = 30, .columns = 64, .inputs = 4});
  const Workload image = read_bytes(resnet50(WeightForm::initializer));
  const Workload trained = training_step(image, {});
  check(trained);
  CHECK(macs(trained) == 3 * macs(image) - multiply_accumulates(find(image, "conv1").shape));
  CHECK(updated(trained) == image.parameters);
}

TEST_CASE("a dynamic batch is set by its name or by the batch of the pass") {
  OnnxBuilder b;
  b.input("x", {0, 8}, {"batch"});
  b.add("MatMul", {"x", b.weight("w", {8, 4})}, "y");
  b.output("y");
  const std::string bytes = b.bytes();
  CHECK(std::get<MatMul>(read_bytes(bytes, {.dimensions = {{"batch", 5}}}).operators[0].shape).m ==
        5);
  CHECK(std::get<MatMul>(read_bytes(bytes, {.batch = 7}).operators[0].shape).m == 7);
  CHECK(complaint(bytes) ==
        "model.onnx: error: dimensions without a value: batch\n"
        "  hint: give each one, as in --dim batch=8\n");
  CHECK_THAT(complaint(bytes, {.dimensions = {{"bacth", 5}}}),
             Catch::Contains("no input has a dynamic dimension of this name") &&
                 Catch::Contains("did you mean 'batch'?"));
  CHECK_THAT(complaint(bytes, {.dimensions = {{"batch", 0}}}),
             Catch::Contains("a dimension is at least 1, found 0"));

  OnnxBuilder fixed;
  fixed.input("x", {1, 8});
  fixed.add("Relu", {"x"}, "y");
  fixed.output("y");
  CHECK(complaint(fixed.bytes(), {.batch = 1}).empty());
  CHECK_THAT(complaint(fixed.bytes(), {.batch = 8}), Catch::Contains("fixed first dimension"));

  OnnxBuilder unnamed;
  unnamed.input("x", {2, 0});
  unnamed.add("Relu", {"x"}, "y");
  unnamed.output("y");
  CHECK_THAT(complaint(unnamed.bytes()), Catch::Contains("without a value: x.1"));
  CHECK(output_elements(
            read_bytes(unnamed.bytes(), {.dimensions = {{"x.1", 9}}}).operators[0].shape) == 18);
}

TEST_CASE("convolutions: groups, dilation, automatic padding, one axis") {
  OnnxBuilder b;
  b.input("x", {1, 8, 15, 15});
  onnx::NodeProto& depthwise = b.add("Conv", {"x", b.weight("w1", {8, 1, 3, 3})}, "depthwise");
  OnnxBuilder::set(depthwise, "group", std::int64_t{8});
  OnnxBuilder::set(depthwise, "strides", Dims{2, 2});
  OnnxBuilder::set(depthwise, "auto_pad", std::string{"SAME_UPPER"});
  onnx::NodeProto& dilated =
      b.add("Conv", {"depthwise", b.weight("w2", {4, 8, 3, 3}), b.weight("b2", {4})}, "dilated");
  OnnxBuilder::set(dilated, "dilations", Dims{2, 2});
  b.add("Flatten", {"dilated"}, "flat");
  b.add("Unsqueeze", {"flat", b.numbers("axes", {1})}, "line");
  onnx::NodeProto& one = b.add("Conv", {"line", b.weight("w3", {2, 1, 5})}, "line_conv");
  OnnxBuilder::set(one, "pads", Dims{2, 2});
  b.output("line_conv");
  const Workload w = read_bytes(b.bytes());
  const auto& first = std::get<Convolution>(find(w, "depthwise").shape);
  CHECK(kind_name(first) == "depthwise_conv2d");
  CHECK(first.output_height() == 8);  // ceil(15 / 2)
  CHECK(first.pad_top + first.pad_bottom == 2);
  CHECK(std::get<Convolution>(find(w, "dilated").shape).output_height() == 4);
  CHECK(find(w, "dilated").parameters == 4 * 8 * 9 + 4);
  const auto& line = std::get<Convolution>(find(w, "line_conv").shape);
  CHECK(line.height == 1);
  CHECK(line.output_width() == 4 * 4 * 4);
  CHECK(w.edges.size() == 2);  // reshapes move nothing
}

TEST_CASE("weights on the left, shared weights and sums of products") {
  OnnxBuilder b;
  b.input("x", {2, 6, 5});
  b.add("MatMul", {b.weight("w", {4, 6}), "x"}, "left");  // 4 x 6 times 6 x 5, twice
  onnx::NodeProto& sum = b.add("Einsum", {"left", "left"}, "gram");
  OnnxBuilder::set(sum, "equation", std::string{"bij, bkj -> bik"});
  onnx::NodeProto& weighted = b.add("Einsum", {"x", b.weight("v", {6, 3})}, "weighted");
  OnnxBuilder::set(weighted, "equation", std::string{"bij,ik->bjk"});
  b.add("MatMul", {b.weight("w_again", {4, 6}), "x"}, "other");
  b.graph().mutable_node(b.graph().node_size() - 1)->set_input(0, "w");
  b.add("Add", {"gram", "gram"}, "twice");
  for (const char* output : {"twice", "weighted", "other"}) {
    b.output(output);
  }
  const Workload w = read_bytes(b.bytes());
  CHECK(std::get<MatMul>(find(w, "left").shape) == MatMul{.m = 10, .n = 4, .k = 6});
  CHECK(std::get<MatMul>(find(w, "gram").shape) ==
        MatMul{.batch = 2, .m = 4, .n = 4, .k = 5, .weight = false});
  CHECK(std::get<MatMul>(find(w, "weighted").shape) == MatMul{.m = 10, .n = 3, .k = 6});
  CHECK(w.parameters == 4 * 6 + 6 * 3);  // w counts once
  CHECK(find(w, "other").parameters == 0);
}

TEST_CASE("a file that is cut off or tiny is an error") {
  const std::string whole = resnet50(WeightForm::constant_of_shape);
  CHECK_THAT(complaint(whole.substr(0, whole.size() / 2)),
             Catch::Contains("not an ONNX model, or cut off"));
  CHECK_THAT(complaint("\x08\x07"), Catch::Contains("holds no ONNX graph"));
  CHECK_THAT(complaint("hi"), Catch::Contains("the file has 2 bytes"));
  CHECK_THAT(complaint(""), Catch::Contains("holds no ONNX graph"));
  // Cut anywhere it is an error or a smaller model, never a crash.
  for (std::size_t size = 0; size < whole.size(); size += 997) {
    const ScratchFile file("model.onnx", whole.substr(0, size));
    Diagnostics diagnostics;
    static_cast<void>(read_onnx(file.path(), {}, diagnostics));
    CHECK_FALSE(diagnostics.ok());
  }
  Diagnostics diagnostics;
  static_cast<void>(read_onnx("/nonexistent/model.onnx", {}, diagnostics));
  CHECK_FALSE(diagnostics.ok());
}

TEST_CASE("broken graphs are named, not crashed on") {
  SECTION("a cycle") {
    OnnxBuilder b;
    b.input("x", {1, 4});
    b.add("Add", {"x", "b"}, "a");
    b.add("Relu", {"a"}, "b");
    b.output("b");
    CHECK_THAT(complaint(b.bytes()), Catch::Contains("Add 'a': is part of a cycle"));
  }
  SECTION("nodes in any order are sorted") {
    OnnxBuilder b;
    b.input("x", {1, 4});
    b.add("Relu", {"a"}, "b");
    b.add("Sigmoid", {"x"}, "a");
    b.output("b");
    CHECK(read_bytes(b.bytes()).operators.front().name == "a");
  }
  SECTION("a missing constant") {
    OnnxBuilder b;
    b.input("x", {1, 4});
    b.add("MatMul", {"x", "w"}, "y");
    b.output("y");
    CHECK_THAT(complaint(b.bytes()),
               Catch::Contains("MatMul 'y': reads 'w', which is no input, no constant and made by "
                               "no node"));
  }
  SECTION("an operator that is not supported") {
    OnnxBuilder b;
    b.input("x", {1, 4, 4});
    b.add("LSTM", {"x", b.weight("w", {1, 16, 4}), b.weight("r", {1, 16, 4})}, "y");
    b.add("Relu", {"y"}, "z").set_domain("com.example");
    b.output("z");
    CHECK_THAT(complaint(b.bytes()),
               Catch::Contains("LSTM 'y': this operator is not supported") &&
                   Catch::Contains("operators of domain 'com.example' are not supported"));
  }
  SECTION("sizes that do not fit together") {
    OnnxBuilder b;
    b.input("x", {1, 4});
    b.add("MatMul", {"x", b.weight("w", {5, 2})}, "y");
    b.output("y");
    CHECK_FALSE(complaint(b.bytes()).empty());
    OnnxBuilder c;
    c.input("x", {1, 4, 8, 8});
    c.add("Conv", {"x", c.weight("w", {2, 3, 3, 3})}, "y");
    c.output("y");
    CHECK_FALSE(complaint(c.bytes()).empty());
  }
  SECTION("huge and negative dimensions") {
    OnnxBuilder b;
    b.input("x", {1LL << 40, 1LL << 40});
    b.add("Relu", {"x"}, "y");
    b.output("y");
    CHECK_THAT(complaint(b.bytes()), Catch::Contains("is not possible"));
    OnnxBuilder c;
    c.input("x", {4, 4});
    c.add("MatMul", {"x", c.weight("w", {4, -4})}, "y");
    c.output("y");
    CHECK_THAT(complaint(c.bytes()), Catch::Contains("a constant of 4 x -4 is not possible"));
    OnnxBuilder d;
    d.input("x", {1LL << 22, 1LL << 22});
    d.add("MatMul", {"x", "x"}, "y");
    d.output("y");
    CHECK_THAT(complaint(d.bytes()), Catch::Contains("exceed what can be counted"));
  }
  SECTION("a shape that depends on values") {
    OnnxBuilder b;
    b.input("x", {4, 4});
    b.input("shape", {2}, {}, onnx::TensorProto::INT64);
    b.add("Reshape", {"x", "shape"}, "y");
    b.output("y");
    CHECK_THAT(complaint(b.bytes()), Catch::Contains("Reshape 'y': the shape of its output"));
  }
}
