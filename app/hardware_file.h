/// \file
/// A hardware file named on the command line, read and built.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/node.h"
#include "hw/system.h"

namespace cairn::app {

struct LoadedSystem {
  hw::SystemSpec spec;
  hw::Technology technology;
  std::unique_ptr<hw::Machine> machine;
};

/// Reads \p path, puts the overrides `a.b=c` on top, and builds the machine.
/// \throws ConfigError with all mistakes; IoError.
[[nodiscard]] LoadedSystem load_system(const std::string& path,
                                       const std::vector<std::string>& overrides);
/// The same from a tree that was put together elsewhere, its `extends` resolved.
[[nodiscard]] LoadedSystem load_system(const Node& root);

/// The formats that hold where a user names none: those of the device.
[[nodiscard]] models::Formats default_formats(const hw::Machine& machine);

}  // namespace cairn::app
