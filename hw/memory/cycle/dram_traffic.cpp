#include "hw/memory/cycle/dram_traffic.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::int64_t kCountedTicks = 1 << 16;
constexpr std::uint32_t kProbeSource = 1;

}  // namespace

void LatencyCount::add(std::int64_t ticks) {
  ++count_;
  sum_ += static_cast<double>(ticks);
  if (ticks >= kCountedTicks) {
    longer_.push_back(ticks);
    return;
  }
  if (ticks >= std::ssize(of_ticks_)) {
    of_ticks_.resize(static_cast<std::size_t>(ticks) + 1);
  }
  ++of_ticks_[static_cast<std::size_t>(ticks)];
}

double LatencyCount::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

double LatencyCount::quantile(double quantile) const {
  const auto wanted = static_cast<std::int64_t>(std::ceil(quantile * static_cast<double>(count_)));
  std::int64_t seen = 0;
  for (std::size_t t = 0; t < of_ticks_.size(); ++t) {
    seen += of_ticks_[t];
    if (seen >= wanted && seen > 0) {
      return static_cast<double>(t);
    }
  }
  if (longer_.empty()) {
    return 0;
  }
  std::vector<std::int64_t> sorted = longer_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t at = static_cast<std::size_t>(std::max<std::int64_t>(0, wanted - seen - 1));
  return static_cast<double>(sorted[std::min(at, sorted.size() - 1)]);
}

DramTraffic::DramTraffic(const DramTrafficSpec& spec, const DramController& controller)
    : spec_(spec),
      access_bytes_(controller.access_bytes()),
      accesses_(controller.capacity_bytes() / controller.access_bytes()),
      random_(spec.seed),
      runs_(static_cast<std::size_t>(std::max<std::int64_t>(1, spec.streams))) {
  if (controller.map().order() == default_address_order()) {
    banks_ = static_cast<std::uint64_t>(controller.protocol().banks());
    columns_ = controller.map().columns();
  }
  if (spec_.pattern == DramPattern::trace) {
    spec_.requests = std::min(spec_.requests, std::ssize(spec_.trace));
  }
}

std::uint64_t DramTraffic::stream_access(std::uint64_t index) const {
  const std::uint64_t bank = index % banks_;
  const std::uint64_t offset = banks_ <= columns_
                                   ? bank * columns_ / banks_
                                   : bank / ((banks_ + columns_ - 1) / columns_) % columns_;
  return ((index / banks_ + offset) * banks_ + bank) & (accesses_ - 1);
}

TraceAccess DramTraffic::next_access() {
  TraceAccess a;
  switch (spec_.pattern) {
    case DramPattern::stream:
      a.address = stream_access(stream_position_++) * access_bytes_;
      break;
    case DramPattern::random:
      a.address = (random_() & (accesses_ - 1)) * access_bytes_;
      break;
    case DramPattern::runs: {
      Run& run = runs_[next_run_];
      next_run_ = next_run_ + 1 == runs_.size() ? 0 : next_run_ + 1;
      if (run.left == 0) {
        // Runs start where their length divides the address, as tiles of a tensor do.
        const std::uint64_t length = std::max<std::uint64_t>(1, spec_.run_bytes / access_bytes_);
        run.at = (random_() & (accesses_ - 1)) / length * length;
        run.left = length;
      }
      a.address = (run.at++ & (accesses_ - 1)) * access_bytes_;
      --run.left;
      break;
    }
    case DramPattern::trace:
      return spec_.trace[static_cast<std::size_t>(sent_)];
  }
  if (spec_.write_fraction > 0) {
    a.write = random_.uniform01() < spec_.write_fraction;
  }
  return a;
}

void DramTraffic::drain(DramController& controller) {
  for (const DramCompletion& c : controller.completions()) {
    const bool probe = c.source == kProbeSource;
    if (!c.write) {
      (probe ? probes_ : reads_).add(c.cycle - c.arrival);
    }
    if (!probe) {
      end_ = std::max(end_, c.cycle);
    }
    const Pending p{c.write ? c.issued : c.cycle, probe};
    std::size_t at = pending_.size();
    pending_.push_back(p);
    while (at > pending_first_ && pending_[at - 1].at > p.at) {
      pending_[at] = pending_[at - 1];
      --at;
    }
    pending_[at] = p;
  }
  controller.clear_completions();
}

void DramTraffic::offer(DramController& controller, std::int64_t now) {
  while (true) {
    if (probe_turn_ && spec_.probe && !probe_in_flight_) {
      if (!controller.can_accept(false)) {
        return;
      }
      controller.enqueue(
          {(random_() & (accesses_ - 1)) * access_bytes_, false, kProbeSource, 0, now});
      probe_in_flight_ = true;
      probe_turn_ = false;
      continue;
    }
    probe_turn_ = false;
    const bool load = in_flight_ < spec_.outstanding && (sent_ < spec_.requests);
    if (!load) {
      if (spec_.probe && !probe_in_flight_ && !done()) {
        probe_turn_ = true;
        continue;
      }
      return;
    }
    if (!has_next_) {
      next_ = next_access();
      has_next_ = true;
    }
    if (!controller.can_accept(next_.write)) {
      return;
    }
    controller.enqueue({next_.address, next_.write, 0, static_cast<std::uint64_t>(sent_), now});
    has_next_ = false;
    ++sent_;
    ++in_flight_;
    probe_turn_ = spec_.probe;
  }
}

std::int64_t DramTraffic::serve(DramController& controller, std::int64_t now) {
  drain(controller);
  while (pending_first_ < pending_.size() && pending_[pending_first_].at <= now) {
    if (pending_[pending_first_].probe) {
      probe_in_flight_ = false;
    } else {
      --in_flight_;
      ++finished_;
    }
    if (++pending_first_ == pending_.size()) {
      pending_.clear();
      pending_first_ = 0;
    }
  }
  constexpr std::size_t kCompact = 4096;
  if (pending_first_ > kCompact) {
    pending_.erase(pending_.begin(),
                   pending_.begin() + static_cast<std::ptrdiff_t>(pending_first_));
    pending_first_ = 0;
  }
  offer(controller, now);
  return pending_first_ < pending_.size() ? pending_[pending_first_].at : DramController::kNever;
}

std::int64_t run_to_end(DramController& controller, DramClient& client) {
  std::int64_t now = 0;
  while (true) {
    const std::int64_t wish = client.serve(controller, now);
    if (client.done()) {
      return now;
    }
    now = std::min(wish, controller.next_event());
    CAIRN_CHECK(now != DramController::kNever, "requests wait and nothing can happen");
    controller.advance(now);
  }
}

}  // namespace cairn::hw::cycle
