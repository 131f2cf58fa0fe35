#include "app/study_checks.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "core/config/reader.h"
#include "core/error.h"

namespace cairn::app {
namespace {

/// Most choices of one knob that are looked at.
constexpr std::size_t kMostLooks = 64;

/// One section of a study with its knobs bound to \p Section, which stays where it is.
template <class Section>
class BoundSection {
 public:
  BoundSection(const Node& node, const char* path, const std::vector<sim::KnobChoices>& knobs)
      : node_(node) {
    for (const sim::KnobChoices& knob : knobs) {
      binder_.declare(knob.name, knob.at, knob.choices);
    }
    Diagnostics reported;  // the section was read before
    if (!node.is_null()) {
      read(node, value_, reported, {.knobs = &binder_, .path = path});
    }
  }
  [[nodiscard]] const Section& value() const { return value_; }

  /// Calls \p look with the first choices, then with each other choice of each knob alone.
  void for_each_choice(const std::function<void()>& look) {
    look();
    for (std::size_t k = 0; k < binder_.knobs().size(); ++k) {
      const KnobBinder::Knob& knob = binder_.knobs()[k];
      const std::size_t count = knob.used ? knob.choices.size() : 1;
      const std::size_t step = (count + kMostLooks - 1) / kMostLooks;
      knob_ = k;
      for (choice_ = step; choice_ < count; choice_ += step) {
        binder_.set(k, choice_);
        look();
      }
      if (count > 1) {
        choice_ = count - 1;
        binder_.set(k, choice_);
        look();
        choice_ = 0;
        binder_.set(k, 0);
      }
    }
  }

  /// Where the present value of \p node stands: itself, or the choice of its knob.
  [[nodiscard]] const SourceSpan& place(const Node& node) const {
    if (node.is_scalar() && !node.quoted && node.scalar.starts_with('$')) {
      for (std::size_t k = 0; k < binder_.knobs().size(); ++k) {
        const KnobBinder::Knob& knob = binder_.knobs()[k];
        if (knob.name == std::string_view{node.scalar}.substr(1)) {
          return knob.choices[k == knob_ ? choice_ : 0].at;
        }
      }
    }
    return node.at;
  }
  [[nodiscard]] const Node& node() const { return node_; }

