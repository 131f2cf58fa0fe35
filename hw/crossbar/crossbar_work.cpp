#include "hw/crossbar/crossbar_work.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw {
namespace {

constexpr double kStagingShare = 0.25;       ///< of the buffer, for weights on their way
constexpr std::int64_t kFewSegments = 8;     ///< enough that loading and programming overlap
constexpr std::int64_t kMostSegments = 512;  ///< further ones would change nothing
constexpr std::int64_t kChunks = 64;         ///< so that filling and draining hardly show
constexpr std::int64_t kTasksOfChunk = 2048;

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

}  // namespace

std::int64_t CrossbarStage::segments(double buffer_bits) const {
  if (program_rows == 0) {
    return 0;
  }
  const double round = weight_bits / to_real(rounds);
  const double staging = std::max(1.0, kStagingShare * buffer_bits);
  std::int64_t count = kFewSegments;
  if (round > staging) {
    count = std::max(count, static_cast<std::int64_t>(
                                std::min(to_real(kMostSegments), std::ceil(2 * round / staging))));
  }
  return std::min(count, program_rows);
}

std::int64_t CrossbarStage::segments_ahead(double buffer_bits) const {
  const std::int64_t count = segments(buffer_bits);
  if (count == 0) {
    return 0;
  }
  const double segment = weight_bits / to_real(rounds) / to_real(count);
  const double staging = kStagingShare * buffer_bits;
  return segment > 0
             ? std::clamp<std::int64_t>(
                   static_cast<std::int64_t>(std::min(to_real(count), staging / segment)), 1, count)
             : count;
}

std::int64_t CrossbarStage::steps_of_vector() const {
  return on_macros ? schedule.groups * schedule.phases * (schedule.converts ? 2 : 1) : 1;
}

std::int64_t CrossbarStage::chunk_vectors() const {
  const std::int64_t by_count = ceil_div(vectors, kChunks);
  const std::int64_t by_tasks = kTasksOfChunk / std::min(kTasksOfChunk, steps_of_vector());
  return rounds > 1 ? by_count : std::max<std::int64_t>(1, std::min(by_count, by_tasks));
}

std::int64_t CrossbarStage::chunks() const {
  return ceil_div(vectors, chunk_vectors());
}

CrossbarStageTime time_of(const CrossbarStage& s, const CrossbarRates& rates) {
  CrossbarStageTime t;
  const double rounds = to_real(s.rounds);
  const double compute =
      s.on_macros ? to_real(s.vectors) * s.time.interval_s + s.time.fill_s : s.beside_s / rounds;
  const double gathered = s.program_rows == 0 ? s.weight_bits / rounds : 0.0;
  const double load =
      s.memory_reads / rounds / rates.backing + (gathered > 0 ? gathered / rates.gather : 0.0);
  const double store = s.memory_writes / rounds / rates.backing;
  const double vector = s.vector_operations / rounds / rates.vector;
  const double buffer = (s.buffer_reads + s.buffer_writes) / rounds / rates.buffer;
  const double most = std::max({load, store, compute, vector});
  const double round = std::max({load + store, compute, vector, buffer}) +
                       (load + compute + vector + store - most) / to_real(s.chunks());
  t.busy_s = rounds * round;
  t.macros_s = rounds * compute;
  t.vector_s = rounds * vector;
  t.buffer_s = rounds * buffer;
  t.stream_s = rounds * (load + store);
  if (s.program_rows == 0) {
    return t;
  }
  const double weights = s.weight_bits / rounds / rates.backing;
  const double segments = to_real(s.segments(rates.buffer_bits));
  const double w = weights / segments;
  const double p = s.program_s / segments;
  t.fill_s = w;
  t.busy_s += std::max(s.program_s, weights - w + p);
  const double ahead = w * to_real(s.segments_ahead(rates.buffer_bits));
  const double hidden = std::min(ahead, std::max(0.0, round - load - store));
  const double rest = weights - hidden;
  t.busy_s += (rounds - 1) * std::max(s.program_s, rest > 0 ? rest + p : 0.0);
  t.program_s = rounds * s.program_s;
  t.macros_s += t.program_s;
  t.stream_s += rounds * weights;
  return t;
}

}  // namespace cairn::hw
