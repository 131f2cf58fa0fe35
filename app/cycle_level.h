/// \file
/// The cycle level for a command: one machine of this process, its prices, and the files that show
/// what it did.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "hw/energy/technology.h"
#include "hw/system.h"
#include "sim/cycle/cycle_prices.h"
#include "sim/cycle/trace_file.h"

namespace cairn::app {

/// Why a machine cannot be simulated; nothing if it can.
[[nodiscard]] std::optional<std::string> cycle_problem(const hw::SystemSpec& spec,
                                                       const hw::Machine& machine);

struct CycleOptions {
  std::string trace;  ///< path of a timeline; empty: none
  std::uint64_t trace_limit{sim::TraceFile::kDefaultLimit};
  std::string vcd;  ///< path of a value change dump; empty: none
  /// Called now and then with the simulated time.
  void (*heartbeat)(hw::cycle::Femtoseconds now, void* context){};
  void* heartbeat_context{};
};

/// What a one-shot command says about its level.
struct FidelityOptions {
  std::string fidelity{"analytical"};
  std::string trace;
  std::int64_t trace_limit_mib{static_cast<std::int64_t>(sim::TraceFile::kDefaultLimit >> 20U)};
  std::string vcd;
};

class CycleLevel;
struct LoadedSystem;
/// Null at analytical level. \param file of the hardware, for messages. \throws ConfigError for a
/// level that does not exist or a machine without it, and for files that only cycle level writes.
[[nodiscard]] std::unique_ptr<CycleLevel> make_cycle_level(const FidelityOptions& options,
                                                           const LoadedSystem& loaded,
                                                           const std::string& file);

class CycleLevel {
 public:
  /// One for a process. Precondition: no cycle_problem(). \throws IoError.
  CycleLevel(const hw::SystemSpec& spec, const hw::Technology& technology,
             const CycleOptions& options);
  CycleLevel(const CycleLevel&) = delete;
  CycleLevel& operator=(const CycleLevel&) = delete;
  CycleLevel(CycleLevel&&) = delete;
  CycleLevel& operator=(CycleLevel&&) = delete;
  ~CycleLevel();

  [[nodiscard]] sim::CyclePrices& prices();
  /// As prices() prices a group, under \p name on the timeline; simulated anew.
  [[nodiscard]] sim::CycleEstimate price(const std::string& name, const hw::GroupView& group,
                                         const hw::MappingConstraint& constraint,
                                         hw::MappingObjective objective);
  /// How many groups will be simulated: their shares of the timeline's file.
  void expect(std::size_t groups);
  /// Completes the files. \throws IoError.
  void finish();
  /// One sentence on what the timeline leaves out; empty without one, or when it is complete.
  [[nodiscard]] std::string trace_note() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::app
