/// \file
/// From a tree of nodes to a struct, strictly: a key that is unknown, missing or of the wrong kind,
/// a unit that is missing or wrong and a value out of range are errors with their position, all
/// collected. What the struct says in fields() is all that the reader knows.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "core/config/knobs.h"
#include "core/config/node.h"
#include "core/config/scalar_text.h"
#include "core/diagnostics.h"
#include "core/named_list.h"

namespace cairn {

struct ReadOptions {
  KnobBinder* knobs = nullptr;  ///< without it, `$name` is an error
  std::string path;             ///< put before every path of a message: `system`
};

/// Reads \p node into \p out. After errors \p out holds what could be read.
///
/// With knobs, `$name` may stand wherever a value is expected: the member gets the first choice and
/// is bound to the knob, so \p out must not move afterwards.
template <class T>
void read(const Node& node, T& out, Diagnostics& diagnostics, const ReadOptions& options = {});

namespace detail {

/// What every step of one read() shares.
class ReadState {
 public:
  ReadState(Diagnostics& diagnostics, const ReadOptions& options)
      : diagnostics_(&diagnostics), knobs_(options.knobs), path_(options.path) {}

  void error(const SourceSpan& at, std::string message, std::string hint = {});
  void error_below(std::string_view key, const SourceSpan& at, std::string message,
                   std::string hint = {});
  /// `expected a map, found a list`; always false.
  bool expected(const Node& node, std::string_view what);
  [[nodiscard]] std::size_t error_count() const { return diagnostics_->error_count(); }

  /// The knob that a node names; reports and returns nullptr if there is none of that name or no
  /// knob may stand here.
  const KnobBinder::Knob* find_knob(const Node& node);
  [[nodiscard]] KnobBinder* knobs() { return knobs_; }
  void set_inside_choice(bool inside) { inside_choice_ = inside; }

  /// Adds a step to the path while it lives.
  class Step {
   public:
    Step(ReadState& state, std::string_view key);
    Step(ReadState& state, std::size_t index);
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    Step(Step&&) = delete;
    Step& operator=(Step&&) = delete;
    ~Step() { state_->path_.resize(size_); }

   private:
    ReadState* state_;
    std::size_t size_;
  };

  /// The mistake of a struct as a whole, at the place of the field that it names.
  void problem(const Node& map, const FieldProblem& problem);

 private:
  Diagnostics* diagnostics_;
  KnobBinder* knobs_;
  std::string path_;
  bool inside_choice_ = false;
};

[[nodiscard]] inline bool is_knob(const Node& node) {
  return node.is_scalar() && !node.quoted && node.scalar.size() > 1 && node.scalar[0] == '$';
}

template <class T>
bool read_value(ReadState& state, const Node& node, T& out, const FieldRule& rule);

/// The archive that reads the fields of one map.
class FieldReader {
 public:
  FieldReader(ReadState& state, const Node& map) : state_(&state), map_(&map) {}

  template <class T, class... Tags>
  void operator()(std::string_view name, T& member, std::string_view help, const Tags&... tags) {
    FieldRule rule = field_rule(tags...);
    if constexpr (requires { member.has_value(); }) {
      rule.required = false;
    }
    if (const Node* child = find(name, help, rule.required)) {
      const ReadState::Step step{*state_, name};
      read_value(*state_, *child, member, rule);
    }
  }

  /// `kind:` may be given, and must then be this.
  void expect_kind(std::string_view kind);
  /// Reports unknown and missing keys.
  void finish();

 private:
  struct Missing {
    std::string name;
    std::string help;
  };

  const Node* find(std::string_view name, std::string_view help, bool required);

