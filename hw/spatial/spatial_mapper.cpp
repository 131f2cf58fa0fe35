#include "hw/spatial/spatial_mapper.h"

#include <algorithm>
#include <limits>

namespace cairn::hw {
namespace {

constexpr std::size_t kSplitsKept = 12;
constexpr std::size_t kNestsKept = 5;
constexpr std::size_t kMostChoices = 4;

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Sizes of even splits of an extent, at most \p cap, largest first; 1 is always among them.
struct Choices {
  std::array<std::int64_t, kMostChoices + 1> size{};
  std::size_t count = 0;
};
Choices even_splits(std::int64_t extent, std::int64_t cap) {
  Choices choices;
  cap = std::min(cap, extent);
  if (cap > 1) {
    std::int64_t trips = ceil_divide(extent, cap);
    while (choices.count < kMostChoices) {
      const std::int64_t size = ceil_divide(extent, trips);
      if (size <= 1) {
        break;
      }
      choices.size[choices.count++] = size;
      trips = ceil_divide(extent, size - 1);
    }
  }
  choices.size[choices.count++] = 1;
  return choices;
}

/// One way to lay loops across the innermost level.
struct Split {
  LoopExtents x{kOnes};
  LoopExtents y{kOnes};
  double cycles{std::numeric_limits<double>::infinity()};
  double words{};
  friend bool operator<(const Split& a, const Split& b) {
    return a.cycles < b.cycles || (a.cycles == b.cycles && a.words < b.words);
  }
};

/// The best of what is put in, in order.
template <class T, std::size_t Most>
class Best {
 public:
  void add(const T& value) {
    if (count_ == Most && !(value < items_[Most - 1])) {
      return;
    }
    std::size_t at = count_ < Most ? count_++ : Most - 1;
    while (at > 0 && value < items_[at - 1]) {
      items_[at] = items_[at - 1];
      --at;
    }
    items_[at] = value;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return items_[i]; }

 private:
  std::array<T, Most> items_{};
  std::size_t count_ = 0;
};

class SplitSearch {
 public:
  SplitSearch(const NestMachine& machine, const NestRules& rules, const LoopProblem& problem)
      : p_(problem),
        x_(rules.spread_x[0]),
        y_(rules.spread_y[0]),
        whole_(rules.whole),
        always_(rules.always),
        cols_(machine.level[0].x),
        rows_(machine.level[0].y) {}

  Best<Split, kSplitsKept> run() {
    along_x(0, cols_);
    return best_;
  }

 private:
  void along_x(std::size_t i, std::int64_t left) {
    if (i == x_.count || left == 1) {
      along_y(0, rows_);
      return;
    }
    const std::size_t d = index(x_.loop[i]);
    const Choices choices = choices_of(x_.loop[i], p_.extent[d], left);
    for (std::size_t c = 0; c < choices.count; ++c) {
      split_.x[d] = choices.size[c];
      along_x(i + 1, left / choices.size[c]);
    }
    split_.x[d] = 1;
  }
  void along_y(std::size_t i, std::int64_t left) {
    if (i == y_.count || left == 1) {
      finish();
      return;
    }
    const std::size_t d = index(y_.loop[i]);
    const Choices choices =
        choices_of(y_.loop[i], ceil_divide(p_.extent[d], split_.x[d]), left, split_.x[d] > 1);
    for (std::size_t c = 0; c < choices.count; ++c) {
      split_.y[d] = choices.size[c];
      along_y(i + 1, left / choices.size[c]);
    }
    split_.y[d] = 1;
  }
  [[nodiscard]] Choices choices_of(Loop loop, std::int64_t extent, std::int64_t cap,
                                   bool split_already = false) const {
    Choices choices = even_splits(extent, cap);
    const auto listed = [&](const LoopList& list) {
      return std::find(list.begin(), list.end(), loop) != list.end();
    };
    if (listed(whole_)) {
      choices.count = 1;
    } else if (choices.count > 1 && !split_already && listed(always_)) {
      --choices.count;  // 1 is the last
    }
    return choices;
  }
  void finish() {
    double cycles = 1;
    std::array<double, kOperands> shared{1, 1, 1};
    for (std::size_t d = 0; d < kLoops; ++d) {
      const std::int64_t both = split_.x[d] * split_.y[d];
      cycles *= static_cast<double>(ceil_divide(p_.extent[d], both));
      for (std::size_t t = 0; t < kOperands; ++t) {
        shared[t] *=
            walks(static_cast<Operand>(t), static_cast<Loop>(d)) ? 1.0 : static_cast<double>(both);
      }
    }
    split_.cycles = cycles;
    split_.words = 1 / shared[0] + 1 / shared[1] + 2 / shared[2];
    best_.add(split_);
  }

