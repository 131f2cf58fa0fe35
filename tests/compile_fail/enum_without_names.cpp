// Only an enum with enum_names() has texts.
#include <array>
#include <string_view>
#include <utility>

#include "core/text/enum_names.h"

namespace {

enum class Named { a };
constexpr auto enum_names(Named /*tag*/) {
  return std::array{std::pair{Named::a, std::string_view{"a"}}};
}
enum class Unnamed { a };

}  // namespace

auto good() {
  return cairn::to_text(Named::a);
}
#ifdef MUST_FAIL
auto bad() {
  return cairn::to_text(Unnamed::a);
}
#endif
