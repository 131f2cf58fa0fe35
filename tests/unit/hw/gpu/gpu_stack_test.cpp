// What a stack changes beside kernels: hosts that run ahead, sparse rates, binary operands.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/unit/hw/gpu/support.h"

namespace cairn::hw {
namespace {

using test::GpuFile;
using test::matmul;
using test::price;

TEST_CASE("a host that runs ahead is seen only while kernels are shorter than a launch") {
  const GpuFile graphs("a100");
  const GpuFile in_line("a100", {"devices.gpu.stack.host_launch=20 us"});
  const GpuFile ahead("a100",
                      {"devices.gpu.stack.host_launch=20 us", "devices.gpu.stack.host_ahead=true"});
  for (const models::Operator& op : {matmul(1, 1024, 1024), matmul(4096, 4096, 4096)}) {
    const double kernel = price(graphs.gpu(), op).latency_s();
    CHECK(price(in_line.gpu(), op).latency_s() == Approx(kernel + 20e-6));
    CHECK(price(ahead.gpu(), op).latency_s() == Approx(std::max(kernel, 20e-6)));
  }
}

TEST_CASE("2:4 sparse weights are faster, but not twice as fast") {
  const GpuFile a100("a100");
  models::Operator op = matmul(8192, 8192, 8192);
  const OperatorCost dense = price(a100.gpu(), op);
  op.sparsity = {.density = 0.5, .kept = 2, .block = 4, .storage = models::SparseStorage::n_m};
  const OperatorCost sparse = price(a100.gpu(), op);
  CHECK(dense.latency_s() / sparse.latency_s() > 1.4);
  CHECK(dense.latency_s() / sparse.latency_s() < 1.8);
  // Half of the values and 2 bits of place for each of them: 9/16 of the dense weights.
  CHECK(sparse.weight_bits == Approx(8192.0 * 8192.0 * 9));
  CHECK(sparse.utilization < 1.0);
}

TEST_CASE("narrow integers run at the rate of the format that holds them") {
  const GpuFile a100("a100");
  const auto peak = [&](int bits) {
    const models::Precision p = models::integer_format(bits);
    return a100.gpu().peak_macs_per_second({p, p, models::kFp16}) * 2 / 1e12;
  };
  CHECK(peak(8) == Approx(624));
  CHECK(peak(6) == Approx(624));  // no 6-bit tensor cores: unpacked to 8
  CHECK(peak(4) == Approx(1248));
  CHECK(peak(1) == Approx(4992));
}

TEST_CASE("formats that a card's tensor cores lack fall back to the next wider one") {
  const GpuFile v100("v100");
  const auto peak = [&](const models::Precision& p) {
    return v100.gpu().peak_macs_per_second({p, p, models::kFp16}) * 2 / 1e12;
  };
  CHECK(peak(models::kInt8) == Approx(125));                  // converted to fp16
  CHECK(peak(models::kFp32) == Approx(15.67).epsilon(0.01));  // 80 x 64 lanes x 2 x 1530 MHz
}

TEST_CASE("small groups of a grouped product pay for whole tiles and for their own weights") {
  const GpuFile h100("h100");
  models::Operator grouped;
  grouped.shape = models::MatMul{
      .batch = 8, .m = 4, .n = 4096, .k = 4096, .weight = true, .distinct_weights = true};
  const OperatorCost experts = price(h100.gpu(), grouped);
  const OperatorCost dense = price(h100.gpu(), matmul(32, 4096, 4096));
  CHECK(experts.weight_bits == Approx(8 * dense.weight_bits));
  CHECK(experts.latency_s() > 3 * dense.latency_s());
  CHECK(experts.latency_s() < 8 * dense.latency_s());
}

}  // namespace
}  // namespace cairn::hw
