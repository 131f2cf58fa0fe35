// Tokens of each expert of the busiest part, as a typical draw.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/importers/hugging_face.h"

namespace cairn::models {
namespace {

double to_real(std::int64_t value) {
  return static_cast<double>(value);
}

/// Standard normal quantile by bisection of the error function; p in (0, 1).
double normal_quantile(double p) {
  double low = -9;
  double high = 9;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// Smallest count whose binomial distribution function reaches \p p.
std::int64_t binomial_quantile(std::int64_t trials, double chance, double p) {
  const double mean = to_real(trials) * chance;
  if (mean > 200) {  // the normal law is closer than half a count
    const double sigma = std::sqrt(mean * (1 - chance));
    return std::max<std::int64_t>(0, std::llround(mean + sigma * normal_quantile(p)));
  }
  double probability = std::pow(1 - chance, to_real(trials));
  double sum = probability;
  std::int64_t count = 0;
  while (sum < p && count < trials) {
    probability *= to_real(trials - count) / to_real(count + 1) * chance / (1 - chance);
    sum += probability;
    ++count;
  }
  return count;
}

}  // namespace

std::vector<std::int64_t> expert_loads(std::int64_t experts, std::int64_t per_token,
                                       std::int64_t tokens, std::int64_t parts) {
  const std::int64_t own = experts / parts;
  const double share = 1.0 / to_real(parts);
  double taken = to_real(tokens) * to_real(per_token) * share;
  if (parts > 1) {
    // A token's picks that fall into one part are hypergeometric; parts share a fixed sum.
    const double all = to_real(experts);
    const double spread = to_real(tokens) * to_real(per_token) * share * (1 - share) *
                          (experts > 1 ? (all - to_real(per_token)) / (all - 1) : 0.0);
    const double apart = std::sqrt(spread / (1 - share));
    taken += apart * normal_quantile((to_real(parts) - 0.375) / (to_real(parts) + 0.25));
  }
  const std::int64_t whole =
      std::clamp<std::int64_t>(std::llround(taken), 1, tokens * std::min(per_token, own));
  std::vector<std::int64_t> loads(static_cast<std::size_t>(own));
  if (own == 1) {
    loads[0] = std::min(whole, tokens);
    return loads;
  }
  for (std::int64_t i = 0; i < own; ++i) {
    const double p = (to_real(own - i) - 0.375) / (to_real(own) + 0.25);
    loads[static_cast<std::size_t>(i)] =
        std::min(tokens, binomial_quantile(whole, 1.0 / to_real(own), p));
  }
  // Whole counts leave a rest: the busiest experts take it, so that idle ones stay idle.
  std::int64_t rest = whole - std::accumulate(loads.begin(), loads.end(), std::int64_t{0});
  for (std::size_t i = 0; rest != 0; i = (i + 1) % loads.size()) {
    if (rest > 0 && loads[i] < tokens && (loads[i] > 0 || i == 0)) {
      ++loads[i];
      --rest;
    } else if (rest < 0 && loads[i] > 1) {
      --loads[i];
      ++rest;
    } else if (i + 1 == loads.size() &&
               std::all_of(loads.begin(), loads.end(), [&](std::int64_t load) {
                 return rest > 0 ? load >= tokens || load == 0 : load <= 1;
               })) {
      break;  // nothing can give or take
    }
  }
  std::sort(loads.rbegin(), loads.rend());
  return loads;
}

}  // namespace cairn::models
