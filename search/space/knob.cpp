#include "search/space/knob.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cairn::search {

std::string one_line(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::scalar:
      return node.scalar;
    case Node::Kind::sequence:
      for (const Node& item : node.items) {
        text += (text.empty() ? "" : ", ") + one_line(item);
      }
      return "[" + text + "]";
    case Node::Kind::map:
      for (const NodeEntry& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + entry.key + ": " + one_line(entry.value);
      }
      return "{" + text + "}";
  }
  throw InternalError("unknown kind of node");
}

namespace {

/// A choice that is a whole part of a study (a system, a workload) goes by its name.
std::string text_of(const Node& choice) {
  const Node* name = choice.is_map() ? choice.find("name") : nullptr;
  return name != nullptr && name->is_scalar() ? name->scalar : one_line(choice);
}

}  // namespace

void describe_choices(Knob& knob) {
  knob.texts.clear();
  knob.magnitudes.clear();
  for (const Node& choice : knob.choices) {
    knob.texts.push_back(text_of(choice));
    if (choice.is_scalar()) {
      if (const auto magnitude = parse_magnitude(choice.scalar)) {
        knob.magnitudes.push_back(*magnitude);
      }
    }
  }
  const bool comparable =
      knob.magnitudes.size() == knob.choices.size() &&
      std::all_of(knob.magnitudes.begin(), knob.magnitudes.end(),
                  [&](const Magnitude& m) { return m.dim == knob.magnitudes.front().dim; });
  if (!comparable) {
    knob.magnitudes.clear();
  }
}

Knob make_knob(std::string name, const std::vector<std::string>& choices) {
  Knob knob;
  knob.name = std::move(name);
  std::transform(choices.begin(), choices.end(), std::back_inserter(knob.choices),
                 [](const std::string& text) { return Node::make_scalar(text); });
  describe_choices(knob);
  return knob;
}

}  // namespace cairn::search
