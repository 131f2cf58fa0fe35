#include "hw/gpu/gpu_spec.h"

#include <cmath>

#include <fmt/format.h>

namespace cairn::hw {
namespace {

constexpr double kTolerance = 0.05;  ///< of a stated peak against units x rate x clock
constexpr double kTera = 1e12;

/// Adds a problem if \p stated is not what \p macs of each SM in a cycle give.
void check_rate(std::vector<FieldProblem>& problems, const GpuSpec& spec, const char* format,
                const std::optional<OpsPerSecond>& stated, double macs, const std::string& units) {
  if (!stated) {
    return;
  }
  const double computed = 2 * macs * static_cast<double>(spec.sms) * spec.clock.count();
  if (std::abs(computed / stated->count() - 1) <= kTolerance) {
    return;
  }
  problems.push_back(
      {fmt::format("rates.{}", format),
       fmt::format("the stated peak is {:.4g} Top/s, but {} x {} SMs x 2 x {:.4g} MHz are {:.4g} "
                   "Top/s, {:+.0f} %",
                   stated->count() / kTera, units, spec.sms, spec.clock.count() / 1e6,
                   computed / kTera, 100 * (computed / stated->count() - 1)),
       "peaks may differ by 5 %; is `clock` the one at which the rates hold?"});
}

}  // namespace

std::vector<FieldProblem> GpuSpec::problems() const {
  std::vector<FieldProblem> found;
  if (idle_power >= board_power) {
    found.push_back({"idle_power", "idle power is not below the board's limit", ""});
  }
  check_rate(found, *this, "fp32", rates.fp32, static_cast<double>(vector_lanes),
             fmt::format("{} lanes", vector_lanes));
  if (!tensor_cores) {
    return found;
  }
  const GpuTensorCoresSpec& cores = *tensor_cores;
  const auto check = [&](const char* format, const std::optional<OpsPerSecond>& stated,
                         const std::optional<std::int64_t>& macs) {
    if (macs) {
      check_rate(found, *this, format, stated, static_cast<double>(*macs * cores.per_sm),
                 fmt::format("{} tensor cores x {} multiply-accumulates", cores.per_sm, *macs));
    }
  };
  check("fp16", rates.fp16, cores.fp16);
  check("bf16", rates.bf16, cores.bf16);
  check("tf32", rates.tf32, cores.tf32);
  check("fp8", rates.fp8, cores.fp8);
  check("fp4", rates.fp4, cores.fp4);
  check("int8", rates.int8, cores.int8);
  check("int4", rates.int4, cores.int4);
  check("int1", rates.int1, cores.int1);
  return found;
}

}  // namespace cairn::hw
