#include "core/hash.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sample_spec.h"

namespace cairn {
namespace {

TEST_CASE("the hash is the same in every build") {
  // Golden values: they are keys of stored results. A change makes old runs unreadable.
  Hasher hasher;
  hasher.add(std::uint64_t{1});
  hasher.add(std::int64_t{-1});
  hasher.add(2.5);
  hasher.add(true);
  hasher.add("weight_stationary");
  CHECK(hasher.value() == 0xb897acf27883a130U);
  CHECK(stable_hash(std::string{"abc"}) == 0xe9000201c20b921eU);
  CHECK(stable_hash(Frequency{800e6}) == 0x6e38000fd1445a32U);
  CHECK(combine(1, 2) == 0xda4a1db2e84fb71eU);
}

TEST_CASE("equal numbers hash equally") {
  CHECK(stable_hash(0.0) == stable_hash(-0.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(stable_hash(nan) == stable_hash(-nan));
  CHECK(stable_hash(std::int64_t{5}) == stable_hash(5));
}

TEST_CASE("order, length and borders count") {
  CHECK(combine(1, 2) != combine(2, 1));
  CHECK(stable_hash(std::vector<std::string>{"ab", "c"}) !=
        stable_hash(std::vector<std::string>{"a", "bc"}));
  CHECK(stable_hash(std::vector<int>{}) != stable_hash(std::vector<int>{0}));
  CHECK(stable_hash(std::vector<int>{0}) != stable_hash(std::vector<int>{0, 0}));
  CHECK(stable_hash(std::string{"a"}) != stable_hash(std::string("a\0", 2)));
  CHECK(stable_hash(std::optional<int>{}) != stable_hash(std::optional<int>{0}));
}

TEST_CASE("every field of a struct counts") {
  const test::ArraySpec base{4, 4, Frequency{1e9}, test::Dataflow::weight_stationary};
  std::set<std::uint64_t> hashes{stable_hash(base)};
  auto changed = base;
  changed.rows = 5;
  hashes.insert(stable_hash(changed));
  changed = base;
  changed.cols = 5;
  hashes.insert(stable_hash(changed));
  changed = base;
  changed.clock = Frequency{2e9};
  hashes.insert(stable_hash(changed));
  changed = base;
  changed.dataflow = test::Dataflow::output_stationary;
  hashes.insert(stable_hash(changed));
  CHECK(hashes.size() == 5);
  CHECK(stable_hash(test::Device{base}) != stable_hash(test::Device{test::CoreSpec{4}}));
}

TEST_CASE("no two of a million small inputs collide") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 1000; ++a) {
    for (std::uint64_t b = 0; b < 1000; ++b) {
      seen.insert(combine(a, b));
    }
  }
  CHECK(seen.size() == 1'000'000);
}

TEST_CASE("every bit of an input moves about half of the bits of the hash") {
  for (unsigned bit = 0; bit < 64; ++bit) {
    int flipped = 0;
    for (std::uint64_t i = 0; i < 64; ++i) {
      const std::uint64_t x = i * 0x9e3779b97f4a7c15ULL;
      flipped += std::popcount(combine(x, 7) ^ combine(x ^ (std::uint64_t{1} << bit), 7));
    }
    // Mean 32 of 64 bits; 64 samples give a standard deviation of 0.5.
    CHECK(flipped / 64.0 == Approx(32.0).margin(3.0));
  }
}

struct Wide {
  std::vector<test::ArraySpec> arrays;
  template <class Archive>
  void fields(Archive& a) {
    a("arrays", arrays, "many");
  }
};

TEST_CASE("hashing sixty fields takes less than 200 ns", "[.][bench]") {
  Wide wide;
  wide.arrays.resize(15);  // of four fields each
  constexpr int kTimes = 1'000'000;
  std::uint64_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kTimes; ++i) {
    wide.arrays[0].rows = i;
    sum ^= stable_hash(wide);
  }
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  CHECK(sum != 0);
  WARN("60 fields: " << time.count() / kTimes << " ns");
}

}  // namespace
}  // namespace cairn
