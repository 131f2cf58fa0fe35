/// \file
/// How a fused group of operators is laid out on a device: a value with a text form.
///
/// A GEMM-like operator has three dimensions: m (rows of the input), n (columns of the weights),
/// k (the reduction). A mapping names, from the outside in: the order of the loops over tiles held
/// in DRAM, the tile sizes held in the scratchpads, what the array keeps in place, which tensors
/// bypass the scratchpads, and which group is fused.
///
/// Text: `ws | dram k4 n2 m1 | tile m128 n64 k256 | array k32 n32 | bypass - | fuse attention`
/// - `ws`, `os`, `is`: weight, output, input stationary array;
/// - `dram`: tile loops, outermost first, with trip counts; only the order matters on input, the
///   counts must agree with the tile sizes when given;
/// - `tile`: elements of each dimension held at once; `array`: spatial extents;
/// - `bypass`: `-` or any of w, a, o.
/// A constraint is a text that gives only some parts (`os | tile k256`): the rest is searched.
/// `tile m<=64` bounds a size.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/hash.h"
#include "core/text/text_form.h"

namespace cairn::hw {

enum class Dataflow : std::uint8_t { output_stationary, weight_stationary, input_stationary };
constexpr auto enum_names(Dataflow) {
  using D = Dataflow;
  using S = std::string_view;
  return std::array{std::pair{D::output_stationary, S{"output_stationary"}},
                    std::pair{D::weight_stationary, S{"weight_stationary"}},
                    std::pair{D::input_stationary, S{"input_stationary"}}};
}

/// The dimensions of a GEMM, in the order used by arrays indexed by dimension.
enum class Dimension : std::uint8_t { m, n, k };

/// What ran: which family of mapping, since GPUs and vector units have shapes of their own.
enum class MappingKind : std::uint8_t {
  none,   ///< nothing to choose (elementwise and the like)
  array,  ///< loop nest on a spatial array
  tiles,  ///< thread-block tiles: m, n, k tile, split-K, waves
};

struct Mapping {
  MappingKind kind{MappingKind::none};
  Dataflow dataflow{Dataflow::output_stationary};
  /// Loop order over DRAM tiles, outermost first.
  std::array<Dimension, 3> order{Dimension::m, Dimension::n, Dimension::k};
  std::array<std::int64_t, 3> tile{1, 1, 1};     ///< elements of m, n, k held on chip
  std::array<std::int64_t, 3> trips{1, 1, 1};    ///< tiles of m, n, k
  std::array<std::int64_t, 3> spatial{1, 1, 1};  ///< elements of m, n, k across the array
  std::uint8_t bypass{};    ///< bit 0 weights, 1 activations, 2 outputs not held on chip
  std::uint8_t fused{};     ///< 0 none, else 1 + FusionKind
  std::int64_t split_k{1};  ///< tiles kind only
  friend bool operator==(const Mapping&, const Mapping&) = default;
};

/// What a study or a row fixes of a mapping; absent parts are searched.
struct MappingConstraint {
  std::optional<Dataflow> dataflow{};
  std::optional<std::array<Dimension, 3>> order{};
  std::array<std::optional<std::int64_t>, 3> trips{};  ///< checked against the tiles, not searched
  std::array<std::optional<std::int64_t>, 3> tile{};
  std::array<std::optional<std::int64_t>, 3> tile_at_most{};
  std::array<std::optional<std::int64_t>, 3> spatial{};
  std::optional<std::uint8_t> bypass{};
  std::optional<std::uint8_t> fused{};
  std::optional<std::int64_t> split_k{};
  friend bool operator==(const MappingConstraint&, const MappingConstraint&) = default;
  [[nodiscard]] bool empty() const { return *this == MappingConstraint{}; }
  void hash_into(Hasher& hasher) const;
};

[[nodiscard]] std::string to_text(const Mapping& mapping);
[[nodiscard]] std::string to_text(const MappingConstraint& constraint);
/// Reads a whole or partial mapping. \p why explains an empty answer.
[[nodiscard]] std::optional<MappingConstraint> parse_mapping(std::string_view text,
                                                             std::string& why);

}  // namespace cairn::hw

template <>
struct cairn::TextForm<cairn::hw::MappingConstraint> {
  static constexpr std::string_view kWhat = "a mapping";
  static std::optional<hw::MappingConstraint> parse(std::string_view text, std::string& why) {
    return hw::parse_mapping(text, why);
  }
  static std::string print(const hw::MappingConstraint& value) { return hw::to_text(value); }
  static std::string expected() {
    return "a mapping such as `ws | dram n2 k4 m1 | tile m128 n64 k256`, any part may be left out";
  }
};
