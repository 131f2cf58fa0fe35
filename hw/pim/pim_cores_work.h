/// \file
/// What one operator asks of cores beside banks: pieces, instructions and bits, common to the
/// closed form and the cycle level.
#pragma once

namespace cairn::hw {

struct PimCoresWork {
  double parts{1};        ///< equal pieces that can be spread over cores
  double instructions{};  ///< of one piece
  double read{};          ///< bits of one piece, bank to scratchpad
  double written{};       ///< bits of one piece, scratchpad to bank
  double piece{};         ///< bits of one gathered entry; 0: whole blocks
  double inputs{};        ///< bits from the host, all cores together
  double outputs{};       ///< bits to the host
  double weights{};       ///< bits of `read` over all pieces that are weights or KV cache
  double macs{};
};

/// The busiest core: its threads take portions in turn, each a transfer in, instructions, and a
/// transfer out. With fewer portions than threads, several share the instructions of one. Cycles of
/// the core's clock.
struct PimCoresLoop {
  double portions{1};
  double threads{1};         ///< that work
  double read_cycles{};      ///< of the engine, for a portion
  double write_cycles{};     ///< of the engine, for a portion
  double instructions{};     ///< of a portion
  double reissue_cycles{1};  ///< between two instructions of one thread

  /// Portions that are worked on at a time.
  [[nodiscard]] double at_once() const;
  /// From the first to the last instruction of a portion, other portions aside.
  [[nodiscard]] double portion_cycles() const;
  /// All portions. The engine serves one transfer at a time, the pipeline issues one instruction a
  /// cycle, and a thread one in `reissue_cycles`; whichever of the three is slowest decides. Before
  /// it the first transfer shows, after it the last portion's instructions and transfer.
  [[nodiscard]] double cycles() const;
  /// Of the engine alone.
  [[nodiscard]] double engine_cycles() const { return portions * (read_cycles + write_cycles); }
};

}  // namespace cairn::hw
