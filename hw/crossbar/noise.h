/// \file
/// How much noise a dot product carries that was computed on the columns of a crossbar.
///
/// K rows hold weights of `weight_slices` cells of c bits (levels 0 .. 2^c - 1) and are driven with
/// inputs of `input_slices` slices of d bits. A column sum s = sum x g is converted for each pair
/// of slices; the numbers are shifted and added. With L = 2^c - 1, and all sigmas relative to the
/// largest conductance, so L sigma in levels:
///
///   signal       K Var(x w), x and w the whole numbers, uniform over their codes
///   programming  K E[x^2] (L sigma_p)^2 sum_j 4^(c j): a cell errs alike in all input slices
///   read         K E[x_i^2] (L sigma_r)^2 sum_i 4^(d i) sum_j 4^(c j): drawn anew in every step
///   conversion   (step^2 / 12) sum_i 4^(d i) sum_j 4^(c j), step = range K L (2^d - 1) / (2^B - 1)
///   clipping     of a normal column sum above the range, the same sum of weights
///   wire         row k loses a_k on average, to first order, by segments it shares with currents
///                that follow the data; so a sum s of mean currents m moves with 1 - 2 a_k, of
///                which calibration takes out the mean: 4 Var_k(a_k) x signal, and for each
///                conversion 2 (drop Var(s_k) / largest s_k)^2 sum_kl min(k, l)^2, over the gain
///                squared
///
/// A differential pair has two cells with noise; its signal is that of one.
///
/// Assumes:    uniform, independent inputs and weights; normal column sums (tens of rows); errors
///             of different kinds are independent; gain and offset are calibrated.
/// Ignores:    drift, stuck cells, temperature, thermal noise of converters below their step; that
///             rounding to whole sums removes analogue noise far below half a step.
/// Reference:  S. K. Gonugondla et al., "Fundamental limits on the precision of in-memory
///             architectures", ICCAD 2020 (signal, quantisation and clipping of a column).
/// Checked by: tests/unit/hw/crossbar/noise_test.cpp (Monte Carlo of the same array)
#pragma once

#include <cstdint>

namespace cairn::hw {

struct ColumnSpec {
  std::int64_t rows{1};
  std::int64_t cell_bits{1};
  std::int64_t weight_slices{1};
  std::int64_t input_bits{1};  ///< of one slice
  std::int64_t input_slices{1};
  bool differential{false};
  std::int64_t converter_bits{0};  ///< 0: exact
  double range{1.0};               ///< share of the largest column sum that is converted
  double programming_sigma{};
  double read_sigma{};
  double wire_drop{};  ///< resistance between two cells x largest conductance
};

/// Variances in units of the last place of the dot product.
struct DotProductNoise {
  double signal{};
  double programming{};
  double read{};
  double conversion{};
  double clipping{};
  double wire{};
  [[nodiscard]] double total() const { return programming + read + conversion + clipping + wire; }
  /// 10 log10(signal / noise); infinity without noise.
  [[nodiscard]] double snr_db() const;
  /// Bits of an ideal converter with that ratio: (SNR - 1.76 dB) / 6.02 dB.
  [[nodiscard]] double effective_bits() const;
};

[[nodiscard]] DotProductNoise dot_product_noise(const ColumnSpec& column);

/// Share of its drive that row \p row (0: next to the converter) loses, to first order, when all
/// rows carry \p mean_current relative to the largest.
[[nodiscard]] double wire_loss(const ColumnSpec& column, std::int64_t row, double mean_current);

}  // namespace cairn::hw
