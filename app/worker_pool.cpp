#include "app/worker_pool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text/numbers.h"
#include "core/text/quantity_text.h"

// POSIX leaves the declaration to the program; posix_spawn wants this very type.
// NOLINTNEXTLINE(readability-redundant-declaration,cppcoreguidelines-avoid-non-const-global-variables)
extern char** environ;

namespace cairn::app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kSelf = "/proc/self/exe";
constexpr std::size_t kMostErrorText = 4096;  ///< kept of a worker's standard error: its end

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    close();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) {
      ::close(number_);
      number_ = -1;
    }
  }

 private:
  int number_{-1};
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw IoError("worker", "cannot make a pipe", errno);
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): POSIX
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// The job as a file without a name: however long it is, nobody waits for the other.
Descriptor job_file(std::string_view job) {
  Descriptor file(::memfd_create("cairn job", MFD_CLOEXEC));
  if (!file.open()) {
    throw IoError("worker", "cannot hold a job", errno);
  }
  while (!job.empty()) {
    const ssize_t written = ::write(file.get(), job.data(), job.size());
    if (written < 0 && errno != EINTR) {
      throw IoError("worker", "cannot hold a job", errno);
    }
    job.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// `/proc/self/exe` of the child would be this program as well, but only by luck of the moment.
std::string real_program(const std::string& program) {
  if (program != kSelf) {
    return program;
  }
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink(program.c_str(), path.data(), path.size() - 1);
  if (length <= 0) {
    throw IoError(program, "cannot find this program", errno);
  }
  return {path.data(), static_cast<std::size_t>(length)};
}

class Worker {
 public:
  Worker(const WorkerOptions& options, const std::string& program, std::size_t job,
         std::string_view text)
      : job_(job) {
    const Descriptor input = job_file(text);
    Pipe out = make_pipe();
    Pipe error = make_pipe();
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error.write.get(), STDERR_FILENO);
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t plain;
    sigemptyset(&plain);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    posix_spawnattr_setsigmask(&attributes, &plain);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    std::vector<std::string> words = options.arguments;
    words.insert(words.begin(), program);
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) {
      pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const int problem =
        ::posix_spawn(&process_, program.c_str(), &actions, &attributes, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (problem != 0) {
      process_ = 0;
      throw IoError(program, "cannot start a worker", problem);
    }
    out_ = std::move(out.read);
    error_ = std::move(error.read);
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(options.time_out_s));
    time_out_s_ = options.time_out_s;
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;
  ~Worker() { end(); }

  [[nodiscard]] std::size_t job() const { return job_; }
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] int out() const { return out_.get(); }
  [[nodiscard]] int error() const { return error_.get(); }

  /// Reads what is there. \returns the outcome once there is one.
  std::optional<WorkerAnswer> look() {
    read_from(error_, error_text_);
    if (error_text_.size() > kMostErrorText) {
      error_text_.erase(0, error_text_.size() - kMostErrorText);
    }
    read_from(out_, out_text_);
    take_lines();
    if (outcome_) {
      end();  // it has said all it had to say
      return std::move(outcome_);
    }
    if (!out_.open()) {
      int status = 0;
      const pid_t ended = ::waitpid(process_, &status, WNOHANG);
      if (ended == process_) {
        process_ = 0;
        read_from(error_, error_text_);
        return WorkerAnswer{{}, ending_of(status)};
      }
    }
    if (Clock::now() >= deadline_) {
      end();
      return WorkerAnswer{{},
                          fmt::format("no answer within the time-out of {}{}",
                                      human_text(Seconds{time_out_s_}), reached())};
    }
    return std::nullopt;
  }

 private:
  void end() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
      }
      process_ = 0;
    }
  }

  static void read_from(Descriptor& from, std::string& text) {
    std::array<char, 4096> part{};
    while (from.open()) {
      const ssize_t count = ::read(from.get(), part.data(), part.size());
      if (count > 0) {
        text.append(part.data(), static_cast<std::size_t>(count));
      } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        from.close();
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }

  void take_lines() {
    std::size_t start = 0;
    for (std::size_t stop = out_text_.find('\n'); stop != std::string::npos && !outcome_;
         stop = out_text_.find('\n', start)) {
      const std::string_view line = std::string_view{out_text_}.substr(start, stop - start);
      start = stop + 1;
      const auto rest = [&line](std::string_view word) {
        return line.starts_with(word) ? std::optional{line.substr(word.size())} : std::nullopt;
      };
      if (const auto time = rest("at ")) {
        at_ = parse_double(*time);
      } else if (const auto answer = rest("answer ")) {
        outcome_ = WorkerAnswer{std::string{*answer}, {}};
      } else if (const auto reason = rest("failed ")) {
        outcome_ = WorkerAnswer{{}, std::string{*reason} + reached()};
      }
    }
    out_text_.erase(0, start);
  }

  [[nodiscard]] std::string reached() const {
    return at_ ? fmt::format(", at {} of simulated time", human_text(Seconds{*at_}))
               : std::string{", before any simulated time"};
  }

  [[nodiscard]] std::string ending_of(int status) const {
    if (WIFSIGNALED(status)) {
      return fmt::format("the worker was ended by signal {} ({}){}", WTERMSIG(status),
                         ::strsignal(WTERMSIG(status)), reached());
    }
    const std::string last = last_line();
    return fmt::format("the worker ended with exit code {} and no answer{}{}", WEXITSTATUS(status),
                       last.empty() ? "" : " (" + last + ")", reached());
  }

  [[nodiscard]] std::string last_line() const {
    std::string_view text = error_text_;
    while (text.ends_with('\n')) {
      text.remove_suffix(1);
    }
    const std::size_t line = text.rfind('\n');
    return std::string{line == std::string_view::npos ? text : text.substr(line + 1)};
  }

  std::size_t job_;
  pid_t process_{};
  Descriptor out_;
  Descriptor error_;
  Clock::time_point deadline_;
  double time_out_s_{};
  std::string out_text_;
  std::string error_text_;
  std::optional<double> at_;
  std::optional<WorkerAnswer> outcome_;
};

