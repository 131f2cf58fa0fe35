/// \file
/// Rates of the search layer and of the result store, and how memory grows with points.
/// `search_bench [points]`, one million unless told. Times are CPU seconds of one core.
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "core/diagnostics.h"
#include "core/random.h"
#include "report/store/csv_export.h"
#include "report/store/result_store.h"
#include "report/store/run_statistics.h"
#include "search/algorithms/exhaustive.h"
#include "search/algorithms/rank_permutation.h"
#include "search/pareto/archive.h"
#include "search/pareto/hypervolume.h"
#include "search/space/design_space.h"

namespace cairn {
namespace {

/// CPU seconds of this process, kernel included: a busy machine does not change them much.
class Timer {
 public:
  [[nodiscard]] double seconds() const { return now() - start_; }

 private:
  [[nodiscard]] static double now() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
  double start_ = now();
};

void print(const std::string& what, double count, double seconds, const std::string& note = {}) {
  fmt::print("{:<46} {:>12.0f} /s   {:6.3f} s  {}\n", what, count / seconds, seconds, note);
  std::fflush(stdout);
}

/// Resident memory of this process in MiB, from /proc.
double resident_mib() {
  std::ifstream statm{"/proc/self/statm"};
  double pages = 0.0;
  statm >> pages >> pages;
  constexpr double kMib = 1024.0 * 1024.0;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / kMib;
}

void bench_archive(std::size_t points) {
  for (const std::size_t dims : {2U, 3U, 4U, 5U}) {
    for (const double noise : {-1.0, 0.3, 0.05}) {
      // noise < 0: uniform in the cube; else a spherical front with that much radial noise.
      std::vector<double> rows;
      rows.reserve(points * dims);
      Rng rng{42};
      for (std::size_t i = 0; i < points; ++i) {
        double norm = 0.0;
        for (std::size_t d = 0; d < dims; ++d) {
          const double x = noise < 0.0 ? rng.uniform01() : std::abs(rng.normal());
          rows.push_back(x);
          norm += x * x;
        }
        const double shift = noise * rng.uniform01();
        for (std::size_t d = 0; noise > 0.0 && d < dims; ++d) {
          double& x = rows[rows.size() - dims + d];
          x = 1.0 - x / std::sqrt(norm) + shift;
        }
      }
      const Timer timer;
      search::ParetoArchive archive{dims};
      for (std::size_t i = 0; i < points; ++i) {
        archive.insert(i, std::span{rows}.subspan(i * dims, dims));
      }
      print(fmt::format("archive, {} objectives, {}", dims,
                        noise < 0.0 ? "uniform" : fmt::format("shell {}", noise)),
            static_cast<double>(points), timer.seconds(), fmt::format("front {}", archive.size()));
    }
  }
}

void bench_hypervolume() {
  struct Case {
    std::size_t dims;
    std::size_t points;
  };
  for (const Case c : {Case{2, 1'000'000},
                       {3, 100'000},
                       {4, 1000},
                       {4, 4000},
                       {4, 10'000},
                       {5, 1000},
                       {6, 300},
                       {8, 100}}) {
    Rng rng{1};
    std::vector<double> rows;
    for (std::size_t i = 0; i < c.points; ++i) {
      double norm = 0.0;
      for (std::size_t d = 0; d < c.dims; ++d) {
        rows.push_back(std::abs(rng.normal()));
        norm += rows.back() * rows.back();
      }
      for (std::size_t d = 0; d < c.dims; ++d) {
        rows[rows.size() - 1 - d] /= std::sqrt(norm);
      }
    }
    const std::vector<double> reference(c.dims, 1.1);
    const Timer timer;
    const auto volume = search::hypervolume(rows, c.dims, reference);
    print(fmt::format("hypervolume, {} objectives, {} points", c.dims, c.points),
          static_cast<double>(c.points), timer.seconds(),
          fmt::format("{:.6f} {}", volume.value,
                      volume.exact ? "exact" : fmt::format("+- {:.4f}", volume.standard_error)));
  }
}

search::DesignSpace make_space() {
  std::vector<search::Knob> knobs;
  for (int k = 0; k < 8; ++k) {
    std::vector<std::string> choices;
    choices.reserve(8);
    for (int c = 0; c < 8; ++c) {
      choices.push_back(fmt::format("{} KiB", (k + 1) << c));
    }
    knobs.push_back(search::make_knob(fmt::format("knob_{}", k), choices));
  }
  Diagnostics diagnostics;
  auto space = search::DesignSpace::build(std::move(knobs), {}, diagnostics);
  diagnostics.throw_if_any();
  return std::move(*space);
}

void bench_store(std::size_t points) {
  constexpr std::size_t kMetrics = 12;
  constexpr std::size_t kBatch = 4096;
  const search::DesignSpace space = make_space();
  const auto folder = std::filesystem::temp_directory_path() / "cairn_search_bench";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string path = folder / "results.sqlite";

  report::RunSchema schema;
  schema.study_name = "bench";
  schema.knobs = report::knob_columns(space);
  std::vector<search::Objective> objectives;
  for (std::size_t m = 0; m < kMetrics; ++m) {
    schema.metrics.push_back({fmt::format("metric_{}", m), fmt::format("metric_{}_s", m), "s"});
    if (m < 4) {
      objectives.push_back({schema.metrics.back().name, m, search::Direction::minimize});
    }
  }

  Rng rng{7};
  search::Exhaustive algorithm{{}, {&space, objectives, 1}};
  search::ParetoArchive archive{objectives.size()};
  double asking = 0.0;
  double storing = 0.0;
  double archiving = 0.0;
  const double before = resident_mib();
  {
    report::ResultWriter writer{path, schema, space};
    std::vector<double> values;
    std::vector<search::Scored> rows;
    std::vector<double> minimized(objectives.size());
    while (writer.size() < points) {
      Timer timer;
      const search::PointBatch batch =
          algorithm.ask(std::min<std::size_t>(kBatch, points - writer.size()));
      asking += timer.seconds();
      values.clear();
      rows.clear();
      values.reserve(batch.size() * kMetrics);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        for (std::size_t m = 0; m < kMetrics; ++m) {
          values.push_back(std::exp(rng.uniform01() + 0.1 * batch[i][m % 8]));
        }
        search::Scored row{batch.id(i)};
        row.metrics = std::span{values}.last(kMetrics);
        if (rng.uniform01() < 0.2) {
          row.status = search::Status::infeasible;
          row.limit = "weight_buffer.capacity";
          row.excess = rng.uniform01();
          row.reason = "weight_buffer.capacity: tile needs 300 KiB, has 256 KiB";
        }
        rows.push_back(row);
      }
      timer = Timer{};
      writer.append(batch, rows);
      storing += timer.seconds();
      timer = Timer{};
      for (const search::Scored& row : rows) {
        search::to_minimized(objectives, row.metrics, minimized);
        archive.insert(row.id, minimized);
      }
      archiving += timer.seconds();
    }
    const Timer timer;
    writer.set_front(archive.front().ids);
    writer.finish();
    storing += timer.seconds();
  }
  const auto n = static_cast<double>(points);
  print("ask, exhaustive, 8 knobs", n, asking);
  print("archive, 4 of the 12 metrics", n, archiving, fmt::format("front {}", archive.size()));
  print(
      "store, 8 knobs and 12 metrics", n, storing,
      fmt::format("{:.0f} bytes a row", static_cast<double>(std::filesystem::file_size(path)) / n));
  fmt::print("{:<46} {:>12.1f} MiB (before: {:.1f} MiB)\n", "resident memory", resident_mib(),
             before);

  const report::ResultReader reader{path};
  Timer timer;
  double sum = 0.0;
  reader.replay(0, reader.size(),
                [&](const report::StoredPoint& point) { sum += point.scored.metrics[0]; });
  print("replay", n, timer.seconds(), fmt::format("checksum {:.3f}", sum));
  timer = Timer{};
  report::write_points_csv(reader, folder / "points.csv");
  print("points.csv", n, timer.seconds());
  timer = Timer{};
  report::write_pareto_csv(reader, reader.front(), folder / "pareto.csv");
  print("pareto.csv", static_cast<double>(archive.size()), timer.seconds());
  timer = Timer{};
  report::RunStatistics statistics{schema, objectives};
  reader.replay(0, reader.size(), [&](const report::StoredPoint& point) { statistics.add(point); });
  print("statistics (replay included)", n, timer.seconds());
  timer = Timer{};
  const auto history = statistics.hypervolume_history();
  print("hypervolume history", static_cast<double>(history.steps.size()), timer.seconds());
  fmt::print("{:<46} {:>12.1f} MiB\n", "resident memory", resident_mib());
  std::filesystem::remove_all(folder);
}

void bench_order(std::size_t points) {
  const search::RankPermutation order{search::Rank{1} << 100U, 3};
  const search::RankPermutation small{1'000'003, 3};
  Timer timer;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < points; ++i) {
    sum += static_cast<std::uint64_t>(order(i));
  }
  print("random order of 2^100 ranks", static_cast<double>(points), timer.seconds(),
        fmt::format("checksum {:x}", sum));
  timer = Timer{};
  for (std::size_t i = 0; i < points; ++i) {
    sum += static_cast<std::uint64_t>(small(i % 1'000'003));
  }
  print("random order of 1,000,003 ranks", static_cast<double>(points), timer.seconds(),
        fmt::format("checksum {:x}", sum));
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  const std::size_t points = argc > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1'000'000;
  cairn::bench_store(points);
  cairn::bench_order(points);
  cairn::bench_archive(points);
  cairn::bench_hypervolume();
  return 0;
}
