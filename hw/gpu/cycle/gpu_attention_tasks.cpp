#include <algorithm>
#include <array>
#include <cmath>

#include "hw/gpu/cycle/gpu_kernel_tasks.h"

namespace cairn::hw::cycle {
namespace {

constexpr double kBitsPerByte = 8;
/// Tiles of keys of all blocks together, about: beyond it several are one task.
constexpr double kMostPieces = 6e4;
/// Keys and values of the next tile load during this one.
constexpr std::size_t kBuffers = 2;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}
std::int64_t to_whole(double value) {
  return static_cast<std::int64_t>(value);
}

class AttentionTasks final : public GpuKernelTasks {
 public:
  AttentionTasks(const Gpu& gpu, const GpuAttentionKernel& kernel, const GpuMemories& memories,
                 AddressMap& addresses);
  bool more(std::size_t sm, TaskList& list) override;
  [[nodiscard]] std::int64_t barriers() const override { return time_.split > 1 ? 1 : 0; }

 private:
  /// Query rows of one KV head and the tiles of keys that they see.
  struct Block {
    std::int64_t sequence{};
    double rows{};
    double first_row{};
    std::int64_t tile{};  ///< first tile of keys
    std::int64_t tiles{};
  };
  enum class Phase : std::uint8_t { start, ask, pieces, end, reduce, done };
  struct Sm {
    Phase phase{Phase::start};
    Block block;
    std::vector<std::int64_t> ends;
    std::size_t piece{};
    std::uint64_t gate{TaskList::kNone};
    std::vector<std::uint64_t> attends;
    double in_port{};  ///< bits of the load before, which still pass when the next is asked for
  };
  [[nodiscard]] Block block(std::int64_t number) const;
  void ask(Sm& state, TaskList& list);
  void piece(Sm& state, TaskList& list) const;
  void store(double first_row, double rows, std::uint64_t after, TaskList& list) const;

  const GpuGemmMachine& machine_;
  models::Attention shape_;
  GpuAttentionBlock costs_;
  GpuAttentionTime time_;
  GpuMemories memories_;
  double group_{};
  double dim_bits_of_query_{};  ///< of one row
  double dim_bits_of_output_{};
  std::int64_t tile_lines_{};
  std::int64_t tiles_of_sequence_{};
  std::int64_t first_key_{};  ///< the first that any query sees
  std::int64_t most_{};       ///< tiles of keys of one task
  std::uint64_t queries_{};
  std::uint64_t cache_{};
  std::uint64_t outputs_{};
  BlockDispatcher dispatcher_;
  std::vector<std::int64_t> asked_;
  std::vector<Sm> sms_;
};

AttentionTasks::AttentionTasks(const Gpu& gpu, const GpuAttentionKernel& kernel,
                               const GpuMemories& memories, AddressMap& addresses)
    : machine_(gpu.gemm_machine()),
      shape_(kernel.shape),
      costs_(kernel.block),
      time_(kernel.time),
      memories_(memories),
      group_(to_real(kernel.shape.heads) / to_real(kernel.shape.kv_heads)),
      dim_bits_of_query_(costs_.query_bits / (costs_.sequences * costs_.rows)),
      dim_bits_of_output_(costs_.output_bits / (costs_.sequences * costs_.rows)),
      tile_lines_(
          to_whole(std::ceil(costs_.load_bits / kBitsPerByte / to_real(memories.line_bytes)))),
      tiles_of_sequence_(to_whole(std::ceil(to_real(shape_.context) / costs_.key_tile))),
      first_key_(shape_.context - shape_.visible_keys()),
      queries_(addresses.place(costs_.query_bits)),
      cache_(addresses.place(costs_.sequences * to_real(tiles_of_sequence_ * tile_lines_ + 1) *
                             to_real(memories.line_bytes) * kBitsPerByte)),
      outputs_(addresses.place(costs_.output_bits)),
      dispatcher_(to_whole(costs_.sequences * costs_.row_tiles) * time_.split,
                  to_whole(machine_.sms), 1),
      sms_(static_cast<std::size_t>(machine_.sms)) {
  const double tiles = std::ceil(costs_.keys_of_row / costs_.key_tile);
  most_ = std::max<std::int64_t>(
      1, to_whole(std::ceil(costs_.sequences * costs_.row_tiles * tiles / kMostPieces)));
}

/// Tiles of queries of one head after each other, the longest first, each with its splits.
AttentionTasks::Block AttentionTasks::block(std::int64_t number) const {
  const std::int64_t part = number % time_.split;
  const std::int64_t index = number / time_.split;
  const std::int64_t row_tiles = to_whole(costs_.row_tiles);
  Block b;
  b.sequence = index / row_tiles;
  const std::int64_t row_tile = row_tiles - 1 - index % row_tiles;
  b.first_row = to_real(row_tile) * costs_.tile;
  b.rows = std::min(costs_.tile, costs_.rows - b.first_row);
  std::int64_t begin = first_key_;
  std::int64_t end = shape_.context;
  if (shape_.causal) {
    // Rows of one query stand together: the heads that share the keys.
    const std::int64_t old = shape_.context - shape_.queries;
    const std::int64_t first_query = to_whole(b.first_row / group_);
    const std::int64_t last_query = to_whole((b.first_row + b.rows - 1) / group_);
    end = std::min(end, old + last_query + 1);
    if (shape_.window > 0) {
      begin = std::max(begin, old + first_query - shape_.window + 1);
    }
  }
  const auto key_tile = to_whole(costs_.key_tile);
  const std::int64_t first = begin / key_tile;
  const std::int64_t tiles = (end + key_tile - 1) / key_tile - first;
  const std::int64_t of_part = (tiles + time_.split - 1) / time_.split;
  b.tile = first + part * of_part;
  b.tiles = std::clamp<std::int64_t>(tiles - part * of_part, 0, of_part);
  return b;
}

bool AttentionTasks::more(std::size_t sm, TaskList& list) {
  Sm& state = sms_[sm];
  switch (state.phase) {
    case Phase::start:
      state.gate = list.compute(GpuActivity::launch, time_.fixed, {});
      state.phase = Phase::ask;
      return true;
    case Phase::ask:
      ask(state, list);
      return true;
    case Phase::pieces:
      piece(state, list);
      if (state.piece == state.ends.size()) {
        state.phase = Phase::end;
      }
      return true;
    case Phase::end: {
      const std::uint64_t done = list.compute(GpuActivity::epilogue, costs_.outside, state.attends);
      if (time_.split == 1) {
        store(to_real(state.block.sequence) * costs_.rows + state.block.first_row, state.block.rows,
              done, list);
      }
      state.gate = list.compute(GpuActivity::next_blocks, 0, std::array{done}, /*fence=*/true);
      state.phase = Phase::ask;
      return true;
    }
    case Phase::reduce: {
      list.barrier();
      const std::uint64_t done = list.compute(GpuActivity::reduce, time_.tail, {});
      const double rows = costs_.sequences * costs_.rows / machine_.sms;
      store(to_real(static_cast<std::int64_t>(sm)) * rows, rows, done, list);
      state.phase = Phase::done;
      return true;
    }
    case Phase::done:
      break;
  }
  return false;
}

void AttentionTasks::ask(Sm& state, TaskList& list) {
  dispatcher_.next(asked_);
  if (asked_.empty()) {
    list.compute(GpuActivity::wait, 0, {});
    state.phase = time_.split > 1 ? Phase::reduce : Phase::done;
    return;
  }
  state.block = block(asked_.front());
  state.ends = pieces_of(state.block.tiles, most_);
  state.piece = 0;
  state.attends.clear();
  const double bits = state.block.rows * dim_bits_of_query_;
  const double row = to_real(state.block.sequence) * costs_.rows + state.block.first_row;
  const std::uint64_t loaded = list.transfer(
      SmUnit::copy, GpuActivity::load,
      {.memory = memories_.dram,
       .address = queries_ + static_cast<std::uint64_t>(row * dim_bits_of_query_ / kBitsPerByte),
       .bytes = static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte))},
      0.0, state.gate);
  state.in_port = bits;
  state.attends.push_back(list.compute(GpuActivity::wait, 0, std::array{loaded}));
  state.phase = state.ends.empty() ? Phase::end : Phase::pieces;
}

