/// \file
/// Reads a log of DRAM commands and says which rule of the standard each breaks. Written rule by
/// rule from the standards' tables, with a history of its own: it shares nothing with what decides
/// when commands go (dram_protocol, dram_timing, dram_controller).
///
/// Assumes:    banks are numbered pseudo-channel, rank, bank group, bank, the last fastest; times
///             of the standards count from the last clock edge of a command to the last edge of the
///             next.
/// Ignores:    what the part does not state.
/// Reference:  as dram_protocol.h
/// Checked by: tests/unit/hw/memory_cycle/dram_checker_test.cpp (finds planted mistakes)
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "hw/memory/cycle/dram_controller.h"
#include "hw/memory/dram_part.h"

namespace cairn::hw::cycle {

class DramChecker final : public DramLog {
 public:
  explicit DramChecker(const DramPartSpec& part);

  void command(const DramLogEntry& entry) override;

  [[nodiscard]] std::uint64_t commands() const { return commands_; }
  [[nodiscard]] std::uint64_t violations() const { return violations_; }
  /// The first of them: `tick 120: read of bank 3 comes 2 ticks before tRCD allows`.
  [[nodiscard]] const std::vector<std::string>& reports() const { return reports_; }

 private:
  static constexpr std::int64_t kNever = -(std::int64_t{1} << 40);
  /// Last edges of the last commands of each sort.
  struct History {
    std::int64_t act{kNever};
    std::int64_t precharge{kNever};
    std::int64_t precharge_all{kNever};
    std::int64_t read{kNever};
    std::int64_t write{kNever};
    std::int64_t read_close{kNever};
    std::int64_t write_close{kNever};
    std::int64_t refresh{kNever};
    std::int64_t refresh_bank{kNever};
  };
  struct BankState {
    History last;
    std::int64_t row{-1};
    std::int64_t half_open_since{kNever};  ///< first half of an activate, first edge
  };
  struct Where {
    std::size_t bank{};
    std::size_t group{};
    std::size_t rank{};    ///< of all ranks
    std::size_t pseudo{};  ///< pseudo-channel
    std::size_t scope{};   ///< of all-bank commands
  };
  [[nodiscard]] Where where(std::int32_t flat_bank) const;
  [[nodiscard]] std::int64_t length(DramCommand c) const;
  void need(const char* rule, std::int64_t since, std::int64_t cycles);
  void broken(const std::string& what);
  void on_bus();
  void activate(const Where& w);
  void activate_second(const Where& w);
  void precharge(const Where& w);
  void precharge_all(const Where& w);
  void column(const Where& w, bool write, bool close);
  void refresh_all(const Where& w);
  void refresh_bank(const Where& w);
  void data(const Where& w, bool write);

  DramPartSpec part_;
  std::int64_t per_clock_{1};  ///< ticks
  bool edges_{};
  bool hbm_{};
  std::size_t groups_per_rank_{};
  std::size_t banks_per_group_{};
  std::size_t ranks_per_pseudo_{};
  std::size_t banks_per_scope_{};
  std::vector<BankState> banks_;
  std::vector<History> groups_;
  std::vector<History> ranks_;
  std::vector<History> pseudos_;
  std::vector<History> scopes_;
  std::vector<std::deque<std::int64_t>> activates_;  ///< of each scope, the last four
  std::vector<std::int64_t> data_until_;             ///< of each pseudo-channel's pins
  std::vector<std::int32_t> data_rank_;
  std::array<std::int64_t, 2> bus_until_{};  ///< row (or only) and column bus
  std::int64_t sync_at_{kNever};
  std::int64_t clock_until_{kNever};
  std::size_t pending_bank_{static_cast<std::size_t>(-1)};
  DramLogEntry now_{};
  std::int64_t edge_{};  ///< last edge of the present command
  std::uint64_t commands_{};
  std::uint64_t violations_{};
  std::vector<std::string> reports_;
};

}  // namespace cairn::hw::cycle
