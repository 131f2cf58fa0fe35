#include "sim/scenario.h"

namespace cairn::sim {

std::vector<FieldProblem> QualitySpec::problems() const {
  if (source == QualitySource::published && !table) {
    return {{"source", "the published source needs a `table`",
             "give table: a file in configs/quality"}};
  }
  return {};
}

}  // namespace cairn::sim
