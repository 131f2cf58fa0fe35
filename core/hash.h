/// \file
/// A stable 64-bit hash: the same bytes on every machine, run and thread. Not cryptographic.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "core/named_list.h"
#include "core/text/text_form.h"
#include "core/units.h"

namespace cairn {

static_assert(std::endian::native == std::endian::little,
              "texts are hashed by 8-byte words in little-endian order");

/// Feeds values one after the other into a hash. Order matters; types do not (the number 1 and
/// `true` are the same), because the reader of a struct already fixes them.
class Hasher {
 public:
  constexpr Hasher() = default;
  constexpr explicit Hasher(std::uint64_t seed) : state_(mix(kStart ^ seed)) {}

  template <std::unsigned_integral U>
  constexpr void add(U value) {
    state_ = mix(state_ ^ std::uint64_t{value});
  }
  template <std::signed_integral I>
  constexpr void add(I value) {
    add(static_cast<std::uint64_t>(std::int64_t{value}));
  }
  /// Equal numbers hash equally: -0.0 as 0.0, every NaN as one.
  constexpr void add(double value) {
    if (value == 0.0) {
      value = 0.0;
    } else if (value != value) {
      value = std::numeric_limits<double>::quiet_NaN();
    }
    add(std::bit_cast<std::uint64_t>(value));
  }
  void add(std::string_view text) {
    add(text.size());
    std::size_t i = 0;
    for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + i, sizeof word);
      add(word);
    }
    if (i < text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + i, text.size() - i);
      add(word);
    }
  }
  void add(const char* text) { add(std::string_view{text}); }

  [[nodiscard]] constexpr std::uint64_t value() const {
    // Final mix of MurmurHash3 (public domain, A. Appleby): every input bit reaches every output.
    std::uint64_t h = state_;
    h ^= h >> 33U;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33U;
    h *= 0xc4ceb9fe1a85ec53ULL;
    h ^= h >> 33U;
    return h;
  }

 private:
  static constexpr std::uint64_t kStart = 0x243f6a8885a308d3ULL;       // digits of pi
  static constexpr std::uint64_t kStep = 0x13198a2e03707344ULL;        // digits of pi
  static constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15ULL;  // 2^64 / golden ratio, odd

  /// Both halves of the 128-bit product, folded: one multiplication spreads a bit both ways.
  static constexpr std::uint64_t mix(std::uint64_t x) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{x} * kMultiplier;
    return (static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U)) +
           kStep;
  }

  std::uint64_t state_ = kStart;
};

/// One hash from two; order matters.
[[nodiscard]] constexpr std::uint64_t combine(std::uint64_t a, std::uint64_t b) {
  Hasher hasher;
  hasher.add(a);
  hasher.add(b);
  return hasher.value();
}

/// A type may hash itself: `void hash_into(Hasher&) const`.
template <class T>
concept HashesItself = requires(const T& value, Hasher& hasher) {
  value.hash_into(hasher);
};

template <class T>
void hash_into(Hasher& hasher, const T& value);

namespace detail {

/// The archive that feeds every field of a struct into a hash, in the order of fields().
class HashArchive {
 public:
  explicit HashArchive(Hasher& hasher) : hasher_(&hasher) {}
  template <class T, class... Rest>
  void operator()(std::string_view /*name*/, const T& member, const Rest&... /*rest*/) {
    hash_into(*hasher_, member);
  }

 private:
  Hasher* hasher_;
};

template <Dim D, class Rep>
void hash_one(Hasher& hasher, const Quantity<D, Rep>& value) {
  hasher.add(value.count());
}
template <class T>
void hash_one(Hasher& hasher, const std::optional<T>& value) {
  hasher.add(value.has_value());
  if (value) {
    hash_into(hasher, *value);
  }
}
template <class T>
void hash_one(Hasher& hasher, const std::vector<T>& value) {
  hasher.add(value.size());
  for (const T& item : value) {
    hash_into(hasher, item);
  }
}
template <class T>
void hash_one(Hasher& hasher, const NamedList<T>& value) {
  hasher.add(value.items.size());
  for (const auto& [name, item] : value.items) {
    hasher.add(std::string_view{name});
    hash_into(hasher, item);
  }
}
template <class... Ts>
void hash_one(Hasher& hasher, const std::variant<Ts...>& value) {
  hasher.add(value.index());
  std::visit([&hasher](const auto& item) { hash_into(hasher, item); }, value);
}
inline void hash_one(Hasher& hasher, const std::filesystem::path& value) {
  hasher.add(std::string_view{value.native()});
}

}  // namespace detail

/// Feeds a value of any type that fields() may name.
template <class T>
void hash_into(Hasher& hasher, const T& value) {
  if constexpr (HashesItself<T>) {
    value.hash_into(hasher);
  } else if constexpr (std::is_enum_v<T>) {
    hasher.add(static_cast<std::int64_t>(value));
  } else if constexpr (requires { hasher.add(value); }) {
    hasher.add(value);
  } else if constexpr (HasFields<T>) {
    detail::HashArchive archive{hasher};
    visit_fields(value, archive);
  } else if constexpr (HasTextForm<T>) {
    hasher.add(std::string_view{TextForm<T>::print(value)});
  } else {
    detail::hash_one(hasher, value);
  }
}

/// The hash of a value by its content.
template <class T>
[[nodiscard]] std::uint64_t stable_hash(const T& value) {
  Hasher hasher;
  hash_into(hasher, value);
  return hasher.value();
}

}  // namespace cairn
