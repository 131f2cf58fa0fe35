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

GpuAttentionBlock gpu_attention_block(const GpuGemmMachine& machine, const GpuAttentionSpec& stack,
                                      const models::Attention& shape,
                                      const GpuAttentionFormats& formats) {
  GpuAttentionBlock b;
  b.sequences = to_real(shape.batch * shape.kv_heads);
  b.rows = to_real(shape.queries) * to_real(shape.heads) / to_real(shape.kv_heads);
  const double granularity = to_real(stack.row_granularity);
  b.tile = std::min(to_real(stack.query_tile), std::ceil(b.rows / granularity) * granularity);
  b.row_tiles = std::ceil(b.rows / b.tile);
  b.key_tile = to_real(stack.key_tile);
  const double dim = to_real(shape.head_dim);

  // Scores of one KV head: those that some query sees, and half a tile on each diagonal.
  const double seen =
      to_real(shape.visible_pairs()) * to_real(shape.heads) / to_real(shape.kv_heads);
  const double diagonal = shape.causal && shape.queries > 1 ? b.rows * b.key_tile / 2 : 0.0;
  b.keys_of_row =
      std::min((seen + diagonal) / b.rows, std::max(to_real(shape.visible_keys()), 1.0));

  b.query_bits = b.sequences * b.rows * dim * formats.query_bits;
  b.output_bits = b.sequences * b.rows * dim * formats.output_bits;
  b.cache_bits = b.sequences * to_real(shape.visible_keys()) * 2 * dim * formats.cache_bits;

  const double instructions = stack.warp_level ? machine.warp_level : 1.0;
  const double sm_rate = formats.peak / machine.sms * stack.tensor * instructions;
  b.tensor_step = 2 * b.tile * b.key_tile * dim / sm_rate;
  const double used_rows = std::min(b.tile, b.rows);
  const double softmax = used_rows * b.key_tile *
                         (formats.softmax_operations / machine.vector_rate +
                          1 / machine.special_rate);  // one exponential a score
  b.vector_step = stack.softmax_exposed * softmax +
                  2 * b.key_tile * dim * formats.decode_operations / machine.vector_rate;
  b.hidden_step = (1 - stack.softmax_exposed) * softmax;
  b.outside = to_real(stack.block.count()) / machine.clock;
  b.load_bits = 2 * b.key_tile * dim * formats.cache_bits;
  b.latency_step = machine.latency / kStages;
  return b;
}

GpuAttentionTime gpu_attention(const GpuGemmMachine& machine, const GpuAttentionSpec& stack,
                               double dram_bandwidth, const models::Attention& shape,
                               const GpuAttentionFormats& formats) {
  const GpuAttentionBlock b = gpu_attention_block(machine, stack, shape, formats);
  const double dim = to_real(shape.head_dim);
  const double dram = (b.query_bits + b.output_bits + b.cache_bits) / (dram_bandwidth * stack.dram);

  GpuAttentionTime best;
  best.total = std::numeric_limits<double>::infinity();
  for (const double split : machine.splits) {
    const double steps = std::ceil(b.keys_of_row / (b.key_tile * split));
    const double blocks = b.sequences * b.row_tiles * split;
    if (split > 1 && (steps < 2 || blocks > 2 * machine.sms)) {
      break;
    }
    ++best.considered;
    const double busiest = std::ceil(blocks / machine.sms);
    const double share =
        std::min(machine.l2_bandwidth / std::min(blocks, machine.sms), machine.port_bandwidth);
    const double step = std::max({b.math(), b.load_bits / share, b.latency_step});
    const double main = busiest * (steps * step + b.outside);
    const double tail = split > 1 ? machine.reduction + b.sequences * b.rows * (dim + 2) *
                                                            kAccumulatorBits * split * 2 /
                                                            machine.l2_bandwidth
                                  : 0.0;
    const double body = std::cbrt(main * main * main + dram * dram * dram);
    const double total = machine.fixed + body + tail;
    if (total < best.total) {
      best.total = total;
      best.fixed = machine.fixed;
      best.body = body;
      best.tail = tail;
      best.main = main;
      best.tensor = busiest * steps * b.tensor_step;
      best.vector = busiest * steps * b.vector_step;
      best.dram = dram;
      best.read_bits = b.query_bits + b.cache_bits;
      best.write_bits = b.output_bits;
      best.l2_bits = blocks * steps * b.load_bits + b.query_bits;
      best.executed_macs = blocks * steps * 2 * b.tile * b.key_tile * dim;
      best.query_tile = static_cast<std::int64_t>(b.tile);
      best.split = static_cast<std::int64_t>(split);
    }
  }
  return best;
}

}  // namespace cairn::hw
