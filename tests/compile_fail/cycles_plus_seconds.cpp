// Cycles become seconds only by a frequency.
#include "core/units.h"

using namespace cairn;

auto good() {
  return Cycles{1} / Frequency{1.0} + Seconds{1.0};
}
#ifdef MUST_FAIL
auto bad() {
  return Cycles{1} + Seconds{1.0};
}
#endif