  ReadState* state_;
  const Node* map_;
  std::vector<std::string> known_;
  std::vector<Missing> missing_;
};

/// `from 1 to 8`, `more than 0`, or nothing.
[[nodiscard]] std::string range_text(const FieldRule& rule, const std::optional<Dim>& dim);

/// The number inside a range, or a problem. \p shown is the value as the file has it.
[[nodiscard]] std::optional<TextProblem> check_range(double value, const FieldRule& rule,
                                                     std::string_view shown,
                                                     const std::optional<Dim>& dim);

template <ScalarType T>
std::optional<TextProblem> check_scalar_range(const T& value, const FieldRule& rule,
                                              std::string_view shown) {
  if constexpr (QuantityType<T>) {
    return check_range(to_double(value.count()), rule, shown, T::kDim);
  } else if constexpr (WholeNumber<T> || std::same_as<T, double>) {
    return check_range(to_double(value), rule, shown, std::nullopt);
  } else {
    return std::nullopt;
  }
}

template <ScalarType T>
bool read_scalar(ReadState& state, const Node& node, T& out, const FieldRule& rule) {
  if (!node.is_scalar()) {
    return state.expected(node, scalar_type_name<T>());
  }
  TextProblem problem;
  auto value = parse_scalar<T>(node.scalar, problem);
  if (value) {
    if (auto range = check_scalar_range(*value, rule, node.scalar)) {
      problem = std::move(*range);
      value.reset();
    }
  }
  if (!value) {
    state.error(node.at, std::move(problem.message), std::move(problem.hint));
    return false;
  }
  if constexpr (std::same_as<T, std::filesystem::path>) {
    out = node.at.file.empty() || value->is_absolute() || node.at.file.front() == '<'
              ? std::move(*value)
              : (std::filesystem::path{node.at.file}.parent_path() / *value).lexically_normal();
  } else {
    out = std::move(*value);
  }
  return true;
}

template <HasFields T>
bool read_struct(ReadState& state, const Node& node, T& out) {
  if (!node.is_map()) {
    return state.expected(node, "a map");
  }
  const std::size_t errors = state.error_count();
  FieldReader reader{state, node};
  if constexpr (HasKind<T>) {
    reader.expect_kind(T::kKind);
  }
  out.fields(reader);
  reader.finish();
  if constexpr (requires { out.problems(); }) {
    if (state.error_count() == errors) {
      for (const FieldProblem& problem : out.problems()) {
        state.problem(node, problem);
      }
    }
  }
  return state.error_count() == errors;
}

template <class T>
bool read_one(ReadState& state, const Node& node, std::optional<T>& out, const FieldRule& rule) {
  if (node.is_null()) {
    out.reset();
    return true;
  }
  return read_value(state, node, out.emplace(), rule);
}

template <class T>
bool read_one(ReadState& state, const Node& node, std::vector<T>& out, const FieldRule& rule) {
  if (!node.is_sequence()) {
    return state.expected(node, "a list");
  }
  bool good = true;
  out.clear();
  if constexpr (std::same_as<T, bool>) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const ReadState::Step step{state, i};
      bool item = false;
      good = read_scalar(state, node.items[i], item, rule) && good;
      out.push_back(item);
    }
  } else {
    out.resize(node.items.size());  // at once: knobs keep the addresses
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const ReadState::Step step{state, i};
      good = read_value(state, node.items[i], out[i], rule) && good;
    }
  }
  return good;
}

template <class T>
bool read_one(ReadState& state, const Node& node, NamedList<T>& out, const FieldRule& rule) {
  if (!node.is_map()) {
    return state.expected(node, "a map of names");
  }
  bool good = true;
  out.items.clear();
  out.items.resize(node.entries.size());  // at once: knobs keep the addresses
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    out.items[i].first = node.entries[i].key;
    const ReadState::Step step{state, node.entries[i].key};
    good = read_value(state, node.entries[i].value, out.items[i].second, rule) && good;
  }
  return good;
}

/// Finds `kind:` among the names; reports and returns nullopt if it is missing or unknown.
std::optional<std::size_t> read_kind(ReadState& state, const Node& node,
                                     const std::vector<std::string>& kinds);

template <class... Ts>
bool read_one(ReadState& state, const Node& node, std::variant<Ts...>& out,
              const FieldRule& /*rule*/) {
  const auto kind = read_kind(state, node, {std::string{Ts::kKind}...});
  if (!kind) {
    return false;
  }
  bool good = false;
  std::size_t index = 0;
  const auto try_alternative = [&]<class T>(std::type_identity<T> /*tag*/) {
    if (index++ == *kind) {
      good = read_struct(state, node, out.template emplace<T>());
    }
  };
  (try_alternative(std::type_identity<Ts>{}), ...);
  return good;
}

template <class T>
bool read_knob(ReadState& state, const Node& node, T& out, const FieldRule& rule) {
  const KnobBinder::Knob* knob = state.find_knob(node);
  if (knob == nullptr) {
    return false;
  }
  std::vector<T> values;
  bool good = true;
  state.set_inside_choice(true);
  for (const Node& choice : knob->choices) {
    T value{};
    good = read_value(state, choice, value, rule) && good;
    values.push_back(std::move(value));
  }
  state.set_inside_choice(false);
  const std::string name = knob->name;
  if (!good) {
    state.knobs()->mark_used(name);
    return false;
  }
  out = values.front();
  state.knobs()->bind(
      name, [target = &out, values = std::move(values)](std::size_t i) { *target = values[i]; });
  return true;
}

template <class T>
bool read_value(ReadState& state, const Node& node, T& out, const FieldRule& rule) {
  if constexpr (std::same_as<T, Node>) {
    out = node;
    return true;
  } else {
    if (is_knob(node)) {
      return read_knob(state, node, out, rule);
    }
    if constexpr (ScalarType<T>) {
      return read_scalar(state, node, out, rule);
    } else if constexpr (HasFields<T>) {
      return read_struct(state, node, out);
    } else {
      return read_one(state, node, out, rule);
    }
  }
}

}  // namespace detail

template <class T>
void read(const Node& node, T& out, Diagnostics& diagnostics, const ReadOptions& options) {
  detail::ReadState state{diagnostics, options};
  detail::read_value(state, node, out, FieldRule{});
}

}  // namespace cairn
