#include "app/study.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/cycle_level.h"
#include "app/order_planner.h"
#include "app/paths.h"
#include "app/study_checks.h"
#include "app/study_paths.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/text/did_you_mean.h"
#include "core/text/quantity_text.h"
#include "search/algorithms/builtin_algorithms.h"
#include "search/space/space_reader.h"

namespace cairn::app {
namespace {

/// Whether the area of every machine can be told: one that nobody states must not look like zero.
bool knows_every_area(const std::vector<hw::SystemSpec>& systems,
                      const sim::TechnologyLibrary& technologies) {
  return std::all_of(systems.begin(), systems.end(), [&](const hw::SystemSpec& system) {
    try {
      const hw::Technology technology = technologies.load(system.technology);
      return hw::Machine::problem(system, technology).has_value() ||
             !hw::Machine(system, technology).area_problem();
    } catch (const IoError&) {
      return false;  // reported where technologies are checked
    } catch (const ConfigError&) {
      return false;
    }
  });
}

/// Units as they are typed, by the unit in which a metric is stored.
double in_stored_unit(const search::Magnitude& magnitude, std::string_view unit) {
  constexpr double kBitsPerByte = 8;
  if (unit == "B") {
    return magnitude.value / kBitsPerByte;
  }
  if (unit == "mm2") {
    return magnitude.value * hw::kSquareMillimetresPerSquareMetre;
  }
  return magnitude.value;
}

Dim dimension_of(std::string_view unit) {
  if (unit == "s") {
    return {.time = 1};
  }
  if (unit == "J") {
    return {.energy = 1};
  }
  if (unit == "W") {
    return {.time = -1, .energy = 1};
  }
  if (unit == "mm2") {
    return {.length = 2};
  }
  if (unit == "B") {
    return {.data = 1};
  }
  return {};
}

std::string value_of(std::string_view unit) {
  const Dim dim = dimension_of(unit);
  return dim == Dim{} ? std::string{"a number without a unit"}
                      : fmt::format("a number with a unit ({})", unit_names(dim));
}

std::string example_of(std::string_view unit) {
  if (unit == "s") {
    return "10 ms";
  }
  if (unit == "J") {
    return "5 mJ";
  }
  if (unit == "W") {
    return "2 W";
  }
  if (unit == "mm2") {
    return "1 mm2";
  }
  return unit == "B" ? "8 GiB" : "0.5";
}

/// Why `workload.metric` is none though the metric exists.
std::string workload_hint(const std::string& workload, const std::string& metric,
                          const std::vector<std::string>& workloads) {
  if (std::find(workloads.begin(), workloads.end(), workload) != workloads.end()) {
    return fmt::format("{} is one figure of the whole design: write '{}'", metric, metric);
  }
  const std::optional<std::string> near = nearest(workload, workloads);
  return near ? fmt::format("did you mean '{}.{}'?", *near, metric)
              : fmt::format("workloads are: {}", fmt::join(workloads, ", "));
}

/// The first value in a tree that is this text, or the tree itself.
const Node& first_place(const Node& tree, std::string_view text) {
  for (const Node& item : tree.items) {
    if (const Node& found = first_place(item, text); found.scalar == text) {
      return found;
    }
  }
  for (const NodeEntry& entry : tree.entries) {
    if (const Node& found = first_place(entry.value, text); found.scalar == text) {
      return found;
    }
  }
  return tree;
}

/// The list has been given, and holds nothing.
bool is_empty_list(const Node* list) {
  return list == nullptr || list->is_null() || (list->is_sequence() && list->items.empty());
}

}  // namespace

namespace {

Node load_study(const std::string& path, const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  Node root = load_yaml(path, diagnostics);
  int index = 0;
  for (const std::string& text : overrides) {
    apply_override(root, text, ++index, diagnostics);
  }
  diagnostics.throw_if_any();
  make_paths_absolute(root);
  return root;
}

Node parse_resolved(const std::string& text) {
  Diagnostics diagnostics;
  Node root = parse_yaml(text, "study.yaml", diagnostics);
  diagnostics.throw_if_any();
  return root;
}

}  // namespace

Study::Study(const std::string& path, const std::vector<std::string>& overrides)
    : Study(load_study(path, overrides)) {}

Study Study::from_resolved(const std::string& text) {
  return Study(parse_resolved(text));
}

Study::Study(Node root)
    : root_(std::move(root)),
      algorithms_(search::builtin_algorithms()),
      builder_(configs_directory() / "models") {
  Diagnostics diagnostics;
  read(root_, spec_, diagnostics);
  read_space(diagnostics);
  if (spec_.refine && spec_.refine->with == Fidelity::analytical) {
    const Node& with = *root_.find("refine")->find("with");
    diagnostics.error(with.at, "refine.with", "points of a search are analytical already",
                      "with: cycle");
  } else if (spec_.refine && spec_.fidelity == Fidelity::cycle) {
    diagnostics.error(root_.find("refine")->at, "refine",
                      "the search is at cycle level already: nothing is left to refine",
                      "fidelity: analytical, or no refine");
  }
  const std::unique_ptr<sim::PointModel> first = model(diagnostics);
  read_metrics(first->workload_labels(), diagnostics);
  check_knobs(*first, diagnostics);
  check_quality(*first, diagnostics);
  if (space_ && !objectives_.empty()) {
    static_cast<void>(search::make_algorithm(
        algorithms_, spec_.search,
        {.space = &*space_, .objectives = objectives_, .seed = spec_.seed}, diagnostics));
  }
  if (diagnostics.ok()) {
    const std::vector<sim::KnobChoices> all = knobs();
    const StudyContext context{spec_, all, builder_, technologies_};
    check_workloads(context, diagnostics);
    check_technologies(context, diagnostics);
  }
  if (diagnostics.ok()) {
    check_priced(*first, diagnostics);
  }
  if (diagnostics.ok() && uses_cycle_level()) {
    check_cycle_level(diagnostics);
  }
  diagnostics.throw_if_any();
  resolved_ = write_yaml(root_);
  Hasher hasher;
  hasher.add(write_yaml(with_portable_paths(root_, configs_directory())));
  for (const auto& [kind, version] : hw::model_versions()) {
    hasher.add(kind);
    hasher.add(version);
  }
  hash_ = hasher.value();
}

void Study::read_space(Diagnostics& diagnostics) {
  if (spec_.search.kind == Node::Kind::null) {
    // What it lacks is said where the space stands.
    const SourceSpan& at = spec_.space.is_null() ? root_.at : spec_.space.at;
    spec_.search = Node::make_map();
    spec_.search.add("algorithm", Node::make_scalar("exhaustive")).at = at;
    spec_.search.at = at;
  }
  space_ = search::read_space(spec_.space, diagnostics);
}

std::vector<hw::SystemSpec> Study::systems() const {
  return systems_of(spec_.system, knobs());
}

std::vector<sim::KnobChoices> Study::knobs() const {
  std::vector<sim::KnobChoices> knobs;
  if (space_) {
    for (const search::Knob& knob : space_->knobs()) {
      knobs.push_back({knob.name, knob.at, knob.choices});
    }
    return knobs;
  }
  // The space has a mistake, which is reported; so that mistakes elsewhere are found too, its knobs
  // stand in with a choice that fits everywhere.
  Node any;
  any.incomplete = true;
  for (const NodeEntry& entry : spec_.space.entries) {
    if (entry.key != "require") {
      knobs.push_back({entry.key, entry.at, {any}});
    }
  }
  return knobs;
}

void Study::check_knobs(const sim::PointModel& model, Diagnostics& diagnostics) const {
  for (const std::string& knob : model.unused_knobs()) {
    const auto entry = std::find_if(spec_.space.entries.begin(), spec_.space.entries.end(),
                                    [&](const NodeEntry& e) { return e.key == knob; });
    diagnostics.error(entry->at, "space." + knob, "nothing reads this knob",
                      fmt::format("write ${} where its value belongs, or remove it", knob));
  }
}

std::optional<std::size_t> Study::column(const Node& at, const std::string& name,
                                         const std::string& path,
                                         const std::vector<std::string>& workloads,
                                         Diagnostics& diagnostics) {
  const auto known = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const sim::MetricColumn& c) { return c.name == name; });
  if (known != columns_.end()) {
    return static_cast<std::size_t>(known - columns_.begin());
  }
  const std::optional<sim::MetricColumn> found = sim::find_metric(name, workloads);
  if (!found) {
    const std::vector<std::string> names = sim::metric_names(workloads);
    const std::optional<std::string> near = nearest(name, names);
    const std::string plain = name.substr(name.find('.') + 1);
    if (plain != name && sim::find_metric(plain, {})) {
      diagnostics.error(at.at, path, fmt::format("no metric is called '{}'", name),
                        workload_hint(name.substr(0, name.find('.')), plain, workloads));
      return std::nullopt;
    }
    diagnostics.error(at.at, path, fmt::format("no metric is called '{}'", name),
                      near ? fmt::format("did you mean '{}'?", *near)
                           : fmt::format("one of: {}", fmt::join(names, ", ")));
    return std::nullopt;
  }
  columns_.push_back(*found);
  return columns_.size() - 1;
}

