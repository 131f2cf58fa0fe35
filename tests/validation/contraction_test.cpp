// Orders of contraction against 92 networks whose least number of multiplications is proven:
// decomposed layers and their gradients, lattices, random regular graphs, norms of projected
// entangled pairs, a matrix product state, a batched attention. Each has the source of its proof.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "models/tensor_network/contraction_order.h"
#include "models/tensor_network/network_json.h"
#include "search/contraction/order_search.h"

namespace cairn::search {
namespace {

using models::TensorNetwork;
using Json = nlohmann::json;

struct Instance {
  TensorNetwork network;  ///< for pairs
  Json row;
};

std::vector<Instance> instances() {
  std::vector<Instance> result;
  for (const auto& entry : std::filesystem::directory_iterator("tests/validation/contraction")) {
    std::ifstream in(entry.path());
    const Json rows = Json::parse(in);
    const std::vector<TensorNetwork> networks =
        models::read_networks(entry.path().string()).networks;
    REQUIRE(rows.size() == networks.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      result.push_back({models::pairwise(networks[i]).network, rows[i]});
    }
  }
  return result;
}

TEST_CASE("exact search returns the proven optimum of every network that has one", "[validation]") {
  int proven = 0;
  for (const Instance& instance : instances()) {
    if (!instance.row.contains("optimum")) {
      continue;
    }
    CAPTURE(instance.row["name"].get<std::string>(), instance.row["source"].get<std::string>());
    OrderOptions options;
    options.method = OrderMethod::optimal;
    options.cpu_seconds = 60;  // never needed: the hardest takes two
    const OrderResult result = search_order(instance.network, options);
    models::check(result.order, instance.network.terms.size());
    CHECK(result.optimal);
    CHECK(result.gap() == 0);
    CHECK(result.cost == instance.row["optimum"].get<double>());
    // The cost of the search is that of the definition.
    CHECK(models::exact_multiplications(instance.network, result.order) ==
          std::to_string(instance.row["optimum"].get<std::int64_t>()));
    ++proven;
  }
  CHECK(proven == 92);
}

TEST_CASE("with outer products allowed the optimum is the given one, and never worse",
          "[validation]") {
  int given = 0;
  for (const Instance& instance : instances()) {
    if (!instance.row.contains("optimum_with_outer_products")) {
      continue;
    }
    CAPTURE(instance.row["name"].get<std::string>());
    OrderOptions options;
    options.method = OrderMethod::optimal;
    options.outer_products = true;
    options.cpu_seconds = 60;
    const OrderResult result = search_order(instance.network, options);
    CHECK(result.optimal);
    CHECK(result.cost == instance.row["optimum_with_outer_products"].get<double>());
    CHECK(result.cost <= instance.row["optimum"].get<double>());
    ++given;
  }
  CHECK(given == 82);
}

TEST_CASE("the automatic method proves the optimum of every decomposed layer", "[validation]") {
  int layers = 0;
  for (const Instance& instance : instances()) {
    const auto name = instance.row["name"].get<std::string>();
    if (name.find("tt") != 0) {
      continue;
    }
    CAPTURE(name);
    const OrderResult result = search_order(instance.network, {});
    CHECK(result.optimal);
    CHECK(result.cost == instance.row["optimum"].get<double>());
    ++layers;
  }
  CHECK(layers == 80);
}

}  // namespace
}  // namespace cairn::search
