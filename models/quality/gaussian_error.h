/// \file
/// How far a number format rounds a unit Gaussian: the proxy for formats nobody measured.
///
/// Assumes:    values are independent and normal with variance 1 (what rotation makes of weights);
///             integers are symmetric (-2^(b-1)+1 .. 2^(b-1)-1) and, like floats of 8 bits and
///             less, scaled so that the largest magnitude of a group meets the largest number
///             (absmax, round to nearest: no calibration); without groups the largest of one
///             tensor of 2^24 elements. One bit is the sign times the mean magnitude.
/// Ignores:    rounding of the scales themselves; outliers; error feedback (GPTQ and the like).
/// Reference:  scalar codebooks: J. Max, "Quantizing for minimum distortion", IRE Trans. Inf.
///             Theory 6(1), 1960; from 7 bits on P. F. Panter and W. Dite, Proc. IRE 39(1), 1951;
///             vector codebooks: P. L. Zador, IEEE Trans. Inf. Theory 28(2), 1982, with the
///             normalised second moments of J. H. Conway and N. J. A. Sloane, "Sphere packings,
///             lattices and groups", table 2.3.
/// Checked by: tests/unit/models/quality_test.cpp (against published quantisers)
#pragma once

#include <optional>

#include "models/precision.h"

namespace cairn::models {

/// E[(x - Q(x))^2] / E[x^2] by numeric integration, the same on every machine up to rounding.
/// Nothing for formats that have no formula (trellis codes, unsigned integers).
[[nodiscard]] std::optional<double> gaussian_error(const Precision& format);

}  // namespace cairn::models
