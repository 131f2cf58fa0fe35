/// \file
/// The DRAM parts that come with Cairn, by the names that people use for them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hw/memory/dram_part.h"

namespace cairn::app {

/// Every file of `configs/memory`, by name of file.
[[nodiscard]] std::vector<std::filesystem::path> dram_part_files();

/// \param name a path of a file, the stem of one in `configs/memory`, or ORGANISATION:TIMING.
/// \throws ConfigError with the nearest names, or with what is wrong in the file.
[[nodiscard]] hw::DramPartSpec find_dram_part(const std::string& name);

}  // namespace cairn::app
