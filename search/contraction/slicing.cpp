#include "search/contraction/slicing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "models/tensor_network/execute.h"
#include "search/contraction/bit_network.h"
#include "search/contraction/contraction_tree.h"
#include "search/contraction/cpu_budget.h"
#include "search/contraction/heuristics.h"
#include "search/contraction/reconfigure.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::IndexId;
using models::TensorNetwork;

constexpr std::size_t kCandidates = 64;  // indices that are tried at a time

/// What taking one more index out of a group does.
struct Cut {
  std::size_t group{};
  double factor{};  ///< size of the index
  double total{};   ///< multiplications of a slice
  double peak{};
};

/// A tree over a network whose groups of indices shrink.
class Slicer {
 public:
  Slicer(const TensorNetwork& network, const BitNetwork& whole, ContractionOrder order,
         const SlicingOptions& options, CpuBudget& budget, Rng rng)
      : network_(network),
        bits_(whole),
        order_(std::move(order)),
        options_(options),
        budget_(budget),
        rng_(rng),
        members_(whole.indices()) {
    for (std::size_t i = 0; i < whole.group.size(); ++i) {
      // An index of one value cuts nothing.
      if (whole.group[i] >= 0 && network.indices[i].size > 1) {
        members_[static_cast<std::size_t>(whole.group[i])].push_back(static_cast<IndexId>(i));
      }
    }
    for (auto& group : members_) {
      // Small ones first: taken from the back.
      std::ranges::sort(group, [&](IndexId a, IndexId b) {
        return size_of(a) != size_of(b) ? size_of(a) > size_of(b) : a > b;
      });
    }
  }

  /// An order within the limit, which some slicing must meet.
  OrderInSlices run(double noise) {
    CpuBudget::Use use(budget_);
    Reconfigurer windows(bits_, {}, {.outer_products = options_.outer_products});
    reorder(windows, use);
    while (peak_ > options_.most_elements) {
      const std::optional<Cut> cut = choose(noise);
      CAIRN_CHECK(cut.has_value(), "a limit that all slices meet is met by some");
      take(cut->group);
      reorder(windows, use);
    }
    put_back();
    OrderInSlices result{.sliced = sliced_,
                         .slices = slices_,
                         .order = order_,
                         .multiplications = 0,
                         .overhead = 1,
                         .peak = 0};
    std::ranges::sort(result.sliced);
    const models::OrderCost cost =
        models::cost_of(models::without_indices(network_, result.sliced), order_);
    result.multiplications = cost.multiplications * slices_;
    result.peak = cost.peak;
    return result;
  }

 private:
  [[nodiscard]] double size_of(IndexId index) const {
    return static_cast<double>(network_.indices[static_cast<std::size_t>(index)].size);
  }

  void take(std::size_t group) {
    const IndexId index = members_[group].back();
    members_[group].pop_back();
    sliced_.push_back(index);
    slices_ *= size_of(index);
    resize(group, 1 / size_of(index));
  }

  void resize(std::size_t group, double factor) {
    bits_.size[group] = std::round(bits_.size[group] * factor);
    for (std::size_t t = 0; t < bits_.terms; ++t) {
      bits_.term_size[t] = product(bits_, bits_.legs_of(t));
    }
  }

