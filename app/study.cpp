#include "app/study.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/paths.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/text/did_you_mean.h"
#include "search/algorithms/builtin_algorithms.h"
#include "search/space/space_reader.h"

namespace cairn::app {
namespace {

std::vector<sim::KnobChoices> knobs_of(const search::DesignSpace& space) {
  std::vector<sim::KnobChoices> knobs;
  for (const search::Knob& knob : space.knobs()) {
    knobs.push_back({knob.name, knob.at, knob.choices});
  }
  return knobs;
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

}  // namespace

Study::Study(const std::string& path, const std::vector<std::string>& overrides)
    : algorithms_(search::builtin_algorithms()), builder_(configs_directory() / "models") {
  Diagnostics diagnostics;
  root_ = load_yaml(path, diagnostics);
  int index = 0;
  for (const std::string& text : overrides) {
    apply_override(root_, text, ++index, diagnostics);
  }
  diagnostics.throw_if_any();
  read(root_, spec_, diagnostics);
  read_space(diagnostics);
  if (space_) {
    const std::unique_ptr<sim::PointModel> first = model(diagnostics);
    read_metrics(first->workload_labels(), diagnostics);
    for (const std::string& knob : first->unused_knobs()) {
      diagnostics.error(space_->knobs()[*space_->find(knob)].at, "space." + knob,
                        "nothing reads this knob",
                        fmt::format("write ${} where its value belongs, or remove it", knob));
    }
    diagnostics.throw_if_any();
    check_quality(*first, diagnostics);
    static_cast<void>(search::make_algorithm(
        algorithms_, spec_.search,
        {.space = &*space_, .objectives = objectives_, .seed = spec_.seed}, diagnostics));
  }
  diagnostics.throw_if_any();
  resolved_ = write_yaml(root_);
  Hasher hasher;
  hasher.add(std::string_view{resolved_});
  hasher.add(hw::SystolicArray::kModelVersion);
  hash_ = hasher.value();
}

void Study::read_space(Diagnostics& diagnostics) {
  if (spec_.search.kind == Node::Kind::null) {
    spec_.search = parse_yaml("{algorithm: exhaustive}", "<default>", diagnostics);
  }
  space_ = search::read_space(spec_.space, diagnostics);
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
        objectives_.push_back({names[i], *place, direction});
      }
    }
  };
  add_objectives("minimize", spec_.objectives.minimize, search::Direction::minimize);
  add_objectives("maximize", spec_.objectives.maximize, search::Direction::maximize);
  if (objectives != nullptr && spec_.objectives.minimize.empty() &&
      spec_.objectives.maximize.empty()) {
    diagnostics.error(objectives->at, "objectives", "there is nothing to minimise or maximise",
                      "for example: minimize: [latency, energy]");
  }
  const Node* constraints = root_.find("constraints");
  for (const auto& [name, bound] : spec_.constraints) {
    const Node* at = constraints != nullptr ? constraints->find(name) : nullptr;
    const std::string where = "constraints." + name;
    const auto place = column(at != nullptr ? *at : root_, name, where, workloads, diagnostics);
    if (!place) {
      continue;
    }
    if (!bound.at_most && !bound.at_least) {
      diagnostics.error(at->at, where, "neither at_most nor at_least is given");
    }
    const std::string_view unit = columns_[*place].unit();
    const auto add = [&](const Node& value, search::Bound which, const char* key) {
      const std::optional<search::Magnitude> m = search::parse_magnitude(value.scalar);
      if (!m || !(m->dim == dimension_of(unit))) {
        diagnostics.error(value.at, where + "." + key,
                          fmt::format("'{}' is not a value of {}", value.scalar, name),
                          fmt::format("for example {}", example_of(unit)));
        return;
      }
      constraints_.push_back(
          {name, *place, which, in_stored_unit(*m, unit), std::string{unit}});
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
    static_cast<void>(column(more != nullptr && i < more->items.size() ? more->items[i] : root_,
                             spec_.report.metrics[i], fmt::format("report.metrics[{}]", i),
                             workloads, diagnostics));
  }
  for (const char* name : {"latency", "energy", "area"}) {  // a reader expects these in any table
    static_cast<void>(column(root_, name, "report.metrics", workloads, diagnostics));
  }
}

void Study::check_quality(const sim::PointModel& model, Diagnostics& diagnostics) const {
  const bool wanted =
      std::any_of(columns_.begin(), columns_.end(), [](const sim::MetricColumn& c) {
        return c.metric == sim::Metric::quality_loss;
      });
  const Node* quality = root_.find("quality");
  if (wanted && model.scenario().quality.source == sim::QualitySource::none) {
    diagnostics.error(quality != nullptr ? quality->at : root_.at, "quality",
                      "quality_loss is asked for, but no quality source is given",
                      "give quality: {source: proxy}, or a published table");
  }
}

std::unique_ptr<sim::PointModel> Study::model(Diagnostics& diagnostics) const {
  auto made = std::make_unique<sim::PointModel>(
      sim::ScenarioNodes{spec_.workloads, spec_.compression, spec_.system, spec_.fusion,
                         spec_.mapping, spec_.quality},
      knobs_of(*space_), builder_, technologies_, diagnostics);
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
