#include "search/contraction/heuristics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include "core/random.h"
#include "search/contraction/anneal.h"
#include "search/contraction/bit_network.h"
#include "search/contraction/contraction_tree.h"
#include "search/contraction/cpu_budget.h"
#include "search/contraction/greedy.h"
#include "search/contraction/in_arena.h"
#include "search/contraction/partition.h"
#include "search/contraction/random_greedy.h"
#include "search/contraction/reconfigure.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;

constexpr std::int64_t kTrialsOfRound = 8;
// Of one step in a sweep of annealing, measured; with a price that is called through a pointer.
constexpr double kVisitSeconds = 1e-7;
constexpr double kCustomVisitSeconds = 3e-7;
constexpr double kSweepsOfTerm = 50;      // of a long annealing: more gain little, see bench/
constexpr std::size_t kLarge = 250;       // terms from which on there is a tournament
constexpr std::size_t kEntrants = 16;     // of a tournament, a power of 2
constexpr double kTournamentShare = 0.8;  // of the CPU time
constexpr std::int32_t kFirstSweeps = 200;
constexpr std::size_t kLeaves = 8;

struct Trial {
  OrderValue value{.total = std::numeric_limits<double>::infinity(),
                   .cost = std::numeric_limits<double>::infinity()};
  ContractionOrder order;
  OrderMethod method{};
  [[nodiscard]] bool better_than(const Trial& other) const {
    return value.cost != other.value.cost ? value.cost < other.value.cost
                                          : value.total < other.value.total;
  }
};

/// What a trial does.
struct Plan {
  OrderMethod start{OrderMethod::random_greedy};
  std::int32_t sweeps{};  ///< of annealing
  double hot{1};
  double cold{0.05};
  std::int32_t random_sweeps{};  ///< of windows
  std::size_t leaves{kLeaves};
  bool windows{true};
  const ContractionOrder* from{};  ///< takes the place of `start`
};

class Portfolio {
 public:
  Portfolio(const models::TensorNetwork& network, const HeuristicOptions& options)
      : options_(options), bits_(bit_network(network)), budget_(options.cpu_seconds) {}

  HeuristicResult all() {
    const std::size_t terms = bits_.terms;
    first_trial();
    if (terms <= WindowSolver::kMost) {
      return result(false);  // the window was the whole tree
    }
    if (terms >= kLarge && !budget_.spent()) {
      tournament();
    }
    std::int64_t last_gain = 0;
    std::int64_t round = 0;
    for (; !budget_.spent(); ++round) {
      if (round > 12 + 4 * last_gain) {
        return result(false);
      }
      if (run_round(round)) {
        last_gain = round;
      }
    }
    return result(true);
  }

  HeuristicResult one(OrderMethod method) {
    switch (method) {
      case OrderMethod::automatic:
      case OrderMethod::optimal:
        return all();
      case OrderMethod::greedy:
      case OrderMethod::random_greedy: {
        auto found = random_greedy(bits_, options_.price,
                                   {.runs = method == OrderMethod::greedy ? 1 : 4096,
                                    .keep = 1,
                                    .seed = options_.seed,
                                    .threads = options_.threads},
                                   budget_);
        keep(finish(ContractionTree(bits_, found.front().order, options_.price), method));
        break;
      }
      case OrderMethod::reconfigure:
        first_trial();
        break;
      case OrderMethod::anneal: {
        const std::int32_t sweeps = whole(std::min(longest(), sweeps_in(0.1)));
        keep_all(run_trials(0, std::vector<Plan>(8, {.start = OrderMethod::random_greedy,
                                                     .sweeps = sweeps,
                                                     .random_sweeps = 0})));
        break;
      }
      case OrderMethod::partition:
        keep_all(run_trials(
            0, std::vector<Plan>(
                   32, {.start = OrderMethod::partition, .sweeps = 0, .random_sweeps = 2})));
        break;
    }
    if (!found_) {
      first_trial();  // no time for any other
    }
    best_.method = method;
    return result(budget_.spent());
  }

 private:
  HeuristicResult result(bool out_of_time) {
    return {.order = std::move(best_.order),
            .cost = best_.value.cost,
            .method = best_.method,
            .trials = trials_,
            .out_of_time = out_of_time};
  }

  bool keep(Trial trial) {
    // The first one is kept whatever it costs: there is always an order.
    if (found_ && !trial.better_than(best_)) {
      return false;
    }
    best_ = std::move(trial);
    found_ = true;
    return true;
  }

