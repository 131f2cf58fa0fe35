// Several GPUs, serving frameworks, weight-only kernels and board power against measurements: every
// bar of `cairn validate` holds, each contest of format and device has its measured winner.
#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "app/validation/serving_comparisons.h"

namespace cairn::app {
namespace {

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> found = compare_serving();
  return found;
}

Summary figures_of(const std::string& id) {
  const auto found = std::find_if(comparisons().begin(), comparisons().end(),
                                  [&](const Comparison& c) { return c.id == id; });
  REQUIRE(found != comparisons().end());
  return summary_of(found->rows);
}

}  // namespace

TEST_CASE("an all-reduce inside a node, from 64 KiB, on average within 15 %", "[validation]") {
  const Summary s = figures_of("all_reduce_a100");
  CHECK(s.rows == 246);
  CHECK(s.mean_absolute < 0.15);
}

TEST_CASE("Llama-2-70B on 2, 4 and 8 GPUs: prompt and token times within 12 %", "[validation]") {
  for (const char* id : {"llm_serving_a100", "llm_serving_h100"}) {
    CAPTURE(id);
    const Summary s = figures_of(id);
    CHECK(s.rows >= 100);
    CHECK(s.mean_absolute < 0.12);
  }
}

TEST_CASE("4-bit and 16-bit decoding by llama.cpp and TinyChat within 12 %", "[validation]") {
  for (const char* id : {"llama_cpp_rtx3090", "llama_cpp_rtx4090", "llama_cpp_a100_pcie",
                         "tinychat_rtx4090", "tinychat_orin"}) {
    CAPTURE(id);
    CHECK(figures_of(id).mean_absolute < 0.12);
  }
}

TEST_CASE("4-bit weights gain on an A10 what was measured at every batch, within 10 %",
          "[validation]") {
  const Summary s = figures_of("marlin_a10");
  CHECK(s.rows == 8);
  CHECK(std::abs(s.worst) < 0.10);
}

TEST_CASE("a layer of GPT-3 on four A100 takes what was measured in total, within 6 %",
          "[validation]") {
  CHECK(std::abs(figures_of("gpt3_layer_prefill").total) < 0.06);
  CHECK(std::abs(figures_of("gpt3_layer_decode").total) < 0.06);
}

TEST_CASE("board power of Llama-2-70B, average and peak, within 10 %", "[validation]") {
  for (const char* id : {"llm_serving_average_power", "llm_serving_peak_power"}) {
    CAPTURE(id);
    CHECK(figures_of(id).rows == 30);
    CHECK(figures_of(id).mean_absolute < 0.10);
  }
}

}  // namespace cairn::app
