#include "hw/gpu/gpu_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cairn::hw {
namespace {

constexpr double kAccumulatorBits = 32;
constexpr double kStages = 2;  ///< keys and values of the next tile load during this one

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

}  // namespace

GpuAttentionTime gpu_attention(const GpuGemmMachine& machine, const GpuAttentionSpec& stack,
                               double dram_bandwidth, const models::Attention& shape,
                               const GpuAttentionFormats& formats) {
  const double sequences = to_real(shape.batch * shape.kv_heads);
  const double rows = to_real(shape.queries) * to_real(shape.heads) / to_real(shape.kv_heads);
  const double granularity = to_real(stack.row_granularity);
  const double tile =
      std::min(to_real(stack.query_tile), std::ceil(rows / granularity) * granularity);
  const double row_tiles = std::ceil(rows / tile);
  const double key_tile = to_real(stack.key_tile);
  const double dim = to_real(shape.head_dim);

  // Scores of one KV head: those that some query sees, and half a tile on each diagonal.
  const double seen =
      to_real(shape.visible_pairs()) * to_real(shape.heads) / to_real(shape.kv_heads);
  const double diagonal = shape.causal && shape.queries > 1 ? rows * key_tile / 2 : 0.0;
  const double keys_of_row =
      std::min((seen + diagonal) / rows, std::max(to_real(shape.visible_keys()), 1.0));

  const double query_bits = sequences * rows * dim * formats.query_bits;
  const double output_bits = sequences * rows * dim * formats.output_bits;
  const double cache_bits =
      sequences * to_real(shape.visible_keys()) * 2 * dim * formats.cache_bits;
  const double dram = (query_bits + output_bits + cache_bits) / (dram_bandwidth * stack.dram);

  const double instructions = stack.warp_level ? machine.warp_level : 1.0;
  const double sm_rate = formats.peak / machine.sms * stack.tensor * instructions;
  const double tensor_step = 2 * tile * key_tile * dim / sm_rate;
  const double used_rows = std::min(tile, rows);
  const double softmax = used_rows * key_tile *
                         (formats.softmax_operations / machine.vector_rate +
                          1 / machine.special_rate);  // one exponential a score
  const double vector_step = stack.softmax_exposed * softmax +
                             2 * key_tile * dim * formats.decode_operations / machine.vector_rate;
  const double hidden_step = (1 - stack.softmax_exposed) * softmax;
  const double outside = to_real(stack.block.count()) / machine.clock;
  const double load_bits = 2 * key_tile * dim * formats.cache_bits;
  const double latency_step = machine.latency / kStages;

  GpuAttentionTime best;
  best.total = std::numeric_limits<double>::infinity();
  for (const double split : machine.splits) {
    const double steps = std::ceil(keys_of_row / (key_tile * split));
    const double blocks = sequences * row_tiles * split;
    if (split > 1 && (steps < 2 || blocks > 2 * machine.sms)) {
      break;
    }
    ++best.considered;
    const double busiest = std::ceil(blocks / machine.sms);
    const double share =
        std::min(machine.l2_bandwidth / std::min(blocks, machine.sms), machine.port_bandwidth);
    const double step = std::max(
        {std::max(tensor_step, hidden_step) + vector_step, load_bits / share, latency_step});
    const double main = busiest * (steps * step + outside);
    const double tail = split > 1
                            ? machine.reduction + sequences * rows * (dim + 2) * kAccumulatorBits *
                                                      split * 2 / machine.l2_bandwidth
                            : 0.0;
    const double body = std::cbrt(main * main * main + dram * dram * dram);
    const double total = machine.fixed + body + tail;
    if (total < best.total) {
      best.total = total;
      best.fixed = machine.fixed;
      best.body = body;
      best.tail = tail;
      best.main = main;
      best.tensor = busiest * steps * tensor_step;
      best.vector = busiest * steps * vector_step;
      best.dram = dram;
      best.read_bits = query_bits + cache_bits;
      best.write_bits = output_bits;
      best.l2_bits = blocks * steps * load_bits + query_bits;
      best.executed_macs = blocks * steps * 2 * tile * key_tile * dim;
      best.query_tile = static_cast<std::int64_t>(tile);
      best.split = static_cast<std::int64_t>(split);
    }
  }
  return best;
}

}  // namespace cairn::hw
