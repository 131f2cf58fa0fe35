// A number has no unit: it does not become a quantity by itself.
#include "core/units.h"

using namespace cairn;

Seconds good() {
  return Seconds{1.0};
}
#ifdef MUST_FAIL
Seconds bad() {
  return 1.0;
}
#endif
