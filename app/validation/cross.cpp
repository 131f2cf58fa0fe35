#include "app/validation/cross.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <optional>
#include <variant>

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "app/validation/cross_work.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/text/did_you_mean.h"
#include "sim/cycle/cycle_pricer.h"

namespace cairn::app {
namespace {

/// What a child tells of its pair. Plain bytes, smaller than a pipe's buffer.
struct Answer {
  double closed_form_s{};
  double cycle_s{};
  bool refused{};
  std::array<char, 256> why{};
};

void tell(Answer& answer, const std::string& text) {
  std::strncpy(answer.why.data(), text.c_str(), answer.why.size() - 1);
}

Answer price(const hw::SystemSpec& spec, const hw::Technology& technology,
             const models::Operator& op) {
  Answer answer;
  try {
    sim::CyclePricer pricer(spec, technology, {});
    const auto priced = pricer.price({&op, {}, 0}, {}, hw::MappingObjective::latency);
    if (const auto* refusal = std::get_if<hw::Infeasible>(&priced)) {
      answer.refused = true;
      tell(answer, refusal->what);
      return answer;
    }
    const auto& both = std::get<sim::CyclePrice>(priced);
    answer.closed_form_s = both.closed_form.latency_s();
    answer.cycle_s = both.cost.latency_s();
    answer.refused = !both.simulated;
  } catch (const std::exception& error) {
    tell(answer, error.what());
  }
  return answer;
}

/// A pair in the making.
struct Running {
  CrossPair pair;
  pid_t child{};
  int pipe{};
  std::chrono::steady_clock::time_point start;
};

Running start(CrossPair pair, const hw::SystemSpec& spec, const hw::Technology& technology,
              const models::Operator& op) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    throw IoError("pipe", "cannot open", errno);
  }
  const pid_t child = ::fork();
  if (child < 0) {
    throw IoError("fork", "cannot start a process", errno);
  }
  if (child == 0) {
    ::close(ends[0]);
    const Answer answer = price(spec, technology, op);
    const ssize_t written = ::write(ends[1], &answer, sizeof answer);
    ::_exit(written == static_cast<ssize_t>(sizeof answer) ? 0 : 1);
  }
  ::close(ends[1]);
  return {.pair = std::move(pair),
          .child = child,
          .pipe = ends[0],
          .start = std::chrono::steady_clock::now()};
}

CrossPair finish(Running running, double time_out_s) {
  const auto elapsed = [&running] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - running.start).count();
  };
  Answer answer;
  pollfd ready{.fd = running.pipe, .events = POLLIN, .revents = 0};
  const double left = std::max(0.0, time_out_s - elapsed());
  const bool came = ::poll(&ready, 1, static_cast<int>(left * 1000)) > 0;
  const bool whole =
      came && ::read(running.pipe, &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer);
  if (!came) {
    ::kill(running.child, SIGKILL);
  }
  int status = 0;
  ::waitpid(running.child, &status, 0);
  ::close(running.pipe);
  CrossPair pair = std::move(running.pair);
  pair.wall_s = elapsed();
  if (!whole) {
    pair.why = came ? fmt::format("the process ended with status {}", status)
                    : fmt::format("no answer within {:.0f} s", time_out_s);
    return pair;
  }
  pair.closed_form_s = answer.closed_form_s;
  pair.cycle_s = answer.cycle_s;
  pair.refused = answer.refused;
  pair.why = answer.why.data();
  return pair;
}

std::string text_of(const models::Shape& shape) {
  std::string text{models::kind_name(shape)};
  if (const auto* p = std::get_if<models::MatMul>(&shape)) {
    text += fmt::format(" m{} n{} k{}", p->m, p->n, p->k);
  } else if (const auto* c = std::get_if<models::Convolution>(&shape)) {
    text += fmt::format(" {}x{}x{} to {}, {}x{}/{}", c->height, c->width, c->channels, c->filters,
                        c->kernel_height, c->kernel_width, c->stride_height);
  } else if (const auto* a = std::get_if<models::Attention>(&shape)) {
    text += fmt::format(" b{} h{}/{} d{} q{} c{}", a->batch, a->heads, a->kv_heads, a->head_dim,
                        a->queries, a->context);
  } else {
    text += fmt::format(" {}", models::output_elements(shape));
  }
  return text;
}

void summarise(CrossFamily& family) {
  std::vector<double> apart;
  double sum = 0;
  for (const CrossPair& pair : family.pairs) {
    apart.push_back(std::abs(pair.disagreement()));
    sum += pair.disagreement();
  }
  if (apart.empty()) {
    return;
  }
  std::sort(apart.begin(), apart.end());
  const auto at = [&apart](double share) {
    return apart[std::min(apart.size() - 1,
                          static_cast<std::size_t>(share * static_cast<double>(apart.size())))];
  };
  family.median = at(0.5);
  family.percentile_95 = at(0.95);
  family.signed_mean = sum / static_cast<double>(apart.size());
}

