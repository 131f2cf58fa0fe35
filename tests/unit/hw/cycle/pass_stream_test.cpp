#include "hw/cycle/pass_stream.h"

#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "hw/cycle/vector_stream.h"

namespace cairn::hw::cycle {
namespace {

constexpr PassUnits kUnits{
    .load = 0, .inputs = 1, .sums = 2, .compute = 3, .vector = 4, .store = 5};

/// What all tasks of a stream add up to, by activity.
struct Sums {
  std::map<int, double> bits;
  std::map<int, double> seconds;
  std::map<int, int> tasks;
  std::vector<Task> all;
};

Sums sums_of(Stream& stream) {
  Sums sums;
  Task task;
  while (stream.next(task)) {
    sums.bits[task.activity] += 8.0 * static_cast<double>(task.transfer.total_bytes());
    sums.seconds[task.activity] += to_seconds(task.duration);
    ++sums.tasks[task.activity];
    for (const std::uint32_t distance : task.after) {
      CHECK(distance <= sums.all.size());
    }
    sums.all.push_back(task);
    task = Task{};
  }
  return sums;
}

/// Loops n (2 trips, outer) and m (3 trips, inner): weights walk n, inputs m, outputs both.
PassNest two_loops() {
  PassNest nest;
  nest.trips = {2, 3};
  nest.weights.walks = 0b01;
  nest.inputs.walks = 0b10;
  nest.outputs.walks = 0b11;
  nest.weights.load_bits = 2 * 800;
  nest.inputs.load_bits = 6 * 240;
  nest.finished_bits = 6 * 80;
  nest.work_s = 6e-9;
  nest.vector_s = 12e-9;
  return nest;
}

}  // namespace

TEST_CASE("a tile is loaded when the loops change it, and only then") {
  PassStream stream({two_loops()}, 0, kUnits);
  const Sums sums = sums_of(stream);
  // Weights once for each n; inputs again in every pass, since m turns inside; six outputs.
  CHECK(sums.tasks.at(0) == 2);
  CHECK(sums.tasks.at(1) == 6);
  CHECK(sums.tasks.at(3) == 6);
  CHECK(sums.tasks.at(4) == 6);
  CHECK(sums.tasks.at(5) == 6);
  CHECK(sums.bits.at(0) == 1600);
  CHECK(sums.bits.at(1) == 1440);
  CHECK(sums.bits.at(5) == 480);
  CHECK(sums.seconds.at(3) == Approx(6e-9));
  CHECK(sums.seconds.at(4) == Approx(12e-9));
}

TEST_CASE("partial sums leave and come back when a reduction turns outside of outputs") {
  PassNest nest = two_loops();
  // The outer loop is now the reduction: three outputs, each visited twice.
  nest.weights.walks = 0b01;
  nest.inputs.walks = 0b11;
  nest.outputs.walks = 0b10;
  nest.finished_bits = 3 * 80;
  nest.spilled_bits = 3 * 320;
  PassStream stream({nest}, 0, kUnits);
  const Sums sums = sums_of(stream);
  CHECK(sums.tasks.at(2) == 3);
  CHECK(sums.bits.at(2) == 960);
  CHECK(sums.tasks.at(5) == 6);
  CHECK(sums.bits.at(5) == 960 + 240);
  CHECK(sums.tasks.at(4) == 3);
}

TEST_CASE("partial sums stay while the reduction turns inside") {
  PassNest nest = two_loops();
  nest.weights.walks = 0b11;
  nest.inputs.walks = 0b10;
  nest.outputs.walks = 0b01;
  nest.weights.load_bits = 6 * 800;
  nest.finished_bits = 2 * 80;
  PassStream stream({nest}, 0, kUnits);
  const Sums sums = sums_of(stream);
  CHECK(sums.tasks.at(5) == 2);
  CHECK(sums.bits.at(5) == 160);
  CHECK(sums.tasks.count(2) == 0);
}

TEST_CASE("laps that are left out take their tasks with them") {
  PassNest nest = two_loops();
  nest.trips = {10, 3};
  nest.weights.load_bits = 10 * 800;
  nest.inputs.load_bits = 30 * 240;
  nest.finished_bits = 30 * 80;
  PassStream stream({nest}, 0, kUnits);
  Task task;
  int laps = 0;
  int tasks = 0;
  while (stream.next(task)) {
    laps += task.lap ? 1 : 0;
    ++tasks;
    if (laps == 2 && task.lap) {
      stream.skip_laps(5);
    }
    task = Task{};
  }
  CHECK(PassStream::laps_of({nest}) == 10);
  CHECK(laps == 5);
  // A lap: one weight load and three passes of load, multiply, vector and store.
  CHECK(tasks == 5 * (1 + 3 * 4));
}

TEST_CASE("chunks of a vector operation carry all of its bits and operations") {
  const VectorWork work{
      .read_bits = 100'000, .write_bits = 50'001, .operations = 777, .rate = 1e9, .setup_s = 1e-9};
  VectorStream stream(work, 0, 1 << 20,
                      {.load = 0,
                       .vector = 2,
                       .store = 3,
                       .load_activity = 1,
                       .vector_activity = 4,
                       .store_activity = 5},
                      0, -1);
  const Sums sums = sums_of(stream);
  CHECK(sums.bits.at(1) == 100'000);
  CHECK(sums.bits.at(5) == 8.0 * 6251);  // whole bytes
  CHECK(sums.seconds.at(4) == Approx(777e-9));
  CHECK(sums.seconds.at(1) == Approx(1e-9));
}

}  // namespace cairn::hw::cycle
