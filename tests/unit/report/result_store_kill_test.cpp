#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "core/random.h"
#include "report/store/csv_export.h"
#include "report/store/result_store.h"
#include "sample_run.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::report {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::uint64_t kRows = 120 * kBatch;

std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

void run_to_the_end(const std::string& path, const search::DesignSpace& space, bool slowly) {
  ResultWriter writer{path, test::sample_schema(space), space};
  while (writer.size() < kRows) {
    const test::SampleBatch batch{space, writer.size(), kBatch};
    writer.append(batch.points, batch.rows);
    if (slowly) {
      ::usleep(300);
    }
  }
  writer.finish();
}

}  // namespace

TEST_CASE("a run that is killed at random moments and resumed gives the same points.csv") {
  const test::ScratchFolder folder;
  const auto space = test::sample_space();
  run_to_the_end(folder.path("calm.sqlite"), space, false);
  write_points_csv(ResultReader{folder.path("calm.sqlite")}, folder.path("calm.csv"));

  const std::string path = folder.path("killed.sqlite");
  Rng rng{20240611};
  int killed = 0;
  std::uint64_t before = 0;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        run_to_the_end(path, space, true);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    // From before the first table to some batches on.
    const auto pause = std::chrono::microseconds{rng.uniform_int(0, 8000)};
    std::this_thread::sleep_for(pause);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
    killed += WIFSIGNALED(status) ? 1 : 0;

    ResultWriter writer{path, test::sample_schema(space), space};
    CHECK(writer.size() % kBatch == 0);
    CHECK(writer.size() >= before);
    before = writer.size();
    const ResultReader reader{path};
    std::uint64_t rows = 0;
    reader.replay(0, reader.size(), [&](const StoredPoint&) { ++rows; });
    CHECK(rows == before);
  }
  CHECK(killed >= 10);
  run_to_the_end(path, space, false);
  write_points_csv(ResultReader{path}, folder.path("killed.csv"));
  CHECK(slurp(folder.path("killed.csv")) == slurp(folder.path("calm.csv")));
}

}  // namespace cairn::report
