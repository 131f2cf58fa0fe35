/// \file
/// YAML files as trees of nodes with positions, strictly: a duplicate key, a merge key `<<`, a tag
/// or a second document is an error, never silently ignored. Anchors and aliases work inside one
/// file.
///
/// A map may say `extends: base.yaml` (or a list of files, each over the one before), relative to
/// the file that says it. Maps merge, everything else replaces.
#pragma once

#include <string>
#include <string_view>

#include "core/config/node.h"
#include "core/diagnostics.h"

namespace cairn {

/// Reads a file and all that it extends.
/// \throws IoError if the file itself cannot be read; what is wrong inside it, or with a file that
///         it extends, goes into \p diagnostics.
[[nodiscard]] Node load_yaml(const std::string& path, Diagnostics& diagnostics);

/// Reads a text as load_yaml() reads a file, but leaves `extends` as it stands.
[[nodiscard]] Node parse_yaml(std::string_view text, const std::string& filename,
                              Diagnostics& diagnostics);

/// Resolves every `extends` in \p node; \p path is the file that it came from.
void resolve_extends(Node& node, const std::string& path, Diagnostics& diagnostics);

/// Puts `a.b=value` over the tree. A step of the path is a key; in a list it is an index from 0 or
/// the `name` of an item. Keys that are not there yet are made (the reader then knows whether they
/// mean anything). The value is YAML, so lists and maps can be given: `a={x: 1, y: [2, 3]}`; maps
/// merge. Its position is `<command line>:1:index`, with \p index counted from 1.
void apply_override(Node& root, std::string_view override_text, int index,
                    Diagnostics& diagnostics);

/// Puts \p over on top of \p base: maps merge, everything else replaces.
void merge(Node& base, Node over);

/// The tree as YAML text, which parse_yaml() reads back to an equal tree.
[[nodiscard]] std::string write_yaml(const Node& node);

}  // namespace cairn
