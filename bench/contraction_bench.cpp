// Orders of contraction: CPU time and cost of every heuristic, on networks from 16 to 1,000
// tensors.
//
// contraction_bench [seconds]   CPU seconds of the portfolio for each network (default 10; networks
//                               of 1,000 tensors take three times as long)
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "search/contraction/cpu_budget.h"
#include "search/contraction/heuristics.h"
#include "search/contraction/random_greedy.h"
#include "tests/unit/search/contraction/networks.h"

namespace {

using namespace cairn;          // NOLINT(google-build-using-namespace): a program, not a header
using namespace cairn::search;  // NOLINT(google-build-using-namespace)

struct Case {
  std::string name;
  models::TensorNetwork network;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::size_t side : {4U, 5U, 6U, 8U, 10U, 12U}) {
    all.push_back({fmt::format("lattice_{0}x{0}_d2", side), square_lattice(side, 2)});
  }
  for (const std::size_t side : {3U, 4U, 5U}) {
    all.push_back({fmt::format("two_lattices_{0}x{0}_d4", side), double_lattice(side, 4, 2)});
  }
  for (const std::size_t sites : {6U, 16U, 30U}) {
    all.push_back({fmt::format("three_chains_{}_d16", sites), three_chains(sites, 16, 5, 2)});
  }
  for (const std::size_t terms : {20U, 30U, 60U, 100U, 200U, 1000U}) {
    all.push_back({fmt::format("regular3_{}", terms), regular_network(terms, 3, 2, 1)});
  }
  all.push_back({"hypergraph_1000", hyper_network(1000, 1000, 1)});
  return all;
}

void row(const std::string& name, std::size_t terms, const char* method, double seconds,
         double cost) {
  fmt::print("{:24} {:5} {:14} {:10.3f} {:9.4f} {:.9g}\n", name, terms, method, seconds * 1e3,
             std::log10(cost), cost);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 10;
  fmt::print("{:24} {:>5} {:14} {:>10} {:>9} {}\n", "network", "terms", "method", "CPU ms", "log10",
             "multiplications");
  for (const Case& one : cases()) {
    const std::size_t terms = one.network.terms.size();
    const BitNetwork bits = bit_network(one.network);
    {
      const double begin = 1e-9 * static_cast<double>(thread_cpu_nanoseconds());
      const FoundOrder found = random_greedy(bits, {}, 128, 0);
      row(one.name, terms, "128 greedy",
          1e-9 * static_cast<double>(thread_cpu_nanoseconds()) - begin, found.total);
    }
    for (const auto& [name, method] :
         {std::pair{"greedy", OrderMethod::greedy},
          std::pair{"reconfigure", OrderMethod::reconfigure},
          std::pair{"random_greedy", OrderMethod::random_greedy},
          std::pair{"partition", OrderMethod::partition}, std::pair{"anneal", OrderMethod::anneal},
          std::pair{"auto", OrderMethod::automatic}}) {
      const double limit = terms < 1000 ? seconds : 3 * seconds;
      const double begin = 1e-9 * static_cast<double>(thread_cpu_nanoseconds());
      const HeuristicResult found =
          heuristic_order(one.network, method, {.cpu_seconds = limit, .seed = 0, .threads = 1});
      row(one.name, terms, name, 1e-9 * static_cast<double>(thread_cpu_nanoseconds()) - begin,
          found.cost);
    }
  }
  return 0;
}
