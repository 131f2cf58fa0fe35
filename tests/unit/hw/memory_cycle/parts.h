/// \file
/// The parts of configs/memory, for tests.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "hw/memory/dram_part.h"

namespace cairn::hw {

inline DramPartSpec part_of(const std::string& stem) {
  Diagnostics diagnostics;
  const Node root = load_yaml("configs/memory/" + stem + ".yaml", diagnostics);
  DramPartSpec part;
  read(root, part, diagnostics);
  diagnostics.throw_if_any();
  return part;
}

inline std::vector<std::string> all_parts() {
  std::vector<std::string> stems;
  for (const auto& entry : std::filesystem::directory_iterator("configs/memory")) {
    if (entry.path().extension() == ".yaml") {
      stems.push_back(entry.path().stem().string());
    }
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

}  // namespace cairn::hw
