// Is a timeline a file that viewers accept, whatever the simulation writes and however long it is?
#include "sim/cycle/trace_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/random.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::sim {
namespace {

using nlohmann::json;

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Slice {
  std::string process;
  std::string thread;
  std::string name;
  double start{};
  double end{};
};

/// Names resolved as a viewer resolves them.
std::vector<Slice> slices_of(const json& trace) {
  std::map<int, std::string> processes;
  std::map<std::pair<int, int>, std::string> threads;
  std::vector<Slice> slices;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == "M" && event.at("name") == "process_name") {
      processes[event.at("pid")] = event.at("args").at("name");
    } else if (event.at("ph") == "M" && event.at("name") == "thread_name") {
      threads[{event.at("pid"), event.at("tid")}] = event.at("args").at("name");
    } else if (event.at("ph") == "X") {
      const double start = event.at("ts");
      slices.push_back({processes.at(event.at("pid")),
                        threads.at({event.at("pid"), event.at("tid")}), event.at("name"), start,
                        start + event.at("dur").get<double>()});
    }
  }
  return slices;
}

/// On no thread does a slice begin before the one before it has ended.
void check_order(const json& trace) {
  std::map<std::pair<int, int>, double> ends;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == "X") {
      double& end = ends[{event.at("pid"), event.at("tid")}];
      const double start = event.at("ts");
      CHECK(start >= end);  // as a viewer computes it, in doubles
      end = start + event.at("dur").get<double>();
    }
  }
}

TEST_CASE("slices appear under their process and thread, in microseconds to the femtosecond") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("trace.json");
  TraceFile trace(path, TraceFile::kDefaultLimit);
  const std::int32_t array = trace.track("array", "core 0 \"main\"");
  const std::int32_t bank = trace.track("dram", "channel 0 bank 3");
  trace.begin_operator("q_proj");
  trace.slice(array, "multiply", 1'500'000, 2'000'000'001);  // 1.5 ns to 2 us + 1 fs
  trace.slice(bank, "activate", 0, 1'000'000);
  trace.end_operator();
  trace.finish();
  const json read = json::parse(text_of(path));
  const std::vector<Slice> slices = slices_of(read);
  REQUIRE(slices.size() == 3);
  CHECK(slices[0].process == "array");
  CHECK(slices[0].thread == "core 0 \"main\"");
  CHECK(slices[0].start == Approx(0.0015));
  // A femtosecond less, so that slices that touch do not overlap in doubles.
  CHECK(text_of(path).find("\"ts\":0.0015,\"dur\":1.9985,") != std::string::npos);
  CHECK(slices[1].process == "dram");
  // The operator spans what belongs to it, and its track is the first.
  CHECK(slices[2].process == "operators");
  CHECK(slices[2].name == "q_proj");
  CHECK(slices[2].start == 0);
  CHECK(slices[2].end == Approx(2.000000001));
  CHECK(read.at("traceEvents")[0].at("args").at("name") == "operators");
  CHECK(read.at("otherData").at("slices") == 3);
  CHECK(read.at("otherData").at("slices_merged") == 0);
}

TEST_CASE("slices that overlap on one track go to threads of their own") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("trace.json");
  TraceFile trace(path, TraceFile::kDefaultLimit);
  const std::int32_t dma = trace.track("array", "dma");
  Rng rng(7);
  hw::cycle::Femtoseconds end = 0;
  for (int i = 0; i < 2000; ++i) {  // up to about four at once
    end += 1 + static_cast<hw::cycle::Femtoseconds>(rng.uniform01() * 1e6);
    const auto length = static_cast<hw::cycle::Femtoseconds>(rng.uniform01() * 2e6);
    trace.slice(dma, "load", std::max<hw::cycle::Femtoseconds>(0, end - length), end);
  }
  trace.finish();
  const json read = json::parse(text_of(path));
  check_order(read);
  const std::vector<Slice> slices = slices_of(read);
  CHECK(slices.size() == 2000);
  CHECK(std::any_of(slices.begin(), slices.end(),
                    [](const Slice& s) { return s.thread == "dma (2)"; }));
}

TEST_CASE("slices that touch do not overlap where a viewer adds start and length") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("trace.json");
  TraceFile trace(path, TraceFile::kDefaultLimit);
  const std::int32_t array = trace.track("array", "multiply");
  Rng rng(3);
  hw::cycle::Femtoseconds now = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto next = now + 1 + static_cast<hw::cycle::Femtoseconds>(rng.uniform01() * 1e9);
    trace.slice(array, "tile", now, next);
    now = next;
  }
  trace.finish();
  const json read = json::parse(text_of(path));
  check_order(read);
  for (const Slice& slice : slices_of(read)) {
    CHECK(slice.thread == "multiply");  // one line is enough
  }
}

