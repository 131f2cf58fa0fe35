#include "app/hardware_file.h"

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"

namespace cairn::app {

LoadedSystem load_system(const std::string& path, const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  Node root = load_yaml(path, diagnostics);
  diagnostics.throw_if_any();
  int index = 0;
  for (const std::string& text : overrides) {
    apply_override(root, text, ++index, diagnostics);
  }
  LoadedSystem loaded;
  read(root, loaded.spec, diagnostics);
  diagnostics.throw_if_any();
  loaded.technology = hw::load_technology(loaded.spec.technology, diagnostics);
  diagnostics.throw_if_any();
  if (const auto problem = hw::Machine::problem(loaded.spec, loaded.technology)) {
    diagnostics.error(root.at, problem->limit, problem->what);
    diagnostics.throw_if_any();
  }
  loaded.machine = std::make_unique<hw::Machine>(loaded.spec, loaded.technology);
  return loaded;
}

models::Formats default_formats(const hw::Machine& machine) {
  const models::Precision format =
      std::visit([](const auto& device) { return device.default_format(); }, machine.primary());
  return {format, format, format};
}

}  // namespace cairn::app
