#include "search/pareto/hypervolume.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

namespace cairn::search {

namespace {

/// The union of boxes by inclusion and exclusion over all subsets: slow and plain.
double by_inclusion_exclusion(const std::vector<double>& points, std::size_t dims,
                              const std::vector<double>& reference) {
  const std::size_t count = points.size() / dims;
  double sum = 0.0;
  for (std::size_t subset = 1; subset < (std::size_t{1} << count); ++subset) {
    double volume = 1.0;
    int members = 0;
    for (std::size_t d = 0; d < dims; ++d) {
      double worst = -1e300;
      for (std::size_t i = 0; i < count; ++i) {
        if ((subset >> i & 1U) != 0) {
          worst = std::max(worst, points[i * dims + d]);
        }
      }
      volume *= std::max(0.0, reference[d] - worst);
    }
    for (std::size_t i = 0; i < count; ++i) {
      members += static_cast<int>(subset >> i & 1U);
    }
    sum += members % 2 == 1 ? volume : -volume;
  }
  return sum;
}

std::vector<double> uniform(std::size_t count, Rng& rng) {
  std::vector<double> values(count);
  std::generate(values.begin(), values.end(), [&] { return rng.uniform01(); });
  return values;
}

/// Random directions on the positive part of the unit sphere: the front of DTLZ2.
std::vector<double> on_sphere(std::size_t points, std::size_t dims, Rng& rng) {
  std::vector<double> values;
  for (std::size_t i = 0; i < points; ++i) {
    double norm = 0.0;
    for (std::size_t d = 0; d < dims; ++d) {
      values.push_back(std::abs(rng.normal()));
      norm += values.back() * values.back();
    }
    for (std::size_t d = 1; d <= dims; ++d) {
      values[values.size() - d] /= std::sqrt(norm);
    }
  }
  return values;
}

}  // namespace

TEST_CASE("two objectives by hand: three steps of a staircase") {
  // Reference (6, 6). (1,5): 5 x 1; (2,3) adds 4 x 2; (4,1) adds 2 x 2; (5,5) is inside.
  const std::vector<double> points{1, 5, 2, 3, 4, 1, 5, 5};
  const auto volume = hypervolume(points, 2, std::vector{6.0, 6.0});
  CHECK(volume.exact);
  CHECK(volume.value == Approx(17.0));
}

TEST_CASE("three objectives by hand: two boxes that overlap") {
  // From reference (4,4,4): (1,2,3) spans 3 x 2 x 1 = 6, (2,1,2) spans 2 x 3 x 2 = 12, common
  // part from (2,2,3): 2 x 2 x 1 = 4. Union 6 + 12 - 4 = 14.
  const std::vector<double> points{1, 2, 3, 2, 1, 2};
  CHECK(hypervolume(points, 3, std::vector{4.0, 4.0, 4.0}).value == Approx(14.0));
}

TEST_CASE("four objectives by hand: two boxes that overlap") {
  // From reference (2,2,2,2): (0,1,1,1) spans 2 x 1 x 1 x 1 = 2, (1,0,1,1) the same, the common
  // part is 1 x 1 x 1 x 1. Union 2 + 2 - 1 = 3.
  const std::vector<double> points{0, 1, 1, 1, 1, 0, 1, 1};
  CHECK(hypervolume(points, 4, std::vector{2.0, 2.0, 2.0, 2.0}).value == Approx(3.0));
}

TEST_CASE("points that are not better than the reference everywhere add nothing") {
  const std::vector<double> reference{1.0, 1.0, 1.0};
  CHECK(hypervolume(std::vector{0.5, 0.5, 1.0}, 3, reference).value == 0.0);
  CHECK(hypervolume({}, 3, reference).value == 0.0);
  CHECK(hypervolume(std::vector{0.5, 0.5, 0.5, 0.0, 0.0, 2.0}, 3, reference).value ==
        Approx(0.125));
}

TEST_CASE("any number of objectives agrees with inclusion and exclusion") {
  for (std::size_t dims = 1; dims <= 7; ++dims) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Rng rng{100 * dims + seed};
      std::vector<double> points = uniform(9 * dims, rng);
      if (seed % 2 == 0) {  // ties and equal points
        for (double& x : points) {
          x = std::floor(4.0 * x) / 4.0;
        }
      }
      const std::vector<double> reference(dims, 0.9);
      CAPTURE(dims, seed);
      const auto volume = hypervolume(points, dims, reference);
      CHECK(volume.exact);
      CHECK(volume.value == Approx(by_inclusion_exclusion(points, dims, reference)).epsilon(1e-10));
    }
  }
}

