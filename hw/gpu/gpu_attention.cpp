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

  // Scores of one KV head: those that some query sees, and the masked ones of its tiles: on the
  // diagonal half of what the queries of a tile span, and half a tile of keys unless both end
  // together.
  const double seen =
      to_real(shape.visible_pairs()) * to_real(shape.heads) / to_real(shape.kv_heads);
  const double keys = std::max(to_real(shape.visible_keys()), 1.0);
  const double queries =
      std::min(b.tile * to_real(shape.kv_heads) / to_real(shape.heads), to_real(shape.queries));
  const double ragged = std::fmod(queries, b.key_tile) == 0 ? 0.0 : b.key_tile / 2;
  const double diagonal = shape.causal && shape.queries > 1 ? (queries - 1) / 2 + ragged : 0.0;
  b.keys_of_row = std::min(seen / b.rows + diagonal, keys);
  // The last queries see the most, and nothing runs beside the last block.
  b.keys_of_last = shape.window > 0 ? b.keys_of_row : keys;

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
    const double longest = std::ceil(b.keys_of_last / (b.key_tile * split)) * step;
    const double loop = std::max(busiest * steps * step + (busiest - 1) * b.outside, longest);
    const double main = loop + b.outside;
    const double tail = split > 1 ? machine.reduction + b.sequences * b.rows * (dim + 2) *
                                                            kAccumulatorBits * split * 2 /
                                                            machine.l2_bandwidth
                                  : 0.0;
    // What the last block does outside its loop hides behind nothing.
    const double body = std::cbrt(loop * loop * loop + dram * dram * dram) + b.outside;
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
