// Does an einsum become the network that it says, and is each mistake shown where it stands?
#include "models/tensor_network/einsum.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"

namespace cairn::models {
namespace {

/// Every diagnostic as the user sees it.
std::string complaint(const std::string& einsum, const std::string& sizes) {
  try {
    static_cast<void>(read_einsum(einsum, sizes));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::string output_of(const std::string& einsum, const std::string& sizes) {
  const TensorNetwork network = read_einsum(einsum, sizes);
  return names_of(network, network.output);
}

TEST_CASE("an einsum names terms, output and sizes") {
  const TensorNetwork network = read_einsum("ab,bc,cd->ad", "a=64,b=2,c=3,d=5");
  CHECK(network.terms == std::vector<TensorIndices>{{0, 1}, {1, 2}, {2, 3}});
  CHECK(network.output == TensorIndices{0, 3});
  CHECK(network.indices == std::vector<TensorIndex>{{"a", 64}, {"b", 2}, {"c", 3}, {"d", 5}});
  check(network);
}

TEST_CASE(
    "an output that is not written is every index that stands once, in the alphabet's order") {
  CHECK(output_of("db,bc,ca", "a=2,b=2,c=2,d=2") == "ad");
  CHECK(output_of("ba", "a=2,b=2") == "ab");
  CHECK(output_of("aa", "a=2") == "");         // a trace
  CHECK(output_of("bB,b", "b=2,B=3") == "B");  // upper and lower case differ
  CHECK(output_of("zA", "z=2,A=3") == "Az");   // upper case first, as in numpy
}

TEST_CASE("scalars, repeated indices, blanks and an empty output are read") {
  const TensorNetwork scalar = read_einsum(",a a, ->", "a=3");
  CHECK(scalar.terms == std::vector<TensorIndices>{{}, {0, 0}, {}});
  CHECK(scalar.output.empty());
  CHECK(read_einsum(" a b , b c - > a c ", "a=1,b=2,c=3") ==
        read_einsum("ab,bc->ac", "a=1,b=2,c=3"));
  CHECK(complaint("ab  -  > a!", "a=1,b=2").find("<einsum>:1:11: error: '!'") == 0);
}

TEST_CASE("letters beyond ASCII name indices, by code point") {
  const TensorNetwork network = read_einsum("αβ,βÀ,À×->α×", " α = 2, β=3,À=4 ,×=5");
  CHECK(network.terms == std::vector<TensorIndices>{{0, 1}, {1, 2}, {2, 3}});
  CHECK(network.indices[2] == TensorIndex{"À", 4});
  CHECK(output_of("βa,Àb", "β=2,À=2,a=2,b=2") == "abÀβ");
}

TEST_CASE("mistakes in an einsum are shown with their column") {
  CHECK(complaint("ab,b3->a", "a=2,b=3") ==
        "<einsum>:1:5: error: '3' names no index\n  ab,b3->a\n      ^\n"
        "  hint: each index is one letter, terms are separated by commas");
  CHECK(complaint("ab,bc->ax", "a=2,b=3,c=4") ==
        "<einsum>:1:9: error: output index 'x' stands in no term\n  ab,bc->ax\n          ^\n"
        "  hint: the terms have: a, b, c");
  CHECK(complaint("ab->aa", "a=2,b=3") ==
        "<einsum>:1:6: error: output index 'a' stands twice in the output\n  ab->aa\n       ^");
  CHECK(complaint("a...,b->ab", "a=2,b=3").find("an ellipsis is not known") != std::string::npos);
  CHECK(complaint("a,b->ab->a", "a=2,b=3").find("<einsum>:1:8: error: a second '->'") == 0);
  CHECK(complaint("a,b->a,b", "a=2,b=3").find("<einsum>:1:7: error: the output is one tensor") ==
        0);
  CHECK(complaint("", "").find("the einsum is empty") != std::string::npos);
  // Columns count characters, not bytes.
  CHECK(complaint("αβ,β!->α", "α=2,β=3").find("<einsum>:1:5: error: '!' names no index") == 0);
}

TEST_CASE("missing sizes are named all at once") {
  CHECK(complaint("ab,bc,cd->ad", "b=3") ==
        "<einsum>:1:1: error: indices a, c, d have no size\n  ab,bc,cd->ad\n  ^\n"
        "  hint: --sizes a=64,c=64,d=64");
  CHECK(complaint("ab->a", "a=3").find("<einsum>:1:2: error: index b has no size") == 0);
}

TEST_CASE("wrong, contradictory and needless sizes are refused where they stand") {
  CHECK(complaint("ab->a", "a=2,b=3,a=4") ==
        "<sizes>:1:9: error: size of 'a' is 4 here and 2 before\n  a=2,b=3,a=4\n          ^");
  CHECK(complaint("ab->a", "a=2,b=3,a=2") == "no error");
  CHECK(complaint("ab->a", "a=2,b=3,x=2").find("<sizes>:1:9: error: no term has an index 'x'") ==
        0);
  CHECK(complaint("ab->a", "a=0,b=3").find("size of 'a' is '0', expected a whole number from 1") !=
        std::string::npos);
  // A size that is wrong is not missing as well.
  CHECK(complaint("ab->a", "a=two,b=3").find("no size") == std::string::npos);
  CHECK(complaint("ab->a", "a2,b=3").find("'a2' is no size") != std::string::npos);
}

TEST_CASE("a network is written as an einsum, names of several letters in brackets") {
  const TensorNetwork network = read_einsum("ab,bc->ac", "a=2,b=3,c=4");
  CHECK(einsum_text(network, network.terms, network.output) == "ab,bc->ac");
  TensorNetwork longer = network;
  longer.indices[1].name = "r1";
  CHECK(einsum_text(longer, longer.terms, longer.output) == "[a,r1],[r1,c]->[a,c]");
}

}  // namespace
}  // namespace cairn::models
