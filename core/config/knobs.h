/// \file
/// Knobs: named values of a file that a search may choose, `rows: $rows`.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/node.h"

namespace cairn {

/// Connects the choices of every knob with the members that read it. The reader parses each choice
/// once, as the member's own type; afterwards set() only copies typed values. The structs that
/// were read must stay where they are.
class KnobBinder {
 public:
  using Setter = std::function<void(std::size_t)>;

  struct Knob {
    std::string name;
    SourceSpan at;
    std::vector<Node> choices;
    std::vector<Setter> setters;
    bool used = false;
  };

  /// Names a knob before reading. A name counts once; a knob has at least one choice.
  void declare(std::string name, SourceSpan at, std::vector<Node> choices);

  [[nodiscard]] const Knob* find(std::string_view name) const;
  /// In the order of declaration.
  [[nodiscard]] const std::vector<Knob>& knobs() const { return knobs_; }
  [[nodiscard]] std::vector<std::string> names() const;
  /// Knobs that nothing read.
  [[nodiscard]] std::vector<std::string> unused() const;

  /// For the reader: this knob was read, by a member that \p setter sets.
  void bind(std::string_view name, Setter setter);
  /// For the reader: this knob was named, though a choice of it did not fit.
  void mark_used(std::string_view name);

  /// Gives every member of knob number \p knob the value of choice number \p choice.
  void set(std::size_t knob, std::size_t choice) const {
    for (const Setter& setter : knobs_[knob].setters) {
      setter(choice);
    }
  }

 private:
  Knob& get(std::string_view name);

  std::vector<Knob> knobs_;
};

}  // namespace cairn
