/// \file
/// Which build this is, for `--version` and for the manifest of a run.
#pragma once

#include <string>
#include <string_view>

namespace cairn {

/// `0.1.0`
[[nodiscard]] std::string_view version();
/// `GNU 12.2.0, Release`
[[nodiscard]] std::string_view compiler_text();
/// `cairn 0.1.0 (GNU 12.2.0, Release)`
[[nodiscard]] std::string version_text();

}  // namespace cairn
