#include "app/hardware_file.h"

#include <algorithm>
#include <string_view>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"

namespace cairn::app {
namespace {

/// `devices.array: memories.dram: a backing memory needs ...`: the parts that are paths into the
/// file lead to the place; the rest is the message.
void report(const Node& root, const hw::Infeasible& problem, Diagnostics& diagnostics) {
  std::string_view message = problem.what;
  const Node* node = &root;
  std::string path;
  for (std::size_t colon = message.find(": "); colon != std::string_view::npos;
       colon = message.find(": ")) {
    const Node* step = &root;
    for (std::string_view rest = message.substr(0, colon); step != nullptr && !rest.empty();) {
      const std::size_t dot = std::min(rest.find('.'), rest.size());
      step = step->find(rest.substr(0, dot));
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    if (step == nullptr) {
      break;
    }
    node = step;
    path = message.substr(0, colon);
    message.remove_prefix(colon + 2);
  }
  if (const Node* field = node->find(problem.limit)) {
    node = field;
    path += (path.empty() ? "" : ".") + problem.limit;
  }
  diagnostics.error(node->at, path, std::string{message});
}

}  // namespace

LoadedSystem load_system(const std::string& path, const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  Node root = load_yaml(path, diagnostics);
  diagnostics.throw_if_any();
  int index = 0;
  for (const std::string& text : overrides) {
    apply_override(root, text, ++index, diagnostics);
  }
  diagnostics.throw_if_any();
  return load_system(root);
}

LoadedSystem load_system(const Node& root) {
  Diagnostics diagnostics;
  LoadedSystem loaded;
  read(root, loaded.spec, diagnostics);
  diagnostics.throw_if_any();
  try {
    loaded.technology = hw::load_technology(loaded.spec.technology, diagnostics);
  } catch (const IoError& e) {
    diagnostics.error(root.find("technology")->at, "technology", e.what());
  }
  diagnostics.throw_if_any();
  if (const auto problem = hw::Machine::problem(loaded.spec, loaded.technology)) {
    report(root, *problem, diagnostics);
    diagnostics.throw_if_any();
  }
  loaded.machine = std::make_unique<hw::Machine>(loaded.spec, loaded.technology);
  return loaded;
}

models::Formats default_formats(const hw::Machine& machine) {
  const models::Precision format = machine.default_format();
  return {format, format, format};
}

}  // namespace cairn::app
