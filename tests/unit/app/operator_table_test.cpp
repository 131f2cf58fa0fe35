#include "app/operator_table.h"

#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"

namespace cairn::app {
namespace {

constexpr models::Formats kInt8{models::kInt8, models::kInt8, models::kInt8};

std::vector<OperatorRow> rows_of(const std::string& text, bool depthwise = false) {
  CsvReader csv{text, "ops.csv"};
  const OperatorTable table{csv, kInt8, depthwise};
  std::vector<OperatorRow> rows;
  OperatorRow row;
  while (csv.next()) {
    table.read(row);
    rows.push_back(row);
  }
  return rows;
}

/// The error of the only row.
std::string error_of(const std::string& header, const std::string& cells) {
  const std::vector<OperatorRow> rows = rows_of(header + "\n" + cells + "\n");
  REQUIRE(rows.size() == 1);
  return rows[0].error;
}

TEST_CASE("a matmul is read from columns in any order") {
  const auto rows = rows_of("k,note,n,kind,m\n3,mine,2,matmul,1\n");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].error.empty());
  CHECK(rows[0].count == 1);
  CHECK(std::get<models::MatMul>(rows[0].op.shape) == models::MatMul{.m = 1, .n = 2, .k = 3});
  CHECK(rows[0].op.formats == kInt8);
}

TEST_CASE("each product of a batch has a right side of its own") {
  const auto rows = rows_of("kind,batch,m,n,k\nmatmul,4,1,2,3\nmatmul,1,1,2,3\n");
  CHECK(std::get<models::MatMul>(rows[0].op.shape).distinct_weights);
  CHECK(!std::get<models::MatMul>(rows[1].op.shape).distinct_weights);
}

TEST_CASE("formats come from the row, outputs from the activations, the rest from the device") {
  const auto rows = rows_of(
      "kind,m,n,k,weights,activations,outputs\n"
      "matmul,1,2,3,int4/g128,fp16,\n"
      "matmul,1,2,3,,,int32\n");
  CHECK(models::to_text(rows[0].op.formats.weights) == "int4/g128");
  CHECK(rows[0].op.formats.activations == models::kFp16);
  CHECK(rows[0].op.formats.outputs == models::kFp16);
  CHECK(rows[1].op.formats.weights == models::kInt8);
  CHECK(rows[1].op.formats.outputs == models::kInt32);
}

TEST_CASE("convolutions take stride, padding and groups on all sides alike") {
  const auto rows = rows_of(
      "kind,h,w,c,filters,kernel_h,kernel_w,stride,padding,groups\n"
      "conv2d,224,112,4,32,3,5,2,1,2\n"
      "depthwise_conv2d,56,56,24,,3,3,1,1,\n");
  const auto& conv = std::get<models::Convolution>(rows[0].op.shape);
  CHECK(conv.height == 224);
  CHECK(conv.kernel_width == 5);
  CHECK(conv.output_height() == 112);  // (224 + 2 - 3) / 2 + 1
  CHECK(conv.output_width() == 55);    // (112 + 2 - 5) / 2 + 1
  CHECK(conv.groups == 2);
  const auto& depthwise = std::get<models::Convolution>(rows[1].op.shape);
  CHECK(depthwise.depthwise());
  CHECK(depthwise.filters == 24);
}

TEST_CASE("attention is causal for several queries unless the row says otherwise") {
  const auto rows = rows_of(
      "kind,heads,kv_heads,head_dim,queries,context,causal\n"
      "attention,32,8,128,16,16,\n"
      "attention,32,8,128,16,16,0\n"
      "attention,32,,128,1,64,\n");
  CHECK(std::get<models::Attention>(rows[0].op.shape).causal);
  CHECK(!std::get<models::Attention>(rows[1].op.shape).causal);
  const auto& decode = std::get<models::Attention>(rows[2].op.shape);
  CHECK(decode.visible_pairs() == 64);  // one new token sees everything
  CHECK(decode.kv_heads == 32);
}