  /// Reorders windows, and keeps what promises the fewest multiplications at the limit: the order
  /// as it was, the same tree with its subtrees in an order of small peak, or the new tree.
  void reorder(Reconfigurer& windows, CpuBudget::Use& use) {
    ContractionTree tree(bits_, order_, {});
    std::array<ContractionOrder, 3> orders{order_, tree.order(), {}};
    windows.run(tree, rng_, use);
    orders[2] = tree.order();
    std::size_t best = 0;
    double best_score = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < orders.size(); ++i) {
      order_ = orders[i];
      measure();
      // Twice the limit takes two slices, which repeat about the square root of the work.
      const double score =
          std::log2(total_) + 0.5 * std::log2(std::max(1.0, peak_ / options_.most_elements));
      if (score < best_score) {
        best = i;
        best_score = score;
      }
    }
    order_ = std::move(orders[best]);
    measure();
  }

  /// Sizes of all tensors, multiplications, and the peak with what is alive there.
  void measure() {
    const ContractionTree tree(bits_, order_, {});
    total_ = tree.total();
    with_.assign(bits_.indices(), 0);
    legs_.clear();
    size_.clear();
    for (std::size_t i = 0; i < tree.size(); ++i) {
      const auto id = static_cast<std::int32_t>(i);
      size_.push_back(tree.node(id).size);
      const BitView legs = tree.legs(id);
      legs_.insert(legs_.end(), legs.begin(), legs.end());
      if (!tree.is_term(id)) {
        const BitView left = tree.legs(tree.node(id).left);
        const BitView right = tree.legs(tree.node(id).right);
        for (std::size_t w = 0; w < bits_.words; ++w) {
          const std::uint64_t both = left[w] | right[w];
          for_bits(BitView(&both, 1),
                   [&](std::size_t bit) { with_[w * 64 + bit] += tree.node(id).price; });
        }
      }
    }
    peak_ = walk(bits_.indices(), 1, &peak_step_);
  }

  /// The peak when one index of \p factor values is taken out of \p group (none if it is past the
  /// end), and the step where it is.
  double walk(std::size_t group, double factor, std::size_t* step) const {
    const auto size = [&](std::int32_t tensor) {
      const auto at = static_cast<std::size_t>(tensor);
      const bool has = group < bits_.indices() &&
                       (legs_[at * bits_.words + group / 64] >> (group % 64) & 1U) != 0;
      return has ? size_[at] / factor : size_[at];
    };
    double alive = 0;
    for (std::size_t t = 0; t < bits_.terms; ++t) {
      alive += size(static_cast<std::int32_t>(t));
    }
    double peak = alive;
    if (step != nullptr) {
      *step = 0;
    }
    for (std::size_t s = 0; s < order_.size(); ++s) {
      const double made = size(static_cast<std::int32_t>(bits_.terms + s));
      if (alive + made > peak) {
        peak = alive + made;
        if (step != nullptr) {
          *step = s;
        }
      }
      alive += made - size(order_[s].first) - size(order_[s].second);
    }
    return peak;
  }

  /// Elements of the tensors alive at the peak that have each index.
  [[nodiscard]] std::vector<double> at_peak() const {
    std::vector<char> used(size_.size(), 0);
    for (std::size_t s = 0; s < peak_step_; ++s) {
      used[static_cast<std::size_t>(order_[s].first)] = 1;
      used[static_cast<std::size_t>(order_[s].second)] = 1;
    }
    std::vector<double> held(bits_.indices(), 0);
    for (std::size_t i = 0; i <= bits_.terms + peak_step_ && i < size_.size(); ++i) {
      if (used[i] == 0) {
        for_bits(BitView(legs_).subspan(i * bits_.words, bits_.words),
                 [&](std::size_t group) { held[group] += size_[i]; });
      }
    }
    return held;
  }

  std::optional<Cut> choose(double noise) {
    const std::vector<double> held = at_peak();
    std::vector<std::size_t> groups;
    for (std::size_t g = 0; g < bits_.indices(); ++g) {
      if (!members_[g].empty() && held[g] > 0) {
        groups.push_back(g);
      }
    }
    std::ranges::sort(groups, [&](std::size_t a, std::size_t b) {
      return held[a] != held[b] ? held[a] > held[b] : a < b;
    });
    if (groups.size() > kCandidates) {
      groups.resize(kCandidates);
    }
    std::optional<Cut> best;
    double best_score = std::numeric_limits<double>::infinity();
    for (const std::size_t group : groups) {
      Cut cut{.group = group, .factor = size_of(members_[group].back()), .total = 0, .peak = 0};
      cut.total = total_ - with_[group] + with_[group] / cut.factor;
      cut.peak = walk(group, cut.factor, nullptr);
      const double paid = (total_ > 0 ? std::log2(cut.total * cut.factor / total_) : 0) + 1e-3;
      const double gained = std::log2(peak_ / std::max(cut.peak, options_.most_elements)) + 1e-9;
      const double score = paid / gained * std::exp(noise * rng_.normal());
      if (score < best_score) {
        best_score = score;
        best = cut;
      }
    }
    return best;
  }

  /// Indices that the limit allows to be whole again, the dearest first.
  void put_back() {
    for (bool again = true; again;) {
      again = false;
      std::size_t best = sliced_.size();
      double best_total = total_ * slices_;
      for (std::size_t i = 0; i < sliced_.size(); ++i) {
        const double factor = size_of(sliced_[i]);
        const auto group = group_of(sliced_[i]);
        if (walk(group, 1 / factor, nullptr) <= options_.most_elements) {
          const double total = (total_ - with_[group] + with_[group] * factor) * slices_ / factor;
          if (total <= best_total) {
            best_total = total;
            best = i;
          }
        }
      }
      if (best < sliced_.size()) {
        const IndexId index = sliced_[best];
        sliced_.erase(sliced_.begin() + static_cast<std::ptrdiff_t>(best));
        slices_ /= size_of(index);
        members_[group_of(index)].push_back(index);
        resize(group_of(index), size_of(index));
        measure();
        again = true;
      }
    }
  }

  [[nodiscard]] std::size_t group_of(IndexId index) const {
    return static_cast<std::size_t>(bits_.group[static_cast<std::size_t>(index)]);
  }

  const TensorNetwork& network_;
  BitNetwork bits_;
  ContractionOrder order_;
  const SlicingOptions& options_;
  CpuBudget& budget_;
  Rng rng_;
  std::vector<std::vector<IndexId>> members_;  ///< of each group, that are not sliced
  std::vector<IndexId> sliced_;
  double slices_{1};
  // By measure().
  std::vector<std::uint64_t> legs_;
  std::vector<double> size_;
  std::vector<double> with_;  ///< multiplications of the steps that each group is in
  double total_{};
  double peak_{};
  std::size_t peak_step_{};
};

}  // namespace

