// Does a run give the same bytes whatever happens to it? The program is started as a user starts
// it, killed, and started again.
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "tests/end_to_end/program.h"

namespace {

namespace fs = std::filesystem;
using cairn::test::bytes;
using cairn::test::finish;
using cairn::test::Scratch;
using cairn::test::start;

std::vector<std::string> run(const std::string& flag, const std::string& folder, int threads) {
  return {"run",       "configs/studies/quickstart.yaml", flag,    folder,
          "--threads", std::to_string(threads),           "--set", "report.formats=[csv]"};
}

}  // namespace

TEST_CASE("a run gives the same bytes at 1, 2 and 8 threads") {
  const Scratch scratch;
  std::string first;
  for (const int threads : {1, 2, 8}) {
    const std::string folder = scratch / std::to_string(threads);
    REQUIRE(finish(start(run("--out", folder, threads))) == 0);
    const std::string points = bytes(folder + "/points.csv");
    REQUIRE(points.size() > 1'000'000);
    if (first.empty()) {
      first = points;
    }
    CHECK(points == first);
  }
}

TEST_CASE("a run killed at 20 random moments and resumed gives the same bytes") {
  const Scratch scratch;
  const std::string undisturbed = scratch / "undisturbed";
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(finish(start(run("--out", undisturbed, 2))) == 0);
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::string expected = bytes(undisturbed + "/points.csv");

  cairn::Rng rng(cairn::derive_seed(20240611, "kills"));
  int kills = 0;
  int resumed = 0;
  for (int attempt = 0; kills < 20; ++attempt) {
    const std::string folder = scratch / ("killed" + std::to_string(attempt));
    fs::create_directories(folder);
    bool done = false;
    while (!done) {
      const pid_t child = start(run("--resume", folder, 2));
      if (kills == 20) {
        done = finish(child) == 0;
        REQUIRE(done);
        break;
      }
      std::this_thread::sleep_for(std::chrono::duration<double>(rng.uniform01() * 0.6 * whole));
      ::kill(child, SIGKILL);
      const int code = finish(child);
      done = code == 0;  // it was quicker
      kills += code == -SIGKILL ? 1 : 0;
      resumed += code == -SIGKILL && fs::exists(folder + "/results.sqlite") ? 1 : 0;
    }
    CHECK(bytes(folder + "/points.csv") == expected);
    CHECK(bytes(folder + "/pareto.csv") == bytes(undisturbed + "/pareto.csv"));
  }
  CHECK(resumed > 10);
}

TEST_CASE("Ctrl-C leaves a readable run that can be continued") {
  const Scratch scratch;
  const std::string undisturbed = scratch / "undisturbed";
  REQUIRE(finish(start(run("--out", undisturbed, 2))) == 0);
  const std::string folder = scratch / "stopped";
  const pid_t child = start(run("--out", folder, 2));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ::kill(child, SIGINT);
  const int code = finish(child);
  if (code != 0) {  // unless it had finished
    CHECK(code == 130);
    CHECK(fs::exists(folder + "/points.csv"));
    CHECK(fs::exists(folder + "/manifest.yaml"));
    REQUIRE(finish(start(run("--resume", folder, 2))) == 0);
  }
  CHECK(bytes(folder + "/points.csv") == bytes(undisturbed + "/points.csv"));
}
