// Points at cycle level: the same bytes at any number of workers, whatever dies.
#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/random.h"
#include "tests/end_to_end/program.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using cairn::test::bytes;
using cairn::test::finish;
using cairn::test::Scratch;
using cairn::test::start;

constexpr int kTop = 12;

/// 1,536 points of the study that comes with the program, twelve of them refined.
std::vector<std::string> run(const std::string& flag, const std::string& folder, int workers,
                             const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> arguments{"run",       "configs/studies/refined_npu.yaml",
                                     flag,        folder,
                                     "--threads", std::to_string(workers)};
  std::vector<std::string> all{"report.formats=[csv]",
                               "refine.top=" + std::to_string(kTop),
                               "space.rows.choices=[16, 32, 64, 128]",
                               "space.cols.choices=[16, 64]",
                               "space.weight_buffer.range=[64 KiB, 128 KiB]",
                               "space.activation_buffer.range=[64 KiB, 128 KiB]"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  for (const std::string& text : all) {
    arguments.insert(arguments.end(), {"--set", text});
  }
  return arguments;
}

/// Processes whose parent is \p parent, from the process table.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      continue;
    }
    std::ifstream in(entry.path() / "stat");
    std::string text;
    std::getline(in, text);
    const std::size_t end = text.rfind(')');  // a name may hold anything, also `) 1 2`
    char state = 0;
    pid_t its_parent = 0;
    if (end != std::string::npos &&
        std::istringstream(text.substr(end + 1)) >> state >> its_parent && its_parent == parent &&
        state != 'Z') {
      children.push_back(std::stoi(name));
    }
  }
  return children;
}

/// The first worker that a run has, or 0 when it ends without one being seen.
pid_t wait_for_worker(pid_t parent) {
  while (true) {
    const std::vector<pid_t> workers = children_of(parent);
    if (!workers.empty()) {
      return workers.front();
    }
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(parent), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        ended.si_pid == parent) {
      return 0;
    }
    std::this_thread::sleep_for(1ms);
  }
}

