#include "app/worker_command.h"

#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/cycle_level.h"

namespace cairn::app {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

/// Seconds between two lines about the simulated time.
constexpr double kBeat = 0.1;

void say(std::string_view word, std::string text) {
  for (char& c : text) {
    c = c == '\n' ? ' ' : c;
  }
  fmt::print("{} {}\n", word, text);
  std::fflush(stdout);
}

void beat(hw::cycle::Femtoseconds now, void* context) {
  auto& last = *static_cast<Clock::time_point*>(context);
  const Clock::time_point time = Clock::now();
  if (std::chrono::duration<double>(time - last).count() >= kBeat) {
    last = time;
    say("at", fmt::format("{}", hw::cycle::to_seconds(now)));
  }
}

std::string read_all() {
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), stdin)) {
    text.append(part.data(), count);
  }
  return text;
}

PointAnswer evaluate(const PointJob& job) {
  const Study study = Study::from_resolved(job.study);
  if (study.hash() != job.hash) {
    throw IoError("worker", "the program or a file of the study has changed since the run began",
                  0);
  }
  Clock::time_point last = Clock::now();
  std::unique_ptr<CycleLevel> level;
  const std::unique_ptr<sim::PointModel> model = study.make_model();
  model->use_cycle_level([&](const hw::SystemSpec& spec, const hw::Technology& technology) {
    CycleOptions options;
    options.heartbeat = beat;
    options.heartbeat_context = &last;
    level = std::make_unique<CycleLevel>(spec, technology, options);
    return std::make_unique<sim::CyclePrices>([&level](const hw::GroupView& group,
                                                       const hw::MappingConstraint& constraint,
                                                       hw::MappingObjective objective) {
      return level->price("", group, constraint, objective);
    });
  });
  PointAnswer answer;
  answer.metrics.resize(study.columns().size());
  if (model->evaluate(job.choices, answer.metrics) == sim::PointStatus::infeasible) {
    answer.status = search::Status::infeasible;
    answer.metrics.clear();
    answer.refusal = model->refusal();
  }
  return answer;
}

}  // namespace

std::string to_text(const PointJob& job) {
  return Json{{"study", job.study}, {"hash", job.hash}, {"choices", job.choices}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

std::string to_text(const PointAnswer& answer) {
  Json metrics = Json::array();
  for (const double metric : answer.metrics) {  // JSON has no NaN
    metrics.push_back(std::isfinite(metric) ? Json(metric) : Json());
  }
  return Json{
      {"feasible", answer.status == search::Status::feasible},
      {"metrics", std::move(metrics)},
      {"what", answer.refusal.what},
      {"limit", answer.refusal.limit},
      {"excess", std::isfinite(answer.refusal.excess) ? Json(answer.refusal.excess) : Json()}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<PointAnswer> parse_point_answer(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    PointAnswer answer;
    answer.status =
        json.at("feasible").get<bool>() ? search::Status::feasible : search::Status::infeasible;
    for (const Json& metric : json.at("metrics")) {
      answer.metrics.push_back(metric.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                                : metric.get<double>());
    }
    answer.refusal.what = json.at("what").get<std::string>();
    answer.refusal.limit = json.at("limit").get<std::string>();
    answer.refusal.excess = json.at("excess").is_null() ? std::numeric_limits<double>::infinity()
                                                        : json.at("excess").get<double>();
    return answer;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

ExitCode run_worker() {
  // Nobody would read the answer of a worker whose parent is gone; and a crash is reported, not
  // kept as a file of gigabytes.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // NOLINT(cppcoreguidelines-pro-type-vararg): POSIX
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  try {
    const Json json = Json::parse(read_all());
    PointJob job;
    job.study = json.at("study").get<std::string>();
    job.hash = json.at("hash").get<std::uint64_t>();
    job.choices = json.at("choices").get<std::vector<std::uint32_t>>();
    say("answer", to_text(evaluate(job)));
    return ExitCode::success;
  } catch (const std::exception& e) {
    say("failed", e.what());
    return ExitCode::outside_error;
  }
}

}  // namespace cairn::app
