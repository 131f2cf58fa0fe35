#include "core/config/yaml_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/file_text.h"
#include "core/text/numbers.h"
#include "core/text/utf8.h"

namespace cairn {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLargestFile = std::int64_t{64} << 20U;
constexpr std::size_t kMostFiles = 1000;

/// One run of load_yaml(): the files that are being read, outermost first.
class Loader {
 public:
  explicit Loader(Diagnostics& diagnostics) : diagnostics_(&diagnostics) {}

  /// \throws IoError
  Node load(const std::string& path) {
    const std::string text = read_text_file(path, kLargestFile);
    const std::size_t errors = diagnostics_->error_count();
    Node root = parse_yaml(text, path, *diagnostics_);
    if (root.is_null() && diagnostics_->error_count() == errors) {
      diagnostics_->error({path, 0, 0, "", 0}, "", "the file is empty");
      root.incomplete = true;
    }
    resolve_inside(root, path);
    return root;
  }

  void resolve_inside(Node& node, const std::string& path) {
    chain_.push_back(path);
    resolve(node, "");
    chain_.pop_back();
  }

 private:
  void resolve(Node& node, const std::string& path) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      resolve(node.items[i], fmt::format("{}[{}]", path, i));
    }
    const std::string prefix = path.empty() ? "" : path + ".";
    std::optional<NodeEntry> extends;
    for (NodeEntry& entry : node.entries) {
      if (entry.key == "extends") {
        extends = entry;
      } else {
        resolve(entry.value, prefix + entry.key);
      }
    }
    if (!extends) {
      return;
    }
    std::erase_if(node.entries, [](const NodeEntry& entry) { return entry.key == "extends"; });
    const std::size_t errors = diagnostics_->error_count();
    Node base = Node::make_map();
    for (const Node& file : files_of(extends->value, prefix + "extends")) {
      add_base(base, file, prefix + "extends");
    }
    base.at = node.at;
    const bool failed = diagnostics_->error_count() > errors;
    merge(base, std::move(node));
    node = std::move(base);
    if (failed) {
      mark_incomplete(node);
    }
  }

  /// After a base could not be read, any part may miss something.
  static void mark_incomplete(Node& node) {
    node.incomplete = true;
    for (Node& item : node.items) {
      mark_incomplete(item);
    }
    for (NodeEntry& entry : node.entries) {
      mark_incomplete(entry.value);
    }
  }

  std::vector<Node> files_of(const Node& value, const std::string& path) {
    if (value.is_scalar()) {
      return {value};
    }
    const bool all_scalars = std::all_of(value.items.begin(), value.items.end(),
                                         [](const Node& item) { return item.is_scalar(); });
    if (value.is_sequence() && all_scalars) {
      return value.items;
    }
    diagnostics_->error(value.at, path,
                        "expected a file or a list of files, found " + describe_found(value));
    return {};
  }

  void add_base(Node& base, const Node& file, const std::string& path) {
    const fs::path target = (fs::path{file.at.file}.parent_path() / file.scalar).lexically_normal();
    if (is_open(target)) {
      std::string chain;
      for (const std::string& name : chain_) {
        chain += name + " -> ";
      }
      diagnostics_->error(file.at, path, "the file extends itself", chain + target.string());
      return;
    }
    if (++files_ > kMostFiles) {
      if (files_ == kMostFiles + 1) {
        diagnostics_->error(file.at, path, fmt::format("more than {} files", kMostFiles));
      }
      return;
    }
    try {
      Node loaded = load(target.string());
      if (loaded.is_map()) {
        merge(base, std::move(loaded));
      } else if (!loaded.is_null()) {
        diagnostics_->error(
            file.at, path,
            fmt::format("'{}' must hold a map, found {}", target.string(), describe_found(loaded)));
      }
    } catch (const IoError& error) {
      diagnostics_->error(file.at, path, error.what(), near_files(target, file.scalar));
    }
  }

  [[nodiscard]] bool is_open(const fs::path& target) const {
    return std::any_of(chain_.begin(), chain_.end(), [&target](const std::string& name) {
      std::error_code ignored;
      return fs::path{name}.lexically_normal() == target || fs::equivalent(name, target, ignored);
    });
  }

  /// A hint from the files that are there, for the file \p written so.
  static std::string near_files(const fs::path& target, const std::string& written) {
    std::error_code error;
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path{"."};
    std::vector<std::string> names;
    for (fs::directory_iterator it{folder, error}; !error && it != fs::directory_iterator{};
         it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    const auto near = nearest(target.filename().string(), names);
    const bool misspelt = near && *near != target.filename().string();
    return misspelt ? "did you mean '" + fs::path{written}.replace_filename(*near).string() + "'?"
                    : "";
  }

  Diagnostics* diagnostics_;
  std::vector<std::string> chain_;
  std::size_t files_ = 0;
};

/// Gives every node of an override the place of the command line.
void relabel(Node& node, const SourceSpan& whole, int offset) {
  const auto moved = [&whole, offset](const SourceSpan& from) {
    SourceSpan at = whole;
    at.caret = from.line == 1 ? offset + from.column : offset + 1;
    return at;
  };
  node.at = moved(node.at);
  for (Node& item : node.items) {
    relabel(item, whole, offset);
  }
  for (NodeEntry& entry : node.entries) {
    entry.at = moved(entry.at);
    relabel(entry.value, whole, offset);
  }
}

/// One step of an override's path: where it leads, or why it leads nowhere.
class OverrideWalk {
 public:
  OverrideWalk(SourceSpan whole, int offset, std::string_view path, Diagnostics& diagnostics)
      : whole_(std::move(whole)), offset_(offset), path_(path), diagnostics_(&diagnostics) {}

