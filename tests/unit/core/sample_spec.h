/// \file
/// A struct with a member of every type that fields() may name.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "core/named_list.h"
#include "core/text/enum_names.h"
#include "core/text/text_form.h"
#include "core/units.h"

namespace cairn::test {

enum class Dataflow { weight_stationary, output_stationary };
constexpr auto enum_names(Dataflow /*tag*/) {
  return std::array{std::pair{Dataflow::weight_stationary, std::string_view{"weight_stationary"}},
                    std::pair{Dataflow::output_stationary, std::string_view{"output_stationary"}}};
}

/// `3x4`: a type with a text form.
struct Grid {
  int x = 1;
  int y = 1;
  friend bool operator==(const Grid&, const Grid&) = default;
};

struct ArraySpec {
  static constexpr std::string_view kKind = "systolic_array";
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  Frequency clock{};
  Dataflow dataflow = Dataflow::weight_stationary;

  template <class Archive>
  void fields(Archive& a) {
    a("rows", rows, "number of PE rows", Range{1, 65536});
    a("cols", cols, "number of PE columns", kPositive);
    a("clock", clock, "array clock", Range{"1 kHz", "10 GHz"});
    a("dataflow", dataflow, "which operand stays in the PEs", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    if (rows == 13) {
      return {{"rows", "thirteen rows do not divide anything", "take 12"}};
    }
    if (rows == cols * 100) {
      return {{"", "far too tall", ""}};
    }
    return {};
  }
  friend bool operator==(const ArraySpec&, const ArraySpec&) = default;
};

struct CoreSpec {
  static constexpr std::string_view kKind = "core";
  int threads = 1;
  template <class Archive>
  void fields(Archive& a) {
    a("threads", threads, "hardware threads");
  }
  friend bool operator==(const CoreSpec&, const CoreSpec&) = default;
};

using Device = std::variant<ArraySpec, CoreSpec>;

struct MemorySpec {
  Bits capacity{};
  std::optional<Bandwidth> bandwidth;
  template <class Archive>
  void fields(Archive& a) {
    a("capacity", capacity, "what it holds", kPositive);
    a("bandwidth", bandwidth, "what it moves", kPositive);
  }
  friend bool operator==(const MemorySpec&, const MemorySpec&) = default;
};

struct Sample {
  bool enabled = false;
  int small = 0;
  std::uint64_t seed = 0;
  double factor = 1.0;
  std::string name;
  std::filesystem::path file;
  Grid grid;
  std::optional<std::int64_t> limit;
  std::vector<double> weights;
  std::vector<MemorySpec> caches;
  NamedList<MemorySpec> memories;
  NamedList<Device> devices;
  std::vector<std::string> notes;

  template <class Archive>
  void fields(Archive& a) {
    a("enabled", enabled, "a switch", kOptional);
    a("small", small, "a small number", kOptional);
    a("seed", seed, "all 64 bits", kOptional);
    a("factor", factor, "a real number", kOptional, kNotNegative);
    a("name", name, "any text", kOptional);
    a("file", file, "another file", kOptional);
    a("grid", grid, "columns and rows", kOptional);
    a("limit", limit, "a bound", Range{0, 10});
    a("weights", weights, "real numbers", kOptional, Range{0, 1});
    a("caches", caches, "unnamed memories", kOptional);
    a("memories", memories, "named memories", kOptional);
    a("devices", devices, "named devices", kOptional);
    a("notes", notes, "texts", kOptional);
  }
  friend bool operator==(const Sample&, const Sample&) = default;
};

}  // namespace cairn::test

namespace cairn {
template <>
struct TextForm<test::Grid> {
  static constexpr std::string_view kWhat = "a grid";
  static std::optional<test::Grid> parse(std::string_view text, std::string& why) {
    const std::size_t x = text.find('x');
    if (x != 1 || text.size() != 3) {
      why = x == std::string_view::npos ? "the x is missing" : "";
      return std::nullopt;
    }
    return test::Grid{text[0] - '0', text[2] - '0'};
  }
  static std::string print(const test::Grid& grid) {
    return std::to_string(grid.x) + "x" + std::to_string(grid.y);
  }
  static std::string expected() { return "3x4, with one digit each"; }
};
}  // namespace cairn
