#include "hw/cycle/program.h"

#include "core/error.h"

namespace cairn::hw::cycle {

void Stream::skip_laps(std::int64_t count) {
  CAIRN_CHECK(count == 0, "a stream without laps cannot leave any out");
}

}  // namespace cairn::hw::cycle
