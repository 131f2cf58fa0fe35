/// \file
/// Everything a technology file answers: energy, area, leakage and clock of parts at one node.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/diagnostics.h"
#include "core/units.h"
#include "hw/energy/arithmetic_table.h"
#include "hw/energy/confidence.h"
#include "hw/energy/dram_table.h"
#include "hw/energy/specs.h"
#include "hw/energy/sram_table.h"
#include "hw/energy/voltage_frequency.h"
#include "hw/memory/memory.h"
#include "models/precision.h"

namespace cairn::hw {

struct MovementFigures {
  EnergyPerBit energy{};
  Confidence confidence{Confidence::measured};
};

/// The true area lies between low x value and high x value.
struct AreaBand {
  double low{1.0};
  double high{1.0};
  Confidence confidence{Confidence::measured};
};

/// From the areas of cells and banks in the tables to those on a die.
struct LayoutFactors {
  double logic_growth{1};  ///< in every area of logic that Technology gives
  double sram_growth{1};   ///< in every area of SRAM that it gives
  double second_port{1};   ///< SRAM with a read and a write port / with one
  double core_control{};   ///< share of a programmable processor
  double die_frame{};      ///< share of a die
  double host_link{};      ///< m2 for each bit/s of one direction
  double device_link{};    ///< the same between devices
  [[nodiscard]] Area host_link_phy(Bandwidth one_way) const {
    return Area{host_link * one_way.count()};
  }
  [[nodiscard]] Area device_link_phy(Bandwidth one_way) const {
    return Area{device_link * one_way.count()};
  }
};

/// One technology: immutable, cheap to copy, safe to share between threads.
///
/// All energies, leakages and times hold at the nominal voltage; operating_point() gives the
/// factors for a clock. Areas are laid out: wires, clock, test and placement included, the frame of
/// the die not. Energies of memory outside the chip do not follow the chip's voltage.
/// No look-up allocates; each takes well under 100 ns.
///
/// Assumes:    what the tables beside this file assume.
/// Ignores:    energy of wires between blocks and of clock trees, temperature, variation.
/// Reference:  provenance() lists every constant with its source.
/// Checked by: tests/unit/hw/energy/technology_test.cpp, and the table of predicted against
///             published chips in README.md.
class Technology {
 public:
  /// Answers nothing: every look-up is an InternalError until a loaded one is assigned.
  Technology() = default;

  /// False for a default one, and for what load_technology() returns after errors.
  [[nodiscard]] bool loaded() const { return data_ != nullptr; }

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] Length node() const;
  [[nodiscard]] CellType logic_cell() const;
  [[nodiscard]] CellType sram_cell() const;
  [[nodiscard]] Voltage nominal_voltage() const;

  /// On-chip SRAM of \p capacity in all, \p width bits in one access. See SramTable.
  [[nodiscard]] SramFigures sram(Bits capacity, Bits width) const;

  /// One multiplication with the addition to its int32 or fp32 accumulator. See ArithmeticTable.
  [[nodiscard]] ArithmeticFigures multiply_accumulate(const models::Precision& weight,
                                                      const models::Precision& activation) const;
  /// One elementwise operation: the mean of an addition and a multiplication, two register reads
  /// and a register write; the area of a lane with both units and three registers.
  [[nodiscard]] ArithmeticFigures vector_operation(const models::Precision& format) const;
  [[nodiscard]] ArithmeticFigures add(const models::Precision& format) const;
  [[nodiscard]] ArithmeticFigures multiply(const models::Precision& a,
                                           const models::Precision& b) const;

  /// Turning one stored element into an operand of \p operand format:
  ///  - the same plain format without groups costs nothing;
  ///  - codebook: its share of one read of a table with an entry for each code (an SRAM);
  ///  - trellis: one 32-bit multiplication and two 32-bit additions (the "1MAD" code of A. Tseng
  ///    et al., QTIP, NeurIPS 2024);
  ///  - integer to floating: a floating addition (normalisation);
  ///  - and where a group shares a scale: one multiplication for each element, or, for integers
  ///    that stay integers, one fp32 multiplication and addition for each group.
  [[nodiscard]] ArithmeticFigures decode_operation(const models::Precision& stored,
                                                   const models::Precision& operand) const;

  /// One bit read from and written to a pipeline register, or moved inside a GPU.
  [[nodiscard]] MovementFigures movement(Movement action) const;
  /// Mean of reading and writing one bit of a pipeline register.
  [[nodiscard]] MovementFigures register_access() const;
  [[nodiscard]] AreaPerBit register_area() const;
  [[nodiscard]] Confidence register_area_confidence() const;

  /// Memory outside the chip; empty for kinds that the tables do not know.
  [[nodiscard]] const std::optional<DramFigures>& dram(MemoryKind kind) const;

  /// Leakage of \p area of logic (not of SRAM, which sram() has).
  [[nodiscard]] Watts logic_leakage(Area area) const;
  [[nodiscard]] Confidence logic_leakage_confidence() const;

  [[nodiscard]] AreaBand area_band(BlockKind kind) const;
  [[nodiscard]] const LayoutFactors& layout() const;

  /// The lowest supply that reaches a clock; empty above maximum_clock().
  [[nodiscard]] std::optional<Voltage> voltage_for(Frequency clock) const;
  /// The same with its factors on dynamic energy and leakage.
  [[nodiscard]] std::optional<OperatingPoint> operating_point(Frequency clock) const;
  [[nodiscard]] Frequency maximum_clock() const;
  /// `clock of 3 GHz is above 1.791 GHz, the fastest of cmos_7nm (at 1 V)`; empty if it can run.
  [[nodiscard]] std::string clock_problem(Frequency clock) const;
  /// clock / maximum_clock - 1, by how much it is exceeded; 0 if it can run.
  [[nodiscard]] double clock_excess(Frequency clock) const;

  /// Every constant of the tables, for the report.
  [[nodiscard]] const std::vector<ProvenanceRow>& provenance() const;

  struct Data;  ///< private to technology.cpp

 private:
  friend class TechnologyLoader;
  explicit Technology(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  [[nodiscard]] const Data& data() const;

  // Shared because every device model, evaluator and thread keeps a copy of the same constants,
  // which nobody can change after loading.
  std::shared_ptr<const Data> data_;
};

/// Reads a technology file and the tables that it names.
/// \returns an unloaded Technology if \p diagnostics got an error (all are collected).
/// \throws IoError if \p path itself cannot be read.
[[nodiscard]] Technology load_technology(const std::filesystem::path& path,
                                         Diagnostics& diagnostics);

}  // namespace cairn::hw