  [[nodiscard]] Trial finish(const ContractionTree& tree, OrderMethod method) const {
    Trial trial{.value = {}, .order = tree.order(), .method = method};
    // Annealing divides sizes: what counts is computed from the order again.
    trial.value = value_of(ContractionTree(bits_, trial.order, options_.price), options_.price);
    return trial;
  }

  [[nodiscard]] std::unique_ptr<Reconfigurer> reconfigurer(std::size_t leaves,
                                                           std::int32_t random_sweeps) const {
    return std::make_unique<Reconfigurer>(
        bits_, options_.price,
        ReconfigureOptions{.leaves = leaves,
                           .outer_products = options_.outer_products,
                           .random_sweeps = random_sweeps});
  }

  /// Greedy and its windows: an answer however little time there is.
  void first_trial() {
    CpuBudget::Use use(budget_);
    GreedySearch greedy(bits_);
    Rng rng(derive_seed(options_.seed, "first"));
    if (bits_.terms > 1) {
      (void)greedy.run(GreedyChoice{}, rng, FlopsPrice{});
    }
    ++trials_;
    ContractionTree tree(bits_, greedy.order(), options_.price);
    keep(finish(tree, OrderMethod::greedy));
    if (bits_.terms > 2) {
      const bool whole = bits_.terms <= WindowSolver::kMost;
      reconfigurer(whole ? bits_.terms : kLeaves, 0)->run(tree, rng, use);
      keep(finish(tree, OrderMethod::reconfigure));
    }
  }

  /// Sweeps of annealing that fill a share of the CPU time.
  [[nodiscard]] double sweeps_in(double share) const {
    const double visit = options_.price.custom ? kCustomVisitSeconds : kVisitSeconds;
    return share * options_.cpu_seconds / (static_cast<double>(bits_.terms) * visit);
  }
  [[nodiscard]] static std::int32_t whole(double sweeps) {
    return static_cast<std::int32_t>(std::clamp(sweeps, 1.0 * kFirstSweeps, 1e6));
  }
  [[nodiscard]] double longest() const { return kSweepsOfTerm * static_cast<double>(bits_.terms); }

  bool run_round(std::int64_t round) {
    return keep_all(run_trials(round, bits_.terms < kLarge ? many(round) : warm(round)));
  }

  [[nodiscard]] std::vector<Plan> many(std::int64_t round) const {
    std::vector<Plan> plans;
    for (std::int64_t i = 0; i < kTrialsOfRound; ++i) {
      Rng rng(derive_seed(options_.seed, "plan", static_cast<std::uint64_t>(round),
                          static_cast<std::uint64_t>(i)));
      Plan plan{.random_sweeps = 2};
      // Rounds grow longer, as far as four of them fit the time.
      const double doubled =
          kFirstSweeps * std::exp2(static_cast<double>(std::min<std::int64_t>(round, 20)));
      plan.sweeps = whole(
          std::min({longest(), doubled, sweeps_in(0.25) / static_cast<double>(kTrialsOfRound)}));
      plan.cold = 0.03 * std::exp2(2.5 * rng.uniform01());  // 0.03 ... 0.17
      if (i % 4 == 3 || (round > 2 && i % 4 == 2)) {
        plan.start = OrderMethod::anneal;                 // the best so far, warmed up
        plan.hot = 0.1 * std::exp2(3 * rng.uniform01());  // 0.1 ... 0.8
      } else {
        plan.start = i % 2 == 0 ? OrderMethod::random_greedy : OrderMethod::partition;
        plan.hot = 0.5 * std::exp2(3 * rng.uniform01());  // 0.5 ... 4
      }
      plans.push_back(plan);
    }
    return plans;
  }

