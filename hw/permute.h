/// \file
/// What it takes to reorder the dimensions of a tensor where a machine has to move its elements.
///
/// A permute (models::Elementwise with kind `permute`) keeps runs of `columns` elements together.
/// Each element is read once and written once. Two things waste bandwidth when runs are short:
///
///   lanes   a unit that moves words of `lanes` elements moves one run, or a part of one, in each
///           word: rows x ceil(columns / lanes) words
///   bursts  a tile of T elements on chip turns runs of L into runs of sqrt(T L) on both sides of
///           the memory: it holds as many pieces along the old neighbour as along the new one
///
/// Assumes:    tiles are as square as their two sides allow, and lie at random places of a memory;
///             half of the on-chip memory holds the tile that is read, half the one that is
///             written.
/// Ignores:    edges of tiles that a dimension does not fill; conflicts between banks.
/// Reference:  D. Lyakh, "An efficient tensor transpose algorithm for multicore CPU, Intel Xeon
///             Phi, and NVidia Tesla GPU", Comput. Phys. Commun. 189, 2015 (tiles with both
///             neighbours inside).
/// Checked by: tests/unit/hw/contraction/permute_test.cpp (by hand, and on every family)
#pragma once

#include "models/operator.h"

namespace cairn::hw {

/// The permute in \p shape, or null.
[[nodiscard]] const models::Elementwise* permute_of(const models::Shape& shape);

/// Element moves that \p lanes spend on a permute, idle ones counted: a multiple of \p lanes.
[[nodiscard]] double permute_moves(const models::Elementwise& permute, double lanes);

/// Contiguous bits on both sides of the memory, for elements of \p bits and \p on_chip_bits of
/// memory in which tiles are turned (0: none, runs stay as they are). Never more than the tensor.
[[nodiscard]] double permute_run_bits(const models::Elementwise& permute, double bits,
                                      double on_chip_bits);

}  // namespace cairn::hw
