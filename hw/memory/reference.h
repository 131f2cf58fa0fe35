/// \file
/// Where a device names a memory of its system.
#pragma once

#include <string>

namespace cairn::hw {

/// A field of a device spec that names a memory, and the name it gives.
struct MemoryReference {
  std::string field;
  std::string memory;
};

}  // namespace cairn::hw
