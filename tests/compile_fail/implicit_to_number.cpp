// A quantity does not lose its unit by itself.
#include "core/units.h"

using namespace cairn;

double good(Seconds time) {
  return time / Seconds{1.0};
}
#ifdef MUST_FAIL
double bad(Seconds time) {
  return time;
}
#endif
