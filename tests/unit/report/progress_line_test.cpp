#include "report/store/progress_line.h"

#include <sstream>

#include <catch2/catch.hpp>

namespace cairn::report {

TEST_CASE("numbers are grouped by thousands and durations are short") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(human_duration(0.2) == "0 s");
  CHECK(human_duration(59.4) == "59 s");
  CHECK(human_duration(59.6) == "1 min 00 s");
  CHECK(human_duration(185) == "3 min 05 s");
  CHECK(human_duration(8060) == "2 h 14 min");
}

TEST_CASE("progress names what is done, how fast and how long it takes") {
  CHECK(progress_text({524288, 1000000, 1, 312}, 81234.4) ==
        "524,288 of 1,000,000 (52 %), 81,234 points/s, 6 s left, front 312");
  CHECK(progress_text({999999, 1000000, 1, 3}, 0.0) == "999,999 of 1,000,000 (99 %), front 3");
  CHECK(progress_text({10, 0, 1, 3}, 5.0) == "10, 5 points/s, front 3");
  CHECK(progress_text({10, 10, 1, 3}, 5.0) == "10 of 10 (100 %), 5 points/s, front 3");
}

TEST_CASE("a terminal gets one line that is rewritten and wiped") {
  std::ostringstream out;
  ProgressLine line{out, true, 0, 0.0};
  line.update({100, 1000, 0, 5}, 0.05);  // too soon
  CHECK(out.str().empty());
  line.update({1000, 10000, 0, 555}, 0.2);
  line.finish({10000, 10000, 0, 5}, 2.0);
  CHECK(out.str() ==
        "\r1,000 of 10,000 (10 %), front 555"
        "\r10,000 of 10,000 (100 %), 5,000 points/s, front 5\n");
}

TEST_CASE("a file gets a line every ten seconds") {
  std::ostringstream out;
  ProgressLine line{out, false, 0, 0.0};
  for (int second = 1; second <= 21; ++second) {
    line.update({static_cast<std::uint64_t>(second) * 100, 10000, 0, 5}, second);
  }
  CHECK(out.str() ==
        "1,000 of 10,000 (10 %), 100 points/s, 1 min 30 s left, front 5\n"
        "2,000 of 10,000 (20 %), 100 points/s, 1 min 20 s left, front 5\n");
}

TEST_CASE("a resumed run's rate counts only what it did itself") {
  std::ostringstream out;
  ProgressLine line{out, false, 5000, 0.0};
  line.finish({6000, 6000, 0, 5}, 10.0);
  CHECK(out.str() == "6,000 of 6,000 (100 %), 100 points/s, front 5\n");
}

}  // namespace cairn::report
