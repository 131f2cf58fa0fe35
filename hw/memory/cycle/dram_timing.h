/// \file
/// When each command becomes legal, kept up to date command by command. Rules of a channel are kept
/// once, those of pseudo-channels, ranks and bank groups with each bank group below, those of banks
/// with the bank: three numbers say when a command may go.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "hw/memory/cycle/dram_protocol.h"

namespace cairn::hw::cycle {

class DramTiming {
 public:
  using Times = std::array<std::int64_t, kDramCommands>;

  explicit DramTiming(const DramProtocol& protocol);

  /// First tick at which \p command may go to a bank, as far as times between commands say.
  [[nodiscard]] std::int64_t earliest(DramCommand command, std::int32_t flat_bank) const {
    const auto b = static_cast<std::size_t>(flat_bank);
    const auto c = static_cast<std::size_t>(command);
    return std::max({channel_[c], groups_[group_of_bank_[b]][c], banks_[b][c]});
  }
  /// The same for a command to all banks of the rank or pseudo-channel of a bank.
  [[nodiscard]] std::int64_t earliest_all(DramCommand command, std::int32_t flat_bank) const {
    const auto c = static_cast<std::size_t>(command);
    return std::max(channel_[c], groups_[group_of_bank_[static_cast<std::size_t>(flat_bank)]][c]);
  }
  /// Precondition: tick is not before the earliest.
  void issue(DramCommand command, std::int32_t flat_bank, std::int64_t tick);

  // The three numbers.
  [[nodiscard]] const Times& channel() const { return channel_; }
  [[nodiscard]] const Times& group_of(std::int32_t flat_bank) const {
    return groups_[group_of_bank_[static_cast<std::size_t>(flat_bank)]];
  }
  [[nodiscard]] const Times& bank(std::int32_t flat_bank) const {
    return banks_[static_cast<std::size_t>(flat_bank)];
  }

 private:
  struct Effect {
    std::uint8_t after{};
    std::int32_t latency{};
  };
  /// What a command does to the nodes of one level.
  struct Effects {
    std::vector<Effect> direct;
    std::vector<Effect> windowed;  ///< counted from the fourth last
    std::vector<Effect> sibling;
  };
  /// Last four times of a command at a node; `next` is the oldest.
  struct Window {
    std::array<std::int64_t, 4> at{};
    std::uint32_t next{};
  };
  struct Span {
    std::size_t first{};
    std::size_t count{};
  };
  [[nodiscard]] Span groups_below(DramLevel level, std::int32_t node) const {
    const std::size_t count = groups_below_[static_cast<std::size_t>(level)];
    return {static_cast<std::size_t>(node) * count, count};
  }
  void apply(DramLevel level, std::int32_t node, std::size_t command, std::int64_t tick);
  static void raise(Times& times, const std::vector<Effect>& effects, std::int64_t tick) {
    for (const Effect& e : effects) {
      times[e.after] = std::max(times[e.after], tick + e.latency);
    }
  }

  DramProtocol protocol_;
  std::array<std::array<Effects, kDramCommands>, kDramLevels> effects_;
  std::array<std::size_t, kDramLevels> groups_below_{};
  Times channel_{};
  std::vector<Times> groups_;
  std::vector<Times> banks_;
  std::vector<std::uint32_t> group_of_bank_;
  std::vector<std::array<std::int32_t, kDramLevels>> nodes_of_bank_;
  std::array<std::vector<std::array<Window, kDramCommands>>, kDramLevels> windows_;
};

}  // namespace cairn::hw::cycle
