#include <algorithm>
#include <array>
#include <cmath>

#include "hw/gpu/cycle/gpu_kernel_tasks.h"

namespace cairn::hw::cycle {
namespace {

constexpr double kBitsPerByte = 8;
/// Tasks of a kernel, about: beyond it several steps are one task.
constexpr double kMostChunks = 6e4;
/// Loads of a thread block that waits for none of them are this far ahead.
constexpr std::size_t kChunksAhead = 4;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

/// A share of an SM's work between two looks at the memory.
struct Chunk {
  double load_bits{};
  double again_bits{};  ///< read once more, out of the L2
  double seconds{};     ///< until its results leave
  double store_bits{};
};

/// What one SM does: waves of chunks, all alike but for the last wave.
struct Plan {
  double waves{1};
  double chunks{1};      ///< of a wave
  std::size_t ahead{1};  ///< chunks whose loads may be in flight: 1 waits for each
  double fixed{};        ///< s
  double hits{};         ///< bits that the L2 holds for all SMs
  double l2_rate{};      ///< bit/s of this SM
  double dram_rate{};    ///< bit/s of this SM when its threads wait for their loads; 0: no limit
};

class ChunkTasks : public GpuKernelTasks {
 public:
  ChunkTasks(const GpuMemories& memories, std::size_t sms, const Plan& plan, double read_bits,
             double write_bits, AddressMap& addresses)
      : plan_(plan),
        memories_(memories),
        inputs_(addresses.place(read_bits)),
        outputs_(addresses.place(write_bits)),
        read_bytes_(static_cast<std::uint64_t>(read_bits / kBitsPerByte)),
        write_bytes_(static_cast<std::uint64_t>(write_bits / kBitsPerByte)),
        sms_(sms) {}

  bool more(std::size_t sm, TaskList& list) final {
    Sm& state = sms_[sm];
    if (!state.started) {
      state.started = true;
      state.hits = plan_.hits * share_of(sm);
      state.gate = list.compute(GpuActivity::launch, plan_.fixed, {});
      return true;
    }
    while (to_real(state.wave) < plan_.waves) {
      const Chunk chunk = this->chunk(sm, state.wave, state.chunk);
      const bool setup = ++state.chunk == static_cast<std::int64_t>(plan_.chunks);
      if (setup) {
        state.chunk = 0;
        ++state.wave;
      }
      if (chunk.load_bits + chunk.again_bits + chunk.seconds + chunk.store_bits > 0) {
        add(sm, state, chunk, list);
        return true;
      }
    }
    return false;
  }

 protected:
  [[nodiscard]] virtual Chunk chunk(std::size_t sm, std::int64_t wave,
                                    std::int64_t index) const = 0;
  /// Share of all work that an SM does.
  [[nodiscard]] virtual double share_of(std::size_t sm) const = 0;

 private:
  struct Sm {
    bool started{};
    std::int64_t wave{};
    std::int64_t chunk{};
    double hits{};
    std::uint64_t gate{TaskList::kNone};
    std::deque<std::uint64_t> computes;  ///< of the last chunks
  };

  /// SMs work on neighbouring places at the same time.
  std::uint64_t place(std::uint64_t base, std::uint64_t& next, std::uint64_t bytes,
                      std::uint64_t limit) {
    if (next + bytes > limit) {
      next = 0;
    }
    const std::uint64_t at = base + next;
    next += bytes;
    return at;
  }

  /// Bits of \p bits that the L2 serves; the rest is asked of the DRAM.
  void move(Sm& state, double bits, bool write, std::uint64_t after, TaskList& list,
            std::vector<std::uint64_t>& numbers) {
    const SmUnit unit = write ? SmUnit::store : SmUnit::copy;
    const GpuActivity activity = write ? GpuActivity::store : GpuActivity::load;
    const double hit = std::min(bits, state.hits);
    state.hits -= hit;
    if (hit > 0) {
      // Loads and stores share what the L2 gives.
      numbers.push_back(list.delay(SmUnit::copy, activity, hit / plan_.l2_rate, after));
    }
    const auto bytes = static_cast<std::uint64_t>(std::round((bits - hit) / kBitsPerByte));
    if (bytes > 0) {
      const std::uint64_t at = write ? place(outputs_, next_output_, bytes, write_bytes_)
                                     : place(inputs_, next_input_, bytes, read_bytes_);
      numbers.push_back(list.transfer(
          unit, activity, {.memory = memories_.dram, .write = write, .address = at, .bytes = bytes},
          plan_.dram_rate > 0 && !write ? (bits - hit) / plan_.dram_rate : 0.0, after));
    }
  }

