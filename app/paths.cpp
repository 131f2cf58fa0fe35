#include "app/paths.h"

#include <array>
#include <cstdlib>

#include "core/error.h"

namespace cairn::app {

std::filesystem::path configs_directory() {
  namespace fs = std::filesystem;
  const char* named = std::getenv("CAIRN_CONFIGS");  // NOLINT(concurrency-mt-unsafe): at start
  const std::array<fs::path, 3> places{named != nullptr ? fs::path{named} : fs::path{},
                                       fs::path{CAIRN_SOURCE_DIR} / "configs",
                                       fs::current_path() / "configs"};
  for (const fs::path& place : places) {
    if (!place.empty() && fs::is_directory(place)) {
      return place;
    }
  }
  throw IoError(places[1].string(), "no directory of configurations", 0);
}

}  // namespace cairn::app