  /// The node that the path names, made if it is a key that is not there; nullptr after an error.
  Node* find(Node& root) {
    Node* node = &root;
    std::size_t begin = 0;
    while (begin <= path_.size()) {
      node = step(*node, begin);
      if (node == nullptr) {
        return nullptr;
      }
    }
    return node;
  }

 private:
  [[nodiscard]] SourceSpan place(std::size_t begin) const {
    SourceSpan at = whole_;
    at.caret = offset_ + static_cast<int>(count_characters(path_.substr(0, begin))) + 1;
    return at;
  }

  Node* fail(std::size_t begin, std::string message, std::string hint = {}) {
    diagnostics_->error(place(begin), std::string{path_}, std::move(message), std::move(hint));
    return nullptr;
  }

  Node* step(Node& node, std::size_t& begin) {
    const std::size_t dot = std::min(path_.find('.', begin), path_.size());
    const std::string_view name = path_.substr(begin, dot - begin);
    if (name.empty()) {
      return fail(begin, "a step of the path is empty");
    }
    if (node.is_sequence()) {
      Node* item = item_of(node, begin, name);
      begin = dot + 1;
      return item;
    }
    if (node.is_null()) {
      node = Node::make_map();
      node.at = place(begin);
    }
    if (!node.is_map()) {
      return fail(begin,
                  fmt::format("'{}' has no parts: it is {}",
                              path_.substr(0, begin > 0 ? begin - 1 : 0), describe_found(node)));
    }
    return entry_of(node, begin, dot, name);
  }

  /// Keys may contain dots: the longest key that fits is taken.
  Node* entry_of(Node& map, std::size_t& begin, std::size_t dot, std::string_view name) {
    const std::string_view rest = path_.substr(begin);
    NodeEntry* best = nullptr;
    for (NodeEntry& entry : map.entries) {
      const bool fits = rest.starts_with(entry.key) &&
                        (rest.size() == entry.key.size() || rest[entry.key.size()] == '.');
      if (fits && (best == nullptr || entry.key.size() > best->key.size())) {
        best = &entry;
      }
    }
    if (best != nullptr && best->key.size() >= name.size()) {
      begin += best->key.size() + 1;
      return &best->value;
    }
    map.entries.push_back({std::string{name}, place(begin), Node{}});
    map.entries.back().value.at = place(begin);
    begin = dot + 1;
    return &map.entries.back().value;
  }

  Node* item_of(Node& list, std::size_t begin, std::string_view name) {
    if (const auto index = parse_int(name)) {
      const auto count = static_cast<std::int64_t>(list.items.size());
      if (*index >= 0 && *index < count) {
        return &list.items[static_cast<std::size_t>(*index)];
      }
      return fail(begin, fmt::format("the list has no item {}", *index),
                  count == 0 ? "it is empty" : fmt::format("from 0 to {}", count - 1));
    }
    std::vector<std::string> names;
    for (Node& item : list.items) {
      const Node* item_name = item.find("name");
      if (item_name != nullptr && item_name->is_scalar()) {
        if (item_name->scalar == name) {
          return &item;
        }
        names.push_back(item_name->scalar);
      }
    }
    return fail(begin, fmt::format("the list has no item named '{}'", shorten(name)),
                names.empty() ? "give its index, from 0" : suggest(name, names));
  }

  SourceSpan whole_;
  int offset_;
  std::string_view path_;
  Diagnostics* diagnostics_;
};

}  // namespace

Node load_yaml(const std::string& path, Diagnostics& diagnostics) {
  return Loader{diagnostics}.load(path);
}

void resolve_extends(Node& node, const std::string& path, Diagnostics& diagnostics) {
  Loader{diagnostics}.resolve_inside(node, path);
}

void merge(Node& base, Node over) {
  if (!base.is_map() || !over.is_map()) {
    base = std::move(over);
    return;
  }
  base.at = over.at;
  base.incomplete = base.incomplete || over.incomplete;
  for (NodeEntry& entry : over.entries) {
    if (Node* existing = base.find(entry.key)) {
      merge(*existing, std::move(entry.value));
    } else {
      base.entries.push_back(std::move(entry));
    }
  }
}

void apply_override(Node& root, std::string_view override_text, int index,
                    Diagnostics& diagnostics) {
  constexpr std::string_view kFlag = "--set ";
  const int offset = static_cast<int>(kFlag.size());
  SourceSpan whole{"<command line>", 1, index, std::string{kFlag} + std::string{override_text},
                   offset + 1};
  const std::size_t equals = override_text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    diagnostics.error(whole, "",
                      fmt::format("expected path=value, found '{}'", shorten(override_text)));
    return;
  }
  const std::string_view path = trim(override_text.substr(0, equals));
  const int value_offset =
      offset + static_cast<int>(count_characters(override_text.substr(0, equals + 1)));
  Diagnostics inside;
  Node value = parse_yaml(override_text.substr(equals + 1), whole.file, inside);
  for (const Diagnostic& problem : inside.items()) {
    SourceSpan at = whole;
    at.caret = value_offset + problem.at.column;
    diagnostics.error(std::move(at), std::string{path}, problem.message, problem.hint);
  }
  if (!inside.ok()) {
    return;
  }
  relabel(value, whole, value_offset);
  if (Node* target = OverrideWalk{whole, offset, path, diagnostics}.find(root)) {
    const bool stays = target->is_map() && value.is_map();
    SourceSpan at = stays ? target->at : value.at;
    merge(*target, std::move(value));
    target->at = std::move(at);
  }
}

}  // namespace cairn
