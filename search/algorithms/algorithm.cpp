#include "search/algorithms/algorithm.h"

namespace cairn::search {

std::optional<Algorithm> make_algorithm(const AlgorithmRegistry& registry, const Node& search,
                                        const SearchProblem& problem, Diagnostics& diagnostics) {
  const Node* name = search.find("algorithm");
  if (name == nullptr || !name->is_scalar()) {
    diagnostics.error(
        name != nullptr ? name->at : search.at, "search.algorithm",
        name != nullptr ? "expected a name, found " + describe_found(*name) : "key is missing",
        one_of(registry.names()));
    return std::nullopt;
  }
  const AlgorithmEntry* entry = registry.find(name->scalar);
  if (entry == nullptr) {
    diagnostics.error(name->at, "search.algorithm", registry.unknown(name->scalar),
                      registry.hint(name->scalar));
    return std::nullopt;
  }
  return entry->make(search, problem, diagnostics);
}

}  // namespace cairn::search
