/// \file
/// Work without products as tasks: chunks of a tensor are loaded, worked on and stored, each behind
/// the one before.
///
/// Assumes:    chunks are alike; the on-chip memory has room for sixteen of them.
/// Ignores:    what the operation needs to see before it can begin (the sum of a row, say), beyond
///             the passes over its input that its traffic counts.
/// Reference:  J. E. Smith, "Decoupled access/execute computer architectures", ISCA 1982.
/// Checked by: tests/unit/hw/cycle/pass_stream_test.cpp
#pragma once

#include <cstdint>

#include "hw/cycle/program.h"

namespace cairn::hw::cycle {

/// Of one core.
struct VectorWork {
  double read_bits{};
  double write_bits{};
  double operations{};
  double rate{};  ///< operations/s
  double setup_s{};
};

struct VectorUnits {
  std::uint16_t load{};
  std::uint16_t vector{};
  std::uint16_t store{};
  std::uint16_t load_activity{};
  std::uint16_t vector_activity{};
  std::uint16_t store_activity{};
};

class VectorStream final : public Stream {
 public:
  /// \param local on-chip memory whose ports all of it passes; negative: none.
  VectorStream(const VectorWork& work, std::uint64_t from, std::uint64_t to,
               const VectorUnits& units, std::int32_t backing, std::int32_t local);
  bool next(Task& task) override;

 private:
  static constexpr std::uint32_t kBuffers = 16;
  [[nodiscard]] double share(double whole) const { return whole / static_cast<double>(chunks_); }
  [[nodiscard]] Transfer part(std::uint64_t base, double bits, std::int64_t chunk,
                              bool write) const;

  VectorWork work_;
  std::uint64_t from_{};
  std::uint64_t to_{};
  VectorUnits units_;
  std::int32_t backing_{};
  std::int32_t local_{};
  std::int64_t chunks_{1};
  std::int64_t at_{};
};

}  // namespace cairn::hw::cycle