void Study::read_metrics(const std::vector<std::string>& workloads, Diagnostics& diagnostics) {
  const Node* objectives = root_.find("objectives");
  const auto add_objectives = [&](const char* key, const std::vector<std::string>& names,
                                  search::Direction direction) {
    const Node* list = objectives != nullptr ? objectives->find(key) : nullptr;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Node& at = list != nullptr && i < list->items.size() ? list->items[i] : root_;
      const std::string where = fmt::format("objectives.{}[{}]", key, i);
      if (std::any_of(objectives_.begin(), objectives_.end(),
                      [&](const search::Objective& o) { return o.metric == names[i]; })) {
        diagnostics.error(at.at, where, fmt::format("'{}' is an objective already", names[i]));
        continue;
      }
      if (const auto place = column(at, names[i], where, workloads, diagnostics)) {
        check_measured(*place, at, where, diagnostics);
        objectives_.push_back({names[i], *place, direction});
      }
    }
  };
  add_objectives("minimize", spec_.objectives.minimize, search::Direction::minimize);
  add_objectives("maximize", spec_.objectives.maximize, search::Direction::maximize);
  if (objectives != nullptr && objectives->is_map() &&
      is_empty_list(objectives->find("minimize")) && is_empty_list(objectives->find("maximize"))) {
    diagnostics.error(objectives->at, "objectives", "there is nothing to minimise or maximise",
                      "for example: minimize: [latency, energy]");
  }
  const Node* constraints = root_.find("constraints");
  for (const auto& item : spec_.constraints) {
    const std::string& name = item.first;  // no structured binding: clang 14 cannot capture one
    const ConstraintSpec& bound = item.second;
    const Node* at = constraints != nullptr ? constraints->find(name) : nullptr;
    const std::string where = "constraints." + name;
    const auto place = column(at != nullptr ? *at : root_, name, where, workloads, diagnostics);
    if (!place) {
      continue;
    }
    check_measured(*place, at != nullptr ? *at : root_, where, diagnostics);
    const std::string_view unit = columns_[*place].unit();
    if (!bound.at_most && !bound.at_least && at->is_map() && at->entries.empty()) {
      diagnostics.error(at->at, where, "neither at_most nor at_least is given",
                        fmt::format("for example at_most: {}", example_of(unit)));
    }
    const auto add = [&](const Node& value, search::Bound which, const char* key) {
      const std::optional<search::Magnitude> m = search::parse_magnitude(value.scalar);
      if (!m || !(m->dim == dimension_of(unit))) {
        diagnostics.error(
            value.at, where + "." + key,
            fmt::format("expected {}, found {}", value_of(unit), describe_found(value)),
            fmt::format("for example {}", example_of(unit)));
        return;
      }
      constraints_.push_back(
          {name, *place, which, in_stored_unit(*m, unit), unit == "1" ? "" : std::string{unit}});
    };
    if (bound.at_most) {
      add(*bound.at_most, search::Bound::at_most, "at_most");
    }
    if (bound.at_least) {
      add(*bound.at_least, search::Bound::at_least, "at_least");
    }
  }
  const Node* report = root_.find("report");
  const Node* more = report != nullptr ? report->find("metrics") : nullptr;
  for (std::size_t i = 0; i < spec_.report.metrics.size(); ++i) {
    const Node& at = more != nullptr && i < more->items.size() ? more->items[i] : root_;
    const std::string where = fmt::format("report.metrics[{}]", i);
    const auto place = column(at, spec_.report.metrics[i], where, workloads, diagnostics);
    if (place && !uses_cycle_level() && columns_[*place].metric == sim::Metric::disagreement) {
      diagnostics.error(at.at, where, "no point of this study is evaluated at cycle level",
                        "fidelity: cycle, or refine: {top: 20, with: cycle}");
    }
  }
  std::vector<std::string> usual{"latency", "energy"};
  if (diagnostics.ok() && knows_every_area(systems(), technologies_)) {
    usual.emplace_back("area");
  }
  if (uses_cycle_level()) {
    const std::string measured{sim::info(sim::Metric::disagreement).name};
    usual.push_back(measured);
    for (std::size_t w = 0; workloads.size() > 1 && w < workloads.size(); ++w) {
      usual.push_back(workloads[w] + '.' + measured);
    }
  }
  for (const std::string& name : usual) {  // a reader expects these in any table
    static_cast<void>(column(root_, name, "report.metrics", workloads, diagnostics));
  }
}

