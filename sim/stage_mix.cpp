#include "sim/stage_mix.h"

#include <cmath>

namespace cairn::sim {

std::vector<StageShare> stage_mix(std::int64_t batch, std::int64_t generate) {
  constexpr double kRare = 1e-4;
  std::vector<StageShare> stages;
  const double leave = 1.0 / static_cast<double>(generate);
  const auto places = static_cast<double>(batch);
  double log_share = places * std::log1p(-leave);  // of no prompt; -inf when every place leaves
  double sum = 0;
  for (std::int64_t prompts = 0; prompts <= batch; ++prompts) {
    const auto n = static_cast<double>(prompts);
    if (generate == 1) {
      log_share = prompts == batch ? 0.0 : -1e9;
    } else if (prompts > 0) {
      log_share += std::log((places - n + 1) / n) + std::log(leave) - std::log1p(-leave);
    }
    const double share = std::exp(log_share);
    if (share >= kRare) {
      stages.push_back({prompts, share});
      sum += share;
    } else if (n > places * leave) {
      break;
    }
  }
  for (StageShare& stage : stages) {
    stage.share /= sum;
  }
  return stages;
}

}  // namespace cairn::sim
