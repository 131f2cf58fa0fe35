#include "search/contraction/anneal.h"

#include <bit>
#include <cmath>
#include <vector>

namespace cairn::search {
namespace {

template <class Price>
class Annealer {
 public:
  Annealer(ContractionTree& tree, const Price& price, bool outer_products, Rng& rng)
      : tree_(tree), price_(price), outer_products_(outer_products), rng_(rng) {}

  void sweep(double temperature) {
    const auto count = static_cast<std::int32_t>(tree_.size());
    for (auto node = static_cast<std::int32_t>(tree_.network().terms); node < count; ++node) {
      visit(node, temperature);
    }
  }

 private:
  struct Sizes {
    double united{};
    double result{};
  };

  /// Offers a step one of up to four others.
  void visit(std::int32_t top, double temperature) {
    const std::uint64_t draw = rng_();
    std::int32_t inner = tree_.node(top).left;
    std::int32_t third = tree_.node(top).right;
    if (tree_.is_term(inner) || (!tree_.is_term(third) && (draw & 1U) != 0)) {
      std::swap(inner, third);
    }
    if (tree_.is_term(inner)) {
      return;
    }
    std::int32_t first = tree_.node(inner).left;
    std::int32_t second = tree_.node(inner).right;
    if ((draw & 2U) != 0) {
      std::swap(first, second);
    }
    // ((first second) third) becomes ((first third) second).
    const std::size_t words = tree_.network().words;
    const BitView a = tree_.legs(first);
    const BitView b = tree_.legs(second);
    const BitView c = tree_.legs(third);
    const BitView above = tree_.legs(top);
    made_.resize(words);
    double shared = 1;   // of first and third
    double summed = 1;   // of these, indices that nobody else needs
    double meeting = 1;  // of their result and second
    bool inner_meets = outer_products_;
    bool outer_meets = outer_products_;
    const auto& size = tree_.network().size;
    const auto multiply = [&](double& into, std::size_t w, std::uint64_t set) {
      for (; set != 0; set &= set - 1) {
        into *= size[w * 64 + static_cast<std::size_t>(std::countr_zero(set))];
      }
    };
    for (std::size_t w = 0; w < words; ++w) {
      const std::uint64_t both = a[w] & c[w];
      const std::uint64_t left = (a[w] | c[w]) & (b[w] | above[w]);
      made_[w] = left;
      inner_meets = inner_meets || both != 0;
      outer_meets = outer_meets || (left & b[w]) != 0;
      multiply(shared, w, both);
      multiply(summed, w, both & ~left);
      multiply(meeting, w, left & b[w]);
    }
    if (!inner_meets || !outer_meets) {
      return;
    }
    const double united = tree_.node(first).size / shared * tree_.node(third).size;
    const double result = united / summed;
    const double inner_price = step_price(tree_, first, third, result, united, price_);
    const double top_size = tree_.node(top).size;
    const double top_price =
        price_(StepSizes{.first = result,
                         .second = tree_.node(second).size,
                         .result = top_size,
                         .united = result / meeting * tree_.node(second).size});
    const double before = tree_.node(inner).price + tree_.node(top).price;
    const double after = inner_price + top_price;
    const bool taken =
        after <= before || rng_.uniform01() < std::exp2(-std::log2(after / before) / temperature);
    if (!taken) {
      return;
    }
    tree_.set_children(inner, first, third);
    tree_.set_tensor(inner, made_, result, inner_price);
    tree_.set_children(top, inner, second);
    tree_.set_price(top, top_price);
  }

  ContractionTree& tree_;
  const Price& price_;
  bool outer_products_;
  Rng& rng_;
  std::vector<std::uint64_t> made_;
};

}  // namespace

void anneal(ContractionTree& tree, const OrderPrice& price, const AnnealOptions& options, Rng& rng,
            CpuBudget::Use& use) {
  with_price(price, [&](const auto& step_cost) {
    Annealer annealer(tree, step_cost, options.outer_products, rng);
    for (std::int32_t sweep = 0; sweep < options.sweeps && !use.spent(); ++sweep) {
      const double share =
          options.sweeps > 1 ? static_cast<double>(sweep) / static_cast<double>(options.sweeps - 1)
                             : 1.0;
      annealer.sweep(options.hot * std::pow(options.cold / options.hot, share));
    }
  });
}

}  // namespace cairn::search