std::vector<std::string> lines_of(const std::string& file) {
  std::istringstream in(bytes(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

void check_same(const std::string& folder, const std::string& expected) {
  for (const char* file : {"/points.csv", "/pareto.csv", "/refined.csv"}) {
    CHECK(bytes(folder + file) == bytes(expected + file));
  }
}

}  // namespace

TEST_CASE("a run that refines gives the same bytes with 1, 2 and 5 workers") {
  const Scratch scratch;
  for (const int workers : {1, 2, 5}) {
    REQUIRE(finish(start(run("--out", scratch / std::to_string(workers), workers))) == 0);
    check_same(scratch / std::to_string(workers), scratch / "1");
  }
  const std::vector<std::string> refined = lines_of(scratch / "1/refined.csv");
  REQUIRE(refined.size() == 1 + 2 * kTop);  // heading, then two rows a design
  for (std::size_t i = 1; i < refined.size(); ++i) {
    const char* level = i % 2 == 0 ? ",feasible,cycle," : ",feasible,analytical,";
    CHECK(refined[i].find(level) != std::string::npos);
  }
  // They stand behind the search in the table of all points, with ids of their own.
  const std::vector<std::string> points = lines_of(scratch / "1/points.csv");
  CHECK(points.size() == 1 + 1536 + kTop);
  CHECK(points.back() == refined.back());
  CHECK(points.back().starts_with(std::to_string(1536 + kTop - 1) + ","));
}

TEST_CASE("a run killed while it refines and resumed gives the same bytes") {
  const Scratch scratch;
  REQUIRE(finish(start(run("--out", scratch / "undisturbed", 2))) == 0);
  cairn::Rng rng(cairn::derive_seed(20241124, "kills"));
  const std::string folder = scratch / "killed";
  fs::create_directories(folder);
  int kills = 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const pid_t child = start(run("--resume", folder, 2));
    if (kills == 5) {
      REQUIRE(finish(child) == 0);
      break;
    }
    const pid_t worker = wait_for_worker(child);
    std::this_thread::sleep_for(std::chrono::duration<double>(0.2 * rng.uniform01()));
    ::kill(child, SIGKILL);
    const bool killed = finish(child) == -SIGKILL;
    kills += killed && worker != 0 ? 1 : 0;
    // Nobody would read the answer of its workers: they end with it.
    for (int i = 0; worker != 0 && i < 2000 && ::kill(worker, 0) == 0; ++i) {
      std::this_thread::sleep_for(1ms);
    }
    CHECK((worker == 0 || ::kill(worker, 0) != 0));
    if (!killed) {
      break;  // it was quicker
    }
  }
  CHECK(kills > 0);
  check_same(folder, scratch / "undisturbed");
}

TEST_CASE("Ctrl-C while refining ends the workers and leaves a run that can be continued") {
  const Scratch scratch;
  REQUIRE(finish(start(run("--out", scratch / "undisturbed", 2))) == 0);
  const std::string folder = scratch / "stopped";
  const pid_t child = start(run("--out", folder, 2));
  const pid_t worker = wait_for_worker(child);
  REQUIRE(worker != 0);
  ::kill(child, SIGINT);
  const int code = finish(child);
  CHECK(::kill(worker, 0) != 0);
  if (code != 0) {  // unless it had finished
    CHECK(code == 130);
    CHECK(fs::exists(folder + "/points.csv"));
    REQUIRE(finish(start(run("--resume", folder, 2))) == 0);
  }
  check_same(folder, scratch / "undisturbed");
}

TEST_CASE("a worker killed in the middle costs one point") {
  const Scratch scratch;
  REQUIRE(finish(start(run("--out", scratch / "undisturbed", 2))) == 0);
  const std::vector<std::string> expected = lines_of(scratch / "undisturbed/points.csv");
  bool seen = false;
  for (int attempt = 0; attempt < 20 && !seen; ++attempt) {
    const std::string folder = scratch / ("run" + std::to_string(attempt));
    const pid_t child = start(run("--out", folder, 2));
    const pid_t worker = wait_for_worker(child);
    REQUIRE(worker != 0);
    ::kill(worker, SIGKILL);
    REQUIRE(finish(child) == 0);  // the run itself is a success
    const std::vector<std::string> found = lines_of(folder + "/points.csv");
    REQUIRE(found.size() == expected.size());
    std::vector<std::size_t> different;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i] != expected[i]) {
        different.push_back(i);
      }
    }
    if (different.empty()) {
      continue;  // the signal came after the answer
    }
    seen = true;
    REQUIRE(different.size() == 1);
    const std::string& row = found[different.front()];
    CHECK(row.find(",failed,cycle,") != std::string::npos);
    CHECK(row.find("the worker was ended by signal 9 (Killed)") != std::string::npos);
    CHECK(row.find("simulated time") != std::string::npos);
    CHECK(bytes(folder + "/manifest.yaml").find("refined_failed: 1\n") != std::string::npos);
    // The front, found analytically, is the same.
    CHECK(bytes(folder + "/pareto.csv") == bytes(scratch / "undisturbed/pareto.csv"));
  }
  CHECK(seen);
}

TEST_CASE("points that exceed the time-out fail, each with its reason, and the run goes on") {
  const Scratch scratch;
  REQUIRE(finish(start(run("--out", scratch / "short", 2, {"cycle.time_out=1 ms"}),
                       scratch / "out.txt")) == 0);
  const std::vector<std::string> points = lines_of(scratch / "short/points.csv");
  const auto timed_out = std::count_if(points.begin(), points.end(), [](const std::string& row) {
    return row.find("no answer within the time-out of 1 ms") != std::string::npos;
  });
  CHECK(timed_out == kTop);
}

