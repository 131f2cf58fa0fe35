/// \file
/// The files that a study names: system.technology, tables of DRAM parts, quality.table, and models
/// that are no stems.
#pragma once

#include <filesystem>

#include "core/config/node.h"

namespace cairn::app {

/// Writes each of them, and the choices of knobs that stand for them, as an absolute path, so that
/// the study means the same in any folder. A path is relative to the file that says it.
void make_paths_absolute(Node& study);

/// The same study with files inside \p configs named from there: equal for equal studies wherever
/// Cairn lies. For hashing; such names cannot be read back.
[[nodiscard]] Node with_portable_paths(Node study, const std::filesystem::path& configs);

}  // namespace cairn::app
