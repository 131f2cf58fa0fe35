#include "hw/energy/log_curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/error.h"

namespace cairn::hw {

LogCurve::LogCurve(std::vector<Point> points) : points_(std::move(points)) {
  std::sort(points_.begin(), points_.end(),
            [](const Point& a, const Point& b) { return a.x < b.x; });
  for (const Point& point : points_) {
    CAIRN_CHECK(point.x > 0.0 && point.y > 0.0, "a log curve needs positive points");
    CAIRN_CHECK(log_x_.empty() || std::log(point.x) > log_x_.back(),
                "a log curve needs different points");
    log_x_.push_back(std::log(point.x));
    log_y_.push_back(std::log(point.y));
  }
}

Sample LogCurve::at(double x) const {
  CAIRN_CHECK(!points_.empty() && x > 0.0, "a log curve is read at a positive place");
  // The few points of a table: a linear search is the fastest.
  std::size_t upper = 0;
  while (upper < points_.size() && points_[upper].x < x) {
    ++upper;
  }
  if (upper < points_.size() && points_[upper].x == x) {
    return {points_[upper].y, points_[upper].confidence};
  }
  const bool outside = upper == 0 || upper == points_.size();
  if (points_.size() == 1) {
    return {points_.front().y, Confidence::extrapolated};
  }
  const std::size_t high = std::clamp<std::size_t>(upper, 1, points_.size() - 1);
  const std::size_t low = high - 1;
  const double share = (std::log(x) - log_x_[low]) / (log_x_[high] - log_x_[low]);
  const double value = std::exp(log_y_[low] + share * (log_y_[high] - log_y_[low]));
  return {value, outside ? Confidence::extrapolated
                         : weakest(points_[low].confidence, points_[high].confidence)};
}

}  // namespace cairn::hw
