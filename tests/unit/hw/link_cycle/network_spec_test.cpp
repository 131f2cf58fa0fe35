#include "hw/link/network_spec.h"

#include <string>

#include <catch2/catch.hpp>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "hw/link/cycle/topology.h"
#include "support.h"

using namespace cairn;      // NOLINT(google-build-using-namespace)
using namespace cairn::hw;  // NOLINT(google-build-using-namespace)

namespace {

/// What the reader says of a file; empty when it has no complaint.
std::string complaint(const std::string& yaml) {
  Diagnostics diagnostics;
  const Node root = parse_yaml(yaml, "network.yaml", diagnostics);
  NetworkSpec spec;
  read(root, spec, diagnostics);
  try {
    diagnostics.throw_if_any();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a network's file is read, and its mistakes have places") {
  CHECK(complaint("kind: mesh\ncolumns: 4\nrows: 2\nflit_width: 128 b\nclock: 1 GHz\n").empty());
  CHECK(complaint("kind: crossbar\nports: 9\nflit_width: 32 B\nclock: 800 MHz\n").empty());
  CHECK(complaint("kind: mesh\ncolumns: 4\nflit_width: 128 b\nclock: 1 GHz\n")
            .find("a mesh needs it") != std::string::npos);
  CHECK(complaint("kind: crossbar\nports: 9\nrows: 2\nflit_width: 32 B\nclock: 800 MHz\n")
            .find("network.yaml:3:7: error: rows: a crossbar has none") != std::string::npos);
  const std::string large =
      complaint("kind: mesh\ncolumns: 128\nrows: 64\nflit_width: 128 b\nclock: 1 GHz\n");
  CHECK(large.find("128 x 64 = 8192 routers, 4096 more than the 4096 that are simulated") !=
        std::string::npos);
  CHECK(complaint("kind: mesh\ncolumns: 1\nrows: 1\nflit_width: 128 b\nclock: 1 GHz\n")
            .find("connects nothing") != std::string::npos);
  CHECK(complaint("kind: ring\nports: 9\nflit_width: 32 B\nclock: 800 MHz\n").find("ring") !=
        std::string::npos);
  CHECK_FALSE(complaint("kind: crossbar\nports: 9\nflit_width: 32 B\nclock: 800 MHz\n"
                        "buffer_depth: 0\n")
                  .empty());
  CHECK_FALSE(complaint("kind: crossbar\nports: 9\nflit_width: 32 B\nclock: 800 MHz\n"
                        "router_latency: 0 cycles\n")
                  .empty());
}

TEST_CASE("a packet has a flit with its address before its data") {
  const NetworkSpec spec = cairn::test::crossbar(2);  // flits of 128 bit
  CHECK(cycle::packet_flits(spec, 0) == 1);
  CHECK(cycle::packet_flits(spec, 1) == 2);
  CHECK(cycle::packet_flits(spec, 512) == 5);
  CHECK(cycle::packet_flits(spec, 513) == 6);
}
