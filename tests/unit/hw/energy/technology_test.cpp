#include "hw/energy/technology.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/text/quantity_text.h"
#include "support.h"

using namespace cairn;      // NOLINT(google-build-using-namespace): a test file
using namespace cairn::hw;  // NOLINT(google-build-using-namespace): a test file
using models::kFp16;
using models::kInt8;

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream in{path};
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A copy of configs/technology/ in which one text is replaced in one file.
class Copy {
 public:
  Copy(const std::string& file, const std::string& from, const std::string& to)
      : folder_(fs::temp_directory_path() /
                ("cairn_technology_" +
                 std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()))) {
    fs::copy("configs/technology", folder_, fs::copy_options::recursive);
    std::string text = read_file(folder_ / file);
    const std::size_t at = text.find(from);
    if (at == std::string::npos) {
      throw std::runtime_error("the text to replace is not in " + file);
    }
    text.replace(at, from.size(), to);
    std::ofstream{folder_ / file} << text;
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  Copy(Copy&&) = delete;
  Copy& operator=(Copy&&) = delete;
  ~Copy() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  /// The mistakes that cmos_7nm.yaml of the copy has.
  [[nodiscard]] std::vector<Diagnostic> load() const {
    Diagnostics diagnostics;
    const Technology t = load_technology(folder_ / "cmos_7nm.yaml", diagnostics);
    CHECK_FALSE(t.loaded());
    return diagnostics.sorted();
  }

 private:
  fs::path folder_;
};

}  // namespace

TEST_CASE("every technology file loads and answers") {
  int files = 0;
  for (const auto& entry : fs::directory_iterator("configs/technology")) {
    if (entry.path().extension() != ".yaml") {
      continue;
    }
    ++files;
    CAPTURE(entry.path().string());
    const Technology t = test::technology(entry.path().stem().string());
    CHECK(t.loaded());
    CHECK(t.name() == entry.path().stem().string());
    CHECK(t.multiply_accumulate(kInt8, kInt8).energy.count() > 0.0);
    CHECK(t.sram(bytes(65536), Bits{128}).area.count() > 0.0);
    CHECK(t.maximum_clock().count() > 1e8);
    CHECK(t.voltage_for(t.maximum_clock()));
    CHECK(t.register_access().energy.count() > 0.0);
    CHECK(t.register_area().count() > 0.0);
    CHECK(t.logic_leakage(Area{1e-6}).count() > 0.0);
  }
  CHECK(files == 17);
}

TEST_CASE("every table file is named by some technology") {
  std::set<std::string> named;
  for (const auto& entry : fs::directory_iterator("configs/technology/tables")) {
    named.insert(entry.path().filename().string());
  }
  const std::string text = read_file("configs/technology/cmos_7nm.yaml");
  for (const std::string& name : named) {
    CHECK(text.find("tables/" + name) != std::string::npos);
  }
}

TEST_CASE("a finer node needs less energy and area for the same logic") {
  const std::array order{"cmos_65nm", "cmos_45nm", "cmos_28nm", "cmos_22nm", "cmos_16nm",
                         "cmos_12nm", "cmos_8nm",  "cmos_7nm",  "cmos_5nm",  "cmos_4nm"};
  Technology before;
  for (const char* name : order) {
    const Technology now = test::technology(name);
    if (before.loaded()) {
      CHECK(now.multiply_accumulate(kFp16, kFp16).energy <
            before.multiply_accumulate(kFp16, kFp16).energy);
      CHECK(now.multiply_accumulate(kFp16, kFp16).area <
            before.multiply_accumulate(kFp16, kFp16).area);
      CHECK(now.sram(bytes(65536), Bits{64}).area < before.sram(bytes(65536), Bits{64}).area);
      CHECK(now.register_access().energy < before.register_access().energy);
    }
    before = now;
  }
}

TEST_CASE("a vector operation is half an addition, half a product and three register accesses") {
  const Technology t = test::technology("cmos_45nm");
  const double registers = 16 * (2 * t.movement(Movement::register_read).energy.count() +
                                 t.movement(Movement::register_write).energy.count());
  // fp16 at 45 nm: (0.4 + 1.1) / 2 = 0.75 pJ
  CHECK(t.vector_operation(kFp16).energy.count() ==
        Approx(0.75e-12 + registers).epsilon(test::kSameConstant));
}

TEST_CASE("decoding costs what its steps cost") {
  const Technology t = test::technology("cmos_45nm");
  const auto format = [](const char* text) {
    std::string why;
    const auto parsed = models::parse_precision(text, why);
    REQUIRE(parsed);
    return *parsed;
  };
  CHECK(t.decode_operation(kFp16, kFp16).energy.count() == 0.0);
  CHECK(t.decode_operation(kInt8, kInt8).energy.count() == 0.0);
  // int4 to fp16: a floating addition, 0.4 pJ; with a scale for each group also a product, 1.1 pJ.
  CHECK(test::picojoules(t.decode_operation(format("int4"), kFp16).energy) == Approx(0.4));
  CHECK(test::picojoules(t.decode_operation(format("int4/g128"), kFp16).energy) == Approx(1.5));
  // int4 to int8 with a scale for 128 elements: (3.7 + 0.9) pJ / 128.
  CHECK(test::picojoules(t.decode_operation(format("int4/g128"), kInt8).energy) ==
        Approx(4.6 / 128));
  // trellis: 3.1 + 2 x 0.1 pJ.
  CHECK(test::picojoules(t.decode_operation(format("tcq3"), kFp16).energy) == Approx(3.3));
  // Codebook of 256 entries of 2 x 16 bits: 1 KiB, 32 bits in one access, 16 bits an element.
  const SramFigures table = t.sram(bytes(1024), Bits{32});
  CHECK(t.decode_operation(format("cb2x8"), kFp16).energy.count() ==
        Approx(table.read.count() * 16));
}

