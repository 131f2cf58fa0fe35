#include "sim/technology_library.h"

#include <map>
#include <mutex>

#include "core/diagnostics.h"

namespace cairn::sim {

struct TechnologyLibrary::Cache {
  std::mutex mutex;
  std::map<std::filesystem::path, hw::Technology> loaded;
};

TechnologyLibrary::TechnologyLibrary() : cache_(std::make_shared<Cache>()) {}

hw::Technology TechnologyLibrary::load(const std::filesystem::path& path) const {
  const std::scoped_lock lock(cache_->mutex);
  const auto found = cache_->loaded.find(path);
  if (found != cache_->loaded.end()) {
    return found->second;
  }
  Diagnostics diagnostics;
  hw::Technology technology = hw::load_technology(path, diagnostics);
  diagnostics.throw_if_any();
  return cache_->loaded.emplace(path, std::move(technology)).first->second;
}

}  // namespace cairn::sim
