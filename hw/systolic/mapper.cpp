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
std::array<std::int64_t, 3> steps_of(const GemmMachine& machine, const GemmProblem& problem) {
  const ArrayAxes axes = axes_of(machine.dataflow);
  std::array<std::int64_t, 3> steps{1, 1, 1};
  steps[static_cast<std::size_t>(axes.rows)] = row_geometry(machine, problem, 1).rows;
  steps[static_cast<std::size_t>(axes.cols)] = machine.cols;
  return steps;
}

/// Tile sizes of one dimension, largest first, each with what depends on it alone; a fixed-size
/// buffer, because this runs for every operator of every design point.
struct Candidate {
  std::int64_t size{};
  double elements{};  ///< size as a real number
  double trips{};
  double patch{};   ///< m only: elements of A behind the rows, for one step of k
  double inputs{};  ///< m only: bits of A when every tile of m is fetched once
};

class Candidates {
 public:
  static constexpr std::size_t kMost = 40;

  void push(std::int64_t size) {
    if (count_ < kMost && (count_ == 0 || items_[count_ - 1].size != size)) {
      items_[count_++].size = size;
    }
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const Candidate& operator[](std::size_t i) const { return items_[i]; }
  [[nodiscard]] const Candidate& last() const { return items_[count_ - 1]; }

  /// Fills what depends on the size; \p d is the dimension.
  void complete(const GemmProblem& p, std::size_t d) {
    const auto instances = static_cast<double>(p.instances);
    for (std::size_t i = 0; i < count_; ++i) {
      Candidate& c = items_[i];
      c.elements = static_cast<double>(c.size);
      c.trips = static_cast<double>(ceil_divide(p.extent.at(d), c.size));
      if (d == kM) {
        c.patch = p.activation_elements(c.size, p.extent[kK]) / static_cast<double>(p.extent[kK]);
        const std::int64_t rest = p.extent[kM] % c.size;
        const std::int64_t whole_tiles = p.extent[kM] / c.size;
        const auto whole = static_cast<double>(whole_tiles);
        c.inputs = instances * p.activation_bits *
                   (whole * p.activation_elements(c.size, p.extent[kK]) +
                    (rest > 0 ? p.activation_elements(rest, p.extent[kK]) : 0.0));
      }
    }
  }

 private:
  std::array<Candidate, kMost> items_{};
  std::size_t count_{};
};

/// Sizes that cut \p extent into 1, 2, 3, 4, 6, 8, 12, ... evenly filled trips of whole steps.
Candidates even_sizes(std::int64_t extent, std::int64_t step, std::int64_t at_most) {
  Candidates c;
  const std::int64_t blocks = ceil_divide(extent, step);
  const auto cut = [&](std::int64_t trips) {
    const std::int64_t size = std::min(extent, ceil_divide(blocks, trips) * step);
    if (trips <= blocks && size <= at_most) {
      c.push(size);
    }
  };
  for (std::int64_t power = 1; power <= blocks; power *= 2) {
    cut(power);
    if (power > 1) {
      cut(power / 2 * 3);
    }
  }
  if (const std::int64_t least = std::min(extent, step); least <= at_most) {
    c.push(least);
  } else if (c.size() == 0) {
    c.push(std::min(extent, at_most));
  }
  return c;
}

/// Figures that no nest of whole folds can beat: with tiles as large as the extents every tensor
/// crosses DRAM once, every fold is as long as it can be, and scratchpads are read least.
NestCost least_cost(const GemmMachine& machine, const GemmProblem& p) {
  return evaluate(machine, p, Nest{.tile = p.extent, .order = kOrders[0], .bypass = 0});
}

/// A score from those figures, fills left out.
double lower_bound(const GemmMachine& machine, NestCost least, MappingObjective objective) {
  const double dram_s = (least.dram_read_bits + least.dram_write_bits) / machine.dram_bandwidth;
  least.busy_s =
      std::max({least.array_s, least.vector_s, dram_s}) +
      (machine.timing == SystolicTiming::scalesim ? 0.0
                                                  : machine.dram_latency + machine.overhead_s);
  least.weight_fill_s = 0;
  least.input_fill_s = 0;
  least.drain_s = 0;
  return score(least, objective);
}

constexpr std::array<Dimension, 3> order_with_innermost(std::size_t inner) {
  const std::size_t first = (inner + 1) % 3;
  const std::size_t second = (inner + 2) % 3;
  return {static_cast<Dimension>(std::min(first, second)),
          static_cast<Dimension>(std::max(first, second)), static_cast<Dimension>(inner)};
}

/// Prices tiles and keeps the best. What does not depend on the tile is worked out once.
class Search {
 public:
  Search(const GemmMachine& machine, const GemmProblem& problem, std::uint8_t bypass,
         MappingObjective objective, const std::optional<std::array<Dimension, 3>>& order)
      : machine_(machine),
        problem_(problem),
        bypass_(bypass),
        objective_(objective),
        order_(order),
        instances_(static_cast<double>(problem.instances)),
        single_(problem.instances == 1 && !machine.ping_pong),
        weight_bits_(instances_ * real(problem.extent[kN]) * real(problem.extent[kK]) *
                     problem.weight_bits),
        partial_bits_(instances_ * real(problem.extent[kM]) * real(problem.extent[kN]) *
                      problem.partial_bits),
        output_bits_(instances_ * real(problem.extent[kM]) * real(problem.extent[kN]) *
                     problem.output_share * problem.output_bits),
        epilogue_bits_(instances_ * problem.epilogue_read_bits +
                       instances_ * real(problem.extent[kM]) * real(problem.extent[kN]) *
                           problem.preload_bits) {}

