#include "hw/memory/cycle/run_sharing.h"

#include "hw/memory/cycle/dram_traffic.h"

namespace cairn::hw::cycle {

double share_of_peak(const DramPartSpec& part, const RunTraffic& traffic) {
  constexpr double kBitsPerByte = 8;
  constexpr std::int64_t kRequests = 20'000;
  DramController controller{part, default_options(part)};
  DramTrafficSpec spec;
  spec.pattern = DramPattern::runs;
  spec.requests = kRequests;
  spec.outstanding = 256;
  spec.run_bytes = traffic.run_bytes;
  spec.write_fraction = traffic.write_fraction;
  spec.streams = traffic.streams;
  DramTraffic load{spec, controller};
  static_cast<void>(run_to_end(controller, load));
  const double bits = static_cast<double>(kRequests) *
                      static_cast<double>(controller.access_bytes()) * kBitsPerByte;
  return bits / (static_cast<double>(load.end()) * controller.tick_s()) /
         figures_of(part).peak_bandwidth;
}

}  // namespace cairn::hw::cycle
