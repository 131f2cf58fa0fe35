/// \file
/// Jobs in processes of their own, several at a time: whatever happens to one, the others go on.
///
/// A worker reads its job from standard input and writes lines to standard output:
///
///   at SECONDS     now and then: the simulated time it has reached
///   answer TEXT    its result; the last line, then it ends with exit code 0
///   failed TEXT    why it has none; likewise
///
/// Anything else it writes there is ignored. One that is killed, ends without an answer or takes
/// longer than its time-out has failed; the last line of its standard error is part of the reason.
/// Workers stand in process groups of their own, so that Ctrl-C reaches only this process.
///
/// Checked by: tests/unit/app/worker_pool_test.cpp
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace cairn::app {

struct WorkerOptions {
  std::string program;  ///< path of the executable; `/proc/self/exe`: this one
  std::vector<std::string> arguments;
  int at_once{1};
  double time_out_s{600};  ///< of wall-clock time, for each job
};

/// What became of one job.
struct WorkerAnswer {
  std::string answer;
  std::string failure;  ///< one line; empty when there is an answer
};

struct WorkerJobs {
  std::size_t count{};
  std::function<std::string(std::size_t)> job;  ///< what a worker reads, made when it starts
  /// Called in the order in which jobs end.
  std::function<void(std::size_t, WorkerAnswer)> done;
  /// Asked several times a second: true ends all workers and run_workers().
  std::function<bool()> stop;
};

/// \returns false if it was stopped: then jobs that had not ended are without an answer.
/// \throws IoError if no process can be started. No worker outlives the call.
bool run_workers(const WorkerOptions& options, const WorkerJobs& jobs);

}  // namespace cairn::app