void Study::check_quality(const sim::PointModel& model, Diagnostics& diagnostics) const {
  const bool wanted = std::any_of(columns_.begin(), columns_.end(), [](const sim::MetricColumn& c) {
    return c.metric == sim::Metric::quality_loss;
  });
  const Node* quality = root_.find("quality");
  const Node* source = quality != nullptr ? quality->find("source") : nullptr;
  const bool none = quality == nullptr || (source != nullptr && source->scalar == "none");
  if (wanted && none && model.scenario().quality.source == sim::QualitySource::none) {
    diagnostics.error(source != nullptr ? source->at : first_place(root_, "quality_loss").at,
                      "quality", "quality_loss is asked for, but no quality source is given",
                      "give quality: {source: proxy}, or a published table");
  }
}

void Study::check_measured(std::size_t column, const Node& at, const std::string& path,
                           Diagnostics& diagnostics) const {
  if (columns_[column].metric == sim::Metric::disagreement) {
    diagnostics.error(at.at, path, "how far two models are apart is no property of a design",
                      "name it in report.metrics");
  }
}

void Study::check_cycle_level(Diagnostics& diagnostics) const {
  const Node* at = root_.find(spec_.refine ? "refine" : "fidelity");
  const char* path = spec_.refine ? "refine" : "fidelity";
  for (const hw::SystemSpec& system : systems()) {
    const hw::Technology technology = technologies_.load(system.technology);
    if (hw::Machine::problem(system, technology)) {
      continue;  // an infeasible point, said when it is evaluated
    }
    if (const auto missing = cycle_problem(system, hw::Machine(system, technology))) {
      diagnostics.error(at->at, path,
                        fmt::format("{} has no model at cycle level: {}", system.name, *missing),
                        "fidelity: analytical, without refine, knows every family");
    }
  }
}

