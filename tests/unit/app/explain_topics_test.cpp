#include "app/explain_topics.h"

#include <algorithm>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "hw/families.h"
#include "models/compression/compression.h"
#include "search/algorithms/builtin_algorithms.h"

namespace cairn::app {
namespace {

template <class... Specs>
void check_kinds(std::variant<Specs...>* /*tag*/) {
  (
      [] {
        INFO(Specs::kKind);
        const std::optional<Topic> topic = find_topic(Specs::kKind);
        REQUIRE(topic);
        CHECK(!topic->fields.empty());
      }(),
      ...);
}

TEST_CASE("every topic has a sentence, and fields or notes") {
  const std::vector<std::string> names = topic_names();
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  for (const std::string& name : names) {
    INFO(name);
    const std::optional<Topic> topic = find_topic(name);
    REQUIRE(topic);
    CHECK(topic->name == name);
    CHECK(!topic->what.empty());
    CHECK((!topic->fields.empty() || !topic->notes.empty()));
    for (const FieldDoc& doc : topic->fields) {
      INFO(doc.path);
      CHECK((doc.path == "algorithm" || !doc.help.empty()));
    }
  }
}

TEST_CASE("every device family, compression scheme and algorithm has a topic") {
  check_kinds(static_cast<hw::DeviceSpec*>(nullptr));
  check_kinds(static_cast<models::Scheme*>(nullptr));
  for (const std::string& name : search::builtin_algorithms().names()) {
    INFO(name);
    CHECK(find_topic(name).has_value());
  }
}

TEST_CASE("a device says what it assumes, ignores and where it comes from") {
  for (const char* name : {"systolic_array", "gpu"}) {
    const Topic topic = find_topic(name).value();
    for (const char* heading : {"Assumes", "Ignores", "Reference"}) {
      INFO(name << " " << heading);
      CHECK(std::any_of(topic.notes.begin(), topic.notes.end(),
                        [&](const TopicNote& note) { return note.heading == heading; }));
    }
  }
}

TEST_CASE("a word that is no topic is none") {
  CHECK(!find_topic("quantise"));
  CHECK(find_topic("knob")->name == "space");
}

}  // namespace
}  // namespace cairn::app
