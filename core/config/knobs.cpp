#include "core/config/knobs.h"

#include <utility>

namespace cairn {

void KnobBinder::declare(std::string name, SourceSpan at, std::vector<Node> choices) {
  CAIRN_CHECK(find(name) == nullptr, "a knob is declared twice");
  CAIRN_CHECK(!choices.empty(), "a knob without choices");
  Knob knob;
  knob.name = std::move(name);
  knob.at = std::move(at);
  knob.choices = std::move(choices);
  knobs_.push_back(std::move(knob));
}

const KnobBinder::Knob* KnobBinder::find(std::string_view name) const {
  for (const Knob& knob : knobs_) {
    if (knob.name == name) {
      return &knob;
    }
  }
  return nullptr;
}

KnobBinder::Knob& KnobBinder::get(std::string_view name) {
  for (Knob& knob : knobs_) {
    if (knob.name == name) {
      return knob;
    }
  }
  throw InternalError("a knob that was not declared");
}

std::vector<std::string> KnobBinder::names() const {
  std::vector<std::string> result;
  for (const Knob& knob : knobs_) {
    result.push_back(knob.name);
  }
  return result;
}

std::vector<std::string> KnobBinder::unused() const {
  std::vector<std::string> result;
  for (const Knob& knob : knobs_) {
    if (!knob.used) {
      result.push_back(knob.name);
    }
  }
  return result;
}

void KnobBinder::bind(std::string_view name, Setter setter) {
  Knob& knob = get(name);
  knob.used = true;
  knob.setters.push_back(std::move(setter));
}

void KnobBinder::mark_used(std::string_view name) {
  get(name).used = true;
}

}  // namespace cairn
