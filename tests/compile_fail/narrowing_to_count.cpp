// Half a bit is not a count.
#include "core/units.h"

using namespace cairn;

Bits good() {
  return ceil_count(Bits{1} * 0.5);
}
#ifdef MUST_FAIL
Bits bad() {
  return Bits{1} * 0.5;
}
#endif
