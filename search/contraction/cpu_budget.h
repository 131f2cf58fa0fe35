/// \file
/// CPU time that several threads may spend together.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>

namespace cairn::search {

/// CPU time of the calling thread in nanoseconds.
[[nodiscard]] inline std::int64_t thread_cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class CpuBudget {
 public:
  explicit CpuBudget(double seconds) : left_(static_cast<std::int64_t>(seconds * 1e9)) {}
  [[nodiscard]] bool spent() const { return left_.load(std::memory_order_relaxed) <= 0; }
  [[nodiscard]] double left() const {
    return static_cast<double>(left_.load(std::memory_order_relaxed)) * 1e-9;
  }

  /// Takes the CPU time of this thread, between its construction and each call of charge() and its
  /// end, from the budget.
  class Use {
   public:
    explicit Use(CpuBudget& budget) : budget_(budget), since_(thread_cpu_nanoseconds()) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Use(Use&&) = delete;
    Use& operator=(Use&&) = delete;
    ~Use() { charge(); }
    /// Whether the budget is gone, this thread's part up to now counted.
    [[nodiscard]] bool spent() {
      charge();
      return budget_.spent();
    }
    void charge() {
      const std::int64_t now = thread_cpu_nanoseconds();
      budget_.left_.fetch_sub(now - since_, std::memory_order_relaxed);
      since_ = now;
    }

   private:
    CpuBudget& budget_;
    std::int64_t since_;
  };

 private:
  std::atomic<std::int64_t> left_;
};

}  // namespace cairn::search
