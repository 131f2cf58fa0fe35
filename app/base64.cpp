#include "app/base64.h"

#include <string_view>

namespace cairn::app {

std::string base64(const void* bytes, std::size_t size) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<unsigned char> data(size);
  if (size > 0) {
    std::memcpy(data.data(), bytes, size);
  }
  std::string text;
  text.reserve((size + 2) / 3 * 4);
  for (std::size_t i = 0; i < size; i += 3) {
    const std::size_t left = size - i;
    const std::uint32_t word = (std::uint32_t{data[i]} << 16U) |
                               (left > 1 ? std::uint32_t{data[i + 1]} << 8U : 0U) |
                               (left > 2 ? std::uint32_t{data[i + 2]} : 0U);
    text += kAlphabet[word >> 18U];
    text += kAlphabet[(word >> 12U) & 63U];
    text += left > 1 ? kAlphabet[(word >> 6U) & 63U] : '=';
    text += left > 2 ? kAlphabet[word & 63U] : '=';
  }
  return text;
}

}  // namespace cairn::app
