#include "sim/kernel/server_memory.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "sim/kernel/waker.h"

namespace cairn::sim::kernel {
namespace {

constexpr double kBitsPerByte = 8;

double to_bits(std::uint64_t bytes) {
  return static_cast<double>(bytes) * kBitsPerByte;
}

}  // namespace

ServerMemory::ServerMemory(const SimulatedMemory& spec)
    : at_full_reach_(std::isfinite(spec.bandwidth) && spec.bandwidth > 0
                         ? hw::cycle::kFemtosecondsPerSecond / spec.bandwidth
                         : 0.0),
      femtoseconds_per_bit_(at_full_reach_),
      latency_(hw::cycle::to_femtoseconds(spec.latency_s)) {}

Femtoseconds ServerMemory::serve(double bits, Femtoseconds earliest) {
  const Femtoseconds start = std::max(earliest, free_at_);
  const double exact = bits * femtoseconds_per_bit_ + (start == free_at_ ? rest_ : 0.0);
  const double whole = std::floor(exact);
  rest_ = exact - whole;
  free_at_ = start + static_cast<Femtoseconds>(whole);
  activity_.busy_s += bits * femtoseconds_per_bit_ / hw::cycle::kFemtosecondsPerSecond;
  return free_at_;
}

bool ServerMemory::offer(const Request& request, Femtoseconds& next) {
  const Femtoseconds start = std::max(now(), free_at_);
  const Femtoseconds end = serve(to_bits(request.bytes), now());
  ++activity_.requests;
  (request.write ? activity_.write_bits : activity_.read_bits) += to_bits(request.bytes);
  next = start;
  // A write is over when it is taken: nobody waits for it to come back.
  request.from->arrives(request.slot, request.bytes, request.write ? end : end + latency_);
  return true;
}

CacheMemory::CacheMemory(const hw::cycle::CacheOver& spec, const SimulatedMemory& memory,
                         MemoryModule& behind)
    : line_bytes_(static_cast<std::uint64_t>(spec.line_bytes)), behind_(behind) {
  constexpr std::size_t kMostWays = 16;
  CAIRN_CHECK(spec.line_bytes > 0 && spec.slices > 0, "a cache needs lines and slices");
  const auto lines = std::max<std::size_t>(
      1, static_cast<std::size_t>(static_cast<double>(spec.capacity_bits) /
                                  (kBitsPerByte * static_cast<double>(spec.line_bytes))));
  ways_ = std::min(kMostWays, lines);
  lines_.resize(lines / ways_ * ways_);
  SimulatedMemory slice = memory;
  slice.bandwidth = memory.bandwidth / static_cast<double>(spec.slices);
  for (std::int64_t i = 0; i < spec.slices; ++i) {
    slices_.emplace_back(slice);
  }
}

void CacheMemory::start_run(double reach) {
  for (ServerMemory& slice : slices_) {
    slice.start_run(reach);
  }
  for (Line& line : lines_) {
    line = Line{};
  }
}

std::size_t CacheMemory::set_of(std::uint64_t block) const {
  // Strides of tensors are powers of two: unhashed, they would fall on few sets.
  return combine(block, 0) % (lines_.size() / ways_) * ways_;
}

/// The data goes through the slice of its block to who asked for it. Data that comes later takes
/// its share of the slice now: a hit does not wait behind a miss.
void CacheMemory::pass(const Request& request, Femtoseconds ready) {
  ServerMemory& slice = slices_[request.address / line_bytes_ % slices_.size()];
  const Femtoseconds end = slice.serve(to_bits(request.bytes), now());
  request.from->arrives(request.slot, request.bytes, std::max(end, ready));
}

bool CacheMemory::offer(const Request& request, Femtoseconds& next) {
  constexpr std::size_t kMostUnsent = 64;
  if (unsent_.size() >= kMostUnsent) {
    refused_.push_back(request.from);
    return false;
  }
  next = now();
  ++activity_.requests;
  (request.write ? activity_.write_bits : activity_.read_bits) += to_bits(request.bytes);
  const std::uint64_t block = request.address / line_bytes_;
  const std::size_t set = set_of(block);
  std::size_t victim = set;
  std::int64_t found = -1;
  for (std::size_t i = set; i < set + ways_; ++i) {
    if (lines_[i].block == block) {
      found = static_cast<std::int64_t>(i);
      break;
    }
    if (lines_[i].miss < 0 &&
        (lines_[victim].miss >= 0 || lines_[i].last_use < lines_[victim].last_use)) {
      victim = i;
    }
  }
  ++uses_;
  if (found >= 0) {
    Line& line = lines_[static_cast<std::size_t>(found)];
    line.last_use = uses_;
    if (!request.write) {
      ++activity_.row_hits;
      if (line.miss >= 0) {  // on its way for somebody else
        misses_[static_cast<std::size_t>(line.miss)].waiting.push_back({request});
      } else {
        pass(request, std::max(now(), line.ready));
      }
      return true;
    }
  }
  if (!request.write) {
    ++activity_.row_misses;
  }
  std::uint32_t index = 0;
  if (free_misses_.empty()) {
    index = static_cast<std::uint32_t>(misses_.size());
    misses_.emplace_back();
  } else {
    index = free_misses_.back();
    free_misses_.pop_back();
  }
  Miss& miss = misses_[index];
  miss.waiting.clear();
  miss.waiting.push_back({request});
  miss.missing_bytes = request.bytes;
  miss.total_bytes = request.bytes;
  miss.asked_bytes = 0;
  miss.address = request.address;
  miss.at = now();
  miss.write = request.write;
  miss.line = -1;
  miss.used = true;
  if (found < 0 && lines_[victim].miss < 0) {
    lines_[victim] = {.block = block,
                      .last_use = uses_,
                      .miss = request.write ? -1 : static_cast<std::int32_t>(index),
                      .ready = now()};
    miss.line = request.write ? -1 : static_cast<std::int64_t>(victim);
  }
  send(index);
  return true;
}

void CacheMemory::send(std::uint32_t index) {
  Miss& miss = misses_[index];
  while (miss.asked_bytes < miss.total_bytes) {
    const std::uint64_t address = miss.address + miss.asked_bytes;
    const std::uint64_t block = behind_.block_bytes();
    const std::uint64_t bytes =
        std::min(miss.total_bytes - miss.asked_bytes, block - address % block);
    miss.asked_bytes += bytes;  // before the offer: an answer may come at once
    Femtoseconds next = 0;
    const Request request{
        .from = this, .slot = index, .write = miss.write, .address = address, .bytes = bytes};
    if (!behind_.offer(request, next)) {
      misses_[index].asked_bytes -= bytes;
      unsent_.push_back(index);
      return;
    }
  }
}

void CacheMemory::arrives(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) {
  Miss& miss = misses_[slot];
  miss.at = std::max(miss.at, at);
  miss.missing_bytes -= bytes;
  if (miss.missing_bytes == 0) {
    finish(slot);
  }
}

void CacheMemory::finish(std::uint32_t index) {
  Miss& miss = misses_[index];
  const Femtoseconds at = miss.at;
  if (miss.line >= 0) {
    Line& line = lines_[static_cast<std::size_t>(miss.line)];
    line.miss = -1;
    line.ready = at;
  }
  miss.used = false;
  // Requesters may ask for more at once, which may reuse this place.
  std::vector<Waiting> waiting;
  waiting.swap(miss.waiting);
  free_misses_.push_back(index);
  for (const Waiting& who : waiting) {
    pass(who.request, at);
  }
}

void CacheMemory::try_again() {
  std::vector<std::uint32_t> unsent;
  unsent.swap(unsent_);
  for (const std::uint32_t index : unsent) {
    send(index);
  }
  std::vector<Requester*> refused;
  refused.swap(refused_);
  for (Requester* who : refused) {
    who->try_again();
  }
}

}  // namespace cairn::sim::kernel
