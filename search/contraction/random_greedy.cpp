#include "search/contraction/random_greedy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include "core/random.h"
#include "search/contraction/greedy.h"
#include "search/contraction/in_arena.h"

namespace cairn::search {
namespace {

constexpr std::int64_t kBlock = 32;  // runs between two looks at the budget

/// Orders by total, then by run: what is kept does not depend on which thread came first.
struct Kept {
  double total{};
  std::int64_t run{};
  models::ContractionOrder order;
};

class Shelf {
 public:
  explicit Shelf(std::size_t size) : size_(size) {}
  [[nodiscard]] double limit() const {
    return kept_.size() < size_ ? std::numeric_limits<double>::infinity() : kept_.back().total;
  }
  void add(double total, std::int64_t run, const models::ContractionOrder& order) {
    const auto at = std::ranges::lower_bound(kept_, total, {}, &Kept::total);
    if (at != kept_.end() && at->total == total) {
      if (run < at->run) {
        at->run = run;
        at->order = order;
      }
      return;
    }
    if (kept_.size() == size_) {
      if (at == kept_.end()) {
        return;
      }
      // The slot that falls out is used again, with the memory of its order.
      Kept& last = kept_.back();
      last.total = total;
      last.run = run;
      last.order = order;
      std::rotate(at, kept_.end() - 1, kept_.end());
      return;
    }
    kept_.insert(at, Kept{.total = total, .run = run, .order = order});
  }
  [[nodiscard]] const std::vector<Kept>& kept() const { return kept_; }

 private:
  std::size_t size_;
  std::vector<Kept> kept_;
};

template <class Price>
void one_run(GreedySearch& search, Shelf& shelf, const Price& price, std::uint64_t seed,
             std::int64_t run) {
  Rng rng(derive_seed(seed, "greedy", static_cast<std::uint64_t>(run)));
  GreedyChoice choice;
  if (run > 0) {
    choice.alpha = 0.1 + 3.9 * rng.uniform01();
    choice.temperature = std::exp2(-10 * rng.uniform01());  // 2^-10 ... 1
  }
  const auto total = search.run(choice, rng, price, shelf.limit());
  if (total) {
    shelf.add(*total, run, search.order());
  }
}

}  // namespace

std::vector<FoundOrder> random_greedy(const BitNetwork& network, const OrderPrice& price,
                                      const RandomGreedyOptions& options, CpuBudget& budget) {
  struct Local {
    GreedySearch search;
    Shelf shelf;
  };
  Shelf best(options.keep);
  with_price(price, [&](const auto& step_cost) {
    const auto block = [&](Local& local, std::int64_t begin, std::int64_t end) {
      const CpuBudget::Use use(budget);
      for (std::int64_t run = begin; run < end; ++run) {
        one_run(local.search, local.shelf, step_cost, options.seed, run);
      }
    };
    Local first{.search = GreedySearch(network), .shelf = Shelf(options.keep)};
    block(first, 0, 1);
    if (options.threads <= 1) {
      for (std::int64_t run = 1; run < options.runs && !budget.spent(); run += kBlock) {
        block(first, run, std::min(run + kBlock, options.runs));
      }
      best = first.shelf;
      return;
    }
    oneapi::tbb::enumerable_thread_specific<Local> locals(first);
    in_arena(options.threads, [&] {
      oneapi::tbb::parallel_for(oneapi::tbb::blocked_range<std::int64_t>(1, options.runs, kBlock),
                                [&](const oneapi::tbb::blocked_range<std::int64_t>& range) {
                                  for (std::int64_t run = range.begin();
                                       run < range.end() && !budget.spent(); run += kBlock) {
                                    block(locals.local(), run, std::min(run + kBlock, range.end()));
                                  }
                                });
    });
    for (const Kept& kept : first.shelf.kept()) {
      best.add(kept.total, kept.run, kept.order);
    }
    for (const Local& local : locals) {
      for (const Kept& kept : local.shelf.kept()) {
        best.add(kept.total, kept.run, kept.order);
      }
    }
  });
  std::vector<FoundOrder> found;
  for (const Kept& kept : best.kept()) {
    found.push_back({.total = kept.total, .order = kept.order});
  }
  return found;
}

FoundOrder random_greedy(const BitNetwork& network, const OrderPrice& price, std::int64_t runs,
                         std::uint64_t seed) {
  CpuBudget unlimited(std::numeric_limits<std::int32_t>::max());
  return random_greedy(network, price, {.runs = runs, .keep = 1, .seed = seed, .threads = 1},
                       unlimited)
      .front();
}

}  // namespace cairn::search