  const LoopProblem& p_;
  const LoopList& x_;
  const LoopList& y_;
  const LoopList& whole_;
  const LoopList& always_;
  std::int64_t cols_;
  std::int64_t rows_;
  Split split_{};
  Best<Split, kSplitsKept> best_{};
};

/// Groups of loops as a mapping's text knows them.
constexpr std::array<Dimension, kLoops> kDimensionOf{Dimension::m, Dimension::n, Dimension::n,
                                                     Dimension::k, Dimension::m, Dimension::m,
                                                     Dimension::k, Dimension::k};

std::size_t group_of(std::size_t d) {
  return static_cast<std::size_t>(kDimensionOf[d]);
}

std::array<Loop, kLoops> outer_order(const std::array<Dimension, 3>& outermost_first) {
  std::array<Loop, kLoops> order{};
  std::size_t at = 0;
  for (std::size_t i = 3; i-- > 0;) {
    switch (outermost_first[i]) {
      case Dimension::m:
        order[at++] = Loop::q;
        order[at++] = Loop::p;
        order[at++] = Loop::n;
        break;
      case Dimension::n:
        order[at++] = Loop::k;
        break;
      case Dimension::k:
        order[at++] = Loop::s;
        order[at++] = Loop::r;
        order[at++] = Loop::c;
        break;
    }
  }
  order[at] = Loop::g;  // groups share nothing
  return order;
}

constexpr std::array<std::array<Dimension, 3>, 6> kOrders{{
    {Dimension::m, Dimension::n, Dimension::k},
    {Dimension::m, Dimension::k, Dimension::n},
    {Dimension::n, Dimension::m, Dimension::k},
    {Dimension::n, Dimension::k, Dimension::m},
    {Dimension::k, Dimension::m, Dimension::n},
    {Dimension::k, Dimension::n, Dimension::m},
}};

/// In which order tiles of the outer levels grow; the first loop may leave half of the room.
struct Growth {
  std::array<Loop, 5> loops{};
  double first_share{1};
};
using L = Loop;
constexpr std::array<Growth, 9> kGrowths{{
    {{L::q, L::k, L::n, L::p, L::c}, 1},
    {{L::q, L::n, L::k, L::p, L::c}, 1},
    {{L::q, L::p, L::k, L::n, L::c}, 1},
    {{L::c, L::q, L::k, L::p, L::n}, 1},
    {{L::c, L::k, L::q, L::p, L::n}, 1},
    {{L::k, L::q, L::p, L::c, L::n}, 1},
    {{L::q, L::k, L::c, L::p, L::n}, 0.5},
    {{L::k, L::c, L::q, L::p, L::n}, 0.5},
    {{L::q, L::c, L::p, L::k, L::n}, 0.5},
}};

struct Candidate {
  LoopNest nest{};
  double score{std::numeric_limits<double>::infinity()};
  friend bool operator<(const Candidate& a, const Candidate& b) { return a.score < b.score; }
};

class NestSearch {
 public:
  NestSearch(const NestMachine& machine, const NestRules& rules, const LoopProblem& problem,
             const MappingConstraint& constraint, MappingObjective objective)
      : machine_(machine),
        rules_(rules),
        p_(problem),
        constraint_(constraint),
        objective_(objective) {}

  SpatialResult run();

