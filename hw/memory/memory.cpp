#include "hw/memory/memory.h"

#include <cmath>

#include <fmt/format.h>

#include "core/text/enum_names.h"
#include "core/text/quantity_text.h"

namespace cairn::hw {
namespace {

constexpr double kPeakTolerance = 0.05;

}  // namespace

std::vector<FieldProblem> MemorySpec::problems() const {
  std::vector<FieldProblem> found;
  if (!part) {
    if (!capacity) {
      found.push_back(
          {"capacity", "key is missing", "capacity of one channel; or a DRAM `part`", true});
    }
    return found;
  }
  if (part->kind != kind) {
    found.push_back(
        {"part",
         fmt::format("a part of {} in a memory of kind {}", to_text(part->kind), to_text(kind)),
         ""});
  }
  const double peak = figures_of(*part).peak_bandwidth;
  if (bandwidth && std::abs(bandwidth->count() / peak - 1) > kPeakTolerance) {
    found.push_back(
        {"bandwidth",
         fmt::format("{:.4g} GB/s contradict the part's {} b x {:.4g} Gb/s = {:.4g} GB/s",
                     bandwidth->count() / 8e9,
                     part->organisation.channel_width.count() * part->organisation.pseudo_channels,
                     part->timing.data_rate.count() / 1e9, peak / 8e9),
         "leave it out: it follows from the part"});
  }
  return found;
}

}  // namespace cairn::hw
