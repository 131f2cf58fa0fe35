#include "models/tensor_network/json_tree.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text/utf8.h"

namespace cairn::models {
namespace {

constexpr std::size_t kLongLine = 120;
constexpr int kDeepest = 200;

/// Walks text that is known to be valid JSON.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  std::optional<JsonNode> document() {
    JsonNode root = value(0);
    return too_deep_ ? std::nullopt : std::optional<JsonNode>{std::move(root)};
  }

 private:
  char next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  std::string string() {
    const std::size_t begin = at_++;
    bool escaped = false;
    while (text_[at_] != '"') {
      escaped = escaped || text_[at_] == '\\';
      at_ += text_[at_] == '\\' ? 2U : 1U;
    }
    ++at_;
    const std::string_view token = text_.substr(begin, at_ - begin);
    return escaped ? nlohmann::json::parse(token).get<std::string>()
                   : std::string{token.substr(1, token.size() - 2)};
  }

  JsonNode value(int depth) {
    JsonNode node;
    const char first = next();
    node.offset = at_;
    if (depth > kDeepest) {
      too_deep_ = true;
    }
    if (too_deep_) {
      return node;
    }
    if (first == '"') {
      node.kind = JsonNode::Kind::string;
      node.text = string();
    } else if (first == '{' || first == '[') {
      node.kind = first == '{' ? JsonNode::Kind::object : JsonNode::Kind::array;
      ++at_;
      for (char c = next(); c != '}' && c != ']' && !too_deep_; c = next()) {
        if (c == ',') {
          ++at_;
          next();
        }
        if (first == '{') {
          node.keys.push_back(string());
          next();
          ++at_;  // the colon
        }
        node.items.push_back(value(depth + 1));
      }
      ++at_;
    } else {
      const std::size_t end = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
      node.text = text_.substr(at_, end - at_);
      at_ = end;
    }
    return node;
  }

  std::string_view text_;
  std::size_t at_{};
  bool too_deep_{};
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
  for (std::size_t i = keys.size(); i > 0; --i) {
    if (keys[i - 1] == key) {
      return &items[i - 1];
    }
  }
  return nullptr;
}

std::string JsonNode::described() const {
  switch (kind) {
    case Kind::object:
      return "an object";
    case Kind::array:
      return "a list";
    case Kind::string:
      return fmt::format("the text \"{}\"", shorten(text));
    case Kind::other:
      break;
  }
  return shorten(text);
}

std::optional<JsonNode> parse_json(std::string_view text, const std::string& file,
                                   Diagnostics& diagnostics) {
  if (!nlohmann::json::accept(text)) {
    std::size_t offset = 0;
    std::string hint;
    try {
      [[maybe_unused]] const nlohmann::json parsed = nlohmann::json::parse(text);
    } catch (const nlohmann::json::parse_error& error) {
      offset = error.byte > 0 ? error.byte - 1 : 0;
    } catch (const nlohmann::json::exception&) {
      hint = "a number is out of range";
    }
    diagnostics.error(place_in(text, file, offset), "", "not valid JSON here", hint);
    return std::nullopt;
  }
  std::optional<JsonNode> root = Walker{text}.document();
  if (!root) {
    diagnostics.error(place_in(text, file, 0), "",
                      fmt::format("lists and objects are nested deeper than {}", kDeepest));
  }
  return root;
}

SourceSpan place_in(std::string_view text, const std::string& file, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 == 0
  const std::size_t end = std::min(text.find('\n', offset), text.size());
  const std::string_view line = text.substr(start, end - start);
  SourceSpan span{.file = file,
                  .line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                  .column = static_cast<int>(count_characters(line.substr(0, offset - start))) + 1,
                  .text = std::string{line}};
  if (line.size() > kLongLine) {  // a file without line breaks: show what stands here
    span.text = shorten(line.substr(offset - start), kLongLine);
    span.caret = 1;
  }
  return span;
}

}  // namespace cairn::models