  void add(std::size_t /*sm*/, Sm& state, const Chunk& chunk, TaskList& list) {
    std::uint64_t free = state.gate;
    if (state.computes.size() >= plan_.ahead) {
      free = state.computes[state.computes.size() - plan_.ahead];
    }
    std::vector<std::uint64_t> waits{free};
    move(state, chunk.load_bits, /*write=*/false, free, list, waits);
    if (chunk.again_bits > 0) {
      waits.push_back(
          list.delay(SmUnit::copy, GpuActivity::load, chunk.again_bits / plan_.l2_rate, free));
    }
    // Threads that wait for their loads have few of them in flight: one SM gets no more than its
    // share, and its stores stand in the way of its next loads.
    const double misses = std::max(0.0, chunk.store_bits - state.hits);
    const double stores = plan_.dram_rate > 0 ? misses / plan_.dram_rate : 0.0;
    const std::uint64_t done = list.compute(GpuActivity::row_steps, chunk.seconds + stores, waits);
    state.computes.push_back(done);
    if (state.computes.size() > plan_.ahead) {
      state.computes.pop_front();
    }
    std::vector<std::uint64_t> stored;
    move(state, chunk.store_bits, /*write=*/true, done, list, stored);
  }

  Plan plan_;
  GpuMemories memories_;
  std::uint64_t inputs_{};
  std::uint64_t outputs_{};
  std::uint64_t read_bytes_{};
  std::uint64_t write_bytes_{};
  std::uint64_t next_input_{};
  std::uint64_t next_output_{};
  std::vector<Sm> sms_;
};

/// The same chunk over and over.
class EvenTasks final : public ChunkTasks {
 public:
  EvenTasks(const GpuMemories& memories, std::size_t sms, const Plan& plan, const Chunk& chunk,
            std::size_t active, double stored_at_end, double read_bits, double write_bits,
            AddressMap& addresses)
      : ChunkTasks(memories, sms, plan, read_bits, write_bits, addresses),
        chunk_(chunk),
        last_(static_cast<std::int64_t>(plan.chunks) - 1),
        active_(active),
        stored_at_end_(stored_at_end) {}

 private:
  [[nodiscard]] double share_of(std::size_t sm) const override {
    return sm < active_ ? 1 / static_cast<double>(active_) : 0.0;
  }
  [[nodiscard]] Chunk chunk(std::size_t sm, std::int64_t /*wave*/,
                            std::int64_t index) const override {
    if (sm >= active_) {
      return {};
    }
    Chunk chunk = chunk_;
    chunk.store_bits += index == last_ ? stored_at_end_ : 0.0;
    return chunk;
  }
  Chunk chunk_;
  std::int64_t last_{};
  std::size_t active_{};
  double stored_at_end_{};
};

/// Thread blocks that each work on a row, in waves of those that fit.
class RowTasks final : public ChunkTasks {
 public:
  RowTasks(const GpuStreamMachine& machine, const GpuStreamKernel& kernel,
           const GpuMemories& memories, const Plan& plan, AddressMap& addresses)
      : ChunkTasks(memories, static_cast<std::size_t>(machine.sms), plan,
                   kernel.time.read_bits - kernel.time.from_dram, kernel.time.write_bits,
                   addresses),
        machine_(machine),
        kernel_(kernel),
        of_pass_(plan.chunks / kernel.work.passes),
        chunks_(plan.chunks),
        operations_(kernel.shape.operations / kernel.shape.rows * machine.sms /
                    machine.vector_rate) {}

 private:
  [[nodiscard]] double share_of(std::size_t sm) const override {
    return std::max(0.0, std::ceil((kernel_.shape.rows - to_real(static_cast<std::int64_t>(sm))) /
                                   machine_.sms)) /
           kernel_.shape.rows;
  }
  [[nodiscard]] Chunk chunk(std::size_t sm, std::int64_t wave, std::int64_t index) const override {
    const GpuStreamWork& work = kernel_.work;
    const double first = to_real(wave) * machine_.sms * work.resident;
    const double left = std::max(0.0, kernel_.shape.rows - first);
    const double rows =
        std::clamp(std::ceil((left - to_real(static_cast<std::int64_t>(sm))) / machine_.sms), 0.0,
                   work.resident);
    Chunk chunk;
    if (rows <= 0) {
      return chunk;
    }
    const double share = rows / kernel_.shape.rows / of_pass_;
    const auto pass = static_cast<double>(static_cast<std::int64_t>(to_real(index) / of_pass_));
    const double later = work.passes > 1 ? share / (work.passes - 1) : 0.0;
    if (pass == 0) {
      chunk.load_bits = share * (kernel_.time.read_bits - kernel_.time.from_dram);
    } else {
      chunk.load_bits = later * kernel_.time.from_dram;
      chunk.again_bits = later * kernel_.time.again;
    }
    if (pass == work.passes - 1) {
      chunk.store_bits = share * kernel_.time.write_bits;
    }
    const double cycles =
        (work.wave(rows) - work.setup) / chunks_ + (to_real(index) == chunks_ - 1 ? work.setup : 0);
    chunk.seconds = std::max(cycles / machine_.clock, rows * operations_ / chunks_);
    return chunk;
  }

