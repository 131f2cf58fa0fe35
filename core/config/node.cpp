#include "core/config/node.h"

#include <algorithm>
#include <utility>

#include "core/text/utf8.h"

namespace cairn {

const Node* Node::find(std::string_view key) const {
  for (const NodeEntry& entry : entries) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

Node* Node::find(std::string_view key) {
  for (NodeEntry& entry : entries) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

Node Node::make_scalar(std::string text, bool quoted) {
  Node node;
  node.kind = Kind::scalar;
  node.scalar = std::move(text);
  node.quoted = quoted;
  return node;
}

Node Node::make_map() {
  Node node;
  node.kind = Kind::map;
  return node;
}

Node Node::make_sequence() {
  Node node;
  node.kind = Kind::sequence;
  return node;
}

Node& Node::add(std::string key, Node value) {
  entries.push_back({std::move(key), {}, std::move(value)});
  return entries.back().value;
}

bool operator==(const Node& a, const Node& b) {
  return a.kind == b.kind && a.scalar == b.scalar &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const NodeEntry& x, const NodeEntry& y) {
                      return x.key == y.key && x.value == y.value;
                    }) &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end());
}

std::string describe_found(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "'" + shorten(node.scalar) + "'";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  throw InternalError("unknown kind of node");
}

}  // namespace cairn
