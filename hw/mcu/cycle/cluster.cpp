#include <algorithm>
#include <cmath>
#include <deque>

#include "hw/mcu/cycle/mcu_streams.h"

namespace cairn::hw::cycle {
namespace {

constexpr double kBitsPerByte = 8;

double real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Bytes of a tensor before \p share of it.
std::uint64_t bytes_before(double bits, double share) {
  return static_cast<std::uint64_t>(std::ceil(bits * share / kBitsPerByte - 1e-6));
}

/// Tasks of one tile are made together and handed out one by one. A tile's first task is a fence
/// on the meeting before it: so all streams are always within a tile of each other.
class ClusterStream final : public Stream {
 public:
  ClusterStream(std::shared_ptr<const McuWork> work, std::int64_t core)
      : work_(std::move(work)), core_(core) {}

  bool next(Task& task) override {
    while (ready_.empty()) {
      if (job_ == work_->jobs.size()) {
        return false;
      }
      advance();
    }
    task = ready_.front();
    ready_.pop_front();
    return true;
  }

  void skip_laps(std::int64_t count) override {
    tile_ += count;
    const std::span<const KernelBlocks> kernels = job().plan.used();
    for (std::size_t k = 0; k < kernels.size(); ++k) {
      shares_[k].advance_to(position(kernels[k], tile_));
    }
  }

 private:
  [[nodiscard]] const McuJob& job() const { return work_->jobs[job_]; }
  [[nodiscard]] bool leads() const { return core_ == 0; }
  [[nodiscard]] Femtoseconds time(double cycles) const {
    return to_femtoseconds(cycles / work_->clock);
  }
  /// Share of the operator before tile \p tile.
  [[nodiscard]] double before(std::int64_t tile) const {
    const McuPlan& plan = job().plan;
    const double share = real(plan.tile.rounds) / (real(plan.tiled.rounds) * real(plan.tile.parts));
    return tile >= tiles_of(plan) ? 1.0 : share * real(tile);
  }

  void advance() {
    const std::int64_t tiles = tiles_of(job().plan);
    if (tile_ < 0) {
      begin();
    } else if (tile_ < tiles) {
      make_tile();
    } else {
      if (leads()) {
        store(tiles - 1);
        fence();
      }
      ++job_;
      tile_ = -2;
    }
    ++tile_;
  }

  /// Overhead and the first loads.
  void begin() {
    shares_.clear();
    for (const KernelBlocks& blocks : job().plan.used()) {
      shares_.emplace_back(blocks, core_, work_->cores);
    }
    if (leads()) {
      Task task;
      task.activity = static_cast<std::uint16_t>(McuActivity::overhead);
      task.duration = time(job().plan.overhead);
      task.fence = true;
      ready_.push_back(task);
      if (job().plan.on_unit) {
        task.unit = work_->convolution_unit;
        task.duration = time(job().plan.unit_setup);
        task.fence = false;
        task.after[0] = 1;
        ready_.push_back(task);
      }
      const std::size_t before = ready_.size();
      load(0);
      if (ready_.size() > before) {
        ready_[before].after[0] = 1;  // on the unit's setup
      }
      meet();
    } else {
      meet();
      fence();
    }
  }

  void make_tile() {
    if (leads()) {
      load(tile_ + 1);
      if (tile_ > 0) {
        store(tile_ - 1);
      }
    }
    if (job().plan.on_unit) {
      if (leads()) {
        compute(work_->convolution_unit, McuActivity::convolve,
                job().plan.unit_cycles * (before(tile_ + 1) - before(tile_)));
      }
    } else {
      double cycles = 0;
      const std::span<const KernelBlocks> kernels = job().plan.used();
      for (std::size_t k = 0; k < kernels.size(); ++k) {
        cycles += shares_[k].advance_to(position(kernels[k], tile_ + 1));
      }
      if (cycles > 0) {
        compute(static_cast<std::uint16_t>(core_), McuActivity::compute, cycles);
      }
    }
    meet();
    fence();
    ready_.front().lap = leads() && job_ == work_->repeating;
  }

  /// Rounds of \p blocks before tile \p tile.
  [[nodiscard]] double position(const KernelBlocks& blocks, std::int64_t tile) const {
    const auto rounds = real(blocks.rounds(work_->cores));
    const double exact = before(tile) * rounds;
    const double whole = std::round(exact);
    // Whole rounds stay whole, whatever their share was rounded to.
    return std::abs(exact - whole) < 1e-6 ? whole : exact;
  }

  void compute(std::uint16_t unit, McuActivity activity, double cycles) {
    Task task;
    task.unit = unit;
    task.activity = static_cast<std::uint16_t>(activity);
    task.duration = time(cycles);
    ready_.push_back(task);
  }

  void move(double bits, std::uint64_t address, const McuMemory& memory, std::int64_t tile,
            bool write) {
    if (bits <= 0 || tile >= tiles_of(job().plan)) {
      return;
    }
    const std::uint64_t from = bytes_before(bits, before(tile));
    const std::uint64_t bytes = bytes_before(bits, before(tile + 1)) - from;
    const double moved = real(static_cast<std::int64_t>(bytes)) * kBitsPerByte;
    const double seconds =
        moved * std::max(0.0, 1.0 / (work_->transport.bits_per_cycle * work_->clock) -
                                  memory.seconds_per_bit);
    compute(0, McuActivity::set_up, work_->transport.setup);
    Task task;
    task.kind = TaskKind::transfer;
    task.unit = work_->mover;
    task.activity = static_cast<std::uint16_t>(write ? McuActivity::store : McuActivity::load);
    task.duration = to_femtoseconds(seconds);
    task.transfer = {
        .memory = memory.index, .write = write, .address = address + from, .bytes = bytes};
    task.local[0] = {.memory = work_->scratchpad, .bits = moved};
    task.after[0] = 1;
    ready_.push_back(task);
  }
  void load(std::int64_t tile) {
    move(job().input_bits, job().inputs, work_->main, tile, false);
    move(job().plan.weight_bits, job().weights, work_->flash, tile, false);
  }
  void store(std::int64_t tile) {
    move(job().plan.stored_bits, job().outputs, work_->main, tile, true);
  }

  /// All cores meet when everything is done that is ready.
  void meet() {
    Task task;
    task.kind = TaskKind::barrier;
    task.activity = static_cast<std::uint16_t>(McuActivity::meet);
    std::size_t named = 0;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
      // A unit does its tasks in order: the last of each is enough, and a transfer is behind its
      // setup.
      const bool last =
          std::none_of(ready_.begin() + static_cast<std::ptrdiff_t>(i) + 1, ready_.end(),
                       [&](const Task& later) { return later.unit == ready_[i].unit; });
      if (last || ready_[i].kind == TaskKind::transfer) {
        task.after.at(named++) = static_cast<std::uint32_t>(ready_.size() - i);
      }
    }
    ready_.push_back(task);
  }
  /// Nothing that is ready is handed out before the meeting that came before it.
  void fence() {
    if (!ready_.empty()) {
      ready_.front().fence = true;
      ready_.front().after[0] = 1;
    }
  }

  std::shared_ptr<const McuWork> work_;
  std::int64_t core_{};
  std::size_t job_{};
  std::int64_t tile_{-1};
  std::vector<CoreShare> shares_;
  std::deque<Task> ready_;
};

}  // namespace

std::unique_ptr<Stream> cluster_stream(std::shared_ptr<const McuWork> work, std::int64_t core) {
  return std::make_unique<ClusterStream>(std::move(work), core);
}

}  // namespace cairn::hw::cycle
