#include "core/config/writer.h"

namespace cairn::detail {

std::string written_path(const std::filesystem::path& path, const WriteOptions& options) {
  if (options.folder.empty() || path.empty()) {
    return path.generic_string();
  }
  const std::filesystem::path folder = std::filesystem::absolute(options.folder);
  return std::filesystem::absolute(path)
      .lexically_normal()
      .lexically_relative(folder.lexically_normal())
      .generic_string();
}

}  // namespace cairn::detail
