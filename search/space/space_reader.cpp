#include "search/space/space_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/config/reader.h"
#include "core/text/did_you_mean.h"
#include "search/space/range.h"

namespace cairn::search {

namespace {

struct KnobSpec {
  std::optional<Node> choices;
  std::optional<Node> range;
  std::optional<Scale> scale;
  std::optional<Node> step;
  std::optional<std::int64_t> steps;
  std::optional<NamedList<Node>> when;
  std::optional<std::string> note;

  template <class Archive>
  void fields(Archive& a) {
    a("choices", choices, "the values to choose from, any YAML");
    a("range", range, "first and last value, [from, to]");
    a("scale", scale, "how the values of a range follow each other");
    a("step", step, "difference between neighbours of a linear range");
    a("steps", steps, "how many values a range has, both ends included");
    a("when", when, "the choices of other knobs for which this one matters");
    a("note", note, "free text");
  }
};

bool plain_name(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), plain);
}

class SpaceReader {
 public:
  explicit SpaceReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::optional<DesignSpace> read(const Node& space) {
    const std::size_t errors = diagnostics_.error_count();
    if (!space.is_map() && !space.is_null()) {
      diagnostics_.error(space.at, "space",
                         "expected a map of knobs, found " + describe_found(space));
      return std::nullopt;
    }
    for (const NodeEntry& entry : space.entries) {
      if (entry.key != "require") {
        read_knob(entry);
      }
    }
    for (std::size_t i = 0; i < knobs_.size(); ++i) {
      read_conditions(i);
    }
    std::vector<Requirement> requirements;
    if (diagnostics_.error_count() == errors) {  // else its knobs may be half read
      requirements = read_requirements(space.find("require"));
    }
    if (diagnostics_.error_count() != errors) {
      return std::nullopt;
    }
    return DesignSpace::build(std::move(knobs_), std::move(requirements), diagnostics_);
  }

 private:
  void error(const SourceSpan& at, const std::string& knob, std::string message,
             std::string hint = {}) {
    diagnostics_.error(at, "space." + knob, std::move(message), std::move(hint));
  }

  void read_knob(const NodeEntry& entry) {
    Knob& knob = knobs_.emplace_back();
    KnobSpec& spec = specs_.emplace_back();
    knob.name = entry.key;
    knob.at = entry.at;
    const std::string path = "space." + entry.key;
    if (!plain_name(entry.key)) {
      error(entry.at, entry.key,
            "a knob's name has letters, digits and _, and starts with no digit");
    }
    const std::size_t errors = diagnostics_.error_count();
    cairn::read(entry.value, spec, diagnostics_, {nullptr, path});
    if (diagnostics_.error_count() != errors) {
      return;
    }
    if (spec.choices.has_value() == spec.range.has_value()) {
      error(entry.value.at, entry.key,
            spec.choices ? "choices and range exclude each other" : "choices or range is missing");
      return;
    }
    if (spec.choices) {
      take_choices(spec, entry.value, knob);
    } else {
      const Node* steps = entry.value.find("steps");
      knob.choices = expand_range({*spec.range, spec.scale.value_or(Scale::linear), spec.step,
                                   spec.steps, steps != nullptr ? steps->at : entry.value.at},
                                  path, diagnostics_);
    }
    describe_choices(knob);
    if (spec.choices) {
      refuse_repetitions(knob);
    }
  }

  void take_choices(const KnobSpec& spec, const Node& value, Knob& knob) {
    for (const char* key : {"scale", "step", "steps"}) {
      if (const Node* node = value.find(key)) {
        error(node->at, knob.name, fmt::format("{} belongs to a range, not to choices", key));
      }
    }
    if (!spec.choices->is_sequence()) {
      error(spec.choices->at, knob.name,
            "expected a list of choices, found " + describe_found(*spec.choices));
    } else if (spec.choices->items.empty()) {
      error(spec.choices->at, knob.name, "a knob needs at least one choice");
    } else if (spec.choices->items.size() > static_cast<std::size_t>(kMostChoices)) {
      error(spec.choices->at, knob.name,
            fmt::format("{} choices are too many", spec.choices->items.size()),
            fmt::format("at most {}", kMostChoices));
    } else {
      knob.choices = spec.choices->items;
    }
  }

