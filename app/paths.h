/// \file
/// Where the files that come with Cairn lie.
#pragma once

#include <filesystem>

namespace cairn::app {

/// The `configs` directory: $CAIRN_CONFIGS if set, else beside the program's source tree, else in
/// the working directory. \throws IoError if there is none.
[[nodiscard]] std::filesystem::path configs_directory();

}  // namespace cairn::app
