#include "sim/kernel/units.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "core/error.h"

namespace cairn::sim::kernel {
namespace {

constexpr double kBitsPerByte = 8;

/// Ports of on-chip memories that a task really has to wait for.
bool uses_ports(const IssuedTask& task, UnitHost& host) {
  return std::any_of(task.task.local.begin(), task.task.local.end(), [&](const auto& access) {
    return access.memory >= 0 && access.bits > 0 && host.port(access.memory) != nullptr;
  });
}

}  // namespace

UnitProcess::UnitProcess(const std::string& name, std::size_t index, UnitHost& host)
    : Waker(name), index_(index), host_(host) {}

void UnitProcess::give(const IssuedTask& task) {
  queue_.push_back(task);
  if (queue_.size() == 1) {
    look_again();
  }
}

void ComputeUnit::look_again() {
  if (active_ || queue_.empty() || !host_.ready(queue_.front(), index_)) {
    return;
  }
  task_ = queue_.front();
  queue_.pop_front();
  active_ = true;
  working_ = true;
  start_ = now();
  if (engine_ != nullptr) {
    task_.task.duration = engine_->end_of(task_.task, start_) - start_;
  }
  due_ = start_;
  slice_ = 0;
  slices_ = uses_ports(task_, host_) ? kSlices : 1;
  next_slice();
}

void ComputeUnit::next_slice() {
  const Femtoseconds duration = task_.task.duration;
  const Femtoseconds share = duration * (slice_ + 1) / slices_ - duration * slice_ / slices_;
  Femtoseconds end = due_ + share;
  if (slices_ > 1) {
    for (const hw::cycle::LocalAccess& access : task_.task.local) {
      ServerMemory* port = access.memory >= 0 ? host_.port(access.memory) : nullptr;
      if (port != nullptr && access.bits > 0) {
        end = std::max(end, port->serve(access.bits / static_cast<double>(slices_), due_));
      }
    }
  }
  due_ = end;
  ++slice_;
  wake_at(due_);
}

void ComputeUnit::run() {
  if (!active_) {
    look_again();
    return;
  }
  if (now() < due_) {
    wake_at(due_);
    return;
  }
  if (slice_ < slices_) {
    next_slice();
    return;
  }
  active_ = false;
  working_ = false;
  busy_ += due_ - start_;
  const IssuedTask done = task_;
  host_.finished(done, index_, start_, due_);
  look_again();
}

std::string ComputeUnit::pending() const {
  return active_ ? std::string{"computes"} : std::string{};
}

TransferUnit::TransferUnit(const std::string& name, std::size_t index, UnitHost& host,
                           std::int64_t outstanding_bits)
    : UnitProcess(name, index, host),
      most_outstanding_(static_cast<std::uint64_t>(outstanding_bits) / 8) {}

void TransferUnit::look_again() {
  pump();
}

void TransferUnit::try_again() {
  refused_ = false;
  pump();
}

bool TransferUnit::begin_next() {
  if (queue_.empty() || !host_.ready(queue_.front(), index_)) {
    return false;
  }
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(flights_.size());
    flights_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Flight& flight = flights_[slot];
  flight = Flight{};
  flight.task = queue_.front();
  queue_.pop_front();
  flight.used = true;
  flight.start = now();
  flight.end = now();
  const hw::cycle::Transfer& transfer = flight.task.task.transfer;
  flight.total = transfer.total_bytes();
  flight.memory = flight.total > 0 ? &host_.memory(transfer.memory) : nullptr;
  not_before_ = std::max(not_before_, now()) + flight.task.task.duration;
  if (in_flight_++ == 0) {
    busy_since_ = now();
    working_ = true;
  }
  if (flight.total == 0) {
    endings_.push_back({not_before_, slot});
    std::push_heap(endings_.begin(), endings_.end());
    wake_at(not_before_);
    return true;
  }
  asking_ = slot;
  return true;
}

void TransferUnit::use_ports(const Flight& flight, std::uint64_t bytes, Femtoseconds& at) {
  const double share = static_cast<double>(bytes) / static_cast<double>(flight.total);
  for (const hw::cycle::LocalAccess& access : flight.task.task.local) {
    ServerMemory* port = access.memory >= 0 ? host_.port(access.memory) : nullptr;
    if (port != nullptr && access.bits > 0) {
      at = std::max(at, port->serve(access.bits * share, now()));
    }
  }
}

void TransferUnit::pump() {
  if (pumping_) {
    return;
  }
  pumping_ = true;
  const Femtoseconds time = now();
  while (!arrivals_.empty() && arrivals_.front().at <= time) {
    outstanding_ -= arrivals_.front().bytes;
    std::pop_heap(arrivals_.begin(), arrivals_.end());
    arrivals_.pop_back();
  }
  while (true) {
    if (asking_ < 0) {
      if (!begin_next()) {
        break;
      }
      continue;
    }
    if (refused_) {
      break;
    }
    if (not_before_ > time) {
      wake_at(not_before_);
      break;
    }
    const auto slot = static_cast<std::uint32_t>(asking_);
    Flight& flight = flights_[slot];
    const hw::cycle::Transfer& transfer = flight.task.task.transfer;
    const std::uint64_t address = transfer.address + flight.row * transfer.pitch + flight.column;
    const std::uint64_t block = flight.memory->block_bytes();
    const std::uint64_t bytes = std::min(transfer.bytes - flight.column, block - address % block);
    if (most_outstanding_ > 0 && outstanding_ > 0 && outstanding_ + bytes > most_outstanding_) {
      if (!arrivals_.empty()) {
        wake_at(arrivals_.front().at);
      }
      break;  // else: called when something arrives
    }
    Femtoseconds next = time;
    // The answer may come within the offer, so all is counted before it.
    const auto [asked, column, row] = std::tuple{flight.asked, flight.column, flight.row};
    flight.asked += bytes;
    flight.column += bytes;
    if (flight.column == transfer.bytes) {
      flight.column = 0;
      ++flight.row;
    }
    outstanding_ += bytes;
    MemoryModule& memory = *flight.memory;
    if (!memory.offer({.from = this,
                       .slot = slot,
                       .write = transfer.write,
                       .address = address,
                       .bytes = bytes},
                      next)) {
      flights_[slot].asked = asked;
      flights_[slot].column = column;
      flights_[slot].row = row;
      outstanding_ -= bytes;
      refused_ = true;
      break;
    }
    if (flights_[slot].asked == flights_[slot].total) {
      asking_ = -1;
    }
    if (most_outstanding_ == 0) {
      not_before_ = std::max(not_before_, next);
    }
  }
  pumping_ = false;
}

void TransferUnit::arrives(std::uint32_t slot, std::uint64_t bytes, Femtoseconds at) {
  Flight& flight = flights_[slot];
  Femtoseconds end = at;
  use_ports(flight, bytes, end);
  flight.end = std::max(flight.end, end);
  flight.arrived += bytes;
  if (most_outstanding_ > 0) {
    arrivals_.push_back({at, bytes});
    std::push_heap(arrivals_.begin(), arrivals_.end());
    if (!pumping_ && asking_ >= 0 && !refused_) {
      wake_at(arrivals_.front().at);
    }
  } else {
    outstanding_ -= bytes;
  }
  if (flight.arrived == flight.total) {
    endings_.push_back({flight.end, slot});
    std::push_heap(endings_.begin(), endings_.end());
    wake_at(endings_.front().at);
  }
}

void TransferUnit::run() {
  const Femtoseconds time = now();
  while (!endings_.empty() && endings_.front().at <= time) {
    const std::uint32_t slot = endings_.front().slot;
    std::pop_heap(endings_.begin(), endings_.end());
    endings_.pop_back();
    const IssuedTask done = flights_[slot].task;
    const Femtoseconds start = flights_[slot].start;
    flights_[slot].used = false;
    free_.push_back(slot);
    if (--in_flight_ == 0) {
      busy_ += time - busy_since_;
      working_ = false;
    }
    host_.finished(done, index_, start, time);
  }
  if (!endings_.empty()) {
    wake_at(endings_.front().at);
  }
  pump();
}

std::string TransferUnit::pending() const {
  std::uint64_t missing = 0;
  for (const Flight& flight : flights_) {
    missing += flight.used ? flight.total - flight.arrived : 0;
  }
  return missing > 0 ? fmt::format("waits for {} bytes of its memory", missing) : std::string{};
}

}  // namespace cairn::sim::kernel