  void refuse_repetitions(const Knob& knob) {
    std::set<std::string> texts;
    std::map<double, std::size_t> values;
    for (std::size_t i = 0; i < knob.size(); ++i) {
      if (!texts.insert(knob.texts[i]).second) {
        error(knob.choices[i].at, knob.name,
              fmt::format("choice '{}' stands twice", knob.texts[i]));
      } else if (knob.is_number()) {
        const auto [other, fresh] = values.emplace(knob.magnitudes[i].value, i);
        if (!fresh) {
          error(knob.choices[i].at, knob.name,
                fmt::format("choices '{}' and '{}' are the same", knob.texts[other->second],
                            knob.texts[i]));
        }
      }
    }
  }

  void read_conditions(std::size_t index) {
    if (!specs_[index].when) {
      return;
    }
    const std::string name = knobs_[index].name;
    const std::string path = name + ".when.";
    for (const auto& entry : *specs_[index].when) {
      const std::string& other_name = entry.first;
      const Node& wanted = entry.second;
      const auto other = std::find_if(knobs_.begin(), knobs_.end(),
                                      [&](const Knob& k) { return k.name == other_name; });
      if (other == knobs_.end()) {
        std::vector<std::string> names;
        for (const Knob& knob : knobs_) {
          if (knob.name != name) {
            names.push_back(knob.name);
          }
        }
        error(wanted.at, name + ".when", "unknown knob '" + other_name + "'",
              suggest(other_name, names));
        continue;
      }
      if (other->choices.empty()) {
        continue;  // its own error is reported
      }
      Condition condition{static_cast<std::size_t>(other - knobs_.begin()), {}};
      if (wanted.is_sequence()) {
        for (const Node& value : wanted.items) {
          add_choice(name, *other, value, condition);
        }
        if (wanted.items.empty()) {
          error(wanted.at, path + other_name, "an empty list: the knob never matters");
        }
      } else {
        add_choice(name, *other, wanted, condition);
      }
      std::sort(condition.choices.begin(), condition.choices.end());
      knobs_[index].when.push_back(std::move(condition));
    }
  }

  void add_choice(const std::string& name, const Knob& other, const Node& value,
                  Condition& condition) {
    const std::string text = one_line(value);
    auto found = std::find(other.texts.begin(), other.texts.end(), text);
    if (found == other.texts.end() && other.is_number() && value.is_scalar()) {
      if (const auto number = parse_magnitude(value.scalar)) {
        const auto same = std::find_if(
            other.magnitudes.begin(), other.magnitudes.end(),
            [&](const Magnitude& m) { return m.dim == number->dim && m.value == number->value; });
        found = other.texts.begin() + (same - other.magnitudes.begin());
      }
    }
    if (found == other.texts.end()) {
      error(value.at, name + ".when." + other.name,
            fmt::format("'{}' is no choice of '{}'", text, other.name), suggest(text, other.texts));
      return;
    }
    const auto choice = static_cast<std::uint32_t>(found - other.texts.begin());
    if (std::find(condition.choices.begin(), condition.choices.end(), choice) !=
        condition.choices.end()) {
      error(value.at, name + ".when." + other.name, fmt::format("'{}' stands twice", text));
      return;
    }
    condition.choices.push_back(choice);
  }

  std::vector<Requirement> read_requirements(const Node* list) {
    std::vector<Requirement> requirements;
    if (list == nullptr || list->is_null()) {
      return requirements;
    }
    if (!list->is_sequence()) {
      diagnostics_.error(list->at, "space.require",
                         "expected a list of comparisons, found " + describe_found(*list),
                         "for example: [rows * cols <= 4096]");
      return requirements;
    }
    for (const Node& text : list->items) {
      if (auto requirement = Requirement::parse(text, knobs_, diagnostics_)) {
        requirements.push_back(std::move(*requirement));
      }
    }
    return requirements;
  }

  Diagnostics& diagnostics_;
  std::vector<Knob> knobs_;
  std::vector<KnobSpec> specs_;
};

}  // namespace

std::optional<DesignSpace> read_space(const Node& space, Diagnostics& diagnostics) {
  return SpaceReader{diagnostics}.read(space);
}

std::vector<FieldDoc> describe_knob() {
  return describe<KnobSpec>();
}

void declare_knobs(const DesignSpace& space, KnobBinder& binder) {
  for (const Knob& knob : space.knobs()) {
    binder.declare(knob.name, knob.at, knob.choices);
  }
}

}  // namespace cairn::search
