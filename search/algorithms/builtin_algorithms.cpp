#include "search/algorithms/builtin_algorithms.h"

#include "search/algorithms/exhaustive.h"
#include "search/algorithms/random_sampling.h"

namespace cairn::search {

AlgorithmRegistry builtin_algorithms() {
  AlgorithmRegistry registry{"search algorithm"};
  register_algorithm<Exhaustive>(registry);
  register_algorithm<RandomSampling>(registry);
  return registry;
}

}  // namespace cairn::search
