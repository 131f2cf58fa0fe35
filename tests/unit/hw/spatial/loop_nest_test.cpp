#include "hw/spatial/loop_nest.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using cairn::Rng;
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): the subject of this file

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Two levels that keep everything, with no limits.
NestMachine two_levels() {
  NestMachine machine;
  machine.levels = 2;
  for (std::size_t l = 0; l < 2; ++l) {
    machine.level[l].kept.fill(true);
    machine.level[l].prefetch.fill(true);
    machine.level[l].slot = {0, 1, 2};
    machine.level[l].capacity.fill(1e18);
    machine.level[l].port.fill(kInfinity);
    machine.level[l].bus.fill(kInfinity);
  }
  machine.clock = 1;
  machine.dram_bandwidth = 1e30;
  machine.vector_rate = 1;
  machine.decode_rate = 1;
  return machine;
}

LoopNest whole(const LoopProblem& p) {
  LoopNest nest;
  nest.tile.fill(p.extent);
  nest.x.fill(kOnes);
  nest.y.fill(kOnes);
  nest.order.fill({Loop::q, Loop::p, Loop::n, Loop::s, Loop::r, Loop::c, Loop::k, Loop::g});
  return nest;
}

struct Box {
  std::int64_t first;
  std::int64_t last;  ///< exclusive
  friend bool operator==(const Box&, const Box&) = default;
};
using Boxes = std::array<Box, kLoops>;

/// Elements of a tensor behind a box of iterations, as keys that tell them apart.
std::set<std::int64_t> elements(const LoopProblem& p, Operand tensor, const Boxes& box) {
  std::set<std::int64_t> keys;
  const auto key = [&](std::initializer_list<std::int64_t> parts) {
    std::int64_t k = 0;
    for (const std::int64_t part : parts) {
      k = k * 256 + part;
    }
    keys.insert(k);
  };
  const auto at = [&](Loop loop) { return box[index(loop)]; };
  const auto each = [](Box b, const auto& body) {
    for (std::int64_t i = b.first; i < b.last; ++i) {
      body(i);
    }
  };
  each(at(Loop::g), [&](std::int64_t g) {
    if (tensor == Operand::weights) {
      each(at(Loop::k), [&](auto k) {
        each(at(Loop::c), [&](auto c) {
          each(at(Loop::r), [&](auto r) {
            each(at(Loop::s), [&](auto s) { key({g, k, c, r, s}); });
          });
        });
      });
    } else if (tensor == Operand::outputs) {
      each(at(Loop::k), [&](auto k) {
        each(at(Loop::n), [&](auto n) {
          each(at(Loop::p), [&](auto y) {
            each(at(Loop::q), [&](auto x) { key({g, k, n, y, x}); });
          });
        });
      });
    } else {
      each(at(Loop::c), [&](auto c) {
        each(at(Loop::n), [&](auto n) {
          each(at(Loop::p), [&](auto y) {
            each(at(Loop::r), [&](auto r) {
              each(at(Loop::q), [&](auto x) {
                each(at(Loop::s), [&](auto s) {
                  key({g, c, n, y * p.stride_rows + r * p.dilation_rows,
                       x * p.stride_cols + s * p.dilation_cols});
                });
              });
            });
          });
        });
      });
    }
  });
  return keys;
}

/// Walks the tiles of level \p level one after the other and counts what each brings that the one
/// before did not hold. Only the innermost loop that changes an input tile keeps part of a window.
struct Walked {
  double words{};
  double visits{};
};
class Walker {
 public:
  Walker(const LoopProblem& p, const LoopNest& nest, std::size_t level, Operand tensor)
      : p_(p), nest_(nest), level_(level), tensor_(tensor) {}
  Walked walk() {
    Boxes box;
    for (std::size_t d = 0; d < kLoops; ++d) {
      box[d] = {0, p_.extent[d]};
    }
    for (std::size_t l = level_, found = 0; l < 2 && found == 0; ++l) {
      for (std::size_t i = 0; i < kLoops && found == 0; ++i) {
        const Loop loop = nest_.order[l][i];
        const std::size_t d = index(loop);
        const std::int64_t around = l == 1 ? p_.extent[d] : nest_.tile[1][d];
        if (walks(tensor_, loop) && nest_.spread(l, d) < around) {
          first_turning_ = {l, i + 1};
          slides_ = tensor_ == Operand::inputs && (loop == Loop::p || loop == Loop::q);
          found = 1;
        }
      }
    }
    descend(box, 1, kLoops);
    return walked_;
  }

