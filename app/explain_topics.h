/// \file
/// What `cairn explain` knows: one topic for every kind of thing that a file may say.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/describe.h"

namespace cairn::app {

struct TopicNote {
  std::string heading;             ///< `Assumes`
  std::vector<std::string> lines;  ///< one paragraph each
};

struct Topic {
  std::string name;  ///< as typed: `systolic_array`
  std::string what;  ///< one sentence, and where it stands
  std::vector<FieldDoc> fields;
  std::vector<TopicNote> notes;
};

/// In the order in which they are listed.
[[nodiscard]] std::vector<std::string> topic_names();
/// Nothing if there is no topic of that name.
[[nodiscard]] std::optional<Topic> find_topic(std::string_view name);

}  // namespace cairn::app