void Study::check_priced(sim::PointModel& model, Diagnostics& diagnostics) const {
  std::vector<std::uint32_t> choices(space_->knobs().size(), 0);
  // Choices that are impossible together are infeasible points, and have no quality to compare.
  const auto unpriced = [&]() -> std::optional<std::vector<std::string>> {
    try {
      return model.unpriced(choices);
    } catch (const ConfigError&) {
      return std::nullopt;
    }
  };
  const std::optional<std::vector<std::string>> base = unpriced();
  if (!base) {
    return;
  }
  const std::vector<std::string>& ignored = model.scenario().quality.ignore;
  for (std::size_t k = 0; k < choices.size(); ++k) {
    const search::Knob& knob = space_->knobs()[k];
    if (std::find(ignored.begin(), ignored.end(), knob.name) != ignored.end()) {
      continue;
    }
    for (choices[k] = 1; choices[k] < knob.size(); ++choices[k]) {
      const std::vector<std::string> now = unpriced().value_or(*base);
      const auto differs = std::find_if(now.begin(), now.end(), [&](const std::string& text) {
        return std::find(base->begin(), base->end(), text) == base->end();
      });
      if (differs != now.end()) {
        diagnostics.error(knob.at, "space." + knob.name,
                          fmt::format("the quality source does not price what this knob changes "
                                      "({})",
                                      *differs),
                          fmt::format("fix it, or leave it out knowingly with quality: {{ignore: "
                                      "[{}]}}",
                                      knob.name));
        break;
      }
    }
    choices[k] = 0;
  }
}

std::unique_ptr<sim::PointModel> Study::model(Diagnostics& diagnostics) const {
  auto made = std::make_unique<sim::PointModel>(
      sim::ScenarioNodes{spec_.workloads, spec_.compression, spec_.system, spec_.fusion,
                         spec_.mapping, spec_.quality},
      knobs(), builder_, technologies_, diagnostics);
  made->use_order_planner(make_order_planner);
  made->select(columns_);
  return made;
}

std::unique_ptr<sim::PointModel> Study::make_model() const {
  Diagnostics diagnostics;
  std::unique_ptr<sim::PointModel> made = model(diagnostics);
  diagnostics.throw_if_any();
  return made;
}

search::Algorithm Study::make_algorithm() const {
  Diagnostics diagnostics;
  std::optional<search::Algorithm> made = search::make_algorithm(
      algorithms_, spec_.search, {.space = &*space_, .objectives = objectives_, .seed = spec_.seed},
      diagnostics);
  diagnostics.throw_if_any();
  return std::move(*made);
}

}  // namespace cairn::app
