#include "core/config/yaml_file.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "scratch_folder.h"

namespace cairn {
namespace {

std::string problems(const Diagnostics& diagnostics, const std::string& folder = {}) {
  std::string result;
  for (const Diagnostic& d : diagnostics.sorted()) {
    result += render(d) + "\n";
  }
  for (std::size_t at = result.find(folder); !folder.empty() && at != std::string::npos;
       at = result.find(folder, at)) {
    result.erase(at, folder.size());
  }
  return result;
}

std::string problems_of(std::string_view text) {
  Diagnostics diagnostics;
  static_cast<void>(parse_yaml(text, "t.yaml", diagnostics));
  return problems(diagnostics);
}

Node good(std::string_view text) {
  Diagnostics diagnostics;
  Node node = parse_yaml(text, "t.yaml", diagnostics);
  diagnostics.throw_if_any();
  return node;
}

TEST_CASE("every node knows its place") {
  const Node node = good("a: 1\nb:\n  - x\n  - {c: \"d\"}\n");
  CHECK(node.entries[0].at.column == 1);
  CHECK(node.find("a")->at.column == 4);
  CHECK(node.find("a")->at.text == "a: 1");
  const Node& list = *node.find("b");
  CHECK(list.items[0].at.line == 3);
  CHECK(list.items[0].at.column == 5);
  CHECK(list.items[1].at.column == 5);
  const Node& quoted = *list.items[1].find("c");
  CHECK(quoted.quoted);
  CHECK(quoted.at.line == 4);
  CHECK(quoted.at.column == 9);
  CHECK(!node.find("a")->quoted);
}

TEST_CASE("columns count characters, not bytes") {
  const Node node = good("{grün: x, 日本: y, é: \"z\"}\n");
  CHECK(node.entries[0].value.at.column == 8);
  CHECK(node.entries[1].at.column == 11);
  CHECK(node.entries[2].value.at.column == 21);
}

TEST_CASE("carriage returns and a byte order mark do not count") {
  const Node node = good(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: \"2\"\r\n");
  CHECK(node.find("a")->at.column == 4);
  CHECK(node.find("a")->at.text == "a: 1");
  CHECK(node.find("b")->scalar == "2");
}

TEST_CASE("a key given twice is an error, and the first one stays") {
  CHECK(problems_of("a:\n  b: 1\n  b: 2\n") ==
        "t.yaml:3:3: error: a.b: key given twice\n    b: 2\n    ^\n"
        "  hint: first given in line 2\n");
  CHECK(problems_of("l: [{x: 1, x: 2}]\n") ==
        "t.yaml:1:12: error: l[0].x: key given twice\n  l: [{x: 1, x: 2}]\n             ^\n"
        "  hint: first given in line 1\n");
}

TEST_CASE("a merge key is refused, never ignored") {
  CHECK(problems_of("a: &a {x: 1}\nb:\n  <<: *a\n") ==
        "t.yaml:3:3: error: b.<<: merge key '<<' is not supported\n    <<: *a\n    ^\n"
        "  hint: use 'extends: FILE', or write the keys out\n");
}

TEST_CASE("anchors work inside a file") {
  const Node node = good("a: &x {r: 1}\nb: *x\nc: [&y 5, *y]\n");
  CHECK(node.find("b")->find("r")->scalar == "1");
  CHECK(node.find("b")->find("r")->at.line == 1);
  CHECK(node.find("c")->items[1].scalar == "5");
  CHECK(problems_of("a: *x\n") ==
        "t.yaml:1:4: error: not valid YAML: the referenced anchor is not defined\n  a: *x\n"
        "     ^\n");
}

TEST_CASE("a tab in the indentation is named as the cause") {
  CHECK(problems_of("a:\n\tb: 1\n") ==
        "t.yaml:2:1: error: tab in the indentation\n  \tb: 1\n  ^\n  hint: use spaces\n");
  CHECK(problems_of("a:\n  \t# only a comment\n  b: 1\n").empty());
}

TEST_CASE("quotes and brackets that never close are errors") {
  CHECK(problems_of("a: \"x\nb: 1\n") ==
        "t.yaml:1:4: error: a: the quote is not closed\n  a: \"x\n     ^\n");
  CHECK(problems_of("a: 'it''s\n") ==
        "t.yaml:1:4: error: a: the quote is not closed\n  a: 'it''s\n     ^\n");
  CHECK(problems_of("a: {b: 1\nc: 2\n") ==
        "t.yaml:1:4: error: not valid YAML: bracket '{' is not closed\n  a: {b: 1\n     ^\n");
  CHECK(problems_of("{a: [1, 2\n") ==
        "t.yaml:1:5: error: not valid YAML: bracket '[' is not closed\n  {a: [1, 2\n      ^\n");
  CHECK(problems_of("a: \"\\\"\"\nb: 'it''s'\nc: \"}\"\n").empty());
}

TEST_CASE("other mistakes of form carry the position of the parser") {
  CHECK(problems_of("a: b: c\n") ==
        "t.yaml:1:5: error: not valid YAML: illegal map value\n  a: b: c\n      ^\n"
        "  hint: a text with ': ' needs quotes; a key must be indented as its siblings\n");
  CHECK(problems_of("a: 1\n---\nb: 2\n") ==
        "t.yaml:2:1: error: a second document in one file\n  ---\n  ^\n  hint: remove '---'\n");
  CHECK(problems_of("- a\nb: 2\n") ==
        "t.yaml:2:1: error: a second document in one file\n  b: 2\n  ^\n"
        "  hint: does the indentation of this line fit the lines above?\n");
  CHECK(problems_of("? [a]\n: 1\n") ==
        "t.yaml:1:3: error: a key must be a text, found a list\n  ? [a]\n    ^\n");
  CHECK(problems_of("~: 1\n") ==
        "t.yaml:1:1: error: a key must be a text, found nothing\n  ~: 1\n  ^\n");
  CHECK(problems_of("a: !!int 5\n") ==
        "t.yaml:1:4: error: a: tag 'tag:yaml.org,2002:int' is not supported\n  a: !!int 5\n"
        "     ^\n");
}

TEST_CASE("an empty file, a directory and a missing file are told apart") {
  const test::ScratchFolder folder;
  Diagnostics diagnostics;
  CHECK(load_yaml(folder.write("empty.yaml", "# nothing\n"), diagnostics).is_null());
  CHECK(problems(diagnostics, folder.path("")) == "empty.yaml: error: the file is empty\n");
  CHECK_THROWS_AS(load_yaml(folder.path(""), diagnostics), IoError);
  CHECK_THROWS_AS(load_yaml(folder.path("none.yaml"), diagnostics), IoError);
}

TEST_CASE("what is not text is refused") {
  CHECK(problems_of("a: 1\nb: \xFF\n") ==
        "t.yaml:2:4: error: not a text file: a byte is not UTF-8\n");
  CHECK(problems_of(std::string_view{"a\0b", 3}) ==
        "t.yaml:1:2: error: not a text file: a byte is not UTF-8\n");
}

TEST_CASE("deep nesting is an error, not a crash") {
  std::string blocks;
  for (std::size_t i = 0; i < 300; ++i) {
    blocks += std::string(i, ' ') + "a:\n";
  }
  CHECK(problems_of(blocks).find("101:101: error: nested deeper than 100 levels") !=
        std::string::npos);
  CHECK(problems_of(std::string(10'000'000, '[')).find("more than 1000 brackets are open") !=
        std::string::npos);
  CHECK(!problems_of(std::string(500, '[')).empty());
  std::string list;
  for (int i = 0; i < 3'000'000; ++i) {
    list += "- ";
  }
  CHECK(problems_of(list).find("nested deeper than 100 levels") != std::string::npos);
}

TEST_CASE("ten megabytes of nonsense give an error") {
  Rng rng{5};
  std::string nonsense(10'000'000, ' ');
  for (char& c : nonsense) {
    c = static_cast<char>(rng.uniform_int(0, 255));
  }
  CHECK(!problems_of(nonsense).empty());
  constexpr std::string_view kAlphabet = "abc xyz:-[]{}#\n,&*\"'";
  for (char& c : nonsense) {
    c = kAlphabet[static_cast<std::size_t>(
        rng.uniform_int(0, static_cast<std::int64_t>(kAlphabet.size()) - 1))];
  }
  CHECK(!problems_of(nonsense).empty());
}

TEST_CASE("aliases cannot multiply without end") {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before{static_cast<char>(c - 1)};
    bomb += std::string{c} + ": &" + c + " [*" + before;
    for (int i = 0; i < 9; ++i) {
      bomb += ",*" + before;
    }
    bomb += "]\n";
  }
  CHECK(problems_of(bomb).find("more than 1000000 values") != std::string::npos);
}

TEST_CASE("very long lines are shown around the caret") {
  const std::string text = "{k: " + std::string(1000, 'x') + ", k: 2}\n";
  CHECK(problems_of(text) == "t.yaml:1:1007: error: k: key given twice\n  ..." +
                                 std::string(58, 'x') + ", k: 2}\n  " + std::string(63, ' ') +
                                 "^\n  hint: first given in line 1\n");
}

TEST_CASE("a file extends others: maps merge, everything else replaces") {
  const test::ScratchFolder folder;
  static_cast<void>(folder.write("base/a.yaml", "x: {p: 1, q: [1, 2]}\ny: 1\nz: 1\n"));
  static_cast<void>(folder.write("base/b.yaml", "extends: a.yaml\ny: 2\n"));
  static_cast<void>(folder.write("base/c.yaml", "y: 3\nw: 3\n"));
  const std::string top = folder.write(
      "top.yaml", "extends: [base/b.yaml, base/c.yaml]\nx: {q: [3], r: 1}\nz: {n: 1}\n");
  Diagnostics diagnostics;
  const Node node = load_yaml(top, diagnostics);
  diagnostics.throw_if_any();
  CHECK(write_yaml(node) == "x:\n  p: 1\n  q: [3]\n  r: 1\ny: 3\nz:\n  n: 1\nw: 3\n");
  CHECK(node.find("x")->find("p")->at.file == folder.path("base/a.yaml"));
  CHECK(node.find("x")->find("r")->at.file == top);
}

TEST_CASE("a map inside a file may extend, relative to the file that says it") {
  const test::ScratchFolder folder;
  static_cast<void>(folder.write("hw/small.yaml", "devices: {extends: ../parts/array.yaml}\n"));
  static_cast<void>(folder.write("parts/array.yaml", "array: {rows: 4, cols: 4}\n"));
  const std::string study =
      folder.write("studies/s.yaml",
                   "system: {extends: ../hw/small.yaml, devices: {array: {rows: 8}}}\n"
                   "list: [{extends: ../parts/array.yaml}]\n");
  Diagnostics diagnostics;
  const Node node = load_yaml(study, diagnostics);
  diagnostics.throw_if_any();
  CHECK(write_yaml(node) ==
        "system:\n  devices:\n    array:\n      rows: 8\n      cols: 4\n"
        "list:\n  - array:\n      rows: 4\n      cols: 4\n");
}

TEST_CASE("files that extend each other are an error with the chain") {
  const test::ScratchFolder folder;
  const std::string a = folder.write("a.yaml", "extends: b.yaml\n");
  static_cast<void>(folder.write("b.yaml", "x: {extends: ./a.yaml}\n"));
  static_cast<void>(folder.write("self.yaml", "extends: self.yaml\n"));
  Diagnostics diagnostics;
  static_cast<void>(load_yaml(a, diagnostics));
  CHECK(problems(diagnostics, folder.path("")) ==
        "b.yaml:1:14: error: x.extends: the file extends itself\n  x: {extends: ./a.yaml}\n"
        "               ^\n  hint: a.yaml -> b.yaml -> a.yaml\n");
  Diagnostics own;
  static_cast<void>(load_yaml(folder.path("self.yaml"), own));
  CHECK(problems(own, folder.path("")) ==
        "self.yaml:1:10: error: extends: the file extends itself\n  extends: self.yaml\n"
        "           ^\n  hint: self.yaml -> self.yaml\n");
}

TEST_CASE("a base that cannot be used is an error at its name") {
  const test::ScratchFolder folder;
  static_cast<void>(folder.write("small.yaml", "a: 1\n"));
  static_cast<void>(folder.write("list.yaml", "- 1\n"));
  const auto problems_with = [&folder](const std::string& text) {
    Diagnostics diagnostics;
    static_cast<void>(load_yaml(folder.write("top.yaml", text), diagnostics));
    return problems(diagnostics, folder.path(""));
  };
  CHECK(problems_with("extends: smal.yaml\n") ==
        "top.yaml:1:10: error: extends: smal.yaml: cannot read: No such file or directory\n"
        "  extends: smal.yaml\n           ^\n  hint: did you mean 'small.yaml'?\n");
  CHECK(problems_with("extends: list.yaml\n") ==
        "top.yaml:1:10: error: extends: 'list.yaml' must hold a map, found a list\n"
        "  extends: list.yaml\n           ^\n");
  CHECK(problems_with("extends: {a: 1}\n") ==
        "top.yaml:1:10: error: extends: expected a file or a list of files, found a map\n"
        "  extends: {a: 1}\n           ^\n");
}

TEST_CASE("files that extend one another in a widening tree are limited") {
  const test::ScratchFolder folder;
  for (int i = 0; i < 12; ++i) {
    const std::string next = std::to_string(i + 1) + ".yaml";
    static_cast<void>(
        folder.write(std::to_string(i) + ".yaml", "extends: [" + next + ", " + next + "]\n"));
  }
  static_cast<void>(folder.write("12.yaml", "a: 1\n"));
  Diagnostics diagnostics;
  static_cast<void>(load_yaml(folder.path("0.yaml"), diagnostics));
  CHECK(problems(diagnostics).find("more than 1000 files") != std::string::npos);
}

std::string overridden(const std::string& text, std::string_view change,
                       std::string* why = nullptr) {
  Node node = good(text);
  Diagnostics diagnostics;
  apply_override(node, change, 3, diagnostics);
  if (why != nullptr) {
    *why = problems(diagnostics);
  } else {
    diagnostics.throw_if_any();
  }
  return write_yaml(node);
}

TEST_CASE("an override replaces a value, and its place is the command line") {
  Node node = good("device: {array: {rows: 4, cols: 4}}\n");
  Diagnostics diagnostics;
  apply_override(node, "device.array.rows=32", 2, diagnostics);
  const Node& rows = *node.find("device")->find("array")->find("rows");
  CHECK(rows.scalar == "32");
  diagnostics.error(rows.at, "device.array.rows", "too many");
  CHECK(problems(diagnostics) ==
        "<command line>:1:2: error: device.array.rows: too many\n"
        "  --set device.array.rows=32\n"
        "                          ^\n");
}

TEST_CASE("overrides reach into lists by index and by name, make keys and merge maps") {
  CHECK(overridden("l: [1, 2]\n", "l.1=3") == "l: [1, 3]\n");
  CHECK(overridden("l: [{name: a, x: 1}, {name: b, x: 1}]\n", "l.b.x=5") ==
        "l:\n  - name: a\n    x: 1\n  - name: b\n    x: 5\n");
  CHECK(overridden("a: 1\n", "b.c.d=x") == "a: 1\nb:\n  c:\n    d: x\n");
  CHECK(overridden("a: {x: 1, y: 2}\n", "a={y: 3, z: [4]}") == "a:\n  x: 1\n  y: 3\n  z: [4]\n");
  CHECK(overridden("a: 1\n", "a=800 MHz") == "a: 800 MHz\n");
  CHECK(overridden("a: 1\n", "a=") == "a: null\n");
  CHECK(overridden("a: 1\n", "a=x=y") == "a: x=y\n");
  CHECK(overridden("m: {conv.1: {bits: 8}}\n", "m.conv.1.bits=4") ==
        "m:\n  conv.1:\n    bits: 4\n");
}

TEST_CASE("an override that leads nowhere says where it stops") {
  std::string why;
  overridden("l: [{name: first}]\n", "l.frist.x=1", &why);
  CHECK(why ==
        "<command line>:1:3: error: l.frist.x: the list has no item named 'frist'\n"
        "  --set l.frist.x=1\n          ^\n  hint: did you mean 'first'?\n");
  overridden("l: [1, 2]\n", "l.2=1", &why);
  CHECK(why ==
        "<command line>:1:3: error: l.2: the list has no item 2\n"
        "  --set l.2=1\n          ^\n  hint: from 0 to 1\n");
  overridden("a: 5\n", "a.b=1", &why);
  CHECK(why ==
        "<command line>:1:3: error: a.b: 'a' has no parts: it is '5'\n"
        "  --set a.b=1\n          ^\n");
  overridden("a: 5\n", "a", &why);
  CHECK(why == "<command line>:1:3: error: expected path=value, found 'a'\n  --set a\n        ^\n");
  overridden("a: 5\n", "a..b=1", &why);
  CHECK(why.find("a step of the path is empty") != std::string::npos);
  overridden("a: 5\n", "a=[1", &why);
  CHECK(why ==
        "<command line>:1:3: error: a: not valid YAML: bracket '[' is not closed\n"
        "  --set a=[1\n          ^\n");
}

}  // namespace
}  // namespace cairn
