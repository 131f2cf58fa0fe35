#include "app/explain_command.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/explain_topics.h"
#include "app/output.h"
#include "core/diagnostics.h"
#include "core/text/did_you_mean.h"

namespace cairn::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kIndent = 4;

/// What stands behind a field's name: `a whole number from 1 to 65536, required`.
std::string rule_of(const FieldDoc& doc) {
  std::string text = doc.type;
  if (!doc.unit.empty()) {
    text += fmt::format(" ({})", doc.unit);
  }
  if (!doc.range.empty()) {
    text += ", " + doc.range;
  }
  if (doc.required) {
    text += "; required";
  } else if (doc.default_text.empty() || doc.default_text == "none") {
    text += "; may be left out";
  } else {
    text += "; default " + doc.default_text;
  }
  return text;
}

std::string text_of(const Topic& topic) {
  std::string out = wrapped(fmt::format("{}: {}", topic.name, topic.what), 0);
  if (!topic.fields.empty()) {
    out += "\nFields\n";
  }
  for (const FieldDoc& doc : topic.fields) {
    out += fmt::format("  {}\n", doc.path);
    out += wrapped(doc.help, kIndent);
    out += wrapped(rule_of(doc), kIndent);
  }
  for (const TopicNote& note : topic.notes) {
    out += fmt::format("\n{}\n", note.heading);
    for (const std::string& line : note.lines) {
      out += wrapped(line, 2);
    }
  }
  return out;
}

Json json_of(const Topic& topic) {
  Json json{{"kind", topic.name}, {"what", topic.what}, {"fields", Json::array()}};
  for (const FieldDoc& doc : topic.fields) {
    json["fields"].push_back({{"path", doc.path},
                              {"type", doc.type},
                              {"unit", doc.unit},
                              {"default", doc.default_text},
                              {"range", doc.range},
                              {"required", doc.required},
                              {"help", doc.help}});
  }
  json["notes"] = Json::object();
  for (const TopicNote& note : topic.notes) {
    json["notes"][note.heading] = note.lines;
  }
  return json;
}

}  // namespace

ExitCode run_explain(const ExplainOptions& options) {
  const std::optional<Topic> topic = find_topic(options.kind);
  if (!topic) {
    const std::vector<std::string> names = topic_names();
    const std::optional<std::string> near = nearest(options.kind, names);
    Diagnostics diagnostics;
    diagnostics.error({"<command line>", 1, 1, ""}, "explain",
                      fmt::format("there is no kind '{}'", options.kind),
                      near ? fmt::format("did you mean '{}'?", *near)
                           : fmt::format("one of: {}", fmt::join(names, ", ")));
    diagnostics.throw_if_any();
  }
  Output output{""};
  output.text() = options.json ? json_of(*topic).dump(2) + "\n" : text_of(*topic);
  output.finish();
  return ExitCode::success;
}

}  // namespace cairn::app
