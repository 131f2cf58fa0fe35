/// \file
/// What a YAML file says, as a tree in which every part knows its place in the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace cairn {

struct NodeEntry;

/// One value: nothing, a piece of text, a list, or a map with its keys in the order of the file.
struct Node {
  enum class Kind { null, scalar, sequence, map };
  using Entry = NodeEntry;

  Kind kind{Kind::null};
  std::string scalar;  ///< of a scalar: its text without quotes
  bool quoted{};       ///< of a scalar: it stood in quotes or in a block, so `$name` is no knob
  /// An error about a part of it was reported already, so what is missing is not reported again.
  bool incomplete{};
  SourceSpan at;
  std::vector<NodeEntry> entries;  ///< of a map
  std::vector<Node> items;         ///< of a sequence

  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::sequence; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }

  /// The value of a key, or nullptr (also when this is not a map).
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);

  [[nodiscard]] static Node make_scalar(std::string text, bool quoted = false);
  [[nodiscard]] static Node make_map();
  [[nodiscard]] static Node make_sequence();
  /// Appends an entry to a map.
  Node& add(std::string key, Node value);

  /// The same content; positions do not matter.
  friend bool operator==(const Node& a, const Node& b);
};

struct NodeEntry {
  std::string key;
  SourceSpan at;  ///< of the key
  Node value;
};

/// How messages name what was found: `'abc'`, `a list`, `a map`, `nothing`; long texts are cut.
[[nodiscard]] std::string describe_found(const Node& node);

}  // namespace cairn
