// The model as a whole: wait states, power, formats, clusters. Boards are those of configs/.

#include "hw/mcu/mcu.h"

#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "hw/system.h"

using namespace cairn;      // NOLINT(google-build-using-namespace)
using namespace cairn::hw;  // NOLINT(google-build-using-namespace)

namespace {

/// A board of configs/boards with a library of configs/software.
class Board {
 public:
  Board(const std::string& board, const std::string& library,
        const std::vector<std::string>& overrides = {}) {
    const std::string text = "extends: boards/" + board +
                             ".yaml\ndevices: {mcu: {library: {extends: software/" + library +
                             ".yaml}}}\n";
    Diagnostics diagnostics;
    Node root = parse_yaml(text, "configs/test.yaml", diagnostics);
    resolve_extends(root, "configs/test.yaml", diagnostics);
    for (std::size_t i = 0; i < overrides.size(); ++i) {
      apply_override(root, overrides[i], static_cast<int>(i) + 1, diagnostics);
    }
    SystemSpec spec;
    read(root, spec, diagnostics);
    diagnostics.throw_if_any();
    const Technology technology = load_technology(spec.technology, diagnostics);
    diagnostics.throw_if_any();
    problem_ = Machine::problem(spec, technology);
    if (!problem_) {
      machine_ = std::make_unique<Machine>(spec, technology);
    }
  }
  [[nodiscard]] const std::optional<Infeasible>& problem() const { return problem_; }
  [[nodiscard]] const Machine& machine() const { return *machine_; }
  [[nodiscard]] const Mcu& mcu() const { return std::get<Mcu>(machine_->primary()); }
  [[nodiscard]] Estimate estimate(
      const models::Operator& op,
      const std::vector<const models::Operator*>& followers = {}) const {
    return machine_->price({.anchor = &op, .followers = followers}, {}, MappingObjective::latency);
  }
  [[nodiscard]] OperatorCost price(const models::Operator& op) const {
    return std::get<OperatorCost>(estimate(op));
  }
  [[nodiscard]] double energy(const models::Operator& op) const {
    const OperatorCost cost = price(op);
    return cost.energy.total() + machine_->static_power() * cost.latency_s();
  }

 private:
  std::optional<Infeasible> problem_;
  std::unique_ptr<Machine> machine_;
};

models::Operator with_int8(const models::Shape& shape) {
  models::Operator op;
  op.shape = shape;
  op.formats = {models::kInt8, models::kInt8, models::kInt8};
  return op;
}

models::Operator linear(std::int64_t n, std::int64_t k) {
  return with_int8(models::MatMul{.n = n, .k = k});
}

models::Operator convolution(std::int64_t side, std::int64_t channels, std::int64_t filters,
                             std::int64_t kernel, std::int64_t groups = 1) {
  return with_int8(models::Convolution{.height = side,
                                       .width = side,
                                       .channels = channels,
                                       .filters = filters,
                                       .kernel_height = kernel,
                                       .kernel_width = kernel,
                                       .pad_top = kernel / 2,
                                       .pad_bottom = kernel / 2,
                                       .pad_left = kernel / 2,
                                       .pad_right = kernel / 2,
                                       .groups = groups});
}

/// Stems of the YAML files in \p folder.
std::vector<std::string> stems(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") {
      found.push_back(entry.path().stem().string());
    }
  }
  return found;
}

}  // namespace

TEST_CASE(
    "every board of configs can be read, and runs a convolution under each library that fits it") {
  const models::Operator op = convolution(8, 16, 16, 3);
  int runs = 0;
  for (const std::string& board : stems("configs/boards")) {
    for (const char* library :
         {"cmsis_nn", "microtvm_cmsis_nn", "microtvm_native", "tflm_cmsis_nn_2021",
          "tflm_reference", "tinyengine", "x_cube_ai_7.3", "x_cube_ai_8.0", "x_cube_ai_8.1",
          "plumerai_2022", "plumerai_2023.05", "hale_1.0", "onnc_2023", "pulp_nn", "gap_nntool"}) {
      INFO(board << " " << library);
      const Board both(board, library);
      if (!both.problem()) {
        CHECK(both.price(op).latency_s() > 0);
        ++runs;
      }
    }
  }
  CHECK(runs > 200);
}

