// Does a job that goes wrong cost only itself? Workers are short shell scripts here.
#include "app/worker_pool.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "core/error.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::app {
namespace {

struct Outcome {
  bool completed{};
  std::map<std::size_t, WorkerAnswer> answers;
  std::vector<std::size_t> order;
};

/// Each job is a script that a shell reads from its standard input.
Outcome run(const std::vector<std::string>& scripts, int at_once = 2, double time_out_s = 20,
            const std::function<bool()>& stop = {}) {
  Outcome outcome;
  WorkerJobs jobs;
  jobs.count = scripts.size();
  jobs.job = [&](std::size_t i) { return scripts[i]; };
  jobs.done = [&](std::size_t i, WorkerAnswer answer) {
    outcome.order.push_back(i);
    outcome.answers[i] = std::move(answer);
  };
  jobs.stop = stop;
  outcome.completed = run_workers(
      {.program = "/bin/sh", .arguments = {}, .at_once = at_once, .time_out_s = time_out_s}, jobs);
  return outcome;
}

TEST_CASE("every job gets its own answer, however many run at once") {
  std::vector<std::string> scripts;
  scripts.reserve(20);
  for (int i = 0; i < 20; ++i) {
    scripts.push_back("echo noise; echo 'at 1e-6'; echo answer " + std::to_string(i * i) + "\n");
  }
  for (const int at_once : {1, 3, 8}) {
    const Outcome outcome = run(scripts, at_once);
    CHECK(outcome.completed);
    REQUIRE(outcome.answers.size() == 20);
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(outcome.answers.at(i).answer == std::to_string(i * i));
      CHECK(outcome.answers.at(i).failure.empty());
    }
  }
}

TEST_CASE("a worker that crashes costs its own job, and says how far it was") {
  const Outcome outcome = run({"echo answer one\n", "echo 'at 0.0012'; kill -SEGV $$\n",
                               "kill -KILL $$\n", "echo answer four\n"});
  CHECK(outcome.completed);
  CHECK(outcome.answers.at(0).answer == "one");
  CHECK(outcome.answers.at(3).answer == "four");
  CHECK(outcome.answers.at(1).failure ==
        "the worker was ended by signal 11 (Segmentation fault), at 1.2 ms of simulated time");
  CHECK(outcome.answers.at(2).failure ==
        "the worker was ended by signal 9 (Killed), before any simulated time");
}

TEST_CASE("a worker that ends without an answer is quoted") {
  const Outcome outcome = run({"echo first >&2; echo 'no such thing' >&2; exit 70\n", "exit 0\n",
                               "echo 'at 3'; echo failed nothing can go on\n"});
  CHECK(outcome.answers.at(0).failure ==
        "the worker ended with exit code 70 and no answer (no such thing), before any simulated "
        "time");
  CHECK(outcome.answers.at(1).failure ==
        "the worker ended with exit code 0 and no answer, before any simulated time");
  CHECK(outcome.answers.at(2).failure == "nothing can go on, at 3 s of simulated time");
}

TEST_CASE("a worker that takes too long is ended and the others have their time") {
  const Outcome outcome =
      run({"echo 'at 1e-3'; echo 'at 2e-3'; sleep 60\n", "echo answer quick\n"}, 2, 0.5);
  CHECK(outcome.completed);
  CHECK(outcome.answers.at(0).failure ==
        "no answer within the time-out of 500 ms, at 2 ms of simulated time");
  CHECK(outcome.answers.at(1).answer == "quick");
}

TEST_CASE("a job and an answer may be longer than a pipe") {
  const std::string longer(300'000, 'x');
  const Outcome outcome = run({"text='" + longer + "'; echo answer $text\n"});
  CHECK(outcome.answers.at(0).answer == longer);
}

TEST_CASE("stopping ends every worker at once") {
  const test::ScratchFolder folder;
  const std::string pid_file = folder.path("pid");
  const auto told = [&] { return std::filesystem::exists(pid_file); };
  const auto begin = std::chrono::steady_clock::now();
  const Outcome outcome = run(
      {"echo answer first\n",
       "echo $$ > " + pid_file + ".new; mv " + pid_file + ".new " + pid_file + "; exec sleep 60\n",
       "sleep 60\n", "echo answer never\n"},
      2, 60, told);
  CHECK_FALSE(outcome.completed);
  CHECK(outcome.answers.size() == 1);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
  pid_t worker = 0;
  std::ifstream(pid_file) >> worker;
  REQUIRE(worker > 0);
  CHECK(::kill(worker, 0) == -1);  // gone, and waited for
}

TEST_CASE("a program that cannot be started is an error, not a failed job") {
  WorkerJobs jobs;
  jobs.count = 1;
  jobs.job = [](std::size_t) { return std::string{}; };
  jobs.done = [](std::size_t, const WorkerAnswer&) {};
  CHECK_THROWS_AS(run_workers({.program = "/no/such/program", .arguments = {}}, jobs), IoError);
}

}  // namespace
}  // namespace cairn::app
