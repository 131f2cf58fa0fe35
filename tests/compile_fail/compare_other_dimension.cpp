// Bits and operations are both counts, and still cannot be compared.
#include "core/units.h"

using namespace cairn;

bool good() {
  return Bits{1} < Bits{2};
}
#ifdef MUST_FAIL
bool bad() {
  return Bits{1} < Ops{2};
}
#endif