TEST_CASE("a whole search at cycle level: the same bytes with 1 and 3 workers, and after Ctrl-C") {
  const Scratch scratch;
  const std::string study = scratch / "study.yaml";
  std::ofstream(study) << "schema: 1\n"
                          "name: at_cycle_level\n"
                          "seed: 1\n"
                          "workloads: [{model: mlperf_tiny_kws, phase: forward}]\n"
                          "compression: [{kind: quantize, weights: int8, activations: int8}]\n"
                          "system:\n"
                          "  extends: "
                       << fs::absolute("configs/hardware/edge_npu_ddr4.yaml").string()
                       << "\n"
                          "  devices: {array: {rows: $rows, cols: $cols}}\n"
                          "  memories: {weight_buffer: {capacity: $buffer}}\n"
                          "space:\n"
                          "  rows: {choices: [8, 16, 32, 64]}\n"
                          "  cols: {choices: [8, 16, 32, 64]}\n"
                          "  buffer: {choices: [16 KiB, 64 KiB]}\n"
                          "objectives: {minimize: [latency, area]}\n"
                          "fidelity: cycle\n"
                          "report: {formats: [csv]}\n";
  const auto arguments = [&](const char* flag, const std::string& folder, const char* workers) {
    return std::vector<std::string>{"run", study, flag, folder, "--threads", workers, "--json"};
  };
  REQUIRE(finish(start(arguments("--out", scratch / "one", "1"), scratch / "one.json")) == 0);
  REQUIRE(finish(start(arguments("--out", scratch / "three", "3"))) == 0);
  CHECK(bytes(scratch / "one/points.csv") == bytes(scratch / "three/points.csv"));
  const std::vector<std::string> points = lines_of(scratch / "one/points.csv");
  REQUIRE(points.size() == 33);
  CHECK(std::all_of(points.begin() + 1, points.end(), [](const std::string& row) {
    return row.find(",feasible,cycle,") != std::string::npos;
  }));
  const auto json = nlohmann::json::parse(bytes(scratch / "one.json"));
  CHECK(json.at("fidelity") == "cycle");
  CHECK(json.at("front").at(0).at("fidelity") == "cycle");
  CHECK(json.at("worst_disagreement").is_number());

  const std::string folder = scratch / "stopped";
  const pid_t child = start(arguments("--out", folder, "1"));
  REQUIRE(wait_for_worker(child) != 0);
  ::kill(child, SIGINT);
  if (finish(child) != 0) {
    REQUIRE(finish(start(arguments("--resume", folder, "2"))) == 0);
  }
  CHECK(bytes(folder + "/points.csv") == bytes(scratch / "one/points.csv"));
}

TEST_CASE("a one-shot command at cycle level has both times and a timeline that can be read") {
  const Scratch scratch;
  const std::string trace = scratch / "trace.json";
  REQUIRE(finish(start({"model", "mlperf_tiny_kws", "--on", "configs/hardware/edge_npu_ddr4.yaml",
                        "--fidelity", "cycle", "--json", "--trace", trace, "--trace-limit", "1"},
                       scratch / "out.json")) == 0);
  const auto answer = nlohmann::json::parse(bytes(scratch / "out.json"));
  CHECK(answer.at("fidelity") == "cycle");
  const double cycle = answer.at("latency_s");
  const double closed = answer.at("analytical_latency_s");
  CHECK(answer.at("disagreement").get<double>() == Approx(cycle / closed - 1));
  std::size_t simulated = 0;
  for (const auto& row : answer.at("operators")) {
    simulated += row.at("simulated").get<bool>() ? 1U : 0U;
    CHECK(row.at("analytical_latency_s").get<double>() > 0);
  }
  CHECK(simulated > 0);
  CHECK(fs::file_size(trace) <= (1U << 20U));
  const auto timeline = nlohmann::json::parse(bytes(trace));
  // One slice on top for each operator that was simulated.
  const auto& events = timeline.at("traceEvents");
  const auto operators = std::count_if(events.begin(), events.end(), [](const auto& event) {
    return event.at("ph") == "X" && event.at("pid") == 1;
  });
  CHECK(operators == static_cast<std::ptrdiff_t>(simulated));
}

TEST_CASE("a table of operators at cycle level has the columns of both levels") {
  const Scratch scratch;
  std::ofstream(scratch / "ops.csv") << "kind,m,n,k\nmatmul,64,256,256\nmatmul,0,1,1\n";
  REQUIRE(finish(start({"cost", "--on", "configs/hardware/edge_npu_ddr4.yaml", "--ops",
                        scratch / "ops.csv", "--fidelity", "cycle"},
                       scratch / "out.csv")) == 0);
  const std::vector<std::string> lines = lines_of(scratch / "out.csv");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].ends_with("dram_write_bytes,analytical_latency_s,disagreement,error"));
  const auto commas = [](const std::string& text) {
    return std::count(text.begin(), text.end(), ',');
  };
  CHECK(commas(lines[1]) == commas(lines[0]));
  // A row that cannot run has empty cells in their place, then its reason.
  CHECK(commas(lines[2].substr(0, lines[2].find('"'))) == commas(lines[0]));
}

TEST_CASE("files of a simulation are refused without one, and so is a level that does not exist") {
  const std::vector<std::string> model{"model", "mlperf_tiny_kws", "--on",
                                       "configs/hardware/edge_npu_ddr4.yaml"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = model;
    all.insert(all.end(), more.begin(), more.end());
    return finish(start(all));
  };
  CHECK(with({"--trace", "/tmp/never.json"}) == 2);
  CHECK(with({"--vcd", "/tmp/never.vcd"}) == 2);
  CHECK(with({"--fidelity", "exact"}) == 2);
  CHECK_FALSE(fs::exists("/tmp/never.json"));
}