  /// Ends the search once a score is as good; \p least sharpens what can be skipped.
  void set_target(double target, const NestCost& least) {
    target_ = target;
    array_s_ = least.array_s;
    fixed_joules_ = least.fixed_joules + least.scratchpad_joules + least.decode_joules;
  }

  [[nodiscard]] bool fits(const std::array<std::int64_t, 3>& tile) const {
    return overflow(machine_, problem_, Nest{tile, kOrders[0], bypass_}).bits <= 0;
  }
  [[nodiscard]] bool fits(const Candidate& m, const Candidate& n, const Candidate& k) const {
    std::array<double, 3> needed{};
    const auto add = [&](std::size_t tensor, bool alone, double bits) {
      if (((bypass_ >> tensor) & 1U) == 0) {
        needed[static_cast<std::size_t>(machine_.slot[tensor])] += (alone ? 1.0 : 2.0) * bits;
      }
    };
    add(0, single_ && n.trips * k.trips == 1, n.elements * k.elements * problem_.weight_bits);
    add(1, single_ && m.trips * k.trips == 1, m.patch * k.elements * problem_.activation_bits);
    add(2, single_ && m.trips * n.trips == 1, m.elements * n.elements * problem_.partial_bits);
    return needed[0] <= machine_.capacity[0] && needed[1] <= machine_.capacity[1] &&
           needed[2] <= machine_.capacity[2];
  }

