#include "models/tensor_network/network_json.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "core/text/did_you_mean.h"
#include "core/text/file_text.h"
#include "core/text/numbers.h"
#include "models/tensor_network/json_tree.h"

namespace cairn::models {
namespace {

using Kind = JsonNode::Kind;
/// More mistakes than these are not looked for: placing each one reads the whole text.
constexpr std::size_t kMostMistakes = 100;

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  NetworkFile read() {
    const std::optional<JsonNode> root = parse_json(text_, file_, diagnostics_);
    NetworkFile result;
    if (root) {
      result.list = root->kind == Kind::array;
      if (!result.list) {
        result.networks.push_back(network(*root, ""));
      }
      for (std::size_t i = 0; result.list && i < root->items.size(); ++i) {
        result.networks.push_back(network(root->items[i], fmt::format("[{}]", i)));
        if (diagnostics_.error_count() > kMostMistakes) {
          break;
        }
      }
    }
    diagnostics_.throw_if_any();
    return result;
  }

 private:
  using Ids = std::map<std::string, IndexId, std::less<>>;

  void error(const JsonNode& at, std::string path, std::string message, std::string hint = {}) {
    diagnostics_.error(place_in(text_, file_, at.offset), std::move(path), std::move(message),
                       std::move(hint));
  }

  /// The value of a key, or a mistake if it is missing or of another kind.
  const JsonNode* member(const JsonNode& object, const std::string& path, std::string_view key,
                         Kind kind, std::string_view expected, std::string_view hint) {
    const JsonNode* const node = object.find(key);
    if (node == nullptr) {
      const std::optional<std::string> meant = nearest(key, object.keys);
      error(object, path, fmt::format("'{}' is missing", key),
            meant ? fmt::format("is '{}' meant to be '{}'?", *meant, key) : std::string{hint});
    } else if (node->kind != kind) {
      error(*node, joined(path, key),
            fmt::format("expected {}, found {}", expected, node->described()), std::string{hint});
      return nullptr;
    }
    return node;
  }

  static std::string joined(const std::string& path, std::string_view key) {
    return path.empty() ? std::string{key} : fmt::format("{}.{}", path, key);
  }

  TensorNetwork network(const JsonNode& node, const std::string& path) {
    TensorNetwork result;
    if (node.kind != Kind::object) {
      error(node, path, fmt::format("expected a network, found {}", node.described()),
            R"(such as {"terms": [["a","b"],["b"]], "output": ["a"], "sizes": {"a": 2, "b": 3}})");
      return result;
    }
    if (const JsonNode* const name = node.find("name")) {
      if (name->kind == Kind::string) {
        result.name = name->text;
      } else {
        error(*name, joined(path, "name"),
              fmt::format("expected text, found {}", name->described()));
      }
    }
    const JsonNode* const terms = member(node, path, "terms", Kind::array, "a list of terms",
                                         R"(such as [["a","b"],["b","c"]])");
    const JsonNode* const output = member(node, path, "output", Kind::array, "a list of indices",
                                          R"(such as ["a","c"]; [] for a scalar)");
    const JsonNode* const sizes = member(node, path, "sizes", Kind::object, "an object of numbers",
                                         R"(such as {"a": 2, "b": 3})");
    Ids ids;
    if (terms != nullptr) {
      read_terms(*terms, joined(path, "terms"), ids, result);
    }
    if (terms != nullptr && output != nullptr) {
      read_output(*output, joined(path, "output"), ids, result);
    }
    if (terms != nullptr && sizes != nullptr) {
      read_sizes(*sizes, joined(path, "sizes"), ids, result);
    }
    return result;
  }

  /// The name of an index, or a mistake.
  const std::string* name_of(const JsonNode& node, const std::string& path, std::size_t item) {
    if (node.kind == Kind::string && !node.text.empty()) {
      return &node.text;
    }
    error(node, fmt::format("{}[{}]", path, item),
          fmt::format("expected the name of an index, found {}", node.described()));
    return nullptr;
  }

  void read_terms(const JsonNode& node, const std::string& path, Ids& ids, TensorNetwork& result) {
    if (node.items.empty()) {
      error(node, path, "a network needs a term, found none");
    }
    for (std::size_t t = 0; t < node.items.size(); ++t) {
      const JsonNode& term = node.items[t];
      const std::string term_path = fmt::format("{}[{}]", path, t);
      result.terms.emplace_back();
      if (term.kind != Kind::array) {
        error(term, term_path,
              fmt::format("expected a list of indices, found {}", term.described()),
              R"(such as ["a","b"])");
        continue;
      }
      for (std::size_t i = 0; i < term.items.size(); ++i) {
        const std::string* const name = name_of(term.items[i], term_path, i);
        if (name == nullptr) {
          continue;
        }
        const auto [place, is_new] =
            ids.try_emplace(*name, static_cast<IndexId>(result.indices.size()));
        if (is_new) {
          result.indices.push_back({.name = *name, .size = 1});
        }
        result.terms.back().push_back(place->second);
      }
    }
  }

  void read_output(const JsonNode& node, const std::string& path, const Ids& ids,
                   TensorNetwork& result) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string* const name = name_of(node.items[i], path, i);
      if (name == nullptr) {
        continue;
      }
      const auto place = ids.find(*name);
      if (place == ids.end()) {
        error(node.items[i], fmt::format("{}[{}]", path, i),
              fmt::format("output index '{}' stands in no term", *name), suggestion(*name, ids));
      } else if (std::ranges::find(result.output, place->second) != result.output.end()) {
        error(node.items[i], fmt::format("{}[{}]", path, i),
              fmt::format("output index '{}' stands twice in the output", *name));
      } else {
        result.output.push_back(place->second);
      }
    }
  }

  void read_sizes(const JsonNode& node, const std::string& path, const Ids& ids,
                  TensorNetwork& result) {
    std::vector<bool> given(result.indices.size(), false);
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const auto place = ids.find(node.keys[i]);
      if (place == ids.end()) {
        continue;
      }
      const auto id = static_cast<std::size_t>(place->second);
      const JsonNode& value = node.items[i];
      const std::optional<std::int64_t> size =
          value.kind == Kind::other ? parse_int(value.text) : std::nullopt;
      if (!size || *size < 1) {
        error(value, joined(path, node.keys[i]),
              fmt::format("expected a whole number from 1 to {}, found {}",
                          std::numeric_limits<std::int64_t>::max(), value.described()));
      } else if (given[id] && result.indices[id].size != *size) {
        error(value, joined(path, node.keys[i]),
              fmt::format("the size is {} here and {} before", *size, result.indices[id].size));
      } else {
        result.indices[id].size = *size;
      }
      given[id] = true;
    }
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!given[i]) {
        missing.push_back(result.indices[i].name);
      }
    }
    if (!missing.empty()) {
      error(node, path,
            fmt::format("{} {} {} no size", missing.size() == 1 ? "index" : "indices",
                        fmt::join(missing, ", "), missing.size() == 1 ? "has" : "have"));
    }
  }

  static std::string suggestion(const std::string& name, const Ids& ids) {
    std::vector<std::string> names;
    for (const auto& [known, id] : ids) {
      names.push_back(known);
    }
    return suggest(name, names);
  }

  std::string_view text_;
  const std::string& file_;
  Diagnostics diagnostics_;
};

}  // namespace

NetworkFile parse_networks(std::string_view text, const std::string& file) {
  return Reader{text, file}.read();
}

NetworkFile read_networks(const std::string& path) {
  return parse_networks(read_text_file(path), path);
}

}  // namespace cairn::models
