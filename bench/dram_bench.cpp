/// \file
/// Requests per second of the DRAM model, by part and pattern, in SystemC; and how many commands of
/// random traffic pass the checker.
///
///   dram_bench [requests]          speeds
///   dram_bench --check [commands]  the checker, over all parts, policies and refresh modes

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "hw/memory/cycle/dram_channel.h"
#include "hw/memory/cycle/dram_checker.h"
#include "tests/unit/hw/memory_cycle/parts.h"

namespace {

using namespace cairn::hw;         // NOLINT(google-build-using-namespace)
using namespace cairn::hw::cycle;  // NOLINT(google-build-using-namespace)

constexpr std::array<const char*, 7> kParts{
    "ddr4_8gb_x8_2400r", "ddr5_16gb_x8_4800an", "lpddr5_8gb_x16_6400", "gddr6_8gb_x16_14000",
    "hbm2_2gb_2000",     "hbm3_16gb_8hi_6400",  "hbm4_32gb_4hi_8000"};

/// One channel after the other, all in one simulation: each client starts when told.
class Timed final : public DramClient {
 public:
  Timed(const DramTrafficSpec& spec, const DramController& controller) : load_(spec, controller) {}
  std::int64_t serve(DramController& controller, std::int64_t now) override {
    if (start_ == 0) {
      start_ = std::clock();
    }
    const std::int64_t next = load_.serve(controller, now);
    if (load_.done()) {
      seconds_ = static_cast<double>(std::clock() - start_) / CLOCKS_PER_SEC;
    }
    return next;
  }
  [[nodiscard]] bool done() const override { return load_.done(); }
  [[nodiscard]] double rate() const { return static_cast<double>(load_.finished()) / seconds_; }

 private:
  DramTraffic load_;
  std::clock_t start_{};
  double seconds_{};
};

void speeds(std::int64_t requests) {
  // A process elaborates one simulation, so each part is timed without the kernel, and one of them
  // in it as well: the difference is what the kernel takes.
  fmt::print("{:<24} {:>12} {:>12} {:>12}   requests/s of one core\n", "part", "stream", "random",
             "mixed");
  for (const char* stem : kParts) {
    const DramPartSpec part = part_of(stem);
    fmt::print("{:<24}", stem);
    for (const double writes : {-1.0, 0.0, 0.5}) {
      DramController controller{part, default_options(part)};
      DramTrafficSpec spec;
      spec.pattern = writes < 0 ? DramPattern::stream : DramPattern::random;
      spec.write_fraction = std::max(0.0, writes);
      spec.requests = requests;
      spec.outstanding = writes < 0 ? 256 : 64;
      Timed load{spec, controller};
      static_cast<void>(run_to_end(controller, load));
      fmt::print(" {:>12.0f}", load.rate());
    }
    fmt::print("\n");
  }
  const DramPartSpec part = part_of(kParts.front());
  DramController controller{part, default_options(part)};
  DramTrafficSpec spec;
  spec.requests = requests;
  spec.outstanding = 256;
  Timed load{spec, controller};
  DramChannels channels;
  channels.add("stream", controller, load);
  channels.run();
  fmt::print("{:<24} {:>12.0f}   in SystemC\n", kParts.front(), load.rate());
}

void check(std::uint64_t wanted) {
  std::uint64_t commands = 0;
  std::uint64_t violations = 0;
  for (std::uint64_t seed = 1; commands < wanted; ++seed) {
    for (const std::string& stem : all_parts()) {
      const DramPartSpec part = part_of(stem);
      for (const PagePolicy page : {PagePolicy::open, PagePolicy::closed, PagePolicy::timeout}) {
        for (const RefreshMode refresh :
             {RefreshMode::off, RefreshMode::all_bank, RefreshMode::per_bank}) {
          DramControllerOptions options = default_options(part);
          options.page = page;
          options.refresh = refresh;
          if (!options.problems(part).empty()) {
            continue;
          }
          DramController controller{part, options};
          DramChecker checker{part};
          controller.set_log(&checker);
          DramTrafficSpec spec;
          spec.pattern = DramPattern::random;
          spec.requests = 10'000;
          spec.write_fraction = 0.4;
          spec.outstanding = 64;
          spec.seed = seed;
          DramTraffic load{spec, controller};
          static_cast<void>(run_to_end(controller, load));
          commands += checker.commands();
          violations += checker.violations();
          for (const std::string& report : checker.reports()) {
            fmt::print("{}: {}\n", stem, report);
          }
        }
      }
    }
  }
  fmt::print("{} commands, {} violations\n", commands, violations);
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> all(argv, static_cast<std::size_t>(argc));
  const std::vector<std::string> arguments(all.begin() + 1, all.end());
  if (!arguments.empty() && arguments[0] == "--check") {
    check(arguments.size() > 1 ? std::strtoull(arguments[1].c_str(), nullptr, 10) : 10'000'000);
  } else {
    speeds(arguments.empty() ? 500'000 : std::strtoll(arguments[0].c_str(), nullptr, 10));
  }
  return 0;
}
