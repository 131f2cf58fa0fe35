/// \file
/// The number of a design point: spaces of per-layer formats pass 64 bits.
#pragma once

#include <string>

namespace cairn::search {

/// Unsigned 128-bit number; counts and numbers the points of a space.
__extension__ using Rank = unsigned __int128;

/// Decimal digits of \p rank.
[[nodiscard]] inline std::string rank_text(Rank rank) {
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rank % 10)));
    rank /= 10;
  } while (rank != 0);
  return digits;
}

}  // namespace cairn::search