TEST_CASE("a dense DTLZ2 front comes near the known volume of its sphere") {
  // Reference 1 everywhere: the cube less the ball's positive part, 1 - pi/4 and 1 - pi/6.
  Rng rng{3};
  const double pi = std::acos(-1.0);
  const auto flat = hypervolume(on_sphere(20000, 2, rng), 2, std::vector{1.0, 1.0});
  CHECK(flat.value == Approx(1.0 - pi / 4.0).epsilon(2e-3));
  CHECK(flat.value < 1.0 - pi / 4.0);
  const auto solid = hypervolume(on_sphere(50000, 3, rng), 3, std::vector{1.0, 1.0, 1.0});
  CHECK(solid.value == Approx(1.0 - pi / 6.0).epsilon(2e-2));
  CHECK(solid.value < 1.0 - pi / 6.0);
}

TEST_CASE("another point never lowers the hypervolume, a dominated one leaves it") {
  Rng rng{8};
  for (const std::size_t dims : {2U, 3U, 4U, 5U}) {
    const std::vector<double> reference(dims, 1.1);
    std::vector<double> points = on_sphere(30, dims, rng);
    double before = hypervolume(points, dims, reference).value;
    for (int i = 0; i < 10; ++i) {
      const std::vector<double> more = on_sphere(1, dims, rng);
      points.insert(points.end(), more.begin(), more.end());
      const double after = hypervolume(points, dims, reference).value;
      CHECK(after >= before * (1.0 - 1e-12));
      before = after;
      std::vector<double> worse = points;
      for (std::size_t d = 0; d < dims; ++d) {
        worse.push_back(more[d] + 0.01);
      }
      CHECK(hypervolume(worse, dims, reference).value == Approx(after).epsilon(1e-12));
    }
  }
}

TEST_CASE("the order of the points and the scale of an objective do not matter") {
  Rng rng{21};
  const std::vector<double> points = on_sphere(40, 4, rng);
  std::vector<double> reversed;
  std::vector<double> scaled = points;
  for (std::size_t i = 40; i-- > 0;) {
    reversed.insert(reversed.end(), points.begin() + static_cast<std::ptrdiff_t>(4 * i),
                    points.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
  }
  for (std::size_t i = 1; i < scaled.size(); i += 4) {
    scaled[i] *= 1e-9;
  }
  const double value = hypervolume(points, 4, std::vector{1.1, 1.1, 1.1, 1.1}).value;
  CHECK(hypervolume(reversed, 4, std::vector{1.1, 1.1, 1.1, 1.1}).value ==
        Approx(value).epsilon(1e-12));
  CHECK(hypervolume(scaled, 4, std::vector{1.1, 1.1e-9, 1.1, 1.1}).value ==
        Approx(1e-9 * value).epsilon(1e-12));
}

TEST_CASE("beyond the limit samples decide: near the exact value, the same every time") {
  Rng rng{5};
  const std::vector<double> points = on_sphere(300, 4, rng);
  const std::vector<double> reference(4, 1.1);
  const auto exact = hypervolume(points, 4, reference);
  HypervolumeOptions options;
  options.exact_up_to = 100;
  const auto sampled = hypervolume(points, 4, reference, options);
  CHECK(exact.exact);
  CHECK_FALSE(sampled.exact);
  CHECK(std::abs(sampled.value - exact.value) < 5.0 * sampled.standard_error);
  CHECK(sampled.value == hypervolume(points, 4, reference, options).value);
}

}  // namespace cairn::search