CrossFamily compare(const CrossSubject& subject, const CrossOptions& options) {
  CrossFamily family;
  family.family = subject.family;
  std::vector<LoadedSystem> systems;
  for (const std::string_view stem : subject.hardware) {
    systems.push_back(load_system(
        (configs_directory() / "hardware" / fmt::format("{}.yaml", stem)).string(), {}));
  }
  const auto missing = sim::CyclePricer::missing(systems.front().spec, *systems.front().machine);
  if (missing) {
    return family;
  }
  const auto most = static_cast<std::size_t>(options.pairs);
  constexpr std::size_t kAtOnce = 2;
  std::vector<Running> running;
  const auto collect = [&] {
    CrossPair pair = finish(std::move(running.front()), options.time_out_s);
    running.erase(running.begin());
    if (pair.refused || family.pairs.size() == most) {
      return;  // the closed form knows no price: no pair
    }
    (pair.why.empty() ? family.pairs : family.failures).push_back(std::move(pair));
  };
  // Some draws do not fit their machine; the number of draws is bounded all the same.
  for (std::uint64_t draw = 0;
       family.pairs.size() + family.failures.size() < most && draw < 10 * most; ++draw) {
    Rng rng(derive_seed(options.seed, subject.family, draw));
    const std::size_t which = draw % systems.size();
    hw::SystemSpec spec = systems[which].spec;
    vary_memories(rng, spec);
    if (!spec.problems().empty() || hw::Machine::problem(spec, systems[which].technology)) {
      continue;
    }
    const models::Operator op =
        random_operator(rng, subject, default_formats(*systems[which].machine));
    const hw::Machine machine(spec, systems[which].technology);
    if (std::holds_alternative<hw::Infeasible>(
            machine.price({&op, {}, 0}, {}, hw::MappingObjective::latency))) {
      continue;
    }
    CrossPair pair;
    pair.work = fmt::format("{} {}: {}", subject.hardware[which], draw, text_of(op.shape));
    running.push_back(start(std::move(pair), spec, systems[which].technology, op));
    if (running.size() == kAtOnce) {
      collect();
    }
  }
  while (!running.empty()) {
    collect();
  }
  summarise(family);
  return family;
}

}  // namespace

std::vector<CrossFamily> compare_levels(const CrossOptions& options) {
  std::vector<std::string> names;
  for (const CrossSubject& subject : cross_subjects()) {
    names.emplace_back(subject.family);
  }
  if (!options.only.empty() && std::find(names.begin(), names.end(), options.only) == names.end()) {
    const std::optional<std::string> near = nearest(options.only, names);
    Diagnostics diagnostics;
    diagnostics.error({"<command line>", 1, 1, ""}, "--only",
                      fmt::format("no family with a cycle level is called '{}'", options.only),
                      near ? fmt::format("did you mean '{}'?", *near)
                           : fmt::format("one of: {}", fmt::join(names, ", ")));
    diagnostics.throw_if_any();
  }
  std::vector<CrossFamily> families;
  for (const CrossSubject& subject : cross_subjects()) {
    if (options.only.empty() || options.only == subject.family) {
      families.push_back(compare(subject, options));
    }
  }
  return families;
}

std::string cross_text(const std::vector<CrossFamily>& families, bool rows) {
  std::string text =
      "Disagreement of the two levels: time by cycle level over that by closed form, minus one,\n"
      "on random operators and hardware. Neither is the truth.\n\n";
  text += fmt::format("{:<17} {:>5} {:>6} {:>8} {:>8} {:>8}  {}\n", "family", "pairs", "failed",
                      "median", "95 %", "mean", "furthest apart");
  for (const CrossFamily& family : families) {
    const auto worst = std::max_element(
        family.pairs.begin(), family.pairs.end(), [](const auto& a, const auto& b) {
          return std::abs(a.disagreement()) < std::abs(b.disagreement());
        });
    text += fmt::format("{:<17} {:>5} {:>6} {:>6.2f} % {:>6.2f} % {:>+6.2f} %", family.family,
                        family.pairs.size(), family.failures.size(), 100 * family.median,
                        100 * family.percentile_95, 100 * family.signed_mean);
    if (worst != family.pairs.end()) {
      text += fmt::format("  {:+.1f} %", 100 * worst->disagreement());
    }
    text += '\n';
  }
  for (const CrossFamily& family : families) {
    for (const CrossPair& pair : family.failures) {
      text += fmt::format("failed: {}: {}\n", pair.work, pair.why);
    }
    for (const CrossPair& pair : family.pairs) {
      if (rows) {
        text += fmt::format("{:+7.2f} %  {:9.4g} s  {:5.2f} s  {}\n", 100 * pair.disagreement(),
                            pair.closed_form_s, pair.wall_s, pair.work);
      }
    }
  }
  return text;
}

}  // namespace cairn::app