/// Until a worker says something or its time is up, at most a tenth of a second.
void wait_for(const std::vector<std::unique_ptr<Worker>>& workers) {
  std::vector<pollfd> all;
  constexpr int kLongest = 100;  // ms
  constexpr int kEnding = 2;     // after one closed its output and has yet to end
  int longest = kLongest;
  const Clock::time_point now = Clock::now();
  for (const auto& worker : workers) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(worker->deadline() - now).count();
    longest = static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, longest));
    longest = worker->out() < 0 ? std::min(longest, kEnding) : longest;
    for (const int descriptor : {worker->out(), worker->error()}) {
      if (descriptor >= 0) {
        all.push_back({descriptor, POLLIN, 0});
      }
    }
  }
  ::poll(all.data(), all.size(), longest);
}

}  // namespace

bool run_workers(const WorkerOptions& options, const WorkerJobs& jobs) {
  const std::string program = real_program(options.program);
  const auto at_once = static_cast<std::size_t>(std::max(options.at_once, 1));
  std::vector<std::unique_ptr<Worker>> workers;
  std::size_t next = 0;
  while (next < jobs.count || !workers.empty()) {
    if (jobs.stop && jobs.stop()) {
      return false;
    }
    while (workers.size() < at_once && next < jobs.count) {
      workers.push_back(std::make_unique<Worker>(options, program, next, jobs.job(next)));
      ++next;
    }
    wait_for(workers);
    for (std::size_t w = 0; w < workers.size();) {
      std::optional<WorkerAnswer> outcome = workers[w]->look();
      if (!outcome) {
        ++w;
        continue;
      }
      const std::size_t job = workers[w]->job();
      workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(w));
      jobs.done(job, std::move(*outcome));
    }
  }
  return true;
}

}  // namespace cairn::app
