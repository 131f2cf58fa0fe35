#include "search/space/magnitude.h"

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "core/error.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"

namespace cairn::search {

namespace {

template <class... Qs>
struct QuantityList {};

/// Every kind of quantity that a file may give.
using Quantities = QuantityList<Bits, Cycles, Ops, Seconds, Joules, Watts, Length, Area, Frequency,
                                Voltage, Bandwidth, BitsPerCycle, OpsPerSecond, OpsPerCycle,
                                EnergyPerBit, EnergyPerOp, EnergyPerCycle, AreaPerBit, PowerPerBit>;

template <class Q>
bool parse_as(std::string_view text, std::optional<Magnitude>& result) {
  TextProblem problem;
  const auto quantity = parse_quantity<Q>(text, problem);
  if (quantity) {
    result = Magnitude{static_cast<double>(quantity->count()), Q::kDim};
  }
  return quantity.has_value();
}

template <class... Qs>
std::optional<Magnitude> parse_any(std::string_view text, QuantityList<Qs...> /*kinds*/) {
  std::optional<Magnitude> result;
  static_cast<void>((parse_as<Qs>(text, result) || ...));
  return result;
}

template <class Q>
bool print_as(const Magnitude& magnitude, std::string& result) {
  if (magnitude.dim != Q::kDim) {
    return false;
  }
  if constexpr (std::is_integral_v<typename Q::rep>) {
    result = to_text(Q{static_cast<std::int64_t>(std::llround(magnitude.value))});
  } else {
    result = to_text(Q{magnitude.value});
  }
  return true;
}

template <class... Qs>
bool print_any(const Magnitude& magnitude, std::string& result, QuantityList<Qs...> /*kinds*/) {
  return (print_as<Qs>(magnitude, result) || ...);
}

}  // namespace

std::optional<Magnitude> parse_magnitude(std::string_view text) {
  if (const auto number = parse_double(text)) {
    return Magnitude{*number, {}};
  }
  // Most texts are names: only a digit, a sign or a point can begin a quantity.
  if (text.empty() || text.find_first_of("0123456789") > 2) {
    return std::nullopt;
  }
  return parse_any(text, Quantities{});
}

std::string print_magnitude(const Magnitude& magnitude) {
  std::string result;
  if (magnitude.dim == Dim{}) {
    append_double(result, magnitude.value);
    return result;
  }
  CAIRN_CHECK(print_any(magnitude, result, Quantities{}), "a dimension without a unit");
  return result;
}

bool counts_whole_units(Dim dim) {
  return dim == Bits::kDim || dim == Cycles::kDim || dim == Ops::kDim;
}

}  // namespace cairn::search
