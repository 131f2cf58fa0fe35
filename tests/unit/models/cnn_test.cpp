#include "models/importers/cnn.h"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"
#include "core/error.h"

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {

CnnTable shipped(const std::string& stem) {
  Diagnostics diagnostics;
  CnnTable table = read_cnn(
      std::filesystem::path{CAIRN_SOURCE_DIR} / "configs/models" / (stem + ".yaml"), diagnostics);
  diagnostics.throw_if_any();
  return table;
}

std::int64_t macs(const Workload& workload) {
  std::int64_t sum = 0;
  for (const Operator& op : workload.operators) {
    sum += multiply_accumulates(op.shape);
  }
  return sum;
}

std::string complaint(const std::string& layers, const std::string& totals = "") {
  const std::string text = "name: t\nsource: s\ninput: {height: 8, width: 8, channels: 4}\n" +
                           (totals.empty() ? "parameters: 1\nmultiply_accumulates: 1\n" : totals) +
                           "layers:\n" + layers;
  Diagnostics diagnostics;
  const Node node = parse_yaml(text, "t.yaml", diagnostics);
  static_cast<void>(read_cnn(node, diagnostics));
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    all += render(diagnostic) + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("the CNNs have their published parameters and multiply-accumulates") {
  struct Case {
    const char* stem;
    std::int64_t parameters;
    std::int64_t macs;
  };
  const Case expected = GENERATE(values<Case>({
      {"alexnet_grouped", 60'965'224, 724'406'816},
      {"vgg16", 138'357'544, 15'470'264'320},
      {"resnet18", 11'689'512, 1'814'073'344},
      {"resnet34", 21'797'672, 3'663'761'408},
      {"resnet50", 25'557'032, 4'089'184'256},
      {"mlperf_tiny_ad", 265'864, 264'192},
      {"mlperf_tiny_ic", 77'706, 12'501'632},
      {"mlperf_tiny_kws", 22'604, 2'656'768},
      {"mlperf_tiny_sww", 46'883, 826'368},
      {"mlperf_tiny_vww", 210'850, 7'489'664},
      {"mobilenet_v2", 3'504'872, 300'774'272},
      {"mobilenet_v3_large", 5'483'032, 216'589'760},
      {"mobilenet_v3_small", 2'542'856, 56'510'400},
  }));
  const Workload one = build_cnn(shipped(expected.stem), 1);
  check(one);
  CHECK(one.parameters == expected.parameters);
  CHECK(macs(one) == expected.macs);
  const Workload four = build_cnn(shipped(expected.stem), 4);
  check(four);
  CHECK(four.parameters == expected.parameters);
  CHECK(macs(four) == 4 * expected.macs);
}

TEST_CASE("the sum at the end of a residual block joins the branch that is computed last") {
  const Workload workload = build_cnn(shipped("resnet18"), 1);
  const auto index_of = [&](const std::string& name) {
    for (std::size_t i = 0; i < workload.operators.size(); ++i) {
      if (workload.operators[i].name == name) {
        return static_cast<std::int32_t>(i);
      }
    }
    FAIL("no operator " << name);
    return -1;
  };
  const auto group_of = [&](std::int32_t index) {
    for (const FusionGroup& group : workload.fusions) {
      if (group.operators.front() == index) {
        return group.operators;
      }
    }
    return std::vector<std::int32_t>{};
  };
  // layer2.0 has a convolution on its shortcut; it comes after conv2.
  const std::int32_t sum = index_of("layer2.0.add");
  CHECK(group_of(index_of("layer2.0.downsample")) ==
        std::vector{index_of("layer2.0.downsample"), sum, index_of("layer2.0.add.relu")});
  CHECK(group_of(index_of("layer2.0.conv2")).empty());
  // layer1.0 adds its input, which was there before.
  CHECK(group_of(index_of("layer1.0.conv2")).size() == 3);
  std::size_t readers = 0;
  for (const Edge& edge : workload.edges) {
    readers += edge.to == sum ? 1 : 0;
  }
  CHECK(readers == 2);
}

TEST_CASE("squeeze and excitation pools, computes a factor per channel and scales") {
  const Workload workload = build_cnn(shipped("mobilenet_v3_small"), 2);
  const auto at = [&](const std::string& name) -> const Operator& {
    for (const Operator& op : workload.operators) {
      if (op.name == name) {
        return op;
      }
    }
    throw InternalError("no operator " + name);
  };
  CHECK(std::get<MatMul>(at("features.1.se.fc1").shape) == MatMul{.m = 2, .n = 8, .k = 16});
  CHECK(output_elements(at("features.1.se.pool").shape) == 2 * 16);
  CHECK(output_elements(at("features.1.se.scale").shape) == 2 * 56 * 56 * 16);
  CHECK(at("features.1.dw").group == "depthwise_convolution");
  CHECK(kind_name(at("features.1.dw").shape) == "depthwise_conv2d");
}

TEST_CASE("a table that does not fit together is refused with its place") {
  CHECK_THAT(complaint("  - {name: a, kind: convolution, filters: 2, kernel: 9}\n"),
             Catch::Contains("t.yaml:7:54: error: layers.0.kernel: a window of 9 does not fit the "
                             "padded input of 8 x 8 x 4"));
  CHECK_THAT(complaint("  - {name: a, kind: convolution, filters: 2, kernel: 8}\n"),
             !Catch::Contains("does not fit"));
  CHECK_THAT(complaint("  - {name: a, kind: convolution, filters: 6, kernel: 1, groups: 4}\n"),
             Catch::Contains("4 groups do not divide 4 input channels and 6 filters"));
  CHECK_THAT(complaint("  - {name: aa, kind: linear, outputs: 2}\n"
                       "  - {name: bb, kind: linear, outputs: 2, from: [aaa]}\n"),
             Catch::Contains("there is no layer 'aaa' before this one") &&
                 Catch::Contains("did you mean 'aa'?"));
  CHECK_THAT(complaint("  - {name: a, kind: linear, outputs: 2}\n"
                       "  - {name: a, kind: linear, outputs: 2}\n"),
             Catch::Contains("layers.1.name: layer 'a' is in the table twice"));
  CHECK_THAT(complaint("  - {name: a, kind: linear, outputs: 2}\n"
                       "  - {name: b, kind: linear, outputs: 3}\n"
                       "  - {name: c, kind: add, from: [a, b]}\n"),
             Catch::Contains("cannot add 1 x 1 x 3 to 1 x 1 x 2"));
  CHECK_THAT(complaint("  - {name: a, kind: linear, outputs: 2, activation: rotary}\n"),
             Catch::Contains("'rotary' is not an activation"));
  CHECK_THAT(complaint("  - {name: a, kind: linera, outputs: 2}\n"),
             Catch::Contains("did you mean 'linear'?"));
  CHECK_THAT(complaint("  []\n"), Catch::Contains("at least one layer"));
}

TEST_CASE("a table whose layers do not add up to its totals is refused") {
  // 8 x 8 x 4 inputs, 2 outputs, bias: 514 parameters, 512 multiply-accumulates.
  const std::string layers = "  - {name: a, kind: linear, outputs: 2, bias: true}\n";
  CHECK(complaint(layers, "parameters: 514\nmultiply_accumulates: 512\n").empty());
  CHECK_THAT(complaint(layers, "parameters: 512\nmultiply_accumulates: 512\n"),
             Catch::Contains("t.yaml:4:13: error: parameters: the layers add up to 514, not 512"));
}

TEST_CASE("a kernel that is not square is padded as TensorFlow's SAME on each axis") {
  const Workload workload = build_cnn(shipped("mlperf_tiny_kws"), 1);
  const auto& first = std::get<Convolution>(workload.operators.front().shape);
  // 49 rows, stride 2: 25 outputs span 24 * 2 + 10 = 58 rows, 9 more than there are: 4 and 5.
  CHECK(first.pad_top == 4);
  CHECK(first.pad_bottom == 5);
  // 10 columns: 5 outputs span 4 * 2 + 4 = 12: 1 and 1.
  CHECK(first.pad_left == 1);
  CHECK(first.pad_right == 1);
  CHECK(first.output_height() == 25);
  CHECK(first.output_width() == 5);
  CHECK(std::holds_alternative<Softmax>(workload.operators.back().shape));
}

TEST_CASE("padding and same together are refused") {
  CHECK(
      complaint("  - {name: a, kind: convolution, filters: 4, kernel: 3, padding: 1, same: true}\n")
          .find("`same` chooses the padding itself") != std::string::npos);
}
