/// \file
/// What a YAML file may say about the links between equal devices (ranks) of a system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/units.h"

namespace cairn::hw {

/// One kind of link, as one device sees it: the content of a file in configs/links/.
struct RankLinkSpec {
  std::int64_t schema{1};
  std::string name;
  std::string source;
  Bandwidth bandwidth{};
  Seconds latency{};
  EnergyPerBit energy{};

  template <class Archive>
  void fields(Archive& a) {
    a("schema", schema, "version of the file format", kOptional, Range{1, 1});
    a("name", name, "name of the link");
    a("source", source, "where the figures come from", kOptional);
    a("bandwidth", bandwidth, "peak of one device in one direction, all its lanes together",
      Positive{});
    a("latency", latency, "of one step of a collective: from a rank's store to its neighbour's use",
      NotNegative{});
    a("energy", energy, "energy of moving data over one hop", NotNegative{});
  }
};

/// Links between the devices that share a workload.
struct InterconnectSpec {
  RankLinkSpec intra_node{};
  std::optional<RankLinkSpec> inter_node{};
  std::int64_t ranks_per_node{8};
  bool ring_only{false};

  template <class Archive>
  void fields(Archive& a) {
    a("intra_node", intra_node, "link between devices of a node: a file of configs/links/");
    a("inter_node", inter_node, "link between nodes; absent: there is one node", kOptional);
    a("ranks_per_node", ranks_per_node, "devices of one node", Range{1, 65536});
    a("ring_only", ring_only,
      "the library reduces and gathers in rings only; false: also in trees, and at one stroke",
      kOptional);
  }
};

/// What a communication library makes of a link; part of a software stack.
struct CollectiveStackSpec {
  Seconds launch{};
  double bandwidth{1.0};

  template <class Archive>
  void fields(Archive& a) {
    a("launch", launch, "time of a collective of one element between two devices, steps excluded",
      NotNegative{});
    a("bandwidth", bandwidth, "share of a link's peak bandwidth that long messages reach",
      Range{0.01, 1.0});
  }
};

}  // namespace cairn::hw
