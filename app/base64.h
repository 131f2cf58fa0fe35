/// \file
/// Arrays of numbers as base64 text, little-endian, for the data document of a report.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace cairn::app {

[[nodiscard]] std::string base64(const void* bytes, std::size_t size);

template <class T>
[[nodiscard]] std::string base64(const std::vector<T>& values) {
  static_assert(std::endian::native == std::endian::little);
  return base64(values.data(), values.size() * sizeof(T));
}

}  // namespace cairn::app
