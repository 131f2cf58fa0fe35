#include "hw/gpu/cycle/gpu_program.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "hw/gpu/cycle/gpu_kernel_tasks.h"

namespace cairn::hw::cycle {
namespace {

/// L2 slices of one DRAM channel of the hardware file.
constexpr std::int64_t kSlices = 2;
constexpr double kBitsPerByte = 8;

/// Long enough that large products take at most about two million requests, short enough that
/// tiles of a small L2 still fit.
std::int64_t line_bytes(const ResolvedMemory& l2) {
  constexpr double kLarge = 32.0 * 1024 * 1024 * kBitsPerByte;
  return l2.capacity_bits >= kLarge ? 8192 : 4096;
}

GpuMemories memories_of(const Gpu& gpu, std::span<const ResolvedMemory> memories) {
  GpuMemories m;
  m.dram = memory_index(memories, gpu.spec().dram);
  m.l2 = memory_index(memories, gpu.spec().l2);
  m.line_bytes = line_bytes(memories[static_cast<std::size_t>(m.l2)]);
  return m;
}

struct MakeTasks {
  const Gpu& gpu;
  const GpuMemories& memories;
  AddressMap& addresses;
  std::unique_ptr<GpuKernelTasks> operator()(const GpuGemmKernel& k) const {
    return gemm_tasks(gpu, k, memories, addresses);
  }
  std::unique_ptr<GpuKernelTasks> operator()(const GpuGemvKernel& k) const {
    return gemv_tasks(gpu, k, memories, addresses);
  }
  std::unique_ptr<GpuKernelTasks> operator()(const GpuStreamKernel& k) const {
    return stream_tasks(gpu, k, memories, addresses);
  }
  std::unique_ptr<GpuKernelTasks> operator()(const GpuAttentionKernel& k) const {
    return attention_tasks(gpu, k, memories, addresses);
  }
};

/// Shares of DRAM and L2 bandwidth that a kernel reaches.
struct Reach {
  double dram{1};
  double l2{1};
};
struct ReachOf {
  const Gpu& gpu;
  Reach operator()(const GpuGemmKernel& k) const {
    return {gpu.spec().stack.gemm.dram, gpu.spec().stack.gemm.l2 / k.time.stretch};
  }
  Reach operator()(const GpuGemvKernel& k) const {
    return {k.dram_share, gpu.spec().stack.gemm.l2};
  }
  Reach operator()(const GpuStreamKernel& k) const {
    return {k.dram_share, gpu.spec().stack.kernels.l2};
  }
  Reach operator()(const GpuAttentionKernel& /*k*/) const {
    return {gpu.spec().stack.attention.dram, gpu.spec().stack.gemm.l2};
  }
};

struct Sequence {
  std::vector<std::unique_ptr<GpuKernelTasks>> kernels;
  std::vector<double> least;  ///< s of each
  std::uint16_t board{};      ///< its unit
};

/// One SM: kernel after kernel, with all SMs meeting in between.
class SmStream final : public Stream {
 public:
  SmStream(std::shared_ptr<Sequence> sequence, std::size_t sm)
      : sequence_(std::move(sequence)), sm_(sm), list_(sm) {}

  bool next(Task& task) override {
    while (list_.empty()) {
      if (kernel_ == sequence_->kernels.size()) {
        return false;
      }

      if (!sequence_->kernels[kernel_]->more(sm_, list_)) {
        ++kernel_;

        if (kernel_ < sequence_->kernels.size()) {
          list_.barrier();
        }
      }
    }
    list_.pop(task);
    return true;
  }

 private:
  std::shared_ptr<Sequence> sequence_;
  std::size_t sm_{};
  TaskList list_;
  std::size_t kernel_{};
};

/// What holds a kernel up beside the SMs. Keeps to their barriers.
class BoardStream final : public Stream {
 public:
  explicit BoardStream(std::shared_ptr<Sequence> sequence)
      : sequence_(std::move(sequence)), list_(0) {}

  bool next(Task& task) override {
    while (list_.empty()) {
      if (kernel_ == sequence_->kernels.size()) {
        return false;
      }
      if (kernel_ > 0) {
        list_.barrier();
      }
      if (sequence_->least[kernel_] > 0) {
        list_.on_board(sequence_->board, sequence_->least[kernel_]);
      }
      for (std::int64_t i = 0; i < sequence_->kernels[kernel_]->barriers(); ++i) {
        list_.barrier(/*at_once=*/true);
      }
      ++kernel_;
    }
    list_.pop(task);
    return true;
  }

 private:
  std::shared_ptr<Sequence> sequence_;
  TaskList list_;
  std::size_t kernel_{};
};

}  // namespace

DeviceUnits units_of(const Gpu& gpu, std::span<const ResolvedMemory> memories) {
  DeviceUnits units;
  for (std::int64_t sm = 0; sm < gpu.spec().sms; ++sm) {
    const std::string name = "sm " + std::to_string(sm);
    units.units.push_back({.name = name + " cores", .moves_data = false, .outstanding_bits = 0});
    units.units.push_back({.name = name + " copy", .moves_data = true, .outstanding_bits = 0});
    units.units.push_back({.name = name + " store", .moves_data = true, .outstanding_bits = 0});
  }
  units.units.push_back({.name = "board", .moves_data = false, .outstanding_bits = 0});
  const GpuMemories m = memories_of(gpu, memories);
  const ResolvedMemory& l2 = memories[static_cast<std::size_t>(m.l2)];
  units.caches.push_back({.cache = m.l2,
                          .behind = m.dram,
                          .capacity_bits = static_cast<std::int64_t>(l2.capacity_bits),
                          .line_bytes = m.line_bytes,
                          .slices = kSlices});
  return units;
}

Program program_of(const Gpu& gpu, std::span<const GpuKernel> kernels,
                   std::span<const ResolvedMemory> memories) {
  const GpuMemories m = memories_of(gpu, memories);
  AddressMap addresses;
  auto sequence = std::make_shared<Sequence>();
  const auto sms = static_cast<std::size_t>(gpu.spec().sms);
  sequence->board = static_cast<std::uint16_t>(sms * kUnitsOfSm);
  Reach reach;
  double longest = -1;
  for (const GpuKernel& kernel : kernels) {
    sequence->kernels.push_back(std::visit(MakeTasks{gpu, m, addresses}, kernel.what));
    sequence->least.push_back(kernel.least);
    if (kernel.latency > longest) {
      longest = kernel.latency;
      reach = std::visit(ReachOf{gpu}, kernel.what);
    }
  }
  Program program;
  for (std::size_t sm = 0; sm < sms; ++sm) {
    program.streams.push_back(std::make_unique<SmStream>(sequence, sm));
  }
  program.streams.push_back(std::make_unique<BoardStream>(sequence));
  program.activities = {"launch", "load",        "multiply", "epilogue",
                        "store",  "next blocks", "reduce",   "steps of rows",
                        "attend", "board limit", "wait"};
  program.reach.assign(memories.size(), 1.0);
  program.reach[static_cast<std::size_t>(m.dram)] = reach.dram;
  program.reach[static_cast<std::size_t>(m.l2)] = reach.l2;
  return program;
}

ProgramOrRefusal program_of(const Gpu& gpu, const GroupView& group, const OperatorCost& closed_form,
                            std::span<const ResolvedMemory> memories) {
  return program_of(gpu, gpu.kernels(group, closed_form), memories);
}

}  // namespace cairn::hw::cycle
