#include "sim/memory/patching.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "models/importers/cnn.h"

using cairn::hw::MemoryTraits;
using cairn::models::Convolution;
using cairn::models::kInt8;
using cairn::models::Operator;
using cairn::models::Pooling;
using cairn::models::Workload;
using cairn::sim::compile;
using cairn::sim::CompiledWorkload;
using cairn::sim::Patching;
using cairn::sim::patching_that_fits;
using cairn::sim::patchings;

namespace {

constexpr double kByte = 8;

Operator int8(std::string name, cairn::models::Shape shape) {
  Operator op;
  op.name = std::move(name);
  op.shape = shape;
  op.formats = {kInt8, kInt8, kInt8};
  return op;
}

/// 8x8x1 -> 3x3 -> 8x8x4 -> 3x3, stride 2 -> 4x4x2 -> mean -> 2.
CompiledWorkload two_layers() {
  Workload w;
  Convolution first{.height = 8,
                    .width = 8,
                    .channels = 1,
                    .filters = 4,
                    .kernel_height = 3,
                    .kernel_width = 3,
                    .pad_top = 1,
                    .pad_bottom = 1,
                    .pad_left = 1,
                    .pad_right = 1};
  Convolution second = first;
  second.channels = 4;
  second.filters = 2;
  second.stride_height = second.stride_width = 2;
  w.operators = {
      int8("first", first), int8("second", second),
      int8("mean",
           Pooling{.height = 4, .width = 4, .channels = 2, .kernel_height = 4, .kernel_width = 4})};
  w.edges = {{0, 1}, {1, 2}};
  return compile(w, {});
}

CompiledWorkload network(const char* file) {
  cairn::Diagnostics diagnostics;
  const auto table = cairn::models::read_cnn(file, diagnostics);
  diagnostics.throw_if_any();
  Workload w = cairn::models::build_cnn(table, 1);
  for (auto& op : w.operators) {
    op.formats = {kInt8, kInt8, kInt8};
  }
  return compile(w, {});
}

}  // namespace

TEST_CASE("a patch needs its halo, and computes it again") {
  const std::vector<Patching> ways = patchings(two_layers(), {});
  const auto found = std::find_if(ways.begin(), ways.end(),
                                  [](const Patching& p) { return p.layers == 2 && p.grid == 2; });
  REQUIRE(found != ways.end());
  CHECK(found->last == "second");
  // Rows 0-1 of the last tensor follow from rows 0-3 of the first layer, rows 2-3 from rows 3-7:
  // 9 rows of 8, on both axes. Work: 8 x 8 x 9 x 4 = 2,304 of the first layer, 1,152 of the second.
  CHECK(found->whole_macs == 2304 + 1152);
  CHECK(found->macs == 2304 * 81.0 / 64 + 1152);
  // Input 64 and result 32 as a whole, and 5 x 5 x 4 of the first layer in the last patch.
  CHECK(found->patch_bits == (64 + 32 + 100) * kByte);
  CHECK(found->rest_bits == (32 + 2) * kByte);
  CHECK(found->ram_bits == found->peak_bits());
}

TEST_CASE("without a halo nothing is computed again") {
  // A cut after the first layer: each patch makes its own quarter of it.
  for (const Patching& p : patchings(two_layers(), {})) {
    if (p.layers == 1) {
      CHECK(p.macs == p.whole_macs);
      CHECK(p.patch_bits == (64 + 256) * kByte);  // the tensor at the cut is whole
    }
  }
}

TEST_CASE("patches divide the peak of a network that is wide at its beginning") {
  const CompiledWorkload w = network("configs/models/mobilenet_v2_w0.3_r64.yaml");
  const MemoryTraits traits{.depthwise_in_place = true};
  const double whole = 57344 * kByte;  // 32 x 32 x (8 + 48)
  const std::vector<Patching> ways = patchings(w, traits);
  const Patching* half = patching_that_fits(ways, whole / 2);
  REQUIRE(half != nullptr);
  CHECK(half->ram_bits <= whole / 2);
  CHECK(half->recomputed() > 0);
  CHECK(half->recomputed() < 0.5);
  // What fits in less costs at least as much work.
  const Patching* less = patching_that_fits(ways, 0.9 * half->ram_bits);
  CHECK((less == nullptr || less->macs >= half->macs));
  CHECK(patching_that_fits(ways, 8 * kByte) == nullptr);
}

TEST_CASE("finer grids over the same layers never need more and never compute less") {
  const std::vector<Patching> ways =
      patchings(network("configs/models/mobilenet_v2_w0.3_r64.yaml"), {});
  REQUIRE_FALSE(ways.empty());
  for (const Patching& coarse : ways) {
    CHECK(coarse.macs >= coarse.whole_macs);
    for (const Patching& fine : ways) {
      if (fine.layers == coarse.layers && fine.last == coarse.last &&
          fine.grid == 2 * coarse.grid) {
        CHECK(fine.patch_bits <= coarse.patch_bits);
        CHECK(fine.macs >= coarse.macs);
      }
    }
  }
}

TEST_CASE("a network without an image has no patches") {
  const CompiledWorkload w = network("configs/models/mlperf_tiny_ad.yaml");
  CHECK(patchings(w, {}).empty());
}