 private:
  const Node& node_;
  KnobBinder binder_;
  Section value_{};
  std::size_t knob_{};
  std::size_t choice_{};
};

bool has_knob(const Node& node) {
  const auto below = [](const auto& part) {
    if constexpr (requires { part.value; }) {
      return has_knob(part.value);
    } else {
      return has_knob(part);
    }
  };
  return (node.is_scalar() && !node.quoted && node.scalar.starts_with('$')) ||
         std::any_of(node.entries.begin(), node.entries.end(), below) ||
         std::any_of(node.items.begin(), node.items.end(), below);
}

using Workloads = std::vector<sim::WorkloadSpec>;

using Schemes = std::vector<models::Scheme>;

/// Puts what a scheme cannot do to a model where the study says it.
void report(const BoundSection<Schemes>& section, const models::SchemeRefusal& refusal,
            Diagnostics& diagnostics) {
  const Node& item = section.node().items[refusal.scheme];
  const std::string& name = refusal.problem.field;
  const Node* field = name.empty() ? nullptr : item.find(name);
  const std::string path = fmt::format("compression[{}]", refusal.scheme);
  diagnostics.error(field != nullptr ? section.place(*field) : item.at,
                    name.empty() ? path : path + "." + name, refusal.problem.message,
                    refusal.problem.hint);
}

/// Puts what a model says about its spec where the study says it.
void report(const BoundSection<Workloads>& section, std::size_t index, const Diagnostic& d,
            Diagnostics& diagnostics) {
  if (d.at.line > 0) {
    diagnostics.error(d.at, d.path, d.message, d.hint);  // inside the model's own file
    return;
  }
  const Node& item = section.node().items[index];
  const Node* field = d.path.empty() ? nullptr : item.find(d.path);
  const std::string path = fmt::format("workloads[{}]", index);
  diagnostics.error(field != nullptr ? section.place(*field) : item.at,
                    d.path.empty() ? path : path + "." + d.path, d.message, d.hint);
}

}  // namespace

void check_workloads(const StudyContext& context, Diagnostics& diagnostics) {
  BoundSection<Workloads> workloads(context.study.workloads, "workloads", context.knobs);
  const BoundSection<Schemes> schemes(context.study.compression, "compression", context.knobs);
  std::vector<bool> used(schemes.value().size(), false);
  std::vector<bool> refused(schemes.value().size(), false);
  workloads.for_each_choice([&] {
    for (std::size_t i = 0; i < workloads.value().size(); ++i) {
      try {
        const sim::WorkloadSpec& spec = workloads.value()[i];
        if (std::max(spec.tensor_parallel, spec.pipeline_parallel) > 1 &&
            context.study.system.is_map() && context.study.system.find("interconnect") == nullptr) {
          report(workloads, i,
                 {.at = {},
                  .path = spec.tensor_parallel > 1 ? "tensor_parallel" : "pipeline_parallel",
                  .message = fmt::format("{} devices share the workload, but the system has no "
                                         "`interconnect`",
                                         spec.tensor_parallel * spec.pipeline_parallel),
                  .hint = "describe its links: configs/hardware/a100.yaml has an example"},
                 diagnostics);
          continue;
        }
        const models::Workload built = context.workloads.build(spec);
        const std::vector<std::size_t> idle = models::unmatched(built, schemes.value());
        for (std::size_t s = 0; s < used.size(); ++s) {
          used[s] = used[s] || std::find(idle.begin(), idle.end(), s) == idle.end();
        }
        for (const models::SchemeRefusal& refusal : models::refusals(built, schemes.value())) {
          if (!refused[refusal.scheme]) {
            report(schemes, refusal, diagnostics);
            refused[refusal.scheme] = true;
          }
        }
      } catch (const ConfigError& e) {
        for (const Diagnostic& d : e.diagnostics()) {
          report(workloads, i, d, diagnostics);
        }
      } catch (const IoError& e) {
        report(workloads, i, {.at = {}, .path = "model", .message = e.what(), .hint = {}},
               diagnostics);
      }
    }
  });
  if (!diagnostics.ok()) {
    return;
  }
  for (std::size_t s = 0; s < used.size(); ++s) {
    const Node& item = schemes.node().items[s];
    if (used[s] || has_knob(item)) {
      continue;
    }
    const Node* selector = item.find("apply_to");
    diagnostics.error(selector != nullptr ? selector->at : item.at,
                      fmt::format("compression[{}]{}", s, selector != nullptr ? ".apply_to" : ""),
                      "no operator of any workload is changed by this scheme",
                      "operators and their kinds: cairn model MODEL --on HARDWARE --json");
  }
}

void check_technologies(const StudyContext& context, Diagnostics& diagnostics) {
  BoundSection<hw::SystemSpec> system(context.study.system, "system", context.knobs);
  const Node* node = context.study.system.find("technology");
  std::set<std::filesystem::path> seen;
  system.for_each_choice([&] {
    const std::filesystem::path& file = system.value().technology;
    if (!seen.insert(file).second) {
      return;
    }
    try {
      static_cast<void>(context.technologies.load(file));
    } catch (const ConfigError& e) {
      for (const Diagnostic& d : e.diagnostics()) {
        diagnostics.error(d.at, d.path, d.message, d.hint);
      }
    } catch (const IoError& e) {
      diagnostics.error(system.place(node != nullptr ? *node : system.node()), "system.technology",
                        e.what());
    }
  });
}

std::vector<hw::SystemSpec> systems_of(const Node& system,
                                       const std::vector<sim::KnobChoices>& knobs) {
  BoundSection<hw::SystemSpec> section(system, "system", knobs);
  std::vector<hw::SystemSpec> systems;
  std::set<std::string> seen;
  section.for_each_choice([&] {
    std::string key = section.value().name;
    for (const auto& [name, device] : section.value().devices) {
      key += "\n" + std::to_string(device.index());
    }
    if (seen.insert(key).second) {
      systems.push_back(section.value());
    }
  });
  return systems;
}

}  // namespace cairn::app
