/// \file
/// A metric's number for people.
#pragma once

#include <string>
#include <string_view>

namespace cairn::report {

/// Four significant digits with a prefix that suits the unit: `1.234 ms`, `56.7 MiB`, `0.91 mm2`.
/// Seconds, joules, watts, hertz and volts take decimal prefixes, `B` binary ones, other units
/// none. NaN is `-`.
[[nodiscard]] std::string human_metric(double value, std::string_view unit);

}  // namespace cairn::report
