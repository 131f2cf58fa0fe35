#include <string>

#include <catch2/catch.hpp>

#include "core/config/yaml_file.h"

namespace cairn {
namespace {

std::string again(const std::string& text) {
  Diagnostics diagnostics;
  const Node node = parse_yaml(text, "t.yaml", diagnostics);
  diagnostics.throw_if_any();
  return write_yaml(node);
}

TEST_CASE("trees are written as blocks, lists of texts on one line") {
  const std::string text =
      "name: a study\n"
      "empty: {}\n"
      "none: []\n"
      "nothing: null\n"
      "rows: [1, 2, 3]\n"
      "memories:\n"
      "  dram:\n"
      "    capacity: 8 GiB\n"
      "layers:\n"
      "  - name: conv1\n"
      "    sizes:\n"
      "      - [3, 3]\n"
      "      - []\n"
      "  - plain\n";
  CHECK(again(text) == text);
}

TEST_CASE("texts are quoted when they would mean something else") {
  CHECK(again("'null'") == "\"null\"\n");
  CHECK(again("''") == "\"\"\n");
  CHECK(again("'a: b'") == "\"a: b\"\n");
  CHECK(again("'2:4'") == "\"2:4\"\n");
  CHECK(again("'$x'") == "\"$x\"\n");
  CHECK(again("$x") == "$x\n");
  CHECK(again("'-5'") == "-5\n");
  CHECK(again("'- 5'") == "\"- 5\"\n");
  CHECK(again("|\n  two\n  lines\n") == "\"two\\nlines\\n\"\n");
  CHECK(again("int4/g128") == "int4/g128\n");
}

}  // namespace
}  // namespace cairn