  GpuStreamMachine machine_;
  GpuStreamKernel kernel_;
  double of_pass_{};
  double chunks_{};
  double operations_{};  ///< s of an SM's CUDA cores for one row
};

}  // namespace

std::unique_ptr<GpuKernelTasks> stream_tasks(const Gpu& gpu, const GpuStreamKernel& kernel,
                                             const GpuMemories& memories, AddressMap& addresses) {
  const GpuStreamMachine& machine = gpu.stream_machine();
  Plan plan;
  plan.fixed = kernel.time.fixed;
  // Blocks of few rows have the L2 for themselves.
  const double active =
      kernel.work.resident > 0 ? std::min(machine.sms, kernel.shape.rows) : machine.sms;
  plan.l2_rate = machine.l2_bandwidth / active;
  if (kernel.work.cycles > 0) {
    plan.dram_rate = machine.dram_bandwidth * kernel.dram_share / active;
  }
  plan.hits = kernel.time.hits;
  const auto sms = static_cast<std::size_t>(machine.sms);
  const GpuStreamWork& work = kernel.work;
  if (work.resident > 0 && work.cycles > 0) {
    plan.waves = std::ceil(kernel.shape.rows / (machine.sms * work.resident));
    const double most = std::floor(kMostChunks / (plan.waves * machine.sms * work.passes));
    const double steps = std::max(1.0, work.wave_steps / work.passes);
    plan.chunks = work.passes * std::clamp(most, 1.0, std::min(steps, 16.0));
    return std::make_unique<RowTasks>(machine, kernel, memories, plan, addresses);
  }
  constexpr double kSmallestChunk = 4096 * kBitsPerByte;
  constexpr double kFewestChunks = 8;
  const double reads = kernel.time.read_bits / active;
  const double writes = kernel.time.write_bits / active;
  plan.chunks = std::clamp(std::ceil(std::max(reads, writes) / kSmallestChunk), kFewestChunks,
                           std::max(kFewestChunks, std::floor(kMostChunks / machine.sms)));
  plan.ahead = work.cycles > 0 ? 1 : kChunksAhead;
  const Chunk chunk{
      .load_bits = reads / plan.chunks,
      .again_bits = kernel.time.again / active / plan.chunks,
      .seconds = std::max(work.cycles / machine.clock, kernel.time.work) / plan.chunks,
      .store_bits = writes / plan.chunks};
  return std::make_unique<EvenTasks>(memories, sms, plan, chunk, static_cast<std::size_t>(active),
                                     0.0, kernel.time.read_bits, kernel.time.write_bits, addresses);
}

std::unique_ptr<GpuKernelTasks> gemv_tasks(const Gpu& gpu, const GpuGemvKernel& kernel,
                                           const GpuMemories& memories, AddressMap& addresses) {
  const GpuGemmMachine& machine = gpu.gemm_machine();
  constexpr double kSmallestChunk = 4096 * kBitsPerByte;
  constexpr double kMostOfSm = 256;
  const auto sms = static_cast<std::size_t>(machine.sms);
  Plan plan;
  plan.fixed = kernel.time.fixed;
  plan.l2_rate = machine.port_bandwidth;
  plan.ahead = kChunksAhead;
  const double reads = kernel.time.read_bits / machine.sms;
  plan.chunks = std::clamp(std::ceil(reads / kSmallestChunk), 1.0, kMostOfSm);
  const Chunk chunk{.load_bits = reads / plan.chunks, .seconds = kernel.time.main / plan.chunks};
  return std::make_unique<EvenTasks>(memories, sms, plan, chunk, sms,
                                     kernel.time.write_bits / machine.sms, kernel.time.read_bits,
                                     kernel.time.write_bits, addresses);
}

}  // namespace cairn::hw::cycle