TEST_CASE("a clock that is too fast is named with the fastest one") {
  const Technology t = test::technology("cmos_7nm");
  CHECK(t.clock_problem(Frequency{1e9}).empty());
  CHECK(t.clock_excess(Frequency{1e9}) == 0.0);
  CHECK(t.clock_problem(Frequency{3e9}) ==
        "clock of 3 GHz is above 1.791 GHz, the fastest of cmos_7nm (at 1 V)");
  CHECK(t.clock_excess(Frequency{3e9}) == Approx(3.0 / 1.791 - 1.0).epsilon(1e-3));
  CHECK_FALSE(t.voltage_for(Frequency{3e9}));
}

TEST_CASE("every constant is listed with its source") {
  const Technology t = test::technology("cmos_7nm");
  bool found = false;
  for (const ProvenanceRow& row : t.provenance()) {
    CAPTURE(row.what);
    CHECK_FALSE(row.what.empty());
    CHECK_FALSE(row.value.empty());
    CHECK(row.source.size() > 5);
    found = found || (row.what == "multiply int8 at 45 nm, energy" && row.value == "200 fJ/op" &&
                      row.confidence == Confidence::secondary);
  }
  CHECK(found);
}

TEST_CASE("a technology that is not loaded answers nothing") {
  const Technology nothing;
  CHECK_FALSE(nothing.loaded());
  CHECK_THROWS_AS(nothing.maximum_clock(), InternalError);
}

TEST_CASE("a missing unit in a technology file is reported with its place") {
  const Copy copy{"cmos_7nm.yaml", "node: 7 nm", "node: 7"};
  const auto mistakes = copy.load();
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].at.line == 4);
  CHECK(mistakes[0].at.column == 7);
  CHECK(mistakes[0].path == "node");
  CHECK(mistakes[0].message == "unit is missing");
}

TEST_CASE("a table that does not exist is reported where it is named") {
  const Copy copy{"cmos_7nm.yaml", "sram: tables/sram_cacti.csv", "sram: tables/sram.csv"};
  const auto mistakes = copy.load();
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].path == "tables.sram");
  CHECK(mistakes[0].at.line == 19);
  CHECK(mistakes[0].message.find("there is no file") == 0);
}

TEST_CASE("an unknown source in a table is reported with the nearest one") {
  const Copy copy{"tables/arithmetic.yaml", "source: horowitz_2014", "source: horowitz_2041"};
  const auto mistakes = copy.load();
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].path == "points[0].source");
  CHECK(mistakes[0].message == "'horowitz_2041' is not an entry of `sources`");
  CHECK(mistakes[0].hint == "did you mean 'horowitz_2014'?");
  CHECK(mistakes[0].at.line >= 7);
}

TEST_CASE("a wrong cell of the SRAM table is reported with its line and column") {
  const Copy copy{"tables/sram_cacti.csv", "90,hp,1024,64,5.31566e-10", "90,hp,1024,64,fast"};
  const auto mistakes = copy.load();
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].at.line == 4);
  CHECK(mistakes[0].at.column == 15);
  CHECK(mistakes[0].message == "expected a number above 0, found 'fast'");
}

TEST_CASE("a supply outside the curve is a mistake") {
  const Copy copy{"cmos_7nm.yaml", "nominal_voltage: 0.75 V", "nominal_voltage: 1.75 V"};
  const auto mistakes = copy.load();
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].path == "nominal_voltage");
  CHECK(mistakes[0].at.line == 7);
}

TEST_CASE("mistakes in several tables are all reported") {
  const Copy copy{"tables/dram.yaml", "value: 7.5 pJ/b", "value: 7.5 pJ"};
  CHECK(copy.load().size() == 1);
  const Copy kind{"tables/dram.yaml", "  gddr6:", "  gddr9:"};
  const auto mistakes = kind.load();
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].path == "kinds.gddr9");
}

TEST_CASE("look-ups take well under 100 ns", "[.benchmark]") {
  const Technology t = test::technology("cmos_7nm");
  constexpr int kRounds = 2'000'000;
  double sum = 0.0;
  const auto time = [&](const char* what, auto&& look_up) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) {
      sum += look_up(i);
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
    std::cout << what << ": " << spent.count() / kRounds << " ns\n";
  };
  time("sram", [&](int i) { return t.sram(bytes(2048 + i), Bits{128}).read.count(); });
  time("multiply_accumulate int", [&](int i) {
    return t.multiply_accumulate(models::integer_format(2 + i % 14), kInt8).energy.count();
  });
  time("multiply_accumulate fp8", [&](int i) {
    return t.multiply_accumulate(models::floating_format(3 + i % 2, 8), kFp16).energy.count();
  });
  time("vector_operation",
       [&](int i) { return t.vector_operation(i % 2 == 0 ? kFp16 : kInt8).energy.count(); });
  time("dram", [&](int i) {
    return t.dram(i % 2 == 0 ? MemoryKind::hbm2 : MemoryKind::ddr4)->read.count();
  });
  time("operating_point", [&](int i) { return t.operating_point(Frequency{5e8 + i})->dynamic; });
  CHECK(sum > 0.0);
}
