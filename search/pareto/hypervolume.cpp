#include "search/pareto/hypervolume.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "search/pareto/archive.h"

namespace cairn::search {

namespace {

/// Rows of `dims` numbers, measured from the reference point: larger is better, all positive.
class Gains {
 public:
  explicit Gains(std::size_t dims) : dims_(dims) {}
  [[nodiscard]] std::size_t dims() const { return dims_; }
  [[nodiscard]] std::size_t size() const { return values_.size() / dims_; }
  [[nodiscard]] std::span<const double> operator[](std::size_t row) const {
    return std::span{values_}.subspan(row * dims_, dims_);
  }
  void clear() { values_.clear(); }
  /// Adds a row of zeros. \returns the row, valid until the next one is added.
  std::span<double> append() {
    values_.resize(values_.size() + dims_);
    return std::span{values_}.last(dims_);
  }
  [[nodiscard]] std::vector<std::size_t> order_by_last() const {
    std::vector<std::size_t> order(size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t last = dims_ - 1;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const double x = (*this)[a][last];
      const double y = (*this)[b][last];
      return x != y ? x > y : a < b;
    });
    return order;
  }

 private:
  std::size_t dims_;
  std::vector<double> values_;
};

double area(const Gains& points) {
  double sum = 0.0;
  double reached = 0.0;
  for (const std::size_t i : points.order_by_last()) {
    const std::span p = points[i];
    if (p[0] > reached) {
      sum += (p[0] - reached) * p[1];
      reached = p[0];
    }
  }
  return sum;
}

/// The union of rectangles [0, x] x [0, y] as a staircase: y falls as x grows.
class Staircase {
 public:
  /// \returns the area that the rectangle adds.
  double add(double x, double y) {
    auto right = steps_.lower_bound(x);
    if (right != steps_.end() && right->second >= y) {
      return 0.0;
    }
    double added = 0.0;
    double edge = x;
    double covered = right == steps_.end() ? 0.0 : right->second;
    if (right != steps_.end() && right->first == x) {
      right = steps_.erase(right);
    }
    // Leftwards over the steps that end below y: each disappears under the new one.
    auto it = right;
    while (it != steps_.begin()) {
      const auto before = std::prev(it);
      added += (edge - before->first) * (y - covered);
      edge = before->first;
      covered = before->second;
      if (covered >= y) {
        steps_.emplace_hint(it, x, y);
        return added;
      }
      it = steps_.erase(before);
    }
    added += edge * (y - covered);
    steps_.emplace(x, y);
    return added;
  }

 private:
  std::map<double, double> steps_;
};

double volume(const Gains& points) {
  Staircase stairs;
  double sum = 0.0;
  double base = 0.0;
  double height = std::numeric_limits<double>::quiet_NaN();
  // From the highest slice down: the area seen so far stretches to the next height.
  for (const std::size_t i : points.order_by_last()) {
    const std::span p = points[i];
    if (base > 0.0) {
      sum += base * (height - p[2]);
    }
    height = p[2];
    base += stairs.add(p[0], p[1]);
  }
  return base > 0.0 ? sum + base * height : sum;
}

double measure(const Gains& points);

/// Keeps the rows that no other row covers (one of equal rows).
Gains undominated(const Gains& points) {
  Gains kept{points.dims()};
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t dims = points.dims();
  // A row can only be covered by one that is at least as large in lexicographic order.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const std::span x = points[a];
    const std::span y = points[b];
    return std::lexicographical_compare(y.begin(), y.end(), x.begin(), x.end());
  });
  for (const std::size_t i : order) {
    const std::span p = points[i];
    bool covered = false;
    for (std::size_t k = kept.size(); k-- > 0 && !covered;) {
      const std::span q = kept[k];
      covered = true;
      for (std::size_t d = 0; d < dims; ++d) {
        covered &= q[d] >= p[d];
      }
    }
    if (!covered) {
      std::copy(p.begin(), p.end(), kept.append().begin());
    }
  }
  return kept;
}

