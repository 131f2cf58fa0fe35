/// \file
/// When each command becomes legal, kept up to date command by command: for each node of each level
/// the earliest tick of each command.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "hw/memory/cycle/dram_protocol.h"

namespace cairn::hw::cycle {

class DramTiming {
 public:
  explicit DramTiming(const DramProtocol& protocol);

  /// First tick at which \p command may go to a bank (all-bank commands: to the rank or
  /// pseudo-channel of the bank), as far as times between commands say.
  [[nodiscard]] std::int64_t earliest(DramCommand command, std::int32_t flat_bank) const {
    const BankNodes& at = bank_nodes_[static_cast<std::size_t>(flat_bank)];
    const auto c = static_cast<std::size_t>(command);
    std::int64_t t =
        std::max(std::max(ready_[at[0] + c], ready_[at[1] + c]),
                 std::max(ready_[at[2] + c], std::max(ready_[at[3] + c], ready_[at[4] + c])));
    return t;
  }
  [[nodiscard]] std::int64_t earliest_all(DramCommand command, std::int32_t flat_bank) const;
  /// Precondition: tick >= earliest(command, flat_bank).
  void issue(DramCommand command, std::int32_t flat_bank, std::int64_t tick);

  /// Parts of earliest(): what holds for a bank alone, for its group, and for all above.
  [[nodiscard]] std::int64_t at_bank(DramCommand c, std::int32_t flat_bank) const {
    return ready_[bank_nodes_[static_cast<std::size_t>(flat_bank)][4] +
                  static_cast<std::size_t>(c)];
  }

 private:
  using BankNodes = std::array<std::uint32_t, kDramLevels>;  ///< index of the node's first command
  /// What a command does to its node of one level.
  struct Effect {
    std::uint8_t after{};
    std::int32_t latency{};
  };
  struct Effects {
    std::vector<Effect> direct;
    std::vector<Effect> windowed;  ///< after the fourth last
    std::vector<Effect> sibling;
    bool window{};
  };
  [[nodiscard]] std::uint32_t node_index(DramLevel level, std::int32_t node) const;
  void apply_level(std::size_t level, std::int32_t node, std::size_t command, std::int64_t tick);

  DramProtocol protocol_;
  std::array<std::uint32_t, kDramLevels> first_node_{};
  std::vector<std::int64_t> ready_;
  std::vector<BankNodes> bank_nodes_;
  std::vector<std::array<std::int32_t, kDramLevels>> node_of_bank_;
  std::array<std::array<Effects, kDramCommands>, kDramLevels> effects_;
  /// Last four times of a command at a node, oldest first from `next`.
  struct Window {
    std::array<std::int64_t, 4> at{};
    std::int32_t next{};
  };
  std::vector<Window> windows_;  ///< nodes x commands, only of levels that have such rules
  bool has_sibling_rules_{};
};

}  // namespace cairn::hw::cycle
