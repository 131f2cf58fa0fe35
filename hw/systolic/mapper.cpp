#include "hw/systolic/mapper.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace cairn::hw {
namespace {

constexpr std::size_t kM = 0;
constexpr std::size_t kN = 1;
constexpr std::size_t kK = 2;

constexpr std::array<std::array<Dimension, 3>, 6> kOrders{{
    {Dimension::m, Dimension::n, Dimension::k},
    {Dimension::n, Dimension::m, Dimension::k},
    {Dimension::k, Dimension::n, Dimension::m},
    {Dimension::n, Dimension::k, Dimension::m},
    {Dimension::m, Dimension::k, Dimension::n},
    {Dimension::k, Dimension::m, Dimension::n},
}};

constexpr std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Smallest step of a tile in each dimension: whole folds across the array, 1 in time.
std::array<std::int64_t, 3> steps_of(const GemmMachine& machine) {
  const ArrayAxes axes = axes_of(machine.dataflow);
  std::array<std::int64_t, 3> steps{1, 1, 1};
  steps[static_cast<std::size_t>(axes.rows)] = machine.rows;
  steps[static_cast<std::size_t>(axes.cols)] = machine.cols;
  return steps;
}

/// Tile sizes of one dimension, largest first; a fixed-size buffer, because this runs for every
/// operator of every design point.
class Candidates {
 public:
  static constexpr std::size_t kMost = 40;

  void push(std::int64_t size) {
    if (count_ < kMost && (count_ == 0 || sizes_[count_ - 1] != size)) {
      sizes_[count_++] = size;
    }
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::int64_t operator[](std::size_t i) const { return sizes_[i]; }

 private:
  std::array<std::int64_t, kMost> sizes_{};
  std::size_t count_{};
};

/// Sizes that cut \p extent into 1, 2, 3, 4, 6, 8, 12, ... evenly filled trips of whole steps.
Candidates even_sizes(std::int64_t extent, std::int64_t step, std::int64_t at_most) {
  Candidates c;
  const std::int64_t blocks = ceil_divide(extent, step);
  std::int64_t trips = 1;
  for (bool half = false; trips <= blocks; half = !half) {
    const std::int64_t size = std::min(extent, ceil_divide(blocks, trips) * step);
    if (size <= at_most) {
      c.push(size);
    }
    trips = trips == 1 ? 2 : (half ? trips / 3 * 4 : trips / 2 * 3);
    if (trips == 2) {
      half = true;  // 1, 2, 3, 4, 6, 8, ...
    }
  }
  if (const std::int64_t least = std::min(extent, step); least <= at_most) {
    c.push(least);
  } else if (c.size() == 0) {
    c.push(std::min(extent, at_most));
  }
  return c;
}

/// Bounds that no nest can beat: every tensor crosses DRAM once, every fold is perfect.
double lower_bound(const GemmMachine& machine, const GemmProblem& p, MappingObjective objective) {
  // With tiles as large as the extents each of these figures is at its least; fills are left out.
  Nest whole{.tile = p.extent, .order = kOrders[0], .bypass = 0};
  NestCost least = evaluate(machine, p, whole);
  const double dram_s = (least.dram_read_bits + least.dram_write_bits) / machine.dram_bandwidth;
  const double slowest =
      std::max({least.array_s, least.vector_s, dram_s}) +
      (machine.timing == SystolicTiming::scalesim ? 0.0
                                                  : machine.dram_latency + machine.overhead_s);
  least.weight_fill_s = 0;
  least.input_fill_s = 0;
  least.drain_s = 0;
  least.busy_s = slowest;
  return score(least, objective);
}

class Search {
 public:
  Search(const GemmMachine& machine, const GemmProblem& problem, std::uint8_t bypass,
         MappingObjective objective, const std::optional<std::array<Dimension, 3>>& order)
      : machine_(machine),
        problem_(problem),
        bypass_(bypass),
        objective_(objective),
        order_(order) {}

  void set_target(double target) { target_ = target; }

  [[nodiscard]] bool fits(const std::array<std::int64_t, 3>& tile) const {
    return overflow(machine_, problem_, Nest{tile, kOrders[0], bypass_}).bits <= 0;
  }

  /// Prices a tile in the order that moves least; true when the target is met.
  bool price_tile(const std::array<std::int64_t, 3>& tile) {
    ++considered_;
    Nest best{tile, order_.value_or(kOrders[0]), bypass_};
    DramTraffic least = dram_traffic(machine_, problem_, best);
    const bool one_tile = tile == problem_.extent;
    if (!order_ && !one_tile) {
      double least_bits = least.reads() + least.writes();
      for (std::size_t o = 1; o < kOrders.size(); ++o) {
        const Nest nest{tile, kOrders.at(o), bypass_};
        const DramTraffic traffic = dram_traffic(machine_, problem_, nest);
        if (const double bits = traffic.reads() + traffic.writes(); bits < least_bits) {
          best = nest;
          least = traffic;
          least_bits = bits;
        }
      }
    }
    if (score_bound(machine_, problem_, best, least, objective_) >= best_score_) {
      return false;
    }
    return price(best);
  }
  /// The same for every order, without short cuts.
  void price_all_orders(const std::array<std::int64_t, 3>& tile) {
    for (const auto& order : kOrders) {
      ++considered_;
      price(Nest{tile, order, bypass_});
    }
  }