TEST_CASE("a long simulation stays within the limit and every operator shows its beginning") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("trace.json");
  constexpr std::uint64_t kLimit = 1 << 20;
  constexpr int kOperators = 10;
  constexpr int kSlices = 20'000;
  TraceFile trace(path, kLimit);
  std::vector<std::int32_t> tracks;
  for (int t = 0; t < 8; ++t) {
    tracks.push_back(trace.track("array", "unit " + std::to_string(t)));
  }
  trace.expect_operators(kOperators);
  hw::cycle::Femtoseconds now = 0;
  for (int o = 0; o < kOperators; ++o) {
    trace.begin_operator("operator " + std::to_string(o));
    for (int i = 0; i < kSlices; ++i) {
      trace.slice(tracks[static_cast<std::size_t>(i % 8)], "tile", now, now + 500'000);
      now += 1'000'000;
    }
    trace.end_operator();
  }
  trace.finish();
  CHECK(std::filesystem::file_size(path) <= kLimit);
  CHECK(std::filesystem::file_size(path) == trace.bytes());
  const json read = json::parse(text_of(path));
  check_order(read);
  // Nothing is lost without a word: operators come on top of what was handed over.
  CHECK(trace.written() + trace.merged() + trace.dropped() == kOperators * (kSlices + 1));
  CHECK(trace.dropped() == 0);
  CHECK(read.at("otherData").at("slices_merged") == trace.merged());
  const std::vector<Slice> slices = slices_of(read);
  for (int o = 0; o < kOperators; ++o) {
    const double from = o * 20.0;  // us
    const auto inside = std::count_if(slices.begin(), slices.end(), [&](const Slice& s) {
      return s.name == "tile" && s.start >= from && s.start < from + 20;
    });
    CHECK(inside > 500);  // 0.8 MiB in ten parts of slices of about 80 bytes: about 1000
    CHECK(std::any_of(slices.begin(), slices.end(), [&](const Slice& s) {
      return s.name == "operator " + std::to_string(o) && s.start == Approx(from) &&
             s.end == Approx(from + 20).epsilon(0.01);
    }));
  }
  // A merged slice keeps the time that its track was at work: half of the time here.
  const auto merged = std::find_if(
      read.at("traceEvents").begin(), read.at("traceEvents").end(), [](const json& event) {
        return event.contains("args") && event.at("args").contains("busy_us");
      });
  REQUIRE(merged != read.at("traceEvents").end());
  CHECK(merged->at("args").at("busy_us").get<double>() ==
        Approx(merged->at("args").at("slices").get<double>() * 0.0005));
}

TEST_CASE("a file of a simulation that goes on is whole JSON already") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("trace.json");
  TraceFile trace(path, TraceFile::kDefaultLimit);
  CHECK(json::parse(text_of(path)).at("traceEvents").empty() == false);  // names of tracks
  const std::int32_t array = trace.track("array", "multiply");
  for (int i = 0; i < 30'000; ++i) {
    trace.slice(array, "tile", i * 1000, i * 1000 + 999);
    if (i % 5000 == 0) {
      CHECK_NOTHROW(json::parse(text_of(path)));
    }
  }
  const json early = json::parse(text_of(path));
  CHECK(slices_of(early).size() > 1000);
  trace.finish();
  CHECK(slices_of(json::parse(text_of(path))).size() == 30'000);
}

TEST_CASE("more tracks than the limit has room for cost their slices, not the file") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("trace.json");
  TraceFile trace(path, TraceFile::kLeastLimit);
  for (int t = 0; t < 2000; ++t) {
    const std::int32_t track = trace.track("gpu", "multiprocessor " + std::to_string(t));
    trace.slice(track, "wave", t * 1000, t * 1000 + 10);
  }
  trace.finish();
  CHECK(std::filesystem::file_size(path) <= TraceFile::kLeastLimit);
  CHECK_NOTHROW(json::parse(text_of(path)));
  CHECK(trace.dropped() > 0);
  CHECK(trace.written() + trace.merged() + trace.dropped() == 2000);
}

TEST_CASE("a trace that cannot be written says where") {
  CHECK_THROWS_WITH(TraceFile("no/such/folder/trace.json", 1 << 20),
                    Catch::Contains("no/such/folder/trace.json"));
}

}  // namespace
}  // namespace cairn::sim
