/// \file
/// What a DRAM standard allows: its commands, and the least time between any two of them, as one
/// list that the controller's state machines and the tests read.
///
/// Assumes:    each rule holds between commands to the same node of a level (channel,
///             pseudo-channel, rank or stack identifier, bank group, bank), or between siblings.
/// Ignores:    power-down, self-refresh, refresh management, mode registers, calibration.
/// Reference:  JESD79-4 (DDR4), JESD79-5 (DDR5), JESD209-5 (LPDDR5), JESD250 (GDDR6), JESD235
///             (HBM2), JESD238 (HBM3), JESD270-4 (HBM4): the rules and the clock edges of commands.
/// Checked by: tests/unit/hw/memory_cycle/dram_timing_test.cpp (each rule one cycle before and at
///             its time), dram_checker_test.cpp (an independent reader of command logs)
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "hw/memory/dram_part.h"

namespace cairn::hw::cycle {

enum class DramCommand : std::uint8_t {
  activate,         ///< opens a row; LPDDR: its first half
  activate_second,  ///< LPDDR: the second half
  precharge,        ///< closes a bank
  precharge_all,    ///< closes all banks of a rank (of a pseudo-channel)
  read,
  write,
  read_close,   ///< with automatic precharge
  write_close,  ///< with automatic precharge
  sync_read,    ///< LPDDR: starts the data clock for a read
  sync_write,   ///< LPDDR: starts the data clock for a write
  refresh_all,
  refresh_bank,
};
inline constexpr std::size_t kDramCommands = 12;
constexpr auto enum_names(DramCommand) {
  using C = DramCommand;
  using S = std::string_view;
  return std::array{std::pair{C::activate, S{"activate"}},
                    std::pair{C::activate_second, S{"activate_second"}},
                    std::pair{C::precharge, S{"precharge"}},
                    std::pair{C::precharge_all, S{"precharge_all"}},
                    std::pair{C::read, S{"read"}},
                    std::pair{C::write, S{"write"}},
                    std::pair{C::read_close, S{"read_close"}},
                    std::pair{C::write_close, S{"write_close"}},
                    std::pair{C::sync_read, S{"sync_read"}},
                    std::pair{C::sync_write, S{"sync_write"}},
                    std::pair{C::refresh_all, S{"refresh_all"}},
                    std::pair{C::refresh_bank, S{"refresh_bank"}}};
}
[[nodiscard]] constexpr bool is_column(DramCommand c) {
  return c == DramCommand::read || c == DramCommand::write || c == DramCommand::read_close ||
         c == DramCommand::write_close;
}
[[nodiscard]] constexpr bool is_write(DramCommand c) {
  return c == DramCommand::write || c == DramCommand::write_close;
}

enum class DramLevel : std::uint8_t { channel, pseudo_channel, rank, bank_group, bank };
inline constexpr std::size_t kDramLevels = 5;

/// Where a command goes. All-bank commands name their rank or pseudo-channel and ignore the rest.
struct DramPlace {
  std::int32_t pseudo_channel{};
  std::int32_t rank{};  ///< or stack identifier
  std::int32_t group{};
  std::int32_t bank{};  ///< within its group
};

/// `after` is legal from `latency` ticks after the `window`-th last `before` to the same node of
/// `level`; with `sibling`, to another node below the same parent.
struct DramRule {
  DramLevel level{};
  DramCommand before{};
  DramCommand after{};
  std::int64_t latency{};
  std::int32_t window{1};
  bool sibling{};
};

struct DramProtocol {
  MemoryKind kind{};
  /// Parts of a clock period in which the model counts: 2 where row commands start on either edge.
  std::int64_t ticks_per_clock{1};
  double tick_s{};
  std::array<std::int32_t, kDramLevels> counts{};  ///< nodes below one node of the level above
  std::vector<DramRule> rules;
  std::array<std::int64_t, kDramCommands> command_ticks{};  ///< that a command holds its bus
  bool separate_buses{};             ///< row and column commands travel on buses of their own
  bool refresh_by_pseudo_channel{};  ///< scope of all-bank commands: pseudo-channel, not rank
  std::int64_t read_ticks{};         ///< read command to last data
  std::int64_t write_ticks{};        ///< write command to last data
  std::int64_t burst_ticks{};
  std::int64_t refresh_interval{};
  std::int64_t bank_refresh_interval{};         ///< 0: the part has no refresh of single banks
  bool refresh_banks_of_all_pseudo_channels{};  ///< at once, when single banks are refreshed
  std::int64_t activate_split{};                ///< 0: an activate is one command
  std::int64_t sync_post{-1};                   ///< negative: the data clock always runs
  std::int64_t read_to_data{};
  std::int64_t write_to_data{};

  [[nodiscard]] std::int32_t banks() const { return counts[1] * counts[2] * counts[3] * counts[4]; }
  [[nodiscard]] std::int32_t flat_bank(const DramPlace& p) const {
    return ((p.pseudo_channel * counts[2] + p.rank) * counts[3] + p.group) * counts[4] + p.bank;
  }
  [[nodiscard]] DramPlace place_of(std::int32_t flat_bank) const;
  /// Number of the node of \p level above a bank.
  [[nodiscard]] std::int32_t node_of(DramLevel level, std::int32_t flat_bank) const;
  [[nodiscard]] std::int32_t nodes(DramLevel level) const;
  /// Level whose banks an all-bank command reaches.
  [[nodiscard]] DramLevel all_bank_level() const {
    return refresh_by_pseudo_channel ? DramLevel::pseudo_channel : DramLevel::rank;
  }
};

/// Precondition: part.problems() is empty.
[[nodiscard]] DramProtocol protocol_of(const DramPartSpec& part);

}  // namespace cairn::hw::cycle