  /// The best so far, warmed up.
  [[nodiscard]] std::vector<Plan> warm(std::int64_t round) const {
    std::vector<Plan> plans(2);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      Rng rng(derive_seed(options_.seed, "warm", static_cast<std::uint64_t>(round), i));
      plans[i] = {.start = OrderMethod::anneal,
                  .sweeps = whole(sweeps_in(0.04)),
                  .hot = 0.1 * std::exp2(2 * rng.uniform01()),  // 0.1 ... 0.4
                  .cold = 0.08};
    }
    return plans;
  }

  /// For large networks, whose upper steps hardly change once they have cooled down: many starts
  /// are annealed shortly, the better half of them twice as long, and so on down to one.
  void tournament() {
    std::vector<Plan> plans(kEntrants);
    for (std::size_t i = 0; i < kEntrants; ++i) {
      plans[i].start = i % 8 == 7 ? OrderMethod::random_greedy : OrderMethod::partition;
    }
    std::vector<Trial> pool;
    const auto stages = static_cast<double>(std::bit_width(kEntrants));
    for (std::int64_t stage = 0;; ++stage) {
      for (std::size_t i = 0; i < plans.size(); ++i) {
        Plan& plan = plans[i];
        plan.sweeps =
            whole(sweeps_in(kTournamentShare / stages) / static_cast<double>(plans.size()));
        plan.hot = stage == 0 ? 0.7 : 0.3;
        plan.cold = 0.1;
        plan.windows = plans.size() <= 2;
        plan.from = stage == 0 ? nullptr : &pool[i].order;
      }
      constexpr std::int64_t kStage = std::int64_t{1} << 32U;  // apart from the rounds' numbers
      std::vector<Trial> next = run_trials(kStage + stage, plans);
      for (std::size_t i = 0; i < next.size(); ++i) {
        if (stage > 0 && !next[i].better_than(pool[i])) {
          next[i] = pool[i];
        }
      }
      pool = std::move(next);
      std::ranges::stable_sort(pool,
                               [](const Trial& a, const Trial& b) { return a.better_than(b); });
      keep_all({pool.front()});
      if (budget_.spent() || pool.size() == 1) {
        return;
      }
      pool.resize(pool.size() / 2);
      plans.resize(pool.size());
      for (std::size_t i = 0; i < plans.size(); ++i) {
        plans[i].start = pool[i].method;
      }
    }
  }

  [[nodiscard]] std::vector<Trial> run_trials(std::int64_t round, const std::vector<Plan>& plans) {
    struct Work {
      std::unique_ptr<Reconfigurer> reconfigurer;
    };
    std::vector<Trial> trials(plans.size());
    const auto run = [&](Work& work, std::size_t i) {
      if (budget_.spent()) {
        return;
      }
      if (!work.reconfigurer) {
        work.reconfigurer = reconfigurer(plans[i].leaves, plans[i].random_sweeps);
      }
      Rng rng(derive_seed(options_.seed, "trial", static_cast<std::uint64_t>(round), i));
      trials[i] = run_trial(plans[i], *work.reconfigurer, rng);
    };
    if (options_.threads <= 1) {
      Work work;
      for (std::size_t i = 0; i < plans.size(); ++i) {
        run(work, i);
      }
    } else {
      oneapi::tbb::enumerable_thread_specific<Work> works;
      in_arena(options_.threads, [&] {
        oneapi::tbb::parallel_for(std::size_t{0}, plans.size(),
                                  [&](std::size_t i) { run(works.local(), i); });
      });
    }
    trials_ += std::ranges::count_if(
        trials, [](const Trial& trial) { return std::isfinite(trial.value.cost); });
    return trials;
  }

  bool keep_all(std::vector<Trial> trials) {
    bool gained = false;
    for (Trial& trial : trials) {
      if (std::isfinite(trial.value.cost)) {  // it was started in time
        gained = keep(std::move(trial)) || gained;
      }
    }
    return gained;
  }

  Trial run_trial(const Plan& plan, Reconfigurer& windows, Rng& rng) {
    CpuBudget::Use use(budget_);
    ContractionTree tree(bits_, start(plan, rng), options_.price);
    if (plan.sweeps > 0) {
      anneal(tree, options_.price,
             {.hot = plan.hot,
              .cold = plan.cold,
              .sweeps = plan.sweeps,
              .outer_products = options_.outer_products},
             rng, use);
      tree = ContractionTree(bits_, tree.order(), options_.price);
    }
    if (plan.windows) {
      windows.run(tree, rng, use);
    }
    return finish(tree, plan.start);
  }

  ContractionOrder start(const Plan& plan, Rng& rng) {
    if (plan.from != nullptr) {
      return *plan.from;
    }
    if (plan.start == OrderMethod::anneal) {
      return best_.order;
    }
    if (plan.start == OrderMethod::partition) {
      const PartitionChoice choice = draw_partition(rng);
      return partition_order(bits_, choice, rng);
    }
    constexpr std::int64_t kRuns = 16;
    return random_greedy(bits_, options_.price, kRuns, rng()).order;
  }

  const HeuristicOptions& options_;
  BitNetwork bits_;
  CpuBudget budget_;
  Trial best_;
  bool found_{};
  std::int64_t trials_{};
};

}  // namespace

HeuristicResult best_heuristic_order(const models::TensorNetwork& network,
                                     const HeuristicOptions& options) {
  return Portfolio(network, options).all();
}

HeuristicResult heuristic_order(const models::TensorNetwork& network, OrderMethod method,
                                const HeuristicOptions& options) {
  return Portfolio(network, options).one(method);
}

}  // namespace cairn::search
