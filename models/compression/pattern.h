/// \file
/// N:M patterns as text. Private to compression.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cairn::models {

/// N kept of each M along the reduction.
struct Pattern {
  std::int32_t kept{};
  std::int32_t block{};
};
/// `2:4`; nothing if it is no pattern with 1 <= N <= M <= 1024.
[[nodiscard]] std::optional<Pattern> parse_pattern(std::string_view text);

}  // namespace cairn::models
