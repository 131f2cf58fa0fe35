#include "app/columns.h"

#include <catch2/catch.hpp>

namespace cairn::app {
namespace {

TEST_CASE("a paragraph breaks at blanks and keeps to the width") {
  CHECK(wrapped("one two three", 0, 7) == "one two\nthree\n");
  CHECK(wrapped("one two three", 2, 9) == "  one two\n  three\n");
  CHECK(wrapped("one two three", 2, 8) == "  one\n  two\n  three\n");
  CHECK(wrapped("", 2).empty());
  CHECK(wrapped("  blanks   collapse ", 0) == "blanks collapse\n");
}

TEST_CASE("a word that is wider than the width stands out by itself") {
  CHECK(wrapped("a incomprehensible b", 0, 6) == "a\nincomprehensible\nb\n");
}

TEST_CASE("columns stand under each other and the last one wraps") {
  CHECK(columns({{"NAME", "N", "WHAT"}, {"a", "1000", "x"}}, {1}) ==
        "NAME     N  WHAT\n"
        "a     1000  x\n");
  // The last column is 20 wide: 26 less 4 + 2.
  CHECK(columns({{"abcd", "twenty letters wide, and more"}}, {}, 26) ==
        "abcd  twenty letters wide,\n"
        "      and more\n");
}

TEST_CASE("wide characters take two columns of a terminal") {
  CHECK(columns({{"電", "x"}, {"ab", "y"}, {"c", "z"}}) == "電  x\nab  y\nc   z\n");
}

}  // namespace
}  // namespace cairn::app
