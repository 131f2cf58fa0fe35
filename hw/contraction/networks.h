/// \file
/// The networks between scratchpads and contraction engines: stages, conflicts, energy and area.
///
/// A butterfly over p ports (a power of two) has log2(p) stages of p / 2 switches with two inputs
/// and two outputs; a Benes network is a butterfly and its mirror image that share the stage in the
/// middle, 2 log2(p) - 1 stages. Every switch output is a 2:1 multiplexer and a register; a switch
/// may send one input to both outputs (distribution) or add its inputs (reduction).
///
///   words that a butterfly passes   one path leads from each port to each other port. Shifts by
///             any distance, exclusive-or with a constant and copies into aligned blocks meet no
///             other word; a permutation may put up to 2^floor(log2(p)/2) paths on one wire, as the
///             transposition of a square matrix of p words does. Runs of r neighbours that stay
///             together need no exchange in log2(r) stages: 2^floor(log2(p/r)/2).
///   a butterfly on the way in and its mirror image on the way out: together every permutation, in
///             one pass (the words lie in the banks as the first of them leaves them).
///
/// Assumes:    networks are pipelined, one register after each stage; the order in which a tensor
///             is read is known when it is written; a scratchpad has as many banks as it moves
///             words in a cycle. With P words written and P read a cycle there is always an
///             assignment of words to banks that keeps both free of conflicts (the edges of a
///             bipartite graph of degree P have P colours). A multiplexer switches as often as the
///             register behind it and costs energy and area in proportion to its cell: 1.862 um2
///             beside 4.522 um2 for a flip-flop (MUX2_X1, DFF_X1 of the open 45 nm cell library,
///             recalled).
/// Ignores:    energy of setting the switches and of choosing their settings; that of wires, as
///             everywhere on chip: a word's path over all stages is about as long as a side of the
///             array, and so it is where a systolic array hands the word on from PE to PE.
/// Reference:  V. E. Benes, "Mathematical theory of connecting networks and telephone traffic",
///             1965; D. H. Lawrie, "Access and alignment of data in an array processor", IEEE
///             Trans. Computers C-24(12), 1975 (what one butterfly passes); D. Koenig, "Ueber
///             Graphen und ihre Anwendung", Math. Annalen 77, 1916 (colours).
/// Checked by: tests/unit/hw/contraction/networks_test.cpp (by hand; switch settings counted;
///             congestion of every permutation of eight ports)
#pragma once

#include <cstdint>
#include <span>

#include "core/units.h"
#include "hw/energy/technology.h"

namespace cairn::hw {

/// Flip-flop areas and energies of one 2:1 multiplexer.
inline constexpr double kMultiplexerShare = 1.862 / 4.522;

/// Ports of a network for \p words at once: the next power of two.
[[nodiscard]] std::int64_t network_ports(std::int64_t words);

/// Stages of a butterfly over \p ports.
[[nodiscard]] std::int64_t butterfly_stages(std::int64_t ports);

/// Paths on the busiest wire of a butterfly that carries word i to \p destination[i], bit by bit
/// from the lowest; the passes that it needs. Precondition: a permutation of 2^n ports.
[[nodiscard]] std::int64_t butterfly_congestion(std::span<const std::int64_t> destination);

/// Most passes of one butterfly for any permutation of \p ports words whose aligned runs of \p run
/// neighbours stay together. Runs count with the largest power of two that divides them.
[[nodiscard]] std::int64_t butterfly_passes(std::int64_t ports, std::int64_t run);

/// One network with everything resolved to plain numbers. No stages: plain wires.
struct SwitchNetwork {
  std::int64_t ports{};
  std::int64_t stages{};
  double hop_energy{};  ///< J/bit through one switch, its register included

  double area_mm2{};  ///< multiplexers and registers, without adders

  /// Switch outputs on the way of a word to (or from) \p copies engines: a path, and a tree.
  [[nodiscard]] double hops(double copies) const;
  /// /// J/bit of a word on that way.
  [[nodiscard]] double crossing(double copies) const { return hops(copies) * hop_energy; }
};

/// A network of \p stages for \p words of \p word_bits at once; dynamic energies times
/// \p voltage_scale.
[[nodiscard]] SwitchNetwork make_network(const Technology& technology, std::int64_t words,
                                         std::int64_t stages, std::int64_t word_bits,
                                         double voltage_scale);

}  // namespace cairn::hw
