#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "core/config/source_lines.h"
#include "core/config/yaml_file.h"
#include "core/text/utf8.h"

namespace cairn {

namespace {

constexpr std::size_t kDeepest = 100;
constexpr std::size_t kMostNodes = 1'000'000;
constexpr std::size_t kMostOpenBrackets = 1000;

/// Stops the parser; the position and the message become a diagnostic.
struct Refused {
  SourceSpan at;
  std::string path;
  std::string message;
  std::string hint;
  bool not_a_key = false;  ///< also what an open bracket looks like
};

/// The offset behind a quoted text that begins at \p begin, or nothing if it never ends.
std::optional<std::size_t> end_of_quote(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) {
        return i + 1;
      }
      ++i;
    }
  }
  return std::nullopt;
}

/// The innermost bracket that is still open at the end. Quotes and comments count as in YAML when
/// they begin a word.
std::optional<std::size_t> find_open_bracket(std::string_view text) {
  constexpr std::string_view kBeforeWord = " \t\n\r[{,:";
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool word = i == 0 || kBeforeWord.find(text[i - 1]) != std::string_view::npos;
    if (word && (c == '"' || c == '\'')) {
      i = end_of_quote(text, i).value_or(text.size()) - 1;
    } else if (word && c == '#') {
      i = std::min(text.find('\n', i), text.size() - 1);
    } else if (c == '[' || c == '{') {
      open.push_back(i);
    } else if ((c == ']' || c == '}') && !open.empty()) {
      open.pop_back();
    }
  }
  return open.empty() ? std::nullopt : std::optional{open.back()};
}

/// Builds the tree from the parser's events, which know the position of every key and value.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const SourceLines& lines, Diagnostics& diagnostics)
      : text_(text), lines_(&lines), diagnostics_(&diagnostics) {}

  [[nodiscard]] Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (seen_document_) {
      const SourceSpan at = place(mark);
      throw Refused{at, "", "a second document in one file",
                    at.text.starts_with("---")
                        ? "remove '---'"
                        : "does the indentation of this line fit the lines above?"};
    }
    seen_document_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.at = place(mark);
    if (!stack_.empty() && stack_.back().has_key) {
      node.at = stack_.back().key_at;  // where nothing stands, the parser's position is of the next
    }
    accept(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refused{place(mark), path(), "an alias inside its own anchor", ""};
    }
    count(found->second, mark);
    accept(Node{found->second}, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    check_quote(mark);
    Node node = Node::make_scalar(value, tag == "!");
    node.at = place(mark);
    accept(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    check_tag(mark, tag);
    push(Node::make_sequence(), mark, anchor);
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    check_tag(mark, tag);
    push(Node::make_map(), mark, anchor);
  }
  void OnMapEnd() override { pop(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool skip_value = false;  ///< the key was refused; its value is read and dropped
    std::string key;
    SourceSpan key_at;
    std::map<std::string, int, std::less<>> first_lines;
  };

  [[nodiscard]] SourceSpan place(const YAML::Mark& mark) const {
    return lines_->span(static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column));
  }

  /// The path of what is being read: `workloads[0].model`.
  [[nodiscard]] std::string path() const {
    std::string result;
    for (const Frame& frame : stack_) {
      if (frame.node.is_sequence()) {
        result += fmt::format("[{}]", frame.node.items.size());
      } else if (frame.has_key) {
        result += (result.empty() ? "" : ".") + shorten(frame.key);
      }
    }
    return result;
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{place(mark), path(), fmt::format("tag '{}' is not supported", shorten(tag)),
                    ""};
    }
  }

  /// yaml-cpp 0.7 lets a quote run to the end of the file, so that the rest of it would vanish.
  void check_quote(const YAML::Mark& mark) const {
    const auto begin = static_cast<std::size_t>(mark.pos);
    const bool quote = begin < text_.size() && (text_[begin] == '"' || text_[begin] == '\'');
    if (quote && !end_of_quote(text_, begin)) {
      throw Refused{place(mark), path(), "the quote is not closed", ""};
    }
  }

  void count(const Node& node, const YAML::Mark& mark) {
    if (++nodes_ > kMostNodes) {
      throw Refused{place(mark), path(), fmt::format("more than {} values", kMostNodes), ""};
    }
    for (const Node& item : node.items) {
      count(item, mark);
    }
    for (const NodeEntry& entry : node.entries) {
      count(entry.value, mark);
    }
  }

  void push(Node node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    node.at = place(mark);
    if (stack_.size() >= kDeepest) {
      throw Refused{node.at, "", fmt::format("nested deeper than {} levels", kDeepest), ""};
    }
    expect_value(node);
    Frame frame;
    frame.node = std::move(node);
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void pop() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    accept(std::move(frame.node), frame.anchor);
  }

  /// A list or a map cannot be a key.
  void expect_value(const Node& node) const {
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().has_key) {
      throw Refused{node.at, path(), "a key must be a text, found " + describe_found(node), "",
                    true};
    }
  }

  void accept(Node node, YAML::anchor_t anchor) {
    if (++nodes_ > kMostNodes) {
      throw Refused{node.at, path(), fmt::format("more than {} values", kMostNodes), ""};
    }
    if (anchor != 0) {
      anchors_[anchor] = node;
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& top = stack_.back();
    if (top.node.is_sequence()) {
      top.node.items.push_back(std::move(node));
    } else if (top.has_key) {
      if (!top.skip_value) {
        top.node.entries.push_back({std::move(top.key), std::move(top.key_at), std::move(node)});
      }
      top.has_key = false;
    } else {
      accept_key(top, std::move(node));
    }
  }

  void accept_key(Frame& top, Node node) {
    if (!node.is_scalar()) {
      throw Refused{node.at, path(), "a key must be a text, found " + describe_found(node), ""};
    }
    top.has_key = true;
    top.skip_value = false;
    top.key = std::move(node.scalar);
    top.key_at = std::move(node.at);
    if (top.key == "<<") {
      top.skip_value = true;
      top.node.incomplete = true;
      diagnostics_->error(top.key_at, path(), "merge key '<<' is not supported",
                          "use 'extends: FILE', or write the keys out");
      return;
    }
    const auto [first, added] = top.first_lines.try_emplace(top.key, top.key_at.line);
    if (!added) {
      top.skip_value = true;
      diagnostics_->error(top.key_at, path(), "key given twice",
                          fmt::format("first given in line {}", first->second));
    }
  }

  std::string_view text_;
  const SourceLines* lines_;
  Diagnostics* diagnostics_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  Node root_;
  std::size_t nodes_ = 0;
  bool seen_document_ = false;
};