void AttentionTasks::piece(Sm& state, TaskList& list) const {
  const std::size_t p = state.piece++;
  const std::int64_t begin = p == 0 ? 0 : state.ends[p - 1];
  const std::int64_t count = state.ends[p] - begin;
  const std::int64_t tile = state.block.tile + begin;
  // The last tile of the cache may be a part of one.
  const double keys = std::min(to_real(count) * costs_.key_tile,
                               to_real(shape_.context) - to_real(tile) * costs_.key_tile);
  const double bits = keys / costs_.key_tile * costs_.load_bits;
  const std::int64_t line =
      state.block.sequence * (tiles_of_sequence_ * tile_lines_ | 1) + tile * tile_lines_;
  const std::uint64_t free = p >= kBuffers ? state.attends[p - kBuffers + 1] : state.gate;
  const std::uint64_t loaded =
      list.transfer(SmUnit::copy, GpuActivity::load,
                    {.memory = memories_.l2,
                     .address = cache_ + static_cast<std::uint64_t>(line * memories_.line_bytes),
                     .bytes = static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte))},
                    state.in_port / machine_.port_bandwidth, free);
  state.in_port = bits;
  const double step =
      std::max({costs_.math(), costs_.load_bits / machine_.port_bandwidth, costs_.latency_step});
  state.attends.push_back(
      list.compute(GpuActivity::attend, to_real(count) * step, std::array{loaded}));
  if (state.piece == state.ends.size()) {
    state.attends = {state.attends.back()};
  }
}

void AttentionTasks::store(double first_row, double rows, std::uint64_t after,
                           TaskList& list) const {
  const double bits = rows * dim_bits_of_output_;
  list.transfer(SmUnit::store, GpuActivity::store,
                {.memory = memories_.dram,
                 .write = true,
                 .address = outputs_ + static_cast<std::uint64_t>(first_row * dim_bits_of_output_ /
                                                                  kBitsPerByte),
                 .bytes = static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte))},
                bits / machine_.port_bandwidth, after);
}

}  // namespace

std::unique_ptr<GpuKernelTasks> attention_tasks(const Gpu& gpu, const GpuAttentionKernel& kernel,
                                                const GpuMemories& memories,
                                                AddressMap& addresses) {
  return std::make_unique<AttentionTasks>(gpu, kernel, memories, addresses);
}

}  // namespace cairn::hw::cycle