TEST_CASE("a sliding window bounds what a new token reads") {
  const auto rows = rows_of(
      "kind,heads,head_dim,queries,context,window\n"
      "attention,8,128,1,4096,1024\n");
  CHECK(std::get<models::Attention>(rows[0].op.shape).visible_keys() == 1024);
}

TEST_CASE("a density prunes the weights of a row, and only a share is one") {
  const auto rows = rows_of(
      "kind,m,n,k,density\nmatmul,1,8,8,0.25\nmatmul,1,8,8,1\nmatmul,1,8,8,\nmatmul,1,8,8,1.5\n");
  CHECK(rows[0].op.sparsity.density == 0.25);
  CHECK(rows[0].op.sparsity.storage == models::SparseStorage::bitmask);
  CHECK(rows[1].op.sparsity.storage == models::SparseStorage::dense);
  CHECK(rows[2].op.sparsity.density == 1.0);
  CHECK(rows[3].error == "density: '1.5' is not a number above 0 and at most 1");
}

TEST_CASE("rows of vectors are m by n") {
  const auto rows = rows_of(
      "kind,m,n\nsoftmax,4,8\nrms_norm,4,8\nlayer_norm,4,8\ngelu,4,8\nelementwise,4,8\n"
      "embedding,4,8\npermute,4,8\n");
  CHECK(std::get<models::Softmax>(rows[0].op.shape) == models::Softmax{4, 8});
  CHECK(std::get<models::Normalization>(rows[1].op.shape).kind ==
        models::NormalizationKind::rms_norm);
  CHECK(std::get<models::Normalization>(rows[2].op.shape).columns == 8);
  CHECK(std::get<models::Elementwise>(rows[3].op.shape).kind == models::ElementwiseKind::gelu);
  CHECK(std::get<models::Elementwise>(rows[4].op.shape).inputs == 2);
  CHECK(std::get<models::Embedding>(rows[5].op.shape).width == 8);
  CHECK(std::get<models::Elementwise>(rows[6].op.shape) ==
        models::Elementwise{models::ElementwiseKind::permute, 4, 8, 1});
}

TEST_CASE("a row that is wrong says what is wrong and the next one is read") {
  const auto rows = rows_of("kind,m,n,k\nmatmul,0,2,3\nmatmul,1,2,3\n");
  CHECK(rows[0].error == "m is 0, allowed 1 to 1099511627776");
  CHECK(rows[1].error.empty());
}

TEST_CASE("mistakes of a row name the column, what was found and what was expected") {
  CHECK(error_of("kind,m,n,k", "matmul,,2,3") == "m is missing");
  CHECK(error_of("kind,m,k", "matmul,1,3") == "n is missing");
  CHECK(error_of("kind,m,n,k", "matmul,1.5,2,3") == "m: '1.5' is not a whole number");
  CHECK(error_of("kind,m,n,k", "matmull,1,2,3") ==
        "kind: 'matmull' is unknown; did you mean 'matmul'?");
  CHECK(error_of("kind,m,n,k", ",1,2,3") == "kind is missing");
  CHECK(error_of("kind,m,n,k,count", "matmul,1,2,3,0") == "count is 0, allowed 1 to 1099511627776");
  CHECK(error_of("kind,m,n,k,weights", "matmul,1,2,3,half") ==
        "weights: 'half' is not a number format: it begins with none of int, uint, fp, bf, cb, tcq "
        "and mx");
  CHECK(error_of("kind,m,n,k,mapping", "matmul,1,2,3,ws | q").starts_with("mapping: "));
  // 2^57 multiply-accumulates, and then more than 2^63.
  const std::string too_large =
      "the operator is too large: at most 2^55 elements a tensor and 2^56 multiply-accumulates";
  CHECK(error_of("kind,m,n,k", "matmul,524288,524288,524288") == too_large);
  CHECK(error_of("kind,m,n,k", "matmul,524288,524288,262144").empty());
  CHECK(error_of("kind,m,n,k", "matmul,1099511627776,1099511627776,1099511627776") == too_large);
  CHECK(error_of("kind,heads,kv_heads,head_dim,context", "attention,32,5,128,64") ==
        "kv_heads: 5 does not divide heads = 32");
  CHECK(error_of("kind,heads,head_dim,queries,context", "attention,32,128,65,64") ==
        "context is 64, which does not hold the 65 new tokens");
  CHECK(error_of("kind,h,w,c,filters,kernel_h,kernel_w", "conv2d,2,9,3,8,3,3") ==
        "kernel 3 x 3 is larger than the padded input 2 x 9");
  CHECK(error_of("kind,h,w,c,filters,kernel_h,kernel_w,groups", "conv2d,9,9,3,8,3,3,2") ==
        "groups: 2 does not divide c = 3 and filters = 8");
}

