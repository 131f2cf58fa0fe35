#include "hw/die_area.h"

namespace cairn::hw {

void append_die_frame(std::vector<AreaPart>& parts, const Technology& technology) {
  double bare = 0;
  for (const AreaPart& part : parts) {
    bare += part.complete ? 0.0 : part.mm2;
  }
  if (bare > 0) {
    const double frame = technology.layout().die_frame;
    parts.push_back({"control, wires and unused", bare * frame / (1 - frame), Confidence::assumed});
  }
}

double total_mm2(const std::vector<AreaPart>& parts) {
  double sum = 0;
  for (const AreaPart& part : parts) {
    sum += part.mm2;
  }
  return sum;
}

}  // namespace cairn::hw
