#include <algorithm>

#include "hw/mcu/cycle/mcu_streams.h"

namespace cairn::hw::cycle {
namespace {

/// Stretches of one kernel: enough for a timeline.
constexpr std::int64_t kStretches = 256;

double real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Each task waits for the one before.
class SingleCoreStream final : public Stream {
 public:
  explicit SingleCoreStream(std::shared_ptr<const McuWork> work) : work_(std::move(work)) {}

  bool next(Task& task) override {
    if (fetch_) {
      task = *fetch_;
      fetch_.reset();
      return true;
    }
    while (job_ < work_->jobs.size()) {
      const McuJob& job = work_->jobs[job_];
      if (!begun_) {
        begun_ = true;
        kernel_ = 0;
        task.activity = static_cast<std::uint16_t>(McuActivity::overhead);
        task.duration = time(job.plan.overhead);
        task.after[0] = 1;
        return true;
      }
      if (kernel_ == job.plan.kernel_count) {
        begun_ = false;
        ++job_;
        continue;
      }
      if (!share_) {
        const KernelBlocks& blocks = job.plan.kernels.at(kernel_);
        share_.emplace(blocks, 0, 1);
        lines_.emplace(work_->machine, blocks);
        blocks_ = blocks.rounds(1);
        stretches_ = std::clamp<std::int64_t>(blocks_, 1, kStretches);
        stretch_ = 0;
      }
      if (stretch_ == stretches_) {
        share_.reset();
        ++kernel_;
        continue;
      }
      stretch(job, task);
      return true;
    }
    return false;
  }

 private:
  [[nodiscard]] Femtoseconds time(double cycles) const {
    return to_femtoseconds(cycles / work_->clock);
  }
  /// The first block of stretch \p s.
  [[nodiscard]] std::int64_t start(std::int64_t s) const {
    return blocks_ / stretches_ * s + std::min(s, blocks_ % stretches_);
  }

  /// Computation of some blocks, then what the core waited for meanwhile.
  void stretch(const McuJob& job, Task& task) {
    const std::int64_t from = start(stretch_);
    const std::int64_t to = start(++stretch_);
    task.activity = static_cast<std::uint16_t>(McuActivity::compute);
    task.duration = time(share_->advance_to(real(to)));
    task.after[0] = 1;
    const std::int64_t missed = lines_->before(to) - lines_->before(from);
    if (missed == 0) {
      return;
    }
    const McuMachine& machine = work_->machine;
    const double bytes = real(missed) * machine.line_bytes;
    const Femtoseconds wait = time(bytes * machine.stall_per_byte);
    // The memory itself takes an access of this: the rest is set-up. Where the core waits for less
    // than an access, its load has overlapped the difference.
    const Femtoseconds access =
        to_femtoseconds(work_->flash.latency_s + bytes * 8 * work_->flash.seconds_per_bit);
    task.duration =
        std::max<Femtoseconds>(0, task.duration - std::max<Femtoseconds>(0, access - wait));
    Task& fetch = fetch_.emplace();
    fetch.kind = TaskKind::transfer;
    fetch.unit = work_->mover;
    fetch.activity = static_cast<std::uint16_t>(McuActivity::wait_for_flash);
    fetch.duration = std::max<Femtoseconds>(0, wait - access);
    fetch.transfer = {.memory = work_->flash.index,
                      .address = job.weights,
                      .bytes = static_cast<std::uint64_t>(bytes)};
    fetch.after[0] = 1;
  }

  std::shared_ptr<const McuWork> work_;
  std::size_t job_{};
  bool begun_{};
  std::size_t kernel_{};
  std::optional<CoreShare> share_;
  std::optional<FlashLines> lines_;
  std::int64_t blocks_{};
  std::int64_t stretches_{};
  std::int64_t stretch_{};
  std::optional<Task> fetch_;
};

}  // namespace

std::unique_ptr<Stream> single_core_stream(std::shared_ptr<const McuWork> work) {
  return std::make_unique<SingleCoreStream>(std::move(work));
}

}  // namespace cairn::hw::cycle
