#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "hw/gpu/cycle/gpu_kernel_tasks.h"

namespace cairn::hw::cycle {
namespace {

constexpr double kBitsPerByte = 8;
constexpr double kAccumulatorBits = 32;
/// Pieces of operand tiles of all blocks together, about: beyond it several steps of the main loop
/// are one task.
constexpr double kMostPieces = 1e5;

std::int64_t to_whole(double value) {
  return static_cast<std::int64_t>(value);
}
double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Where the pieces of one operand lie: panel after panel (a panel is what one tile needs of it,
/// over the whole reduction), piece after piece, each at the start of a line.
struct Operand {
  std::uint64_t base{};
  double bits{};                    ///< of one element
  std::int64_t panel_lines{};       ///< from one panel to the next
  std::int64_t part_lines{};        ///< from one part of a split to the next
  std::vector<std::int64_t> lines;  ///< where a piece begins in its part, and the end
  std::int64_t kept_lines{};        ///< of a panel of overlapping patches: it wraps; 0: it does not
  double warm{};                    ///< share of the panels that the L2 holds at the start
  double panels{};                  ///< of all instances
  std::int64_t cluster{1};          ///< SMs that load a piece together, each an equal slice
};

class GemmTasks final : public GpuKernelTasks {
 public:
  GemmTasks(const Gpu& gpu, const GpuGemmKernel& kernel, const GpuMemories& memories,
            AddressMap& addresses);
  bool more(std::size_t sm, TaskList& list) override;
  [[nodiscard]] std::int64_t barriers() const override { return time_.split > 1 ? 1 : 0; }

 private:
  struct Block {
    std::int64_t instance{};
    std::int64_t part{};
    std::int64_t row{};
    std::int64_t col{};
  };
  enum class Phase : std::uint8_t { start, ask, pieces, epilogue, reduce, done };
  struct Sm {
    Phase phase{Phase::start};
    std::vector<Block> blocks;
    std::size_t piece{};
    std::uint64_t gate{TaskList::kNone};    ///< before which no load may start
    std::vector<std::uint64_t> multiplies;  /// of this round, by piece
    bool first_round{true};
    double in_port{};  ///< bits of the load before, which still pass when the next is asked for
  };

  [[nodiscard]] Block block(std::int64_t number) const;
  [[nodiscard]] std::int64_t lines_of(double bytes) const {
    return to_whole(std::ceil(bytes / to_real(memories_.line_bytes)));
  }
  [[nodiscard]] Operand operand(double bits, double rows_of_panel, double panels,
                                std::int64_t cluster, AddressMap& addresses) const;
  [[nodiscard]] std::pair<double, double> reduction_of(const Block& block, std::size_t piece) const;
  void ask(Sm& state, TaskList& list);
  void piece(Sm& state, TaskList& list);
  void load(const Operand& from, std::int64_t panel, double elements, const Block& block,
            std::size_t piece, std::int64_t neighbour, std::uint64_t after, TaskList& list,
            std::vector<std::uint64_t>& loads, double& in_port) const;
  void epilogue(Sm& state, TaskList& list) const;
  void reduce(std::size_t sm, TaskList& list) const;

  const GpuGemmMachine& machine_;
  GpuGemmShape shape_;
  GpuGemmTime time_;
  GpuGemmMachine::Tile tile_;
  GpuTileCosts costs_;
  GpuRaster raster_;
  GpuMemories memories_;
  std::int64_t steps_{};  ///< of one block
  std::vector<std::int64_t> ends_;
  Operand a_;
  Operand b_;

  std::uint64_t outputs_{};
  std::uint64_t residuals_{};
  double active_{};
  BlockDispatcher dispatcher_;
  std::vector<std::int64_t> asked_;
  std::vector<Sm> sms_;
};

GemmTasks::GemmTasks(const Gpu& gpu, const GpuGemmKernel& kernel, const GpuMemories& memories,
                     AddressMap& addresses)
    : machine_(gpu.gemm_machine()),
      shape_(kernel.shape),
      time_(kernel.time),
      tile_(machine_.tiles[static_cast<std::size_t>(kernel.time.tile)]),
      costs_(gpu_tile_costs(machine_, shape_, tile_)),
      raster_(
          gpu_raster(machine_, shape_, tile_,
                     std::min(time_.blocks, machine_.sms * tile_.per_sm) / to_real(time_.split))),
      memories_(memories),
      steps_(to_whole(std::ceil(shape_.k / (to_real(time_.split) * costs_.step)))),
      ends_(pieces_of(steps_,
                      std::max<std::int64_t>(
                          1, to_whole(std::ceil(time_.blocks * to_real(steps_) / kMostPieces))))),
      active_(std::min(time_.blocks, machine_.sms)),
      dispatcher_(to_whole(time_.blocks), to_whole(machine_.sms), to_whole(tile_.per_sm)),
      sms_(static_cast<std::size_t>(machine_.sms)) {
  // Where an input tensor is larger than its patches (a stride), all of it is read.
  const double patches = shape_.instances * shape_.m * shape_.k * shape_.activation_bits;
  const double larger = shape_.input_bits > 0 ? std::max(1.0, shape_.input_bits / patches) : 1.0;
  const double a_panels = shape_.instances * costs_.rows;
  const double b_panels = shape_.instances * costs_.cols;
  // A cluster shares its wider operand, among as many tiles as there are beside each other.
  const bool a_is_wide = std::min(tile_.m, shape_.m) * shape_.activation_bits >=
                         std::min(tile_.n, shape_.n) * shape_.weight_bits;
  const std::int64_t cluster =
      to_whole(std::min(machine_.multicast, a_is_wide ? costs_.cols : costs_.rows));
  a_ = operand(shape_.activation_bits * larger, std::min(tile_.m, shape_.m), a_panels,
               a_is_wide ? cluster : 1, addresses);
  b_ = operand(shape_.weight_bits, std::min(tile_.n, shape_.n), b_panels, a_is_wide ? 1 : cluster,
               addresses);
  if (shape_.input_bits > 0 && shape_.input_bits < patches) {
    a_.kept_lines = std::max<std::int64_t>(
        1, to_whole(std::ceil(to_real(a_.part_lines * time_.split) * shape_.input_bits / patches)));
  }
  const double b_bits = shape_.instances * shape_.n * shape_.k * shape_.weight_bits;
  b_.warm = std::min(1.0, machine_.l2_warm / b_bits);
  a_.warm = std::clamp((machine_.l2_warm - b_bits) / patches, 0.0, 1.0);

  outputs_ = addresses.place(time_.write_bits);
  residuals_ = addresses.place(shape_.epilogue_bits);
}

Operand GemmTasks::operand(double bits, double rows_of_panel, double panels, std::int64_t cluster,
                           AddressMap& addresses) const {
  Operand operand;
  operand.bits = bits;
  operand.cluster = cluster;
  operand.panels = panels;
  operand.lines.push_back(0);
  std::int64_t begin = 0;
  for (const std::int64_t end : ends_) {
    const double bytes = to_real(end - begin) * costs_.step * rows_of_panel * bits / kBitsPerByte;
    operand.lines.push_back(operand.lines.back() + cluster * lines_of(bytes / to_real(cluster)));
    begin = end;
  }
  operand.part_lines = operand.lines.back();
  // Odd, so that panels begin in all slices in turn: what the address hash of a GPU is for.
  operand.panel_lines = (operand.part_lines * time_.split) | 1;
  operand.base =
      addresses.place(panels * to_real(operand.panel_lines * memories_.line_bytes) * kBitsPerByte);
  return operand;
}

/// Waves are as high as the raster says, and follow each other along the rows or the columns.
GemmTasks::Block GemmTasks::block(std::int64_t number) const {
  Block b;
  b.part = number % time_.split;
  std::int64_t tile = number / time_.split;
  const std::int64_t rows = to_whole(costs_.rows);
  const std::int64_t cols = to_whole(costs_.cols);
  b.instance = tile / (rows * cols);
  tile %= rows * cols;
  const std::int64_t band = to_whole(raster_.along_n ? raster_.row_tiles : raster_.col_tiles);
  const std::int64_t across = raster_.along_n ? rows : cols;
  const std::int64_t along = raster_.along_n ? cols : rows;
  const std::int64_t first = tile / (band * along) * band;
  const std::int64_t width = std::min(band, across - first);
  tile -= first * along;
  const std::int64_t x = first + tile % width;
  const std::int64_t y = tile / width;
  b.row = raster_.along_n ? x : y;
  b.col = raster_.along_n ? y : x;
  return b;
}

/// First element of the reduction of a piece, and how many.
std::pair<double, double> GemmTasks::reduction_of(const Block& block, std::size_t piece) const {
  const std::int64_t begin = piece == 0 ? 0 : ends_[piece - 1];
  const double first = to_real(block.part * steps_ + begin) * costs_.step;
  const double last = to_real(block.part * steps_ + ends_[piece]) * costs_.step;
  return {first, std::max(0.0, std::min(last, shape_.k) - first)};
}

void GemmTasks::load(const Operand& from, std::int64_t panel, double elements, const Block& block,
                     std::size_t piece, std::int64_t neighbour, std::uint64_t after, TaskList& list,
                     std::vector<std::uint64_t>& loads, double& in_port) const {
  const double bits = elements * from.bits / to_real(from.cluster);
  if (bits <= 0) {
    return;
  }
  if (to_real(panel) < from.warm * from.panels) {
    const double rate = std::min(machine_.l2_bandwidth / active_, machine_.port_bandwidth);
    loads.push_back(list.delay(SmUnit::copy, GpuActivity::load, bits / rate, after));
    return;
  }
  std::int64_t line = block.part * from.part_lines + from.lines[piece];
  if (from.kept_lines > 0) {
    const std::int64_t length = from.lines[piece + 1] - from.lines[piece];
    line %= std::max<std::int64_t>(1, from.kept_lines - length + 1);
  }
  const std::int64_t slice_lines = (from.lines[piece + 1] - from.lines[piece]) / from.cluster;
  const std::int64_t at =
      (panel * from.panel_lines + line + neighbour % from.cluster * slice_lines) *
      memories_.line_bytes;
  const auto bytes = static_cast<std::uint64_t>(std::max(1.0, std::round(bits / kBitsPerByte)));
  loads.push_back(list.transfer(SmUnit::copy, GpuActivity::load,
                                {.memory = memories_.l2,
                                 .address = from.base + static_cast<std::uint64_t>(at),
                                 .bytes = bytes},
                                time_.stretch * in_port / machine_.port_bandwidth, after));
  in_port = bits;
}

bool GemmTasks::more(std::size_t sm, TaskList& list) {
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
      return true;
    case Phase::epilogue:
      epilogue(state, list);
      return true;
    case Phase::reduce:
      reduce(sm, list);
      state.phase = Phase::done;
      return true;
    case Phase::done:
      break;
  }
  return false;
}

void GemmTasks::ask(Sm& state, TaskList& list) {
  dispatcher_.next(asked_);
  state.blocks.clear();
  for (const std::int64_t number : asked_) {
    state.blocks.push_back(block(number));
  }
  const auto count = to_real(static_cast<std::int64_t>(state.blocks.size()));
  if (state.blocks.empty()) {
    state.phase = time_.split > 1 ? Phase::reduce : Phase::done;
    list.compute(GpuActivity::wait, 0, {});
    return;
  }
  // The first blocks of an SM come with the launch.
  const double gaps = state.first_round ? count - 1 : count;
  list.compute(GpuActivity::next_blocks, machine_.round * gaps / tile_.per_sm, {});
  state.first_round = false;
  state.piece = 0;
  state.in_port = 0;
  state.multiplies.clear();
  state.phase = Phase::pieces;
}

void GemmTasks::piece(Sm& state, TaskList& list) {
  const std::size_t p = state.piece;
  // A buffer is free when the steps that it held are done; the steps of one task need two.
  std::uint64_t free = state.gate;
  const auto stages = to_whole(tile_.stages);
  if (p >= 2) {
    std::size_t last = p - 2;
    while (last > 0 && ends_[last] > ends_[p] - stages) {
      --last;
    }
    if (ends_[last] <= ends_[p] - stages) {
      free = state.multiplies[last];
    }
  }
  std::vector<std::uint64_t> loads;
  for (const Block& block : state.blocks) {
    const auto [first, depth] = reduction_of(block, p);
    const double rows = std::min(tile_.m, shape_.m - to_real(block.row) * tile_.m);
    const double cols = std::min(tile_.n, shape_.n - to_real(block.col) * tile_.n);
    load(a_, block.instance * to_whole(costs_.rows) + block.row, rows * depth, block, p, block.col,
         free, list, loads, state.in_port);
    load(b_, block.instance * to_whole(costs_.cols) + block.col, cols * depth, block, p, block.row,
         free, list, loads, state.in_port);
  }
  const double steps = to_real(ends_[p] - (p == 0 ? 0 : ends_[p - 1]));
  const auto together = to_real(static_cast<std::int64_t>(state.blocks.size()));
  const double step =
      std::max({costs_.math(together, machine_.decode_overlapped),
                together * costs_.load_bits / machine_.port_bandwidth, costs_.latency_step});
  state.multiplies.push_back(
      list.compute(GpuActivity::multiply, time_.stretch * steps * step, loads));
  ++state.piece;
  if (state.piece == ends_.size()) {
    state.phase = Phase::epilogue;
  }
}

void GemmTasks::epilogue(Sm& state, TaskList& list) const {
  const auto count = to_real(static_cast<std::int64_t>(state.blocks.size()));
  const double products = shape_.instances * shape_.m * shape_.n;
  std::vector<std::uint64_t> waits{state.multiplies.back()};
  for (const Block& block : state.blocks) {
    const double rows = std::min(tile_.m, shape_.m - to_real(block.row) * tile_.m);
    const double cols = std::min(tile_.n, shape_.n - to_real(block.col) * tile_.n);
    const double bits = rows * cols / products * shape_.epilogue_bits;
    if (bits > 0 && block.part == 0) {
      const double tile =
          (to_real(block.instance * to_whole(costs_.rows) + block.row)) * costs_.cols +
          to_real(block.col);
      const double tiles = shape_.instances * costs_.rows * costs_.cols;
      const auto offset =
          static_cast<std::uint64_t>(tile / tiles * shape_.epilogue_bits / kBitsPerByte);
      waits.push_back(
          list.transfer(SmUnit::copy, GpuActivity::load,
                        {.memory = memories_.dram,
                         .address = residuals_ + offset,
                         .bytes = static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte))},
                        bits / machine_.port_bandwidth, state.multiplies.back()));
    }
  }
  const std::uint64_t done = list.compute(GpuActivity::epilogue, count * costs_.epilogue, waits);
  if (time_.split == 1) {
    for (const Block& block : state.blocks) {
      const double rows = std::min(tile_.m, shape_.m - to_real(block.row) * tile_.m);
      const double cols = std::min(tile_.n, shape_.n - to_real(block.col) * tile_.n);
      const double bits = rows * cols * shape_.output_bits * shape_.output_share;
      const double before = to_real(block.instance) * shape_.m * shape_.n +
                            to_real(block.row) * tile_.m * shape_.n +
                            to_real(block.col) * tile_.n * rows;
      const auto offset = static_cast<std::uint64_t>(before * shape_.output_bits *
                                                     shape_.output_share / kBitsPerByte);
      list.transfer(SmUnit::store, GpuActivity::store,
                    {.memory = memories_.dram,
                     .write = true,
                     .address = outputs_ + offset,
                     .bytes = static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte))},
                    bits / machine_.port_bandwidth, done);
    }
  }
  // The next blocks come when these are done, whether or not their stores have arrived.
  state.gate = list.compute(GpuActivity::next_blocks, 0, std::array{done}, /*fence=*/true);
  state.phase = Phase::ask;
}

/// Partial sums meet in the L2 when all blocks are done.
void GemmTasks::reduce(std::size_t sm, TaskList& list) const {
  list.barrier();
  const double products = shape_.instances * shape_.m * shape_.n;
  const double seconds = machine_.reduction +
                         products * kAccumulatorBits * to_real(time_.split) / machine_.l2_bandwidth;
  const std::uint64_t done = list.compute(GpuActivity::reduce, seconds, {});
  const double bits = time_.write_bits / machine_.sms;
  const auto bytes = static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte));
  list.transfer(
      SmUnit::store, GpuActivity::store,
      {.memory = memories_.dram, .write = true, .address = outputs_ + sm * bytes, .bytes = bytes},
      bits / machine_.port_bandwidth, done);
}

}  // namespace

std::unique_ptr<GpuKernelTasks> gemm_tasks(const Gpu& gpu, const GpuGemmKernel& kernel,
                                           const GpuMemories& memories, AddressMap& addresses) {
  return std::make_unique<GemmTasks>(gpu, kernel, memories, addresses);
}

}  // namespace cairn::hw::cycle
