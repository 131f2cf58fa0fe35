/// \file
/// From a struct to a tree of nodes: the inverse of the reader. Reading the tree back gives an
/// equal struct.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "core/config/node.h"
#include "core/config/scalar_text.h"
#include "core/named_list.h"

namespace cairn {

struct WriteOptions {
  /// The folder in which the text will stand: file names become relative to it. Empty: as they are.
  std::filesystem::path folder;
};

/// Every field is written, defaults too; only an empty std::optional is left out.
template <class T>
[[nodiscard]] Node to_node(const T& value, const WriteOptions& options = {});

namespace detail {

/// The archive that writes the fields of one struct into a map.
class FieldWriter {
 public:
  FieldWriter(Node& map, const WriteOptions& options) : map_(&map), options_(&options) {}

  template <class T, class... Rest>
  void operator()(std::string_view name, const T& member, const Rest&... /*rest*/) {
    if constexpr (requires { member.has_value(); }) {
      if (!member.has_value()) {
        return;
      }
    }
    map_->add(std::string{name}, to_node(member, *options_));
  }

 private:
  Node* map_;
  const WriteOptions* options_;
};

[[nodiscard]] std::string written_path(const std::filesystem::path& path,
                                       const WriteOptions& options);

template <class T>
Node node_of(const std::optional<T>& value, const WriteOptions& options) {
  return value ? to_node(*value, options) : Node{};
}
template <class T>
Node node_of(const std::vector<T>& value, const WriteOptions& options) {
  Node node = Node::make_sequence();
  for (const T& item : value) {
    node.items.push_back(to_node(item, options));
  }
  return node;
}
template <class T>
Node node_of(const NamedList<T>& value, const WriteOptions& options) {
  Node node = Node::make_map();
  for (const auto& [name, item] : value.items) {
    node.add(name, to_node(item, options));
  }
  return node;
}
template <class... Ts>
Node node_of(const std::variant<Ts...>& value, const WriteOptions& options) {
  return std::visit([&options](const auto& item) { return to_node(item, options); }, value);
}

}  // namespace detail

template <class T>
Node to_node(const T& value, const WriteOptions& options) {
  if constexpr (std::same_as<T, Node>) {
    return value;
  } else if constexpr (std::same_as<T, std::filesystem::path>) {
    return Node::make_scalar(detail::written_path(value, options), true);
  } else if constexpr (ScalarType<T>) {
    return Node::make_scalar(scalar_text(value), std::same_as<T, std::string>);
  } else if constexpr (HasFields<T>) {
    Node node = Node::make_map();
    if constexpr (HasKind<T>) {
      node.add("kind", Node::make_scalar(std::string{T::kKind}));
    }
    detail::FieldWriter writer{node, options};
    visit_fields(value, writer);
    return node;
  } else {
    return detail::node_of(value, options);
  }
}

}  // namespace cairn
