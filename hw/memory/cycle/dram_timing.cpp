#include "hw/memory/cycle/dram_timing.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::int64_t kLongAgo = -1'000'000'000;
constexpr std::uint32_t kWindow = 4;

bool reaches_all(DramCommand c) {
  return c == DramCommand::precharge_all || c == DramCommand::refresh_all;
}

}  // namespace

DramTiming::DramTiming(const DramProtocol& protocol)
    : protocol_(protocol),
      groups_(static_cast<std::size_t>(protocol.nodes(DramLevel::bank_group))),
      banks_(static_cast<std::size_t>(protocol.banks())) {
  for (std::size_t l = 0; l + 1 < kDramLevels; ++l) {
    groups_below_.at(l) = static_cast<std::size_t>(protocol.nodes(DramLevel::bank_group) /
                                                   protocol.nodes(static_cast<DramLevel>(l)));
  }
  for (std::int32_t b = 0; b < protocol.banks(); ++b) {
    std::array<std::int32_t, kDramLevels> of{};
    for (std::size_t l = 0; l < kDramLevels; ++l) {
      of.at(l) = protocol.node_of(static_cast<DramLevel>(l), b);
    }
    nodes_of_bank_.push_back(of);
    group_of_bank_.push_back(static_cast<std::uint32_t>(of[3]));
  }
  for (std::size_t l = 0; l < kDramLevels; ++l) {
    std::array<Window, kDramCommands> never{};
    for (Window& w : never) {
      w.at.fill(kLongAgo);
    }
    windows_.at(l).assign(static_cast<std::size_t>(protocol.nodes(static_cast<DramLevel>(l))),
                          never);
  }
  for (const DramRule& r : protocol.rules) {
    Effects& e =
        effects_.at(static_cast<std::size_t>(r.level)).at(static_cast<std::size_t>(r.before));
    const Effect effect{static_cast<std::uint8_t>(r.after), static_cast<std::int32_t>(r.latency)};
    (r.sibling ? e.sibling : r.window == 1 ? e.direct : e.windowed).push_back(effect);
  }
}

void DramTiming::apply(DramLevel level, std::int32_t node, std::size_t command, std::int64_t tick) {
  const Effects& e = effects_[static_cast<std::size_t>(level)][command];
  if (e.direct.empty() && e.windowed.empty()) {
    return;
  }
  std::int64_t oldest = kLongAgo;
  if (!e.windowed.empty()) {
    Window& w = windows_[static_cast<std::size_t>(level)][static_cast<std::size_t>(node)][command];
    w.at[w.next] = tick;
    w.next = (w.next + 1) % kWindow;
    oldest = w.at[w.next];
  }
  const auto raise_both = [&](Times& times) {
    raise(times, e.direct, tick);
    raise(times, e.windowed, oldest);
  };
  if (level == DramLevel::channel) {
    raise_both(channel_);
  } else if (level == DramLevel::bank) {
    raise_both(banks_[static_cast<std::size_t>(node)]);
  } else {
    const Span below = groups_below(level, node);
    for (std::size_t g = below.first; g < below.first + below.count; ++g) {
      raise_both(groups_[g]);
    }
  }
}

void DramTiming::issue(DramCommand command, std::int32_t flat_bank, std::int64_t tick) {
  const auto& of = nodes_of_bank_[static_cast<std::size_t>(flat_bank)];
  const auto c = static_cast<std::size_t>(command);
  const std::size_t last =
      reaches_all(command) ? static_cast<std::size_t>(protocol_.all_bank_level()) : kDramLevels - 1;
  for (std::size_t l = 0; l <= last; ++l) {
    const auto level = static_cast<DramLevel>(l);
    apply(level, of[l], c, tick);
    const std::vector<Effect>& siblings = effects_[l][c].sibling;
    if (siblings.empty()) {
      continue;
    }
    const std::int32_t count = protocol_.counts[l];
    const std::int32_t first = of[l] / count * count;
    for (std::int32_t node = first; node < first + count; ++node) {
      const Span below = groups_below(level, node);
      for (std::size_t g = below.first; node != of[l] && g < below.first + below.count; ++g) {
        raise(groups_[g], siblings, tick);
      }
    }
  }
}

}  // namespace cairn::hw::cycle
