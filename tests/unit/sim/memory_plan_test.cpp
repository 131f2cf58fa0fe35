#include "sim/memory/memory_plan.h"

#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "models/compression/compression.h"
#include "models/importers/cnn.h"

using cairn::Bits;
using cairn::hw::DepthwiseBuffer;
using cairn::hw::MemoryTraits;
using cairn::models::kInt8;
using cairn::models::Workload;
using cairn::sim::compile;
using cairn::sim::CompiledWorkload;
using cairn::sim::library_graph;
using cairn::sim::MemoryPlan;
using cairn::sim::OrderSearch;
using cairn::sim::plan_memory;

namespace {

CompiledWorkload int8_network(const char* file) {
  cairn::Diagnostics diagnostics;
  const auto table = cairn::models::read_cnn(file, diagnostics);
  diagnostics.throw_if_any();
  Workload w = cairn::models::build_cnn(table, 1);
  for (auto& op : w.operators) {
    op.formats = {kInt8, kInt8, kInt8};
  }
  return compile(w, {});
}

constexpr double kByte = 8;

}  // namespace

TEST_CASE("a narrow MobileNetV2 holds its first expansion and depthwise output at the peak") {
  // 32 x 32 x 48 expanded, 16 x 16 x 48 behind the depthwise convolution of stride 2.
  const CompiledWorkload w = int8_network("configs/models/mobilenet_v2_w0.3_r64.yaml");
  const MemoryPlan plan = plan_memory(w, {});
  CHECK(plan.live_bits == (32 * 32 * 48 + 16 * 16 * 48) * kByte);
  CHECK(plan.arena_bits >= plan.live_bits);
  CHECK(plan.arena_bits <= 1.01 * plan.live_bits);
  CHECK(plan.search == OrderSearch::exact);
  CHECK(plan.beside_bits == 0);
  // The machine without a library needs as much.
  CHECK(w.activation_bits == plan.live_bits);
}

TEST_CASE("depthwise convolutions in place leave the expansion and its input at the peak") {
  const CompiledWorkload w = int8_network("configs/models/mobilenet_v2_w0.3_r64.yaml");
  const MemoryTraits traits{.convolution_columns = 2,
                            .pointwise_columns = true,
                            .widened_kernels = true,
                            .depthwise_buffer = DepthwiseBuffer::plane,
                            .depthwise_in_place = true,
                            .buffers_apart = true};
  const MemoryPlan plan = plan_memory(w, traits);
  CHECK(plan.live_bits == (32 * 32 * 8 + 32 * 32 * 48) * kByte);
  // Two padded planes of 34 x 34, and the 3x3 kernels of the first layer in 16 bits.
  CHECK(plan.beside_bits == (2 * 34 * 34 + 3 * 3 * 3 * 16 * 2) * kByte);
}

TEST_CASE("a padding operator keeps a padded copy beside its input") {
  const CompiledWorkload w = int8_network("configs/models/mobilenet_v2_w0.3_r64.yaml");
  const MemoryPlan plan = plan_memory(w, {.padding_operator = true});
  CHECK(plan.live_bits == (32 * 32 * 48 + 34 * 34 * 48) * kByte);
  CHECK(plan.peak_operator.ends_with(".padding"));
}

TEST_CASE("a runtime keeps data for each operator, padding included, and each scale") {
  const CompiledWorkload w = int8_network("configs/models/mobilenet_v2_w0.3_r64.yaml");
  const MemoryTraits traits{.padding_operator = true,
                            .ram = Bits{8000},
                            .ram_per_operator = Bits{100},
                            .ram_per_channel = Bits{64}};
  // 52 convolutions, 10 sums, pooling, linear, softmax; padding of 5 convolutions of stride 2.
  CHECK(plan_memory(w, traits).beside_bits == 8000 + (52 + 10 + 3 + 5) * 100 + 5816 * 64);
}

TEST_CASE("flash is weights, biases, descriptions and code") {
  const CompiledWorkload w = int8_network("configs/models/mobilenet_v2_w0.3_r64.yaml");
  const double weights = (621776.0 + 4 * 6816) * kByte;
  CHECK(plan_memory(w, {}).flash_bits == weights);
  // Kernels: 3x3 stride 2, depthwise stride 1 and 2, 1x1, sum, pooling, linear,
  // softmax.
  const MemoryTraits traits{.code = Bits{1000}, .code_per_kernel = Bits{100}};
  CHECK(plan_memory(w, traits).flash_bits == weights + 1000 + 8 * 100);
}

TEST_CASE("sums in epilogues are operators of a library, and fused elsewhere") {
  const CompiledWorkload w = int8_network("configs/models/mlperf_tiny_ic.yaml");
  int sums = 0;
  const auto library = library_graph(w, {});
  for (const std::string& label : library.labels) {
    sums += label.find("add") != std::string::npos ? 1 : 0;
  }
  CHECK(sums == 3);
}