  [[nodiscard]] MapperResult result() && {
    best_.considered = considered_;
    return best_;
  }
  [[nodiscard]] MapperResult& best() { return best_; }

 private:
  bool price(const Nest& nest) {
    const NestCost cost = evaluate(machine_, problem_, nest);
    const double value = score(cost, objective_);
    if (value < best_score_) {
      best_score_ = value;
      best_.feasible = true;
      best_.nest = nest;
      best_.cost = cost;
    }
    return best_score_ <= target_;
  }

  const GemmMachine& machine_;
  const GemmProblem& problem_;
  std::uint8_t bypass_;
  MappingObjective objective_;
  std::optional<std::array<Dimension, 3>> order_;
  double target_{};
  double best_score_{std::numeric_limits<double>::infinity()};
  std::uint32_t considered_{};
  MapperResult best_;
};

/// Index of the largest candidate of m that fits beside the tiles of n and k; size() if none does.
std::size_t largest_fitting(const Search& search, const Candidates& rows, std::int64_t n,
                            std::int64_t k) {
  std::size_t low = 0;
  std::size_t high = rows.size();
  while (low < high) {  // sizes fall, so the fitting ones are a tail
    const std::size_t middle = (low + high) / 2;
    if (search.fits({rows[middle], n, k})) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Candidates candidates(const GemmProblem& p, const std::array<std::int64_t, 3>& steps,
                      const MappingConstraint& c, std::size_t d) {
  if (c.tile.at(d)) {
    Candidates one;
    one.push(std::min(*c.tile.at(d), p.extent.at(d)));
    return one;
  }
  return even_sizes(p.extent.at(d), steps.at(d),
                    c.tile_at_most.at(d).value_or(std::numeric_limits<std::int64_t>::max()));
}

}  // namespace

MapperResult find_nest(const GemmMachine& machine, const GemmProblem& problem,
                       const MappingConstraint& constraint, MappingObjective objective) {
  const auto steps = steps_of(machine);
  const auto bypass =
      static_cast<std::uint8_t>(constraint.bypass.value_or(0) | machine.forced_bypass);
  Search search(machine, problem, bypass, objective, constraint.order);
  constexpr double kCloseEnough = 1.01;
  search.set_target(bypass == 0 ? kCloseEnough * lower_bound(machine, problem, objective) : 0.0);

  const Candidates rows = candidates(problem, steps, constraint, kM);
  const Candidates cols = candidates(problem, steps, constraint, kN);
  const Candidates depths = candidates(problem, steps, constraint, kK);
  constexpr std::size_t kSmallerTries = 3;
  for (std::size_t k = 0; k < depths.size(); ++k) {
    for (std::size_t n = 0; n < cols.size(); ++n) {
      std::size_t m = largest_fitting(search, rows, cols[n], depths[k]);
      for (std::size_t tries = 0; m < rows.size() && tries < kSmallerTries; ++tries, ++m) {
        if (search.price_tile({rows[m], cols[n], depths[k]})) {
          return std::move(search).result();
        }
      }
    }
  }
  if (!search.best().feasible) {
    const Nest least{{rows[rows.size() - 1], cols[cols.size() - 1], depths[depths.size() - 1]},
                     constraint.order.value_or(kOrders[0]),
                     bypass};
    search.best().smallest = overflow(machine, problem, least);
    search.best().nest = least;
  }
  return std::move(search).result();
}

MapperResult find_nest_exhaustively(const GemmMachine& machine, const GemmProblem& problem,
                                    MappingObjective objective) {
  const auto steps = steps_of(machine);
  std::array<std::vector<std::int64_t>, 3> sizes;
  for (std::size_t d = 0; d < 3; ++d) {
    const std::int64_t blocks = ceil_divide(problem.extent.at(d), steps.at(d));
    std::int64_t last = 0;
    for (std::int64_t trips = 1; trips <= blocks; ++trips) {
      const std::int64_t size =
          std::min(problem.extent.at(d), ceil_divide(blocks, trips) * steps.at(d));
      if (size != last) {
        sizes.at(d).push_back(size);
        last = size;
      }
    }
  }
  Search search(machine, problem, machine.forced_bypass, objective, std::nullopt);
  for (const std::int64_t k : sizes[kK]) {
    for (const std::int64_t n : sizes[kN]) {
      for (const std::int64_t m : sizes[kM]) {
        if (search.fits({m, n, k})) {
          search.price_all_orders({m, n, k});
        }
      }
    }
  }
  return std::move(search).result();
}

}  // namespace cairn::hw
