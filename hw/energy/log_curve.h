/// \file
/// A positive quantity through given points, straight on log-log axes between them.
#pragma once

#include <vector>

#include "hw/energy/confidence.h"

namespace cairn::hw {

/// A value read off a table.
struct Sample {
  double value{};
  Confidence confidence{Confidence::measured};
};

/// Through every point exactly. Beyond the ends the nearest segment goes on and the result is
/// marked extrapolated (a curve of one point is constant there).
class LogCurve {
 public:
  struct Point {
    double x{};
    double y{};
    Confidence confidence{Confidence::measured};
  };

  LogCurve() = default;
  /// Points in any order; all x differ, all x and y are positive.
  /// \throws InternalError otherwise: whoever reads a file checks first.
  explicit LogCurve(std::vector<Point> points);

  [[nodiscard]] bool empty() const { return points_.empty(); }
  /// \p x must be positive; the curve must not be empty. Does not allocate.
  [[nodiscard]] Sample at(double x) const;
  /// The points in order of x.
  [[nodiscard]] const std::vector<Point>& points() const { return points_; }

 private:
  std::vector<Point> points_;
  std::vector<double> log_x_;
  std::vector<double> log_y_;
};

}  // namespace cairn::hw
