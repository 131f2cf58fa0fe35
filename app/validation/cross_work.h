/// \file
/// Random operators and random hardware for the comparison of the two levels.
#pragma once

#include <string_view>
#include <vector>

#include "core/random.h"
#include "hw/system.h"
#include "models/operator.h"

namespace cairn::app {

/// A family, the hardware files that stand for it (stems), and the size of its work.
struct CrossSubject {
  std::string_view family;
  std::vector<std::string_view> hardware;
  std::int64_t largest_macs{};    ///< of a product: what the family is made for
  std::int64_t largest_extent{};  ///< of one dimension
  bool convolutions{true};
  bool attention{true};
  bool vector{true};
};
[[nodiscard]] const std::vector<CrossSubject>& cross_subjects();

/// One operator in the machine's own formats.
[[nodiscard]] models::Operator random_operator(Rng& rng, const CrossSubject& subject,
                                               const models::Formats& formats);
/// Memories from half to twice as fast, and up to twice as large.
void vary_memories(Rng& rng, hw::SystemSpec& spec);

}  // namespace cairn::app
