#include "app/dram_parts.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/paths.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/text/did_you_mean.h"

namespace cairn::app {
namespace {

namespace fs = std::filesystem;

hw::DramPartSpec load_part(const fs::path& file) {
  Diagnostics diagnostics;
  Node root = load_yaml(file.string(), diagnostics);
  resolve_extends(root, file.string(), diagnostics);
  hw::DramPartSpec part;
  read(root, part, diagnostics);
  diagnostics.throw_if_any();
  return part;
}

}  // namespace

std::vector<fs::path> dram_part_files() {
  const fs::path folder = configs_directory() / "memory";
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".yaml") {
      files.push_back(entry.path());
    }
  }
  if (error) {
    throw IoError(folder.string(), "cannot list", error.value());
  }
  std::sort(files.begin(), files.end());
  return files;
}

hw::DramPartSpec find_dram_part(const std::string& name) {
  if (name.find('/') != std::string::npos || fs::path{name}.extension() == ".yaml") {
    return load_part(name);
  }
  std::vector<std::string> names;
  for (const fs::path& file : dram_part_files()) {
    if (file.stem() == name) {
      return load_part(file);
    }
    names.push_back(file.stem().string());
    hw::DramPartSpec part = load_part(file);
    if (!part.preset.empty()) {
      if (part.preset == name) {
        return part;
      }
      names.push_back(part.preset);
    }
  }
  Diagnostics diagnostics;
  diagnostics.error({"<command line>", 1, 1, ""}, "part",
                    fmt::format("there is no DRAM part '{}'", name), suggest(name, names));
  throw ConfigError(diagnostics.sorted());
}

}  // namespace cairn::app