SlicingResult slice_order(const TensorNetwork& network, const ContractionOrder& order,
                          const SlicingOptions& options) {
  const std::size_t terms = network.terms.size();
  const double least = static_cast<double>(terms) + (terms > 1 ? 1 : 0);
  if (options.most_elements < least) {
    return SlicingRefusal{
        .reason = fmt::format("{} tensors need {} elements even when every index is sliced, {} "
                              "more than the limit of {}",
                              terms, least, least - options.most_elements, options.most_elements),
        .least_peak = least};
  }
  const models::OrderCost given = models::cost_of(network, order);
  if (given.peak <= options.most_elements) {
    return OrderInSlices{.sliced = {},
                         .slices = 1,
                         .order = order,
                         .multiplications = given.multiplications,
                         .overhead = 1,
                         .peak = given.peak};
  }
  const BitNetwork bits = bit_network(network);
  CpuBudget budget(options.cpu_seconds);
  std::vector<ContractionOrder> starts{order};
  if (terms > 2) {
    starts.push_back(
        best_heuristic_order(network, {.price = {.objective = OrderObjective::size, .custom = {}},
                                       .outer_products = options.outer_products,
                                       .cpu_seconds = options.cpu_seconds / 4,
                                       .seed = options.seed,
                                       .threads = 1})
            .order);
  }
  OrderInSlices best;
  best.multiplications = std::numeric_limits<double>::infinity();
  for (std::int64_t trial = 0; trial < options.trials && (trial == 0 || !budget.spent()); ++trial) {
    const auto number = static_cast<std::size_t>(trial);
    Slicer slicer(network, bits, starts[number % starts.size()], options, budget,
                  Rng(derive_seed(options.seed, "slicing", number)));
    const double noise = number < starts.size() ? 0 : 0.5;
    OrderInSlices found = slicer.run(noise);
    if (found.multiplications < best.multiplications) {
      best = std::move(found);
    }
  }
  best.overhead = given.multiplications > 0 ? best.multiplications / given.multiplications : 1;
  CAIRN_CHECK(best.peak <= options.most_elements, "a sliced order is within its limit");
  return best;
}

}  // namespace cairn::search
