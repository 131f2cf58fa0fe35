#include "hw/memory/cycle/dram_timing.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::int64_t kLongAgo = -1'000'000'000;
constexpr std::int32_t kWindow = 4;

bool reaches_all(DramCommand c) {
  return c == DramCommand::precharge_all || c == DramCommand::refresh_all;
}

}  // namespace

DramTiming::DramTiming(const DramProtocol& protocol) : protocol_(protocol) {
  std::uint32_t nodes = 0;
  for (std::size_t l = 0; l < kDramLevels; ++l) {
    first_node_.at(l) = nodes;
    nodes += static_cast<std::uint32_t>(protocol.nodes(static_cast<DramLevel>(l)));
  }
  ready_.assign(nodes * kDramCommands, 0);
  windows_.assign(nodes * kDramCommands, {});
  for (Window& w : windows_) {
    w.at.fill(kLongAgo);
  }
  for (std::int32_t b = 0; b < protocol.banks(); ++b) {
    BankNodes starts{};
    std::array<std::int32_t, kDramLevels> of{};
    for (std::size_t l = 0; l < kDramLevels; ++l) {
      of.at(l) = protocol.node_of(static_cast<DramLevel>(l), b);
      starts.at(l) = node_index(static_cast<DramLevel>(l), of.at(l));
    }
    bank_nodes_.push_back(starts);
    node_of_bank_.push_back(of);
  }
  for (const DramRule& r : protocol.rules) {
    Effects& e =
        effects_.at(static_cast<std::size_t>(r.level)).at(static_cast<std::size_t>(r.before));
    const Effect effect{static_cast<std::uint8_t>(r.after), static_cast<std::int32_t>(r.latency)};
    if (r.sibling) {
      e.sibling.push_back(effect);
      has_sibling_rules_ = true;
    } else if (r.window == kWindow) {
      e.windowed.push_back(effect);
      e.window = true;
    } else {
      e.direct.push_back(effect);
    }
  }
}

std::uint32_t DramTiming::node_index(DramLevel level, std::int32_t node) const {
  return (first_node_.at(static_cast<std::size_t>(level)) + static_cast<std::uint32_t>(node)) *
         static_cast<std::uint32_t>(kDramCommands);
}

std::int64_t DramTiming::earliest_all(DramCommand command, std::int32_t flat_bank) const {
  // Rules of all-bank commands are kept at the level of their scope and above; those of single
  // banks inside the scope (a refresh of one bank, an activate) reach that level too.
  const auto& of = node_of_bank_[static_cast<std::size_t>(flat_bank)];
  const auto c = static_cast<std::size_t>(command);
  std::int64_t t = 0;
  for (std::size_t l = 0; l <= static_cast<std::size_t>(protocol_.all_bank_level()); ++l) {
    t = std::max(t, ready_[node_index(static_cast<DramLevel>(l), of.at(l)) + c]);
  }
  return t;
}

void DramTiming::apply_level(std::size_t level, std::int32_t node, std::size_t command,
                             std::int64_t tick) {
  const Effects& e = effects_[level][command];
  const std::uint32_t start = node_index(static_cast<DramLevel>(level), node);
  for (const Effect& effect : e.direct) {
    std::int64_t& ready = ready_[start + effect.after];
    ready = std::max(ready, tick + effect.latency);
  }
  if (e.window) {
    Window& w = windows_[start + command];
    w.at[static_cast<std::size_t>(w.next)] = tick;
    w.next = (w.next + 1) % kWindow;
    const std::int64_t oldest = w.at[static_cast<std::size_t>(w.next)];
    for (const Effect& effect : e.windowed) {
      std::int64_t& ready = ready_[start + effect.after];
      ready = std::max(ready, oldest + effect.latency);
    }
  }
}

void DramTiming::issue(DramCommand command, std::int32_t flat_bank, std::int64_t tick) {
  const auto& of = node_of_bank_[static_cast<std::size_t>(flat_bank)];
  const auto c = static_cast<std::size_t>(command);
  const std::size_t last =
      reaches_all(command) ? static_cast<std::size_t>(protocol_.all_bank_level()) : kDramLevels - 1;
  for (std::size_t l = 0; l <= last; ++l) {
    apply_level(l, of[l], c, tick);
  }
  if (!has_sibling_rules_) {
    return;
  }
  for (std::size_t l = 1; l <= last; ++l) {
    const Effects& e = effects_[l][c];
    if (e.sibling.empty()) {
      continue;
    }
    const std::int32_t count = protocol_.counts.at(l);
    const std::int32_t first = of.at(l) / count * count;
    for (std::int32_t node = first; node < first + count; ++node) {
      if (node == of.at(l)) {
        continue;
      }
      const std::uint32_t start = node_index(static_cast<DramLevel>(l), node);
      for (const Effect& effect : e.sibling) {
        std::int64_t& ready = ready_[start + effect.after];
        ready = std::max(ready, tick + effect.latency);
      }
    }
  }
}

}  // namespace cairn::hw::cycle
