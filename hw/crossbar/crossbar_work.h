/// \file
/// What one operator asks of the macros and of what surrounds them: the common ground of the closed
/// form and of the cycle level, so that both count the same steps, bits and operations.
///
/// An operator is one stage, or two (scores and values of attention). A stage is a product on the
/// macros, one on the multiply-accumulate units beside them, or vector work alone. Its vectors pass
/// in chunks: while one is computed, the next is fetched and the results of the one before go
/// through the vector unit and out. With a load, a computation, vector work and a store of the
/// chunks that take l, c, v and s in all, n chunks take
///
///   max(l + s, c, v, buffer) + (l + c + v + s - the largest of them) / n
///
/// A stage that programs its cells does so in rounds, each in segments of rows: w for loading a
/// segment and p for writing it. The first round takes w + max(S p, (S - 1) w + p) before its
/// vectors; a later one has as many segments fetched ahead as a quarter of the buffer holds and as
/// the vectors of the round before give time for.
///
/// Assumes:    a quarter of the buffer stages weights; all columns of a round's weights need the
///             inputs again when the weights of one product do not fit the macros.
/// Ignores:    programming one part of the macros while another computes.
/// Reference:  A. Shafiee et al., "ISAAC", ISCA 2016 (inter-layer pipeline through the buffer).
/// Checked by: tests/unit/hw/crossbar/crossbar_test.cpp, tests/unit/hw/crossbar_cycle/ (simulated)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hw/cost.h"
#include "hw/crossbar/macro.h"
#include "hw/crossbar/placement.h"

namespace cairn::hw {

struct CrossbarStage {
  bool on_macros{};
  CrossbarPlacement placement{};
  MacroSchedule schedule{};     ///< of a vector in the fullest macro
  MacroTime time{};             ///< the same, as a stream of vectors
  double beside_s{};            ///< all vectors, on the multiply-accumulate units beside them
  std::int64_t vectors{1};      ///< that pass one after the other in a round (of one copy)
  std::int64_t rounds{1};       ///< times the macros are filled
  std::int64_t program_rows{};  ///< of a macro in a round; 0: programmed before
  double program_s{};           ///< of a round
  double weight_bits{};         ///< from the backing memory, all rounds
  double gather_run_bits{};     ///< of one piece, when weight_bits are gathered and not programmed
  double buffer_reads{};        ///< bits, all rounds
  double buffer_writes{};       ///< bits
  double memory_reads{};        ///< activations that the buffer cannot hold, bits, all rounds
  double memory_writes{};       ///< bits
  double vector_operations{};

  /// Segments in which the weights of a round are loaded and programmed.
  [[nodiscard]] std::int64_t segments(double buffer_bits) const;
  /// Of these, how many the buffer can hold before they are programmed.
  [[nodiscard]] std::int64_t segments_ahead(double buffer_bits) const;
  /// Vectors that are fetched together, and chunks of a round.
  [[nodiscard]] std::int64_t chunk_vectors() const;
  [[nodiscard]] std::int64_t chunks() const;
  /// Tasks of the macros for one vector, when each step is one.
  [[nodiscard]] std::int64_t steps_of_vector() const;
};

struct CrossbarWork {
  std::array<CrossbarStage, 2> stages{};
  std::size_t stage_count{1};
  EnergyBreakdown energy{};  ///< of the macros and the links to them
  double active_share{};     ///< of the macros
  double resident_share{};
  double macs{};
  double distinct_input_bits{};
  double distinct_output_bits{};
};

/// What a stage runs on, bit/s and operations/s; infinity: never limits.
struct CrossbarRates {
  double buffer{};
  double buffer_bits{};  ///< capacity
  double backing{};
  double gather{};  ///< of the backing memory, for the pieces of the stage
  double vector{};
};

/// Seconds of a stage.
struct CrossbarStageTime {
  double fill_s{};     ///< first segment of weights
  double busy_s{};     ///< all else
  double macros_s{};   ///< computing and programming alone
  double program_s{};  ///< programming alone
  double stream_s{};   ///< the backing memory alone
  double buffer_s{};
  double vector_s{};
};
[[nodiscard]] CrossbarStageTime time_of(const CrossbarStage& stage, const CrossbarRates& rates);

}  // namespace cairn::hw
