/// \file
/// Where tensors lie in one block of memory (an arena), given when each of them is alive.
///
/// The peak of what is alive is a lower bound; holes between tensors can make the arena larger.
/// Tensors are placed one after the other, each at the lowest place that is free for its whole
/// life, in several sequences (by size, by life, by size x life); the smallest arena is kept.
///
/// Assumes:    a tensor stays where it is; one that is written over its input begins where that
///             began, and what it does not need of that place is free again.
/// Reference:  R. David et al., "TensorFlow Lite Micro", MLSys 2021, section 4.4 (greedy by size);
///             Y. Pisarchyk, J. Lee, "Efficient memory management for deep neural net inference",
///             arXiv:2001.03288 (greedy by size, lower bound).
/// Checked by: tests/unit/sim/arena_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/memory/activation_graph.h"

namespace cairn::sim {

/// A buffer and the steps [first, last] of the order during which it is alive.
struct Lifetime {
  std::int64_t bits{};
  std::int32_t first{};
  std::int32_t last{};
  std::int32_t at{-1};  ///< an earlier buffer that begins at the same place; -1: anywhere
};

/// Which sequences of placement are tried.
enum class ArenaSearch : std::uint8_t {
  greedy_by_size,  ///< largest first, as an interpreter does at start
  best_of_several  ///< as a code generator can afford
};
constexpr auto enum_names(ArenaSearch /*tag*/) {
  using S = std::string_view;
  return std::array{std::pair{ArenaSearch::greedy_by_size, S{"greedy_by_size"}},
                    std::pair{ArenaSearch::best_of_several, S{"best_of_several"}}};
}

struct Arena {
  std::vector<std::int64_t> offsets;  ///< bits, one a buffer
  std::int64_t bits{};                ///< the end of the highest buffer
  std::int64_t lower_bound{};         ///< most that is alive at one step
};

/// \param alignment of every offset, bits.
[[nodiscard]] Arena place(const std::vector<Lifetime>& buffers, std::int64_t alignment,
                          ArenaSearch search = ArenaSearch::best_of_several);

/// Buffers of \p graph in \p order: tensors (one that overwrites another begins at its place) and
/// scratch. Sizes are rounded up to whole bits, then to \p alignment.
[[nodiscard]] std::vector<Lifetime> lifetimes(const ActivationGraph& graph,
                                              const std::vector<std::int32_t>& order,
                                              std::int64_t alignment);

}  // namespace cairn::sim