 private:
  [[nodiscard]] bool fits(const LoopNest& nest, std::size_t level, double share = 1.0) const {
    const NestOverflow over = overflow(machine_, p_, nest, level);
    if (share < 1.0) {
      return over.needed <= share * (over.needed - over.bits);
    }
    return over.bits <= 0;
  }
  [[nodiscard]] std::int64_t most(const LoopNest& nest, std::size_t level, std::size_t d) const {
    return ceil_divide(limit_[level][d], nest.x[level][d] * nest.y[level][d]);
  }
  void split_outer(LoopNest& nest, std::size_t level) const;
  void grow(LoopNest& nest, std::size_t level, Loop loop, double share) const;
  bool grow_outer(LoopNest& nest, const Growth& growth);
  void hold_inside(LoopNest nest, std::size_t i);
  void consider(const LoopNest& nest, Best<Candidate, kNestsKept>* keep);
  void every_order(LoopNest nest);
  void improve();
  [[nodiscard]] bool allowed(const LoopNest& nest) const;

  const NestMachine& machine_;
  const NestRules& rules_;
  const LoopProblem& p_;
  const MappingConstraint& constraint_;
  MappingObjective objective_;
  mutable std::array<LoopExtents, kMaxLevels> limit_{};
  Best<Candidate, kNestsKept> seeds_{};
  SpatialResult best_{};
  double best_score_{std::numeric_limits<double>::infinity()};
};

double score(const SpatialCost& cost, MappingObjective objective) {
  switch (objective) {
    case MappingObjective::latency:
      // Of equally fast nests the one that takes less energy.
      return cost.latency_s() * (1 + 1e-9 * cost.joules() / (1 + cost.joules()));
    case MappingObjective::energy:
      return cost.joules();
    case MappingObjective::energy_delay:
      break;
  }
  return cost.latency_s() * cost.joules();
}

bool NestSearch::allowed(const LoopNest& nest) const {
  if (constraint_.empty()) {
    return true;
  }
  const Mapping mapping = mapping_of(machine_, p_, nest);
  for (std::size_t d = 0; d < 3; ++d) {
    if ((constraint_.tile[d] && *constraint_.tile[d] != mapping.tile[d]) ||
        (constraint_.tile_at_most[d] && *constraint_.tile_at_most[d] < mapping.tile[d]) ||
        (constraint_.spatial[d] && *constraint_.spatial[d] != mapping.spatial[d]) ||
        (constraint_.trips[d] && *constraint_.trips[d] != mapping.trips[d])) {
      return false;
    }
  }
  return !constraint_.order || *constraint_.order == mapping.order;
}

void NestSearch::consider(const LoopNest& nest, Best<Candidate, kNestsKept>* keep) {
  const SpatialCost cost = evaluate(machine_, p_, nest);
  ++best_.considered;
  const double value = score(cost, objective_);
  if (keep != nullptr) {
    keep->add({nest, value});
  }
  if (value < best_score_ && allowed(nest)) {
    best_score_ = value;
    best_.feasible = true;
    best_.nest = nest;
    best_.cost = cost;
  }
}

/// Splits the work of a level among its instances: the first loop that has enough.
void NestSearch::split_outer(LoopNest& nest, std::size_t level) const {
  const auto along = [&](const LoopList& loops, std::int64_t instances, LoopExtents& split) {
    for (const Loop loop : loops) {
      const std::size_t d = index(loop);
      const std::int64_t parts = ceil_divide(
          p_.extent[d], nest.spread(level - 1, d) * nest.x[level][d] * nest.y[level][d]);
      const std::int64_t take = std::min(instances, parts);
      split[d] *= take;
      instances /= take;
    }
  };
  along(rules_.spread_x[level], machine_.level[level].x, nest.x[level]);
  along(rules_.spread_y[level], machine_.level[level].y, nest.y[level]);
}

void NestSearch::grow(LoopNest& nest, std::size_t level, Loop loop, double share) const {
  const std::size_t d = index(loop);
  const std::int64_t unit = nest.spread(level - 1, d);
  const std::int64_t whole = most(nest, level, d);
  const std::int64_t units = ceil_divide(whole, unit);
  const auto with = [&](std::int64_t count) {
    return std::min(unit * count, std::max(whole, unit));
  };
  std::int64_t low = 1;
  std::int64_t high = units;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    nest.tile[level][d] = with(middle);
    if (fits(nest, level, share)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const std::int64_t trips = ceil_divide(units, low);
  nest.tile[level][d] = with(ceil_divide(units, trips));
}

bool NestSearch::grow_outer(LoopNest& nest, const Growth& growth) {
  for (std::size_t l = 1; l < machine_.levels; ++l) {
    nest.x[l] = kOnes;
    nest.y[l] = kOnes;
    limit_[l] = p_.extent;
    split_outer(nest, l);
    for (std::size_t d = 0; d < kLoops; ++d) {
      nest.tile[l][d] = std::min(nest.spread(l - 1, d), p_.extent[d]);
    }
    nest.order[l] = outer_order(kOrders[0]);
    if (!fits(nest, l)) {
      return false;
    }
    if (rules_.whole_rows) {
      LoopNest whole = nest;
      whole.tile[l][index(Loop::q)] =
          std::max(most(nest, l, index(Loop::q)), nest.tile[l][index(Loop::q)]);
      nest = fits(whole, l) ? whole : nest;
    }
    grow(nest, l, Loop::s, 1);
    grow(nest, l, Loop::r, 1);
    for (std::size_t i = 0; i < growth.loops.size(); ++i) {
      grow(nest, l, growth.loops[i], i == 0 ? growth.first_share : 1.0);
    }
  }
  return true;
}

/// Fills the PEs from loop \p i of the rules on, then looks at the whole once.
void NestSearch::hold_inside(LoopNest nest, std::size_t i) {
  if (i == rules_.inside.count) {
    if (grow_outer(nest, kGrowths[0])) {
      consider(nest, &seeds_);
    }
    return;
  }
  const std::size_t d = index(rules_.inside.loop[i]);
  const std::int64_t left = ceil_divide(p_.extent[d], nest.x[0][d] * nest.y[0][d]);
  std::int64_t low = 1;  // the largest that fits
  std::int64_t high = left;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    nest.tile[0][d] = middle;
    if (fits(nest, 0)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const Choices choices = even_splits(left, low);
  // The last loop takes all that is left; whole kernels are not cut where they fit.
  const bool largest_only = i + 1 == rules_.inside.count || low == left;
  for (std::size_t c = 0; c < (largest_only ? 1 : choices.count); ++c) {
    nest.tile[0][d] = choices.size[c];
    hold_inside(nest, i + 1);
  }
}

void NestSearch::every_order(LoopNest nest) {
  const std::size_t top = machine_.levels - 1;
  if (top == 0) {
    consider(nest, nullptr);
    return;
  }
  for (const auto& order : kOrders) {
    nest.order[top] = outer_order(order);
    consider(nest, nullptr);
  }
}

void NestSearch::improve() {
  const std::size_t top = machine_.levels - 1;
  if (top == 0 || !best_.feasible) {
    return;
  }
  for (int round = 0; round < 3; ++round) {
    const double before = best_score_;
    for (const Loop loop : {L::q, L::k, L::c, L::p, L::n}) {
      if (loop == Loop::q && rules_.whole_rows) {
        continue;
      }
      const std::size_t d = index(loop);
      const LoopNest from = best_.nest;
      const std::int64_t unit = from.spread(top - 1, d);
      const std::int64_t whole = std::max(most(from, top, d), unit);
      const std::int64_t trips = ceil_divide(whole, from.tile[top][d]);
      for (const std::int64_t other : {trips - 1, trips + 1, trips / 2, trips * 2}) {
        if (other < 1 || other == trips) {
          continue;
        }
        LoopNest nest = from;
        const std::int64_t units = ceil_divide(ceil_divide(whole, unit), other);
        nest.tile[top][d] = std::min(unit * units, whole);
        if (!fits(nest, top)) {
          continue;
        }
        consider(nest, nullptr);
        // Room given up by one loop is taken by the others.
        for (const Loop second : {L::q, L::k, L::c}) {
          if (second != loop) {
            LoopNest grown = nest;
            grow(grown, top, second, 1);
            if (grown.tile[top] != nest.tile[top]) {
              consider(grown, nullptr);
            }
          }
        }
      }
    }
    if (!(best_score_ < before * (1 - 1e-6))) {
      break;
    }
  }
}

SpatialResult NestSearch::run() {
  const Best<Split, kSplitsKept> splits = SplitSearch{machine_, rules_, p_}.run();
  for (std::size_t i = 0; i < splits.count(); ++i) {
    LoopNest nest;
    nest.tile.fill(kOnes);
    nest.x.fill(kOnes);
    nest.y.fill(kOnes);
    nest.x[0] = splits[i].x;
    nest.y[0] = splits[i].y;
    nest.order[0] = rules_.around;
    if (fits(nest, 0)) {
      hold_inside(nest, 0);
    } else {
      best_.smallest = overflow(machine_, p_, nest, 0);
      best_.nest = best_.feasible ? best_.nest : nest;
    }
  }
  const Best<Candidate, kNestsKept> seeds = seeds_;
  for (std::size_t i = 0; i < seeds.count(); ++i) {
    LoopNest nest = seeds[i].nest;
    every_order(nest);
    for (std::size_t g = 1; g < kGrowths.size() && machine_.levels > 1; ++g) {
      if (grow_outer(nest, kGrowths[g])) {
        every_order(nest);
      }
    }
  }
  improve();
  if (seeds.count() == 0 && machine_.levels > 1) {  // say what the smallest tile lacks
    LoopNest nest;
    nest.tile.fill(kOnes);
    nest.x.fill(kOnes);
    nest.y.fill(kOnes);
    nest.x[0] = splits[0].x;
    nest.y[0] = splits[0].y;
    for (std::size_t l = 1; l < machine_.levels; ++l) {
      for (std::size_t d = 0; d < kLoops; ++d) {
        nest.tile[l][d] = std::min(nest.spread(l - 1, d), p_.extent[d]);
      }
    }
    best_.smallest = overflow(machine_, p_, nest);
    best_.nest = nest;
  }
  return best_;
}

}  // namespace

Mapping mapping_of(const NestMachine& machine, const LoopProblem& p, const LoopNest& nest) {
  const std::size_t top = machine.levels - 1;
  Mapping mapping;
  mapping.kind = MappingKind::array;
  for (std::size_t d = 0; d < kLoops; ++d) {
    const std::size_t group = group_of(d);
    mapping.tile[group] *= std::min(nest.spread(top, d), p.extent[d]);
    mapping.trips[group] *= ceil_divide(p.extent[d], nest.spread(top, d));
    for (std::size_t l = 0; l < machine.levels; ++l) {
      mapping.spatial[group] *= nest.x[l][d] * nest.y[l][d];
    }
  }
  std::size_t at = 0;
  std::array<bool, 3> seen{};
  for (std::size_t i = kLoops; i-- > 0;) {
    const Loop loop = nest.order[top][i];
    if (loop == Loop::g) {
      continue;
    }
    const std::size_t group = group_of(index(loop));
    if (!seen[group]) {
      seen[group] = true;
      mapping.order[at++] = static_cast<Dimension>(group);
    }
  }
  for (std::size_t t = 0; t < kOperands; ++t) {
    if (!machine.level[top].kept[t]) {
      mapping.bypass = static_cast<std::uint8_t>(mapping.bypass | (1U << t));
    }
  }
  return mapping;
}

SpatialResult find_nest(const NestMachine& machine, const NestRules& rules,
                        const LoopProblem& problem, const MappingConstraint& constraint,
                        MappingObjective objective) {
  return NestSearch{machine, rules, problem, constraint, objective}.run();
}

}  // namespace cairn::hw
