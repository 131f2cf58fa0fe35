/// \file
/// What every device family offers, and what it is built from.
///
/// A family is a folder: a spec (plain data with fields()), a model class built once per design
/// point from a DeviceContext, and one line in families.h. Software that runs on a device (a GPU's
/// stack) is a nested struct of the spec, kept in a file of its own and written in the hardware
/// file as `stack: {extends: ../software/NAME.yaml}`. The model then prices groups of
/// operators; it holds no bandwidth or energy of a memory, it names memories of the system.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/cost.h"
#include "hw/energy/technology.h"
#include "hw/mapping.h"
#include "hw/memory/memory.h"
#include "hw/memory/reference.h"
#include "models/operator.h"
#include "models/workload.h"

namespace cairn::hw {

inline constexpr double kSquareMillimetresPerSquareMetre = 1e6;

/// A memory with everything known: given by its file, or taken from the technology tables.
/// Plain doubles in base units (bit, bit/s, s, J/bit, W, mm2): this is inner-loop data.
struct ResolvedMemory {
  std::string name;
  MemoryKind kind{MemoryKind::sram};
  double capacity_bits{};   ///< all channels
  double bandwidth{};       ///< achievable, all channels, bit/s; infinity when not stated
  double peak_bandwidth{};  ///< of the data sheet, all channels
  double latency_s{};
  double read_energy{};   ///< J/bit
  double write_energy{};  ///< J/bit
  double static_power{};  ///< W
  double area_mm2{};
  Confidence energy_confidence{Confidence::assumed};
  /// Rows and bursts of one channel, when the memory names its part.
  std::optional<DramFiguresOfPart> part{};

  /// Bandwidth, bit/s, of runs of \p run_bits contiguous bits at random places; that of long
  /// streams for memories without a part.
  [[nodiscard]] double bandwidth_of_runs(double run_bits) const {
    return part ? std::min(bandwidth, peak_bandwidth * part->share_of_runs(run_bits)) : bandwidth;
  }
};

/// One block of the area report.
struct AreaPart {
  std::string what;
  double mm2{};
  Confidence confidence{Confidence::assumed};
  bool complete{false};  ///< a finished chip or block: its share of the die's frame is included
};

/// What a device model is built from.
struct DeviceContext {
  std::span<const ResolvedMemory> memories;
  const Technology* technology{};
  /// The memory called \p name, or null.
  [[nodiscard]] const ResolvedMemory* find(std::string_view name) const {
    for (const ResolvedMemory& memory : memories) {
      if (memory.name == name) {
        return &memory;
      }
    }
    return nullptr;
  }
  /// A hint for a memory that does not exist: the nearest name, or all of them.
  [[nodiscard]] std::string names_hint(std::string_view name) const;
};

/// One unit of pricing: an operator, or several that run as one. The anchor is the matrix operator
/// (or the only operator); followers are, in order, further matmuls that read the same input
/// (gate and up) and vector operators applied to the result (bias, activation, residual, ...).
/// For `fused == attention` the anchor is an Attention whose scores stay on chip.
struct GroupView {
  const models::Operator* anchor{};
  std::span<const models::Operator* const> followers;
  std::uint8_t fused{};  ///< 0 none, else 1 + FusionKind of the group
};

/// Which of two feasible mappings is better.
enum class MappingObjective : std::uint8_t { latency, energy, energy_delay };
constexpr auto enum_names(MappingObjective) {
  using M = MappingObjective;
  using S = std::string_view;
  return std::array{std::pair{M::latency, S{"latency"}}, std::pair{M::energy, S{"energy"}},
                    std::pair{M::energy_delay, S{"energy_delay"}}};
}

/// The contract of a device spec:
///
///   static constexpr std::string_view kKind;
///   template <class Archive> void fields(Archive&);
///   std::vector<MemoryReference> memory_references() const;   // fields that name a memory
///
/// The contract of a device model, met by every alternative of DeviceModel (families.h):
///
///   static constexpr std::string_view kModelVersion;       // bump when any number changes
///   static std::optional<Infeasible> problem(const Spec&, const DeviceContext&);
///   Model(const Spec&, const DeviceContext&);
///   Estimate price(const GroupView&, const MappingConstraint&, MappingObjective) const;
///   double peak_macs_per_second(const models::Formats&) const;   // for the roofline
///   const ResolvedMemory& backing() const;                 // the memory that holds the workload
///   double static_power() const;                           // W, without the memories
///   void append_area(std::vector<AreaPart>&) const;        // without the memories
///   std::vector<std::string> assumptions() const;
///   models::Precision default_format() const;              // when a user names none
///
/// and, where it has them:
///
///   DevicePlacement placement() const;         // where tensors lie, if not all in backing()
///   const MemoryTraits& memory_traits() const; // buffers, runtime and code of its library
///
/// price() is const, thread-safe, and does not allocate on its feasible path.

}  // namespace cairn::hw
