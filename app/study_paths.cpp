#include "app/study_paths.h"

#include <functional>
#include <string>
#include <string_view>

namespace cairn::app {
namespace {

namespace fs = std::filesystem;

/// What to do with the text of one file name; \p model says that a stem is allowed.
using Visit = std::function<void(Node& name, bool model)>;

/// The list of choices of the knob that \p value names, or null.
Node* choices_of(Node& study, const Node& value) {
  if (!value.is_scalar() || value.quoted || !value.scalar.starts_with('$')) {
    return nullptr;
  }
  Node* space = study.find("space");
  Node* knob = space != nullptr ? space->find(std::string_view{value.scalar}.substr(1)) : nullptr;
  return knob != nullptr ? knob->find("choices") : nullptr;
}

/// A name itself, or every choice of the knob that it is.
void visit_name(Node& study, Node* name, bool model, const Visit& visit) {
  if (name == nullptr || !name->is_scalar()) {
    return;
  }
  if (name->quoted || !name->scalar.starts_with('$')) {
    visit(*name, model);
    return;
  }
  Node* choices = choices_of(study, *name);
  if (choices == nullptr) {
    return;
  }
  for (Node& choice : choices->items) {
    if (choice.is_scalar()) {
      visit(choice, model);
    }
  }
}

/// A value itself, or every choice of the knob that it is.
void visit_choices(Node& study, Node& value, const std::function<void(Node&)>& visit) {
  if (Node* choices = choices_of(study, value)) {
    for (Node& choice : choices->items) {
      visit(choice);
    }
  } else {
    visit(value);
  }
}

void visit_system(Node& study, Node& system, const Visit& visit) {
  visit_name(study, system.find("technology"), false, visit);
  Node* memories = system.find("memories");
  if (memories == nullptr) {
    return;
  }
  for (NodeEntry& memory : memories->entries) {
    visit_choices(study, memory.value, [&](Node& chosen) {
      if (Node* part = chosen.find("part")) {
        visit_choices(study, *part, [&](Node& chosen_part) {
          visit_name(study, chosen_part.find("run_shares"), false, visit);
        });
      }
    });
  }
}

void visit_names(Node& study, const Visit& visit) {
  if (Node* system = study.find("system")) {
    visit_choices(study, *system,  // `system: $machine`
                  [&](Node& chosen) { visit_system(study, chosen, visit); });
  }
  if (Node* quality = study.find("quality")) {
    visit_name(study, quality->find("table"), false, visit);
  }
  if (Node* workloads = study.find("workloads")) {
    for (Node& workload : workloads->items) {
      visit_name(study, workload.find("model"), true, visit);
    }
  }
}

}  // namespace

void make_paths_absolute(Node& study) {
  visit_names(study, [](Node& name, bool model) {
    const bool in_file = !name.at.file.empty() && name.at.file.front() != '<';
    const fs::path folder = in_file ? fs::path{name.at.file}.parent_path() : fs::path{};
    const fs::path path = fs::absolute(folder / name.scalar).lexically_normal();
    if (!model || fs::is_regular_file(path)) {
      name.scalar = path.string();
    }
  });
}

Node with_portable_paths(Node study, const fs::path& configs) {
  const std::string folder = fs::absolute(configs).lexically_normal().string() + "/";
  visit_names(study, [&folder](Node& name, bool /*model*/) {
    if (name.scalar.starts_with(folder)) {
      name.scalar = "<configs>/" + name.scalar.substr(folder.size());
    }
  });
  return study;
}

}  // namespace cairn::app
