#include "search/contraction/heuristics.h"

#include <algorithm>
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
constexpr double kVisitSeconds = 1e-7;  // of one step in a sweep of annealing, measured
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
        const std::int32_t sweeps = most_sweeps();
        run_trials(
            0, std::vector<Plan>(
                   8, {.start = OrderMethod::random_greedy, .sweeps = sweeps, .random_sweeps = 0}));
        break;
      }
      case OrderMethod::partition:
        run_trials(0, std::vector<Plan>(
                          32, {.start = OrderMethod::partition, .sweeps = 0, .random_sweeps = 2}));
        break;
    }
    if (trials_ == 0) {
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
    if (trials_++ > 0 && !trial.better_than(best_)) {
      return false;
    }
    best_ = std::move(trial);
    return true;
  }

  Trial finish(const ContractionTree& tree, OrderMethod method) const {
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
    ContractionTree tree(bits_, greedy.order(), options_.price);
    keep(finish(tree, OrderMethod::greedy));
    if (bits_.terms > 2) {
      const bool whole = bits_.terms <= WindowSolver::kMost;
      reconfigurer(whole ? bits_.terms : kLeaves, 0)->run(tree, rng, use);
      keep(finish(tree, OrderMethod::reconfigure));
    }
  }

  /// Sweeps of a long annealing: a round takes at most a quarter of the time.
  [[nodiscard]] std::int32_t most_sweeps() const {
    const auto terms = static_cast<double>(bits_.terms);
    const double in_time =
        options_.cpu_seconds / 4 / (static_cast<double>(kTrialsOfRound) * terms * kVisitSeconds);
    return static_cast<std::int32_t>(
        std::clamp(std::min(50 * terms, in_time), 1.0 * kFirstSweeps, 1e6));
  }

  bool run_round(std::int64_t round) {
    const std::int32_t sweeps = static_cast<std::int32_t>(
        std::min<double>(most_sweeps(), kFirstSweeps * std::exp2(static_cast<double>(round))));
    std::vector<Plan> plans;
    for (std::int64_t i = 0; i < kTrialsOfRound; ++i) {
      Rng rng(derive_seed(options_.seed, "plan", static_cast<std::uint64_t>(round),
                          static_cast<std::uint64_t>(i)));
      Plan plan{.sweeps = sweeps, .random_sweeps = 2};
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
    return run_trials(round, plans);
  }

  bool run_trials(std::int64_t round, const std::vector<Plan>& plans) {
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
    windows.run(tree, rng, use);
    return finish(tree, plan.start);
  }

  ContractionOrder start(const Plan& plan, Rng& rng) {
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
