// Joules are not watts.
#include "core/units.h"

using namespace cairn;

void good(Watts& power) {
  power = Joules{1.0} / Seconds{1.0};
}
#ifdef MUST_FAIL
void bad(Watts& power) {
  power = Joules{1.0};
}
#endif