 private:
  /// Loops of level \p l, outermost (position 8) to innermost.
  void descend(const Boxes& box, std::size_t l, std::size_t position) {
    if (position == 0) {
      if (l == level_) {
        visit(box);
      } else {
        descend(box, l - 1, kLoops);
      }
      return;
    }
    const std::size_t d = index(nest_.order[l][position - 1]);
    const std::int64_t step = nest_.spread(l, d);
    for (std::int64_t i = box[d].first; i < box[d].last; i += step) {
      Boxes part = box;
      part[d] = {i, std::min(i + step, box[d].last)};
      if (i > box[d].first) {
        moved_ = {l, position};
      }
      descend(part, l, position - 1);
    }
  }
  void visit(const Boxes& box) {
    const std::set<std::int64_t> now = elements(p_, tensor_, box);
    if (now == held_) {
      return;
    }
    ++walked_.visits;
    const bool window = !held_.empty() && slides_ && moved_ == first_turning_;
    for (const std::int64_t key : now) {
      walked_.words += window && held_.contains(key) ? 0 : 1;
    }
    held_ = now;
  }
  const LoopProblem& p_;
  const LoopNest& nest_;
  std::size_t level_;
  Operand tensor_;
  std::set<std::int64_t> held_;
  using Place = std::pair<std::size_t, std::size_t>;  ///< level and position of a loop
  Place moved_{};                                     ///< the loop that went on last
  Place first_turning_{};
  bool slides_ = false;
  Walked walked_;
};

}  // namespace

/// Compares all traffic of a nest with walking it. \p exact: equal, else between it and half more.
void check_walked(const LoopProblem& p, const LoopNest& nest, bool exact) {
  const SpatialCost cost = evaluate(two_levels(), p, nest);
  for (std::size_t l = 0; l < 2; ++l) {
    for (const Operand tensor : {Operand::weights, Operand::inputs, Operand::outputs}) {
      const Walked walked = Walker{p, nest, l, tensor}.walk();
      const NestTraffic& traffic = cost.traffic[l][index(tensor)];
      const double words = tensor == Operand::outputs ? traffic.up : traffic.down;
      INFO("level " << l << " tensor " << index(tensor));
      if (exact) {
        CHECK(words == Approx(walked.words));
        CHECK(traffic.visits == Approx(walked.visits));
      } else {
        CHECK(words >= walked.words * (1 - 1e-9));
        CHECK(words <= walked.words * 1.6);
      }
    }
  }
}

TEST_CASE("traffic of random nests is what walking their tiles counts") {
  Rng rng{21};
  for (int i = 0; i < 300; ++i) {
    LoopProblem p;
    LoopNest nest = whole(p);
    for (std::size_t d = 0; d < kLoops; ++d) {
      const auto factor = [&] { return rng.uniform_int(0, 9) < 6 ? 1 : rng.uniform_int(2, 3); };
      nest.tile[0][d] = factor();
      nest.tile[1][d] = nest.tile[0][d] * factor();
      p.extent[d] = nest.tile[1][d] * factor();
    }
    for (const Loop loop : {Loop::r, Loop::s}) {  // the kernel is held whole, as windows are
      p.extent[index(loop)] = nest.tile[1][index(loop)] = nest.tile[0][index(loop)];
    }
    // Contiguous windows: taps reach at least as far as a step.
    p.stride_rows = rng.uniform_int(1, p.of(Loop::r));
    p.stride_cols = rng.uniform_int(1, p.of(Loop::s));
    for (std::size_t l = 0; l < 2; ++l) {
      rng.shuffle(nest.order[l]);
    }
    INFO("nest " << i);
    check_walked(p, nest, true);
  }
}

TEST_CASE("tiles that leave a rest: never less traffic than walking them counts") {
  // A rest may be a single tile where the others are several: it could stay longer than is priced.
  Rng rng{22};
  for (int i = 0; i < 200; ++i) {
    LoopProblem p;
    for (std::int64_t& extent : p.extent) {
      extent = rng.uniform_int(1, 5);
    }
    p.stride_rows = rng.uniform_int(1, p.of(Loop::r));
    p.stride_cols = rng.uniform_int(1, p.of(Loop::s));
    LoopNest nest = whole(p);
    for (std::size_t d = 0; d < kLoops; ++d) {
      nest.tile[1][d] = rng.uniform_int(1, p.extent[d]);
      nest.tile[0][d] = rng.uniform_int(1, nest.tile[1][d]);
    }
    for (const Loop loop : {Loop::r, Loop::s}) {
      nest.tile[1][index(loop)] = nest.tile[0][index(loop)] = p.of(loop);
    }
    for (std::size_t l = 0; l < 2; ++l) {
      rng.shuffle(nest.order[l]);
    }
    INFO("nest " << i);
    check_walked(p, nest, false);
  }
}