TEST_CASE("weights that miss the cache wait for the flash") {
  // 128 x 640 weights, read once. 120 MHz x 50 ns: 6 cycles an access of 8 bytes, 5 of them waited
  // for: 81,920 x 5 / 8 = 51,200 cycles. With one bank of 16 bytes: half.
  const Board two_banks("stm32l4r5", "cmsis_nn");
  const Board one_bank("stm32l4r5_single_bank", "cmsis_nn");
  const models::Operator op = linear(128, 640);
  const double saved = two_banks.price(op).latency_s() - one_bank.price(op).latency_s();
  CHECK(saved * 120e6 == Approx(25'600).epsilon(1e-6));
}

TEST_CASE("a slower clock needs fewer wait states, and more time") {
  const models::Operator op = linear(128, 640);
  const OperatorCost fast = Board("stm32l4r5", "cmsis_nn").price(op);
  const OperatorCost slow = Board("stm32l4r5", "cmsis_nn", {"devices.mcu.clock=20 MHz"}).price(op);
  CHECK(slow.cycles < fast.cycles);  // at 20 MHz an access takes one cycle
  CHECK(slow.latency_s() > fast.latency_s());
}

TEST_CASE(
    "under a linear regulator energy goes with the supply, under a switching one it does not") {
  const models::Operator op = linear(64, 64);
  const auto ratio = [&](const std::string& board) {
    return Board(board, "cmsis_nn", {"devices.mcu.supply=3.0 V"}).energy(op) /
           Board(board, "cmsis_nn", {"devices.mcu.supply=1.8 V"}).energy(op);
  };
  CHECK(ratio("stm32l4r5") == Approx(3.0 / 1.8));
  CHECK(ratio("stm32u575") == Approx(1.0));
}

TEST_CASE("a supply below the core voltage is impossible") {
  const Board board("stm32l4r5", "cmsis_nn", {"devices.mcu.supply=1.0 V"});
  REQUIRE(board.problem());
  CHECK(board.problem()->what == "devices.mcu: supply of 1 V is below the core voltage of 1.28 V");
}

TEST_CASE("dynamic power goes with the square of the voltage, idle power with the voltage") {
  // GAP9: idle 2.5 mW; clocks 14 mW; both points need the same cycles.
  const Board slow("gap9", "gap_nntool");
  const Board fast("gap9", "gap_nntool",
                   {"devices.mcu.clock=370 MHz", "devices.mcu.voltage=0.8 V"});
  const double v = 0.8 / 0.65;
  const double f = 370.0 / 240.0;
  CHECK(fast.machine().static_power() == Approx(2.5e-3 * v + 14e-3 * v * v * f));
  const models::Operator op = convolution(16, 32, 32, 3);
  CHECK(fast.price(op).cycles == slow.price(op).cycles);
  CHECK(fast.price(op).energy.total() == Approx(slow.price(op).energy.total() * v * v));
}

TEST_CASE("a format that the library has no kernels for is infeasible, with its name") {
  models::Operator op = linear(8, 8);
  op.formats = {models::kFp32, models::kFp32, models::kFp32};
  const Estimate estimate = Board("stm32l4r5", "tinyengine").estimate(op);
  REQUIRE(std::holds_alternative<Infeasible>(estimate));
  CHECK(std::get<Infeasible>(estimate).what ==
        "library tinyengine has no fp32 kernels for cortex_m4");
}

TEST_CASE("a library without kernels for the core's instruction set cannot be built on it") {
  const Board board("stm32g0b1", "tinyengine");
  REQUIRE(board.problem());
  CHECK(board.problem()->what.find("has no kernels for any instruction set of cortex_m0plus") !=
        std::string::npos);
}

TEST_CASE("narrow weights are unpacked: less flash, more cycles from a cache, fewer from none") {
  models::Operator wide = convolution(16, 16, 16, 3);  // 2304 weights fit the cache
  models::Operator narrow = wide;
  narrow.formats.weights = models::integer_format(4);
  const Board board("stm32u575", "cmsis_nn");
  CHECK(board.price(narrow).dram_read_bits == Approx(board.price(wide).dram_read_bits / 2));
  CHECK(board.price(narrow).latency_s() > board.price(wide).latency_s());
}

TEST_CASE("software floating point is many times slower than int8") {
  models::Operator op = linear(64, 64);
  const double int8 = Board("stm32g0b1", "tflm_reference").price(op).latency_s();
  op.formats = {models::kFp32, models::kFp32, models::kFp32};
  const double fp32 = Board("stm32g0b1", "tflm_reference").price(op).latency_s();
  CHECK(fp32 > 4 * int8);
  CHECK(fp32 < 40 * int8);
}

TEST_CASE("a clamp is free in the output, other followers are kernels of their own") {
  const Board board("stm32l4r5", "cmsis_nn");
  const models::Operator anchor = convolution(8, 16, 16, 3);
  const models::Operator relu = with_int8(
      models::Elementwise{.kind = models::ElementwiseKind::relu, .rows = 64, .columns = 16});
  const models::Operator sum = with_int8(models::Elementwise{
      .kind = models::ElementwiseKind::add, .rows = 64, .columns = 16, .inputs = 2});
  const double alone = board.price(anchor).latency_s();
  CHECK(std::get<OperatorCost>(board.estimate(anchor, {&relu})).latency_s() == Approx(alone));
  CHECK(std::get<OperatorCost>(board.estimate(anchor, {&sum})).latency_s() ==
        Approx(alone + board.price(sum).latency_s()));
}

TEST_CASE("no operator passes the roofline, and energy is power times time") {
  struct Case {
    const char* board;
    const char* library;
    double watts;  // of the running board without a convolution unit at work
  };
  for (const Case& c :
       {Case{"stm32l4r5", "microtvm_cmsis_nn", 45e-3}, Case{"stm32h743", "tinyengine", 363e-3},
        Case{"stm32g0b1", "cmsis_nn", 19.3e-3}, Case{"gap9", "gap_nntool", 0},
        Case{"gap8", "pulp_nn", 0}, Case{"ra8d1", "microtvm_cmsis_nn", 252e-3}}) {
    const Board board(c.board, c.library);
    for (const models::Operator& op :
         {linear(10, 64), linear(640, 128), convolution(32, 3, 16, 3), convolution(8, 64, 64, 1),
          convolution(12, 24, 24, 3, 24), convolution(9, 12, 20, 5)}) {
      const OperatorCost cost = board.price(op);
      const auto macs = static_cast<double>(models::multiply_accumulates(op.shape));
      CHECK(cost.latency_s() >= macs / board.mcu().peak_macs_per_second(op.formats));
      CHECK(cost.latency_s() >=
            (cost.dram_read_bits + cost.dram_write_bits) / board.mcu().backing().bandwidth);
      CHECK(cost.utilization <= 1.0);
      if (c.watts > 0) {
        CHECK(board.energy(op) == Approx(c.watts * cost.latency_s()));
      }
    }
  }
}

TEST_CASE("eight cores are faster than one, at most eight times") {
  const models::Operator op = convolution(16, 32, 32, 3);
  const double eight = Board("gap8", "pulp_nn").price(op).busy_s;
  const double one = Board("gap8", "pulp_nn", {"devices.mcu.cluster.cores=1"}).price(op).busy_s;
  CHECK(one / eight > 6.0);
  CHECK(one / eight <= 8.0 + 1e-9);
}

TEST_CASE("a wait state of the main memory costs every load and store") {
  const models::Operator op = with_int8(
      models::Elementwise{.kind = models::ElementwiseKind::copy, .rows = 1000, .columns = 4});
  // A copy of the library: a quarter load, a quarter store and a tenth of a branch an element.
  const double none = Board("stm32l4r5", "cmsis_nn").price(op).latency_s();
  const double one =
      Board("stm32l4r5", "cmsis_nn", {"memories.sram.latency=16 ns"}).price(op).latency_s();
  CHECK((one - none) * 120e6 == Approx(2000).epsilon(1e-6));
}

TEST_CASE("a cluster with more scratchpad is never slower") {
  for (const auto& [board, library] :
       {std::pair{"gap8", "pulp_nn"}, std::pair{"gap9", "gap_nntool"},
        std::pair{"pulp_open", "pulp_nn"}}) {
    for (const models::Operator& op :
         {linear(10, 64), linear(640, 128), convolution(32, 3, 16, 3), convolution(8, 64, 64, 1),
          convolution(48, 8, 16, 1), convolution(12, 24, 24, 3, 24), convolution(9, 12, 20, 5)}) {
      double before = 1e300;
      for (const char* capacity :
           {"4 KiB", "6 KiB", "16 KiB", "64 KiB", "65 KiB", "128 KiB", "200 KiB", "512 KiB"}) {
        INFO(board << " " << capacity);
        const double now = Board(board, library, {std::string("memories.l1.capacity=") + capacity})
                               .price(op)
                               .latency_s();
        CHECK(now <= before);
        before = now;
      }
    }
  }
}

TEST_CASE("a follower runs the kernels of its own format") {
  // An addition in 16 bits after a product in 8: CMSIS-NN has int16 additions only in 16-bit
  // kernels, TinyEngine none at all.
  const models::Operator anchor = linear(64, 64);
  models::Operator sum = with_int8(models::Elementwise{
      .kind = models::ElementwiseKind::add, .rows = 64, .columns = 16, .inputs = 2});
  sum.formats = {models::integer_format(16), models::integer_format(16),
                 models::integer_format(16)};
  const Board board("stm32l4r5", "cmsis_nn");
  CHECK(std::get<OperatorCost>(board.estimate(anchor, {&sum})).latency_s() ==
        Approx(board.price(anchor).latency_s() + board.price(sum).latency_s()));
  const Estimate none = Board("stm32l4r5", "tinyengine").estimate(anchor, {&sum});
  REQUIRE(std::holds_alternative<Infeasible>(none));
  CHECK(std::get<Infeasible>(none).what == "library tinyengine has no int16 kernels for cortex_m4");
}
