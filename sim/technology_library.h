/// \file
/// Technology files, each read once.
#pragma once

#include <filesystem>
#include <memory>

#include "hw/energy/technology.h"

namespace cairn::sim {

/// Copyable handle to a shared, locked cache of technology files.
class TechnologyLibrary {
 public:
  TechnologyLibrary();
  /// \throws ConfigError with the positions of all mistakes, IoError.
  [[nodiscard]] hw::Technology load(const std::filesystem::path& path) const;

 private:
  struct Cache;
  std::shared_ptr<Cache> cache_;  // shared by the copies that threads hold: one file, one read
};

}  // namespace cairn::sim
