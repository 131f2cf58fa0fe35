#include "core/config/reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/numbers.h"

namespace cairn::detail {

namespace {

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string{key} : path + "." + std::string{key};
}

struct BoundValue {
  double number = 0.0;
  std::string shown;
};

/// A bound in base units, and as the hint shows it.
BoundValue value_of(const Bound& bound, const std::optional<Dim>& dim) {
  if (!bound.text().empty()) {
    CAIRN_CHECK(dim.has_value(), "a range with a unit on a plain number");
    TextProblem problem;
    const auto value = parse_real_quantity(bound.text(), *dim, problem);
    CAIRN_CHECK(value.has_value(), "a range of fields() cannot be read: " + problem.message);
    return {*value, std::string{bound.text()}};
  }
  const bool with_unit = dim.has_value() && bound.number() != 0.0;
  return {bound.number(), with_unit ? print_real_quantity(bound.number(), *dim)
                                    : fmt::format("{}", bound.number())};
}

}  // namespace

void ReadState::error(const SourceSpan& at, std::string message, std::string hint) {
  diagnostics_->error(at, path_, std::move(message), std::move(hint));
}

void ReadState::error_below(std::string_view key, const SourceSpan& at, std::string message,
                            std::string hint) {
  diagnostics_->error(at, joined(path_, key), std::move(message), std::move(hint));
}

bool ReadState::expected(const Node& node, std::string_view what) {
  if (node.is_null() && node.incomplete) {
    return false;
  }
  error(node.at, fmt::format("expected {}, found {}", what, describe_found(node)));
  return false;
}

const KnobBinder::Knob* ReadState::find_knob(const Node& node) {
  const std::string_view name = std::string_view{node.scalar}.substr(1);
  if (inside_choice_) {
    error(node.at, fmt::format("knob '${}' inside a choice of another knob", shorten(name)));
    return nullptr;
  }
  if (knobs_ == nullptr) {
    error(node.at, fmt::format("knob '${}' in a file without a space of knobs", shorten(name)),
          "only a study has knobs; put quotes around a text that starts with '$'");
    return nullptr;
  }
  const KnobBinder::Knob* knob = knobs_->find(name);
  if (knob == nullptr) {
    std::vector<std::string> names = knobs_->names();
    for (std::string& known : names) {
      known.insert(known.begin(), '$');
    }
    error(node.at, fmt::format("unknown knob '${}'", shorten(name)), suggest(node.scalar, names));
  }
  return knob;
}

ReadState::Step::Step(ReadState& state, std::string_view key)
    : state_(&state), size_(state.path_.size()) {
  if (!state.path_.empty()) {
    state.path_ += '.';
  }
  state.path_ += key;
}

ReadState::Step::Step(ReadState& state, std::size_t index)
    : state_(&state), size_(state.path_.size()) {
  state.path_ += fmt::format("[{}]", index);
}

void ReadState::problem(const Node& map, const FieldProblem& problem) {
  if (problem.absent && map.find(problem.field) != nullptr) {
    return;
  }
  const SourceSpan* at = &map.at;
  const Node* node = &map;
  std::string path = path_;
  std::string_view rest = problem.field;
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view step = rest.substr(0, dot);
    const std::optional<std::uint64_t> index =
        node != nullptr && node->is_sequence() ? parse_unsigned(step) : std::nullopt;
    if (index) {
      path += fmt::format("[{}]", *index);
      node = *index < node->items.size() ? &node->items[*index] : nullptr;
    } else {
      path = joined(path, step);
      node = node != nullptr ? node->find(step) : nullptr;
    }
    if (node != nullptr) {
      at = &node->at;
    }
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  diagnostics_->error(*at, std::move(path), problem.message, problem.hint);
}

const Node* FieldReader::find(std::string_view name, std::string_view help, bool required) {
  known_.emplace_back(name);
  const Node* child = map_->find(name);
  if (child == nullptr && required && !map_->incomplete) {
    missing_.push_back({std::string{name}, std::string{help}});
  }
  return child;
}

void FieldReader::expect_kind(std::string_view kind) {
  known_.emplace_back("kind");
  const Node* child = map_->find("kind");
  if (child != nullptr && (!child->is_scalar() || child->scalar != kind)) {
    state_->error_below("kind", child->at,
                        fmt::format("expected '{}', found {}", kind, describe_found(*child)));
  }
}

void FieldReader::finish() {
  std::vector<std::string> not_given;
  for (const std::string& name : known_) {
    if (map_->find(name) == nullptr) {
      not_given.push_back(name);
    }
  }
  for (const NodeEntry& entry : map_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) {
      continue;
    }
    auto meant = nearest(entry.key, not_given);
    if (meant) {
      std::erase_if(missing_, [&meant](const Missing& m) { return m.name == *meant; });
    } else {
      meant = nearest(entry.key, known_);
    }
    state_->error_below(shorten(entry.key), entry.at, "unknown key",
                        meant ? "did you mean '" + *meant + "'?" : one_of(known_));
  }
  for (const Missing& field : missing_) {
    state_->error_below(field.name, map_->at, "key is missing", field.help);
  }
}

std::optional<std::size_t> read_kind(ReadState& state, const Node& node,
                                     const std::vector<std::string>& kinds) {
  if (!node.is_map()) {
    state.expected(node, "a map with a key 'kind'");
    return std::nullopt;
  }
  const Node* kind = node.find("kind");
  if (kind == nullptr) {
    if (node.incomplete) {
      return std::nullopt;
    }
    state.error_below("kind", node.at, "key is missing", one_of(kinds));
    return std::nullopt;
  }
  const ReadState::Step step{state, "kind"};
  if (!kind->is_scalar()) {
    state.expected(*kind, one_of(kinds));
    return std::nullopt;
  }
  const auto found = std::find(kinds.begin(), kinds.end(), kind->scalar);
  if (found == kinds.end()) {
    state.error(kind->at, fmt::format("unknown kind '{}'", shorten(kind->scalar)),
                suggest(kind->scalar, kinds));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - kinds.begin());
}

std::string range_text(const FieldRule& rule, const std::optional<Dim>& dim) {
  const std::string min = rule.min ? value_of(*rule.min, dim).shown : "";
  const std::string max = rule.max ? value_of(*rule.max, dim).shown : "";
  if (rule.min && rule.max && min == max) {
    return "only " + min;
  }
  if (rule.min && rule.max) {
    return fmt::format("from {} to {}", min, max);
  }
  if (rule.min) {
    return (rule.above_min ? "more than " : "at least ") + min;
  }
  return rule.max ? "at most " + max : "";
}

std::optional<TextProblem> check_range(double value, const FieldRule& rule, std::string_view shown,
                                       const std::optional<Dim>& dim) {
  bool good = true;
  if (rule.min) {
    const double min = value_of(*rule.min, dim).number;
    good = rule.above_min ? value > min : value >= min;
  }
  if (rule.max) {
    good = good && value <= value_of(*rule.max, dim).number;
  }
  if (good) {
    return std::nullopt;
  }
  return TextProblem{fmt::format("{} is out of range", shorten(shown)), range_text(rule, dim)};
}

}  // namespace cairn::detail
