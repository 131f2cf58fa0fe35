#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "core/text/utf8.h"
#include "core/version.h"

namespace cairn {
namespace {

enum class Colour { red, green, unnamed };
constexpr auto enum_names(Colour /*tag*/) {
  return std::array{std::pair{Colour::red, std::string_view{"red"}},
                    std::pair{Colour::green, std::string_view{"green"}}};
}

TEST_CASE("the nearest word is found through every kind of slip") {
  const std::vector<std::string> words{"rows", "cols", "dataflow", "weight_buffer", "clock"};
  CHECK(nearest("row", words) == "rows");
  CHECK(nearest("colums", words) == "cols");
  CHECK(nearest("clokc", words) == "clock");
  CHECK(nearest("Clock", words) == "clock");
  CHECK(nearest("weight-buffer", words) == "weight_buffer");
  CHECK(nearest("wieght_bufer", words) == "weight_buffer");
  CHECK(!nearest("energy", words));
  CHECK(!nearest("", words));
  CHECK(!nearest(std::string(100'000, 'x'), words));
  CHECK(!nearest("a", std::vector<std::string>{"b"}));
}

TEST_CASE("a swap of neighbours is one slip") {
  CHECK(edit_distance("clokc", "clock") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("of equally near words the first is taken") {
  CHECK(nearest("cat", std::vector<std::string>{"bat", "car"}) == "bat");
}

TEST_CASE("without a near word the hint lists what there is") {
  CHECK(suggest("zzz", std::vector<std::string>{"a_long_one", "another"}) ==
        "one of: a_long_one, another");
  CHECK(suggest("zzz", std::vector<std::string>{}).empty());
  std::vector<std::string> many;
  for (int i = 0; i < 13; ++i) {
    many.push_back("name" + std::to_string(i));
  }
  CHECK(one_of(many) ==
        "one of: name0, name1, name2, name3, name4, name5, name6, name7, name8, name9, name10, "
        "name11, ...");
}

TEST_CASE("names of an enum go both ways") {
  CHECK(to_text(Colour::green) == "green");
  CHECK(enum_from_text<Colour>("red") == Colour::red);
  CHECK(!enum_from_text<Colour>("Red"));
  CHECK(enum_texts<Colour>() == std::vector<std::string>{"red", "green"});
  CHECK_THROWS_AS(to_text(Colour::unnamed), InternalError);
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(parse_int("-12") == -12);
  CHECK(!parse_int("12 "));
  CHECK(!parse_int("+12"));
  CHECK(!parse_int("1e3"));
  CHECK(!parse_int(""));
  CHECK(!parse_int("9223372036854775808"));
  CHECK(parse_unsigned("18446744073709551615") == 18446744073709551615U);
  CHECK(parse_double("1.5e-3") == 1.5e-3);
  CHECK(!parse_double("inf"));
  CHECK(!parse_double("nan"));
  CHECK(!parse_double("1.5x"));
  CHECK(!parse_double("1e999"));
}

TEST_CASE("doubles are printed in the shortest form that reads back") {
  CHECK(print_double(0.1) == "0.1");
  CHECK(print_double(1e23) == "1e+23");
  CHECK(print_double(-0.0) == "-0");
  CHECK(parse_double(print_double(5e-324)) == 5e-324);
  CHECK(human_double(1234.56) == "1235");
}

TEST_CASE("characters and columns are counted as a reader sees them") {
  CHECK(count_characters("grün") == 4);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("e\xCC\x81") == 1);  // e and a combining acute accent
  CHECK(byte_of_character("grün", 3) == 4);
  CHECK(byte_of_character("ab", 9) == 2);
}

TEST_CASE("bytes that are no text are found") {
  CHECK(!find_not_text("grün 日本 \xF0\x9F\x98\x80"));
  CHECK(find_not_text("ab\xFF") == 2U);
  CHECK(find_not_text(std::string_view{"a\0b", 3}) == 1U);
  CHECK(find_not_text("\xC0\xAF") == 0U);      // overlong
  CHECK(find_not_text("\xED\xA0\x80") == 0U);  // a surrogate
  CHECK(find_not_text("ab\xE6\x97") == 2U);    // cut off
}

TEST_CASE("long texts are cut between characters") {
  CHECK(shorten("grüne", 3) == "grü...");
  CHECK(shorten("a\tb\n", 60) == "a b ");
}

TEST_CASE("the version names the program and the compiler") {
  CHECK(version_text().starts_with("cairn " + std::string{version()} + " ("));
  CHECK(!compiler_text().empty());
}

}  // namespace
}  // namespace cairn
