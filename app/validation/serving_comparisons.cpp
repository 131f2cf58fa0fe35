#include "app/validation/serving_comparisons.h"

#include "app/validation/collective_comparisons.h"

namespace cairn::app {

std::vector<Comparison> compare_serving() {
  return compare_all_reduce();
}

}  // namespace cairn::app