TEST_CASE("a row-stationary pass, by hand") {
  // Four images of 256 channels of 15 x 15 (padded), 384 filters of 3 x 3, 13 x 13 outputs, on
  // 12 x 14 PEs: sets of 3 x 13, two for filters, two for channels; a PE holds 16 filters of 3
  // channels. The buffer holds 64 filters of 4 images.
  LoopProblem p;
  p.extent = {4, 1, 384, 256, 13, 13, 3, 3};
  p.bits = {16, 16, 16};
  p.backing_bits = p.bits;
  p.partial_bits = 16;
  p.input_rows = p.input_cols = 13;
  NestMachine machine = two_levels();
  machine.level[0].x = 14;
  machine.level[0].y = 12;
  machine.level[0].prefetch = {false, true, true};
  machine.level[0].bus = {64, 16, 64};
  machine.level[1].kept[index(Operand::weights)] = false;
  LoopNest nest = whole(p);
  nest.tile[0] = {1, 1, 16, 3, 1, 1, 1, 3};
  nest.x[0] = {1, 1, 1, 1, 13, 1, 1, 1};
  nest.y[0] = {1, 1, 2, 2, 1, 1, 3, 1};
  nest.tile[1] = {4, 1, 64, 6, 13, 13, 3, 3};
  nest.order[0] = {Loop::q, Loop::n, Loop::k, Loop::p, Loop::c, Loop::r, Loop::s, Loop::g};
  nest.order[1] = {Loop::c, Loop::q, Loop::p, Loop::n, Loop::s, Loop::r, Loop::k, Loop::g};
  const SpatialCost cost = evaluate(machine, p, nest);
  // 384 / 32 passes over filters, ceil(256 / 6) = 43 over channels (of the last, the first set has
  // 3 of 4 left), 4 images of 13 columns, 16 x 3 x 3 MACs each.
  CHECK(cost.work_cycles == Approx(12.0 * 43 * 4 * 13 * 16 * 3 * 3));
  // Sums leave the PEs once for each pass over channels.
  const double outputs = 4.0 * 384 * 13 * 13;
  CHECK(cost.traffic[0][2].up == Approx(43 * outputs));
  CHECK(cost.traffic[0][2].down == Approx(42 * outputs));
  // Inputs pass from the buffer once for each 32 filters.
  CHECK(cost.traffic[0][1].down == Approx(12.0 * 4 * 256 * 15 * 15));
  // Behind the chip inputs are read for each 64 filters, without their padding, filters once.
  CHECK(cost.traffic[1][1].down == Approx(6.0 * 4 * 256 * 15 * 15));
  const double inputs = 6.0 * 4 * 256 * 13 * 13;
  const double filters = 384.0 * 256 * 9;
  CHECK(cost.dram_read_bits == Approx(16 * (inputs + filters)));
  CHECK(cost.dram_write_bits == Approx(16 * outputs));
  // Filters reload: all of them over 4 words a cycle. 516 refills of 15 x 6 x 3 input words over 1
  // word a cycle and of 13 x 32 sums over 4 a cycle.
  CHECK(cost.reload_cycles == Approx(filters / 4 + 516.0 * (15 * 6 * 3 + 13 * 32 / 4.0)));
}

TEST_CASE("a tile that does not divide its loop idles instances at the edge") {
  // 10 filters over 4 columns: 4, 4 and 2, three steps each of 7 columns.
  LoopProblem p;
  p.extent[index(Loop::k)] = 10;
  p.extent[index(Loop::q)] = 7;
  NestMachine machine = two_levels();
  machine.level[0].x = 4;
  LoopNest nest = whole(p);
  nest.tile[0] = kOnes;
  nest.x[0][index(Loop::k)] = 4;
  CHECK(evaluate(machine, p, nest).work_cycles == Approx(3.0 * 7));
}

TEST_CASE(
    "a tensor that a level does not keep is fetched for each step, once for all that share it") {
  LoopProblem p;
  p.extent[index(Loop::k)] = 8;
  p.extent[index(Loop::c)] = 6;
  p.extent[index(Loop::q)] = 10;
  NestMachine machine = two_levels();
  machine.level[0].kept = {true, false, false};
  LoopNest nest = whole(p);
  nest.tile[0] = kOnes;
  nest.x[0][index(Loop::k)] = 4;
  nest.y[0][index(Loop::c)] = 3;
  const SpatialCost cost = evaluate(machine, p, nest);
  CHECK(cost.traffic[0][0].down == Approx(8 * 6));            // weights stay for all 10 rows
  CHECK(cost.traffic[0][1].down == Approx(6 * 10 * 2));       // two folds over filters
  CHECK(cost.traffic[0][1].delivered == Approx(8 * 6 * 10));  // one for each MAC
  CHECK(cost.traffic[0][2].up == Approx(8 * 10 * 2));         // two folds over channels
  CHECK(cost.traffic[0][2].down == Approx(8 * 10));
}

TEST_CASE("energy of a nest is the sum of its parts and goes with the energy of an access") {
  LoopProblem p;
  p.extent = {1, 1, 16, 8, 6, 6, 3, 3};
  p.bits = {8, 8, 8};
  p.backing_bits = p.bits;
  p.partial_bits = 32;
  p.input_rows = p.input_cols = 8;
  NestMachine machine = two_levels();
  machine.level[1].read_energy.fill(1);
  LoopNest nest = whole(p);
  nest.tile[0] = {1, 1, 4, 2, 1, 1, 3, 3};
  const SpatialCost cost = evaluate(machine, p, nest);
  // Reads of the buffer by the PE, and finished sums on their way out (32 bits on chip).
  const double expected = 8 * (cost.traffic[0][0].down + cost.traffic[0][1].down) +
                          32 * cost.traffic[0][2].down + 32 * cost.traffic[1][2].collected;
  CHECK(cost.scratchpad_joules == Approx(expected));
  CHECK(cost.joules() == Approx(expected));
}