  /// Prices a tile in the order that moves least; true when the target is met.
  bool price_tile(const Candidate& m, const Candidate& n, const Candidate& k) {
    ++considered_;
    const std::array<std::int64_t, 3> tile{m.size, n.size, k.size};
    if (order_ || bypass_ != 0) {
      return price_fixed(tile);
    }
    // The innermost loop f lets the tensor without f stay; each other tensor comes again for each
    // trip of its free loop, unless only one loop turns at all. Outputs that come again are partial
    // sums, written and read.
    const std::array<double, 3> trips{m.trips, n.trips, k.trips};
    const std::array<double, 3> once{weight_bits_, m.inputs, 0.0};  // tensor without m, n, k
    const std::array<double, 3> again{weight_bits_, m.inputs, 2 * partial_bits_};
    std::size_t inner = 2;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t f = 0; f < 3; ++f) {
      const double bits = trips[f] > 1 ? extra(trips, again, f) : least;
      if (bits < least) {
        least = bits;
        inner = f;
      }
    }
    if (least == std::numeric_limits<double>::infinity()) {
      least = 0;  // no loop turns
    }
    const double moved = once[0] + once[1] + output_bits_ + epilogue_bits_ + least;
    const Nest nest{tile, order_with_innermost(inner), bypass_};
    if (bound(moved, m, n, k) >= best_score_) {
      return false;
    }
    return price(nest);
  }
  /// Prices a tile as it is, in the order of the constraint or the best one.
  bool price_fixed(const std::array<std::int64_t, 3>& tile) {
    if (order_) {
      return price(Nest{tile, *order_, bypass_});
    }
    Nest best{tile, kOrders[0], bypass_};
    double least = std::numeric_limits<double>::infinity();
    for (const auto& order : kOrders) {
      const Nest nest{tile, order, bypass_};
      const DramTraffic traffic = dram_traffic(machine_, problem_, nest);
      if (const double bits = traffic.reads() + traffic.writes(); bits < least) {
        least = bits;
        best = nest;
      }
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

  [[nodiscard]] MapperResult result() {
    best_.considered = considered_;
    return best_;
  }
  [[nodiscard]] MapperResult& best() { return best_; }

 private:
  [[nodiscard]] static double real(std::int64_t value) { return static_cast<double>(value); }

  /// Bits beyond once for every tensor when loop \p f is innermost and turns.
  [[nodiscard]] static double extra(const std::array<double, 3>& trips,
                                    const std::array<double, 3>& again, std::size_t f) {
    double bits = 0;
    for (std::size_t g = 0; g < 3; ++g) {
      bits += g == f ? 0.0 : (trips[g] - 1) * again[g];
    }
    return bits;
  }

  /// A cheap score that no nest with this traffic can beat: fills and drain as they are, all else
  /// at its least.
  [[nodiscard]] double bound(double moved_bits, const Candidate& m, const Candidate& n,
                             const Candidate& k) const {
    const double cheapest = std::min(machine_.dram_read_energy, machine_.dram_write_energy);
    NestCost least;
    least.dram_joules = moved_bits * cheapest;
    least.fixed_joules = fixed_joules_;
    if (machine_.timing == SystolicTiming::scalesim) {
      least.busy_s = array_s_;
      return score(least, objective_);
    }
    const double ends = n.elements * k.elements * problem_.weight_bits +
                        m.patch * k.elements * problem_.activation_bits +
                        m.elements * n.elements * problem_.output_share * problem_.output_bits;
    least.busy_s = ends * inverse_bandwidth_ +
                   std::max(array_s_, (moved_bits - ends) * inverse_bandwidth_) +
                   machine_.dram_latency + machine_.overhead_s;
    return score(least, objective_);
  }

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
  double instances_;
  bool single_;
  double weight_bits_;   // of all instances, once
  double partial_bits_;  // of all partial sums, once
  double output_bits_;
  double epilogue_bits_;
  std::int64_t time_products_{machine_.dataflow == Dataflow::output_stationary ? machine_.products
                                                                               : 1};
  double products_{instances_ * real(problem_.extent[kM]) * real(problem_.extent[kN]) *
                   real(problem_.extent[kK]) * problem_.useful_share};
  double array_s_{products_ * real(problem_.passes) /
                  (real(machine_.rows * machine_.cols * time_products_) * machine_.clock)};
  double fixed_joules_{products_ * problem_.dense_share *
                       (machine_.mac_energy + machine_.register_energy)};
  double inverse_bandwidth_{1.0 / machine_.dram_bandwidth};
  double target_{};
  double best_score_{std::numeric_limits<double>::infinity()};
  std::uint32_t considered_{};
  MapperResult best_;
};

/// Index of the largest candidate of m that fits beside the tiles of n and k; size() if none does.
std::size_t largest_fitting(const Search& search, const Candidates& rows, const Candidate& n,
                            const Candidate& k) {
  std::size_t low = 0;
  std::size_t high = rows.size();
  while (low < high) {  // sizes fall, so the fitting ones are a tail
    const std::size_t middle = (low + high) / 2;
    if (search.fits(rows[middle], n, k)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Candidates candidates(const GemmProblem& p, const std::array<std::int64_t, 3>& steps,
                      const MappingConstraint& c, std::size_t d) {
  Candidates list;
  if (c.tile.at(d)) {
    list.push(std::min(*c.tile.at(d), p.extent.at(d)));
  } else {
    list = even_sizes(p.extent.at(d), steps.at(d),
                      c.tile_at_most.at(d).value_or(std::numeric_limits<std::int64_t>::max()));
  }
  list.complete(p, d);
  return list;
}

}  // namespace

MapperResult find_nest(const GemmMachine& machine, const GemmProblem& problem,
                       const MappingConstraint& constraint, MappingObjective objective) {
  if (machine.timing == SystolicTiming::scalesim) {
    objective = MappingObjective::energy;  // time is the same for every nest
  }
  const auto steps = steps_of(machine, problem);
  const auto bypass =
      static_cast<std::uint8_t>(constraint.bypass.value_or(0) | machine.forced_bypass);
  Search search(machine, problem, bypass, objective, constraint.order);
  if (constraint.tile[kM] && constraint.tile[kN] && constraint.tile[kK]) {  // nothing to look for
    std::array<std::int64_t, 3> tile{};
    for (std::size_t d = 0; d < 3; ++d) {
      tile.at(d) = std::min(*constraint.tile.at(d), problem.extent.at(d));
    }
    if (search.fits(tile)) {
      search.price_fixed(tile);
    } else {
      search.best().nest = {tile, constraint.order.value_or(kOrders[0]), bypass};
      search.best().smallest = overflow(machine, problem, search.best().nest);
    }
    MapperResult result = search.result();
    result.considered = 1;
    return result;
  }
  constexpr double kCloseEnough = 1.01;
  if (bypass == 0 && !constraint.tile[kM] && !constraint.tile[kN] && !constraint.tile[kK]) {
    const NestCost least = least_cost(machine, problem);
    search.set_target(kCloseEnough * lower_bound(machine, least, objective), least);
  }

  const Candidates rows = candidates(problem, steps, constraint, kM);
  const Candidates cols = candidates(problem, steps, constraint, kN);
  const Candidates depths = candidates(problem, steps, constraint, kK);
  for (std::size_t k = 0; k < depths.size(); ++k) {
    for (std::size_t n = 0; n < cols.size(); ++n) {
      // The largest m moves least; smaller ones, in growing steps, start and end sooner.
      std::size_t m = largest_fitting(search, rows, cols[n], depths[k]);
      for (std::size_t step = 1; m < rows.size(); m += step, ++step) {
        if (search.price_tile(rows[m], cols[n], depths[k])) {
          return search.result();
        }
      }
    }
  }
  if (!search.best().feasible) {
    const Nest least{{rows.last().size, cols.last().size, depths.last().size},
                     constraint.order.value_or(kOrders[0]),
                     bypass};
    search.best().smallest = overflow(machine, problem, least);
    search.best().nest = least;
  }
  return search.result();
}

MapperResult find_nest_exhaustively(const GemmMachine& machine, const GemmProblem& problem,
                                    MappingObjective objective) {
  const auto steps = steps_of(machine, problem);
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
  return search.result();
}

}  // namespace cairn::hw