/// The bracket that is one too many. yaml-cpp takes seconds for megabytes of open brackets before
/// it refuses them; no text that means anything has so many, not even in quotes.
std::optional<std::size_t> find_too_deep(std::string_view text) {
  std::size_t open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{') {
      if (++open > kMostOpenBrackets) {
        return i;
      }
    } else if ((text[i] == ']' || text[i] == '}') && open > 0) {
      --open;
    }
  }
  return std::nullopt;
}

/// The first line up to \p last whose indentation holds a tab, which YAML forbids; the parser's
/// own message then seldom tells the cause.
std::optional<SourceSpan> find_tab(const SourceLines& lines, std::size_t last) {
  for (std::size_t i = 0; i < lines.size() && i <= last; ++i) {
    const std::string_view line = lines.line(i);
    const std::size_t content = line.find_first_not_of(" \t");
    const std::size_t tab = line.find('\t');
    if (content != std::string_view::npos && tab < content && line[content] != '#') {
      return lines.span(i, tab);
    }
  }
  return std::nullopt;
}

void report_open_bracket(std::string_view text, std::size_t offset, const SourceLines& lines,
                         Diagnostics& diagnostics) {
  diagnostics.error(lines.span_at(offset), "",
                    fmt::format("not valid YAML: bracket '{}' is not closed", text[offset]));
}

void report(const YAML::Exception& error, std::string_view text, const SourceLines& lines,
            Diagnostics& diagnostics) {
  const bool placed = !error.mark.is_null();
  const std::size_t line = placed ? static_cast<std::size_t>(error.mark.line) : 0;
  const std::size_t byte = placed ? static_cast<std::size_t>(error.mark.column) : 0;
  if (auto tab = find_tab(lines, line)) {
    diagnostics.error(std::move(*tab), "", "tab in the indentation", "use spaces");
    return;
  }
  if (error.msg.find("flow not found") != std::string::npos) {
    if (const auto bracket = find_open_bracket(text)) {
      report_open_bracket(text, *bracket, lines, diagnostics);
      return;
    }
  }
  const bool colon = error.msg == "illegal map value";
  diagnostics.error(
      lines.span(line, byte), "", "not valid YAML: " + error.msg,
      colon ? "a text with ': ' needs quotes; a key must be indented as its siblings" : "");
}

}  // namespace

Node parse_yaml(std::string_view text, const std::string& filename, Diagnostics& diagnostics) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const SourceLines lines{text, filename};
  Node empty;
  empty.at = lines.span(0, 0);
  empty.incomplete = true;
  if (const auto bad = find_not_text(text)) {
    SourceSpan at = lines.span_at(*bad);
    at.text.clear();  // the line cannot be shown
    diagnostics.error(std::move(at), "", "not a text file: a byte is not UTF-8");
    return empty;
  }
  if (const auto deep = find_too_deep(text)) {
    diagnostics.error(lines.span_at(*deep), "",
                      fmt::format("more than {} brackets are open", kMostOpenBrackets));
    return empty;
  }
  TreeBuilder builder{text, lines, diagnostics};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    if (refused.not_a_key) {
      if (const auto bracket = find_open_bracket(text)) {
        report_open_bracket(text, *bracket, lines, diagnostics);
        return empty;
      }
    }
    diagnostics.error(refused.at, refused.path, refused.message, refused.hint);
    return empty;
  } catch (const YAML::Exception& error) {
    report(error, text, lines, diagnostics);
    return empty;
  }
  Node root = builder.take_root();
  if (root.at.line == 0) {
    root.at = empty.at;
  }
  return root;
}

}  // namespace cairn
