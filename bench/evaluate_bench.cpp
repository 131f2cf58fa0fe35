/// \file
/// The inner evaluation of a sweep, against the least that any evaluator must do.
///
///   evaluate_bench [STUDY]
///
/// Prints points per second of one thread over the first million points of a study, and the ratio
/// to a hand-written loop that only adds up ready prices of as many operators. Ratios travel
/// between machines; rates do not.

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/study.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

/// Adds latency and energy of \p operators ready prices for each of \p points points.
double minimal_loop(std::uint64_t points, std::size_t operators) {
  struct Price {
    double fill, busy, drain, dram, compute, memory;
  };
  constexpr std::size_t kMachines = 1024;
  std::vector<Price> prices(kMachines * operators);
  for (std::size_t i = 0; i < prices.size(); ++i) {
    const auto x = static_cast<double>(i % 97);
    prices[i] = {x, 2 * x, x, 3 * x, x, x};
  }
  double sink = 0;
  for (std::uint64_t p = 0; p < points; ++p) {
    const Price* row = &prices[(p % kMachines) * operators];
    double latency = 0;
    double energy = 0;
    for (std::size_t o = 0; o < operators; ++o) {
      latency += row[o].fill + row[o].busy + row[o].drain;
      energy += row[o].dram + row[o].compute + row[o].memory;
    }
    sink += latency * 1e-9 + energy * 1e-12;
  }
  return sink;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  const std::string file = argc > 1 ? arguments[1] : "configs/studies/sweep_million.yaml";
  const cairn::app::Study study(file, {});
  const auto model = study.make_model();
  constexpr std::uint64_t kMost = 1U << 20U;
  const auto size = static_cast<std::uint64_t>(
      study.space().size() < kMost ? study.space().size() : cairn::search::Rank{kMost});
  std::vector<std::uint32_t> point(study.space().knobs().size());
  std::vector<double> metrics(study.columns().size());
  std::uint64_t feasible = 0;
  Clock::time_point start = Clock::now();
  for (std::uint64_t rank = 0; rank < size; ++rank) {
    if (study.space().at(rank, point)) {
      feasible += model->evaluate(point, metrics) == cairn::sim::PointStatus::feasible ? 1U : 0U;
    }
  }
  const double ours = seconds(start);
  const auto detail = model->detail(point);
  std::size_t operators = 0;
  if (const auto* good = std::get_if<cairn::sim::PointModel::Detail>(&detail)) {
    for (const auto& workload : good->compiled) {
      operators += workload.unique.size();
    }
  }
  start = Clock::now();
  const double sink = minimal_loop(size, operators);
  const double least = seconds(start);
  const auto counters = model->counters();
  fmt::print("{} points ({} feasible) of {}: {:.0f} points/s on one thread\n", size, feasible, file,
             static_cast<double>(size) / ours);
  fmt::print(
      "{:.1f} x the minimal loop over {} ready prices a point ({:.0f} points/s, sum {:.3g})\n",
      ours / least, operators, static_cast<double>(size) / least, sink);
  fmt::print("{:.2f} % of {} prices from cache; {:.1f} mappings considered for each price made\n",
             100.0 * static_cast<double>(counters.hits) /
                 static_cast<double>(counters.hits + counters.misses),
             counters.hits + counters.misses,
             static_cast<double>(counters.mappings) / static_cast<double>(counters.misses));
  return 0;
}