/// WFG with slicing: taken from the smallest last coordinate up, a point's exclusive volume is its
/// last coordinate times what it covers in the other dimensions beyond the points after it.
double measure_by_exclusion(const Gains& points) {
  const std::size_t dims = points.dims();
  const std::vector<std::size_t> order = points.order_by_last();
  double sum = 0.0;
  Gains limited{dims - 1};
  for (std::size_t k = 0; k < order.size(); ++k) {  // the points before k have larger last ones
    const std::span p = points[order[k]];
    double inclusive = 1.0;
    for (std::size_t d = 0; d + 1 < dims; ++d) {
      inclusive *= p[d];
    }
    limited.clear();
    bool covered = false;
    for (std::size_t j = 0; j < k && !covered; ++j) {
      const std::span q = points[order[j]];
      const std::span row = limited.append();
      covered = true;
      for (std::size_t d = 0; d + 1 < dims; ++d) {
        row[d] = std::min(p[d], q[d]);
        covered &= q[d] >= p[d];
      }
    }
    if (!covered) {
      const double shared = dims - 1 > 3 ? measure(undominated(limited)) : measure(limited);
      sum += p[dims - 1] * (inclusive - shared);
    }
  }
  return sum;
}

double measure(const Gains& points) {
  switch (points.dims()) {
    case 1: {
      double best = 0.0;
      for (std::size_t i = 0; i < points.size(); ++i) {
        best = std::max(best, points[i][0]);
      }
      return best;
    }
    case 2:
      return area(points);
    case 3:
      return volume(points);
    default:
      return measure_by_exclusion(points);
  }
}

Hypervolume sample(const Gains& points, const HypervolumeOptions& options) {
  const std::size_t dims = points.dims();
  // The archive minimises: coordinates change sign, its boxes answer whether a sample is covered.
  ParetoArchive archive{dims};
  std::vector<double> corner(dims, 0.0);
  std::vector<double> row(dims);
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t d = 0; d < dims; ++d) {
      corner[d] = std::max(corner[d], points[i][d]);
      row[d] = -points[i][d];
    }
    archive.insert(i, row);
  }
  Rng rng{derive_seed(options.seed, "hypervolume", dims)};
  std::size_t inside = 0;
  for (std::size_t s = 0; s < options.samples; ++s) {
    for (std::size_t d = 0; d < dims; ++d) {
      row[d] = -corner[d] * rng.uniform01();
    }
    inside += archive.covers(row) ? 1U : 0U;
  }
  const double box = std::accumulate(corner.begin(), corner.end(), 1.0, std::multiplies<>{});
  const auto n = static_cast<double>(options.samples);
  const double share = static_cast<double>(inside) / n;
  return {box * share, false, box * std::sqrt(share * (1.0 - share) / n)};
}

}  // namespace

std::size_t exact_hypervolume_limit(std::size_t objectives) {
  switch (objectives) {
    case 0:
    case 1:
    case 2:
    case 3:
      return std::numeric_limits<std::size_t>::max();
    case 4:
      return 4000;
    case 5:
      return 1000;
    case 6:
      return 300;
    default:
      return 100;
  }
}

Hypervolume hypervolume(std::span<const double> points, std::size_t objectives,
                        std::span<const double> reference, const HypervolumeOptions& options) {
  CAIRN_CHECK(objectives > 0 && reference.size() == objectives,
              "the reference point has another number of objectives");
  CAIRN_CHECK(points.size() % objectives == 0, "points are rows of the same length");
  Gains gains{objectives};
  std::vector<double> row(objectives);
  for (std::size_t at = 0; at < points.size(); at += objectives) {
    bool better = true;
    for (std::size_t d = 0; d < objectives; ++d) {
      row[d] = reference[d] - points[at + d];
      better &= row[d] > 0.0;
    }
    if (better) {
      std::copy(row.begin(), row.end(), gains.append().begin());
    }
  }
  if (objectives <= 3) {
    return {measure(gains), true, 0.0};
  }
  const std::size_t limit = std::min(exact_hypervolume_limit(objectives), options.exact_up_to);
  if (gains.size() > 4 * limit) {  // too many even to clean up in quadratic time
    ParetoArchive archive{objectives};
    Gains front{objectives};
    for (std::size_t i = 0; i < gains.size(); ++i) {
      std::transform(gains[i].begin(), gains[i].end(), row.begin(), std::negate<>{});
      archive.insert(i, row);
    }
    const Front kept = archive.front();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      std::transform(kept[i].begin(), kept[i].end(), front.append().begin(), std::negate<>{});
    }
    gains = std::move(front);
  }
  if (gains.size() <= 4 * limit) {
    gains = undominated(gains);
  }
  return gains.size() <= limit ? Hypervolume{measure(gains), true, 0.0} : sample(gains, options);
}

}  // namespace cairn::search
