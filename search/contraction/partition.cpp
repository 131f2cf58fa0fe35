#include "search/contraction/partition.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include <metis.h>

#include "core/error.h"
#include "search/contraction/step_list.h"

namespace cairn::search {
namespace {

using Terms = std::vector<std::int32_t>;

/// Links of a part: an index is one link between each two of its terms, or a chain.
struct Graph {
  std::vector<idx_t> start;
  std::vector<idx_t> neighbour;
  std::vector<idx_t> weight;
};

constexpr double kWeightOfBit = 64;        // METIS takes whole weights
constexpr std::int32_t kMostInClique = 8;  // beyond, an index is a chain

/// One call at a time: METIS draws from rand() of the C library.
std::mutex& metis_turn() {
  static std::mutex turn;
  return turn;
}

class Bisection {
 public:
  Bisection(const BitNetwork& network, const PartitionChoice& choice, Rng& rng)
      : network_(network),
        choice_(choice),
        rng_(rng),
        steps_(network),
        holders_(network.indices()) {}

  models::ContractionOrder run() {
    Terms all(network_.terms);
    std::iota(all.begin(), all.end(), 0);
    contract(pieces(all));
    return steps_.order();
  }

 private:
  /// The tensor of each piece, then that of all of them.
  std::int32_t contract(const std::vector<Terms>& parts) {
    std::vector<std::int32_t> tensors;
    tensors.reserve(parts.size());
    for (const Terms& part : parts) {
      tensors.push_back(contract(part));
    }
    return steps_.join_all(std::move(tensors));
  }

  /// \p part is connected.
  std::int32_t contract(const Terms& part) {
    if (part.size() <= choice_.small) {
      return steps_.join_all(part);
    }
    std::vector<Terms> parts;
    for (const Terms& half : bisect(part)) {
      for (Terms& piece : pieces(half)) {
        parts.push_back(std::move(piece));
      }
    }
    return contract(parts);
  }

  /// The connected pieces of a set of terms, in the order of their first terms.
  std::vector<Terms> pieces(const Terms& part) {
    collect(part);
    std::vector<std::int32_t> piece_of(part.size(), -1);
    std::vector<Terms> found;
    std::vector<std::size_t> open;
    for (std::size_t first = 0; first < part.size(); ++first) {
      if (piece_of[first] >= 0) {
        continue;
      }
      const auto piece = static_cast<std::int32_t>(found.size());
      found.emplace_back();
      open.assign(1, first);
      piece_of[first] = piece;
      while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        found.back().push_back(part[at]);
        for_bits(network_.legs_of(static_cast<std::size_t>(part[at])), [&](std::size_t index) {
          for (const std::int32_t other : holders_[index]) {
            if (std::exchange(piece_of[static_cast<std::size_t>(other)], piece) < 0) {
              open.push_back(static_cast<std::size_t>(other));
            }
          }
          holders_[index].clear();  // all of them are reached
        });
      }
      std::ranges::sort(found.back());
    }
    release();
    return found;
  }

  /// Fills holders_ with the places in \p part of the terms of each index.
  void collect(const Terms& part) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      for_bits(network_.legs_of(static_cast<std::size_t>(part[i])), [&](std::size_t index) {
        if (holders_[index].empty()) {
          touched_.push_back(index);
        }
        holders_[index].push_back(static_cast<std::int32_t>(i));
      });
    }
  }
  void release() {
    for (const std::size_t index : touched_) {
      holders_[index].clear();
    }
    touched_.clear();
  }

  Graph graph(const Terms& part) {
    collect(part);
    std::vector<std::tuple<std::int32_t, std::int32_t, double>> links;
    for (const std::size_t index : touched_) {
      const auto& holders = holders_[index];
      const auto count = static_cast<std::int32_t>(holders.size());
      if (count < 2) {
        continue;
      }
      const bool clique = choice_.cliques && count <= kMostInClique;
      const double bits = std::log2(network_.size[index]) * kWeightOfBit /
                          (clique ? static_cast<double>(count - 1) : 1.0);
      for (std::int32_t i = 0; i < count; ++i) {
        const std::int32_t end = clique ? count : std::min(count, i + 2);
        for (std::int32_t j = i + 1; j < end; ++j) {
          const std::int32_t a = holders[static_cast<std::size_t>(i)];
          const std::int32_t b = holders[static_cast<std::size_t>(j)];
          links.emplace_back(a, b, bits);
          links.emplace_back(b, a, bits);
        }
      }
    }
    release();
    std::ranges::sort(links);
    Graph graph;
    std::int32_t at = -1;
    for (std::size_t i = 0; i < links.size();) {
      const auto [from, to, unused] = links[i];
      double bits = 0;
      for (; i < links.size() && std::get<0>(links[i]) == from && std::get<1>(links[i]) == to;
           ++i) {
        bits += std::get<2>(links[i]);
      }
      for (; at < from; ++at) {
        graph.start.push_back(static_cast<idx_t>(graph.neighbour.size()));
      }
      graph.neighbour.push_back(to);
      graph.weight.push_back(static_cast<idx_t>(std::max(1.0, std::round(bits))));
    }
    while (graph.start.size() < part.size() + 1) {
      graph.start.push_back(static_cast<idx_t>(graph.neighbour.size()));
    }
    return graph;
  }

  std::array<Terms, 2> bisect(const Terms& part) {
    Graph links = graph(part);
    auto count = static_cast<idx_t>(part.size());
    idx_t constraints = 1;
    idx_t parts = 2;
    idx_t cut = 0;
    std::vector<idx_t> side(part.size());
    std::array<idx_t, METIS_NOPTIONS> options{};
    METIS_SetDefaultOptions(options.data());
    options[METIS_OPTION_SEED] = static_cast<idx_t>(rng_.uniform_int(0, (1 << 30) - 1));
    options[METIS_OPTION_UFACTOR] =
        std::max<idx_t>(1, static_cast<idx_t>(std::lround(choice_.imbalance * 1000)));
    int status = METIS_OK;
    {
      const std::scoped_lock turn(metis_turn());
      status = METIS_PartGraphRecursive(
          &count, &constraints, links.start.data(), links.neighbour.data(), nullptr, nullptr,
          links.weight.data(), &parts, nullptr, nullptr, options.data(), &cut, side.data());
    }
    CAIRN_CHECK(status == METIS_OK, "METIS bisects a graph that is well formed");
    std::array<Terms, 2> halves;
    for (std::size_t i = 0; i < part.size(); ++i) {
      halves[side[i] == 0 ? 0 : 1].push_back(part[i]);
    }
    if (halves[0].empty() || halves[1].empty()) {
      // A cut that leaves all on one side is no cut: any two halves end the recursion.
      const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
      halves = {Terms(part.begin(), middle), Terms(middle, part.end())};
    }
    return halves;
  }

  const BitNetwork& network_;
  const PartitionChoice& choice_;
  Rng& rng_;
  StepList steps_;
  std::vector<std::vector<std::int32_t>> holders_;
  std::vector<std::size_t> touched_;
};

}  // namespace

PartitionChoice draw_partition(Rng& rng) {
  PartitionChoice choice;
  choice.imbalance = 0.01 + 0.99 * rng.uniform01();
  choice.cliques = rng.uniform_int(0, 1) == 0;
  choice.small = static_cast<std::size_t>(rng.uniform_int(4, 16));
  return choice;
}

models::ContractionOrder partition_order(const BitNetwork& network, const PartitionChoice& choice,
                                         Rng& rng) {
  if (network.terms <= 1) {
    return {};
  }
  return Bisection(network, choice, rng).run();
}

}  // namespace cairn::search
