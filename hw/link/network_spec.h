/// \file
/// What a YAML file may say about the on-chip network between the cores and the memory channels of
/// a device.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"

namespace cairn::hw {

enum class NetworkKind : std::uint8_t {
  mesh,      ///< a router at each node, links to its four neighbours
  crossbar,  ///< one switch that all nodes share
};
constexpr auto enum_names(NetworkKind /*tag*/) {
  using S = std::string_view;
  return std::array{std::pair{NetworkKind::mesh, S{"mesh"}},
                    std::pair{NetworkKind::crossbar, S{"crossbar"}}};
}

/// An on-chip network with credit flow control.
struct NetworkSpec {
  static constexpr std::int64_t kMostNodes = 4096;  ///< of a simulation: tables of routes

  NetworkKind kind{NetworkKind::crossbar};
  std::optional<std::int64_t> columns{};
  std::optional<std::int64_t> rows{};
  std::optional<std::int64_t> ports{};
  Bits flit_width{};
  Frequency clock{};
  std::int64_t buffer_depth{4};
  Cycles router_latency{2};
  Cycles link_latency{1};

  template <class Archive>
  void fields(Archive& a) {
    a("kind", kind, "mesh: a router at each node; crossbar: one switch");
    a("columns", columns, "mesh: routers in a row", Range{1, 256});
    a("rows", rows, "mesh: rows of routers", Range{1, 256});
    a("ports", ports, "crossbar: nodes of the switch", Range{2, 1024});
    a("flit_width", flit_width, "bits that a link moves in a cycle", Range{"8 b", "8192 b"});
    a("clock", clock, "clock of routers and links", Range{"1 kHz", "10 GHz"});
    a("buffer_depth", buffer_depth,
      "flits that the buffer of an input holds; full speed needs the round trip of a credit: "
      "router_latency + 2 x link_latency",
      kOptional, Range{1, 65536});
    a("router_latency", router_latency,
      "cycles from a flit's arrival in a router to its earliest departure", kOptional,
      Range{1, 1000});
    a("link_latency", link_latency, "cycles of a flit, or of a credit back, on a link", kOptional,
      Range{1, 1000});
  }
  /// Sizes that belong to the other kind, are missing, or are too large.
  [[nodiscard]] std::vector<FieldProblem> problems() const;

  [[nodiscard]] std::int64_t nodes() const {
    return kind == NetworkKind::mesh ? columns.value_or(0) * rows.value_or(0) : ports.value_or(0);
  }
};

}  // namespace cairn::hw
