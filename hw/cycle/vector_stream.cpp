#include "hw/cycle/vector_stream.h"

#include <algorithm>
#include <cmath>

#include "hw/vector_work.h"

namespace cairn::hw::cycle {

VectorStream::VectorStream(const VectorWork& work, std::uint64_t from, std::uint64_t to,
                           const VectorUnits& units, std::int32_t backing, std::int32_t local)
    : work_(work),
      from_(from),
      to_(to),
      units_(units),
      backing_(backing),
      local_(local),
      chunks_(static_cast<std::int64_t>(vector_chunks(std::max(work.read_bits, work.write_bits)))) {
}

bool VectorStream::next(Task& task) {
  if (at_ == 3 * chunks_) {
    return false;
  }
  const std::int64_t chunk = at_ / 3;
  switch (at_++ % 3) {
    case 0:
      task.kind = TaskKind::transfer;
      task.unit = units_.load;
      task.activity = units_.load_activity;
      task.duration = chunk == 0 ? to_femtoseconds(work_.setup_s) : 0;
      task.transfer = part(from_, work_.read_bits, chunk, false);
      task.local.at(0) = {.memory = local_, .bits = share(work_.read_bits)};
      task.after.at(0) = chunk < kBuffers ? 0 : 3 * kBuffers - 1;  // the vector task before it
      break;
    case 1:
      task.unit = units_.vector;
      task.activity = units_.vector_activity;
      task.duration = to_femtoseconds(share(work_.operations) / work_.rate);
      task.after.at(0) = 1;
      task.after.at(1) = chunk < kBuffers ? 0 : 3 * kBuffers - 1;  // the store before it
      break;
    default:
      task.kind = TaskKind::transfer;
      task.unit = units_.store;
      task.activity = units_.store_activity;
      task.transfer = part(to_, work_.write_bits, chunk, true);
      task.local.at(0) = {.memory = local_, .bits = share(work_.write_bits)};
      task.after.at(0) = 1;
  }
  return true;
}

Transfer VectorStream::part(std::uint64_t base, double bits, std::int64_t chunk, bool write) const {
  constexpr double kBitsPerByte = 8;
  const auto edge = [&](std::int64_t at) {
    return static_cast<std::uint64_t>(std::ceil(bits / kBitsPerByte * static_cast<double>(at) /
                                                static_cast<double>(chunks_) * (1 - 1e-12)));
  };
  return {.memory = backing_,
          .write = write,
          .address = base + edge(chunk),
          .bytes = edge(chunk + 1) - edge(chunk)};
}

}  // namespace cairn::hw::cycle
