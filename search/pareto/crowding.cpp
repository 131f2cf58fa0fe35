#include "search/pareto/crowding.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <numeric>

namespace cairn::search {

std::vector<double> crowding_distances(const Front& front) {
  constexpr double kEnd = std::numeric_limits<double>::infinity();
  const std::size_t count = front.size();
  std::vector<double> distances(count, 0.0);
  std::vector<std::size_t> order(count);
  for (std::size_t o = 0; o < front.objectives; ++o) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return front[a][o] != front[b][o] ? front[a][o] < front[b][o] : a < b;
    });
    const double range = count > 0 ? front[order.back()][o] - front[order.front()][o] : 0.0;
    if (!(range > 0.0)) {
      continue;  // all alike in this one
    }
    distances[order.front()] = kEnd;
    distances[order.back()] = kEnd;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      distances[order[i]] += (front[order[i + 1]][o] - front[order[i - 1]][o]) / range;
    }
  }
  return distances;
}

std::vector<std::uint64_t> loneliest_first(const Front& front) {
  const std::vector<double> distances = crowding_distances(front);
  std::vector<std::size_t> order(front.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return distances[a] > distances[b]; });
  std::vector<std::uint64_t> ids;
  ids.reserve(order.size());
  std::transform(order.begin(), order.end(), std::back_inserter(ids),
                 [&](std::size_t row) { return front.ids[row]; });
  return ids;
}

}  // namespace cairn::search