TEST_CASE("a good row after a bad one carries nothing over from it") {
  const auto rows = rows_of(
      "kind,m,n,k,count,weights,mapping\n"
      "matmul,1,2,3,7,int4/g128,os | tile k3\n"
      "matmul,1,2,x,,,\n"
      "matmul,1,2,3,,,\n");
  CHECK(!rows[0].mapping.empty());
  CHECK(rows[1].error == "k: 'x' is not a whole number");
  CHECK(rows[2].error.empty());
  CHECK(rows[2].count == 1);
  CHECK(rows[2].mapping.empty());
  CHECK(rows[2].op.formats == kInt8);
}

// Blank rows, a header and rows with an empty last column, cells with blanks, as that tool ships
// them.
constexpr const char* kTopology =
    "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
    "Strides,\n"
    "\n"
    "Conv1,  224, 224,    3, 3,      3,      32,     2,\n"
    "\n"
    "Conv2,  112, 112,    3, 3,      32,      1,     1,\n"
    "\n";

TEST_CASE("a SCALE-Sim topology is read as it is") {
  const auto rows = rows_of(kTopology);
  REQUIRE(rows.size() == 2);
  const auto& first = std::get<models::Convolution>(rows[0].op.shape);
  CHECK(first.height == 224);
  CHECK(first.filters == 32);
  CHECK(first.stride_width == 2);
  CHECK(first.output_height() == 111);  // no padding: (224 - 3) / 2 + 1
  const auto& second = std::get<models::Convolution>(rows[1].op.shape);
  CHECK(second.filters == 1);
  CHECK(second.groups == 1);
}

TEST_CASE("rows with one filter are depthwise only when asked for") {
  const auto rows = rows_of(kTopology, true);
  CHECK(std::get<models::Convolution>(rows[0].op.shape).groups == 1);
  const auto& second = std::get<models::Convolution>(rows[1].op.shape);
  CHECK(second.depthwise());
  CHECK(second.filters == 32);
}

TEST_CASE("a SCALE-Sim GEMM file is read as it is") {
  const auto rows = rows_of("Layer, M, N, K,\n\nqkv, 128, 2304, 768,\nav, 128, 64,,\n");
  REQUIRE(rows.size() == 2);
  CHECK(std::get<models::MatMul>(rows[0].op.shape) ==
        models::MatMul{.m = 128, .n = 2304, .k = 768});
  CHECK(rows[1].error == "K: '' is not a whole number");
}

TEST_CASE("a table of none of the known forms is refused with the forms that are") {
  CsvReader csv{"layer,rows\na,1\n", "ops.csv"};
  try {
    const OperatorTable table{csv, kInt8, false};
    FAIL("it was accepted");
  } catch (const ConfigError& e) {
    REQUIRE(e.diagnostics().size() == 1);
    CHECK(e.diagnostics()[0].at.file == "ops.csv");
    CHECK(e.diagnostics()[0].message == "the table has no column 'kind'");
    CHECK(e.diagnostics()[0].hint.find("SCALE-Sim") != std::string::npos);
  }
}

TEST_CASE("columns that pricing appends are not echoed") {
  CsvReader csv{"kind,m,error,latency_s,n\nsoftmax,1,old,3,2\n", "ops.csv"};
  const OperatorTable table{csv, kInt8, false};
  CHECK(table.echoed() == std::vector<std::size_t>{0, 1, 4});
}

}  // namespace
}  // namespace cairn::app
