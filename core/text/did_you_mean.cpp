#include "core/text/did_you_mean.h"

#include <algorithm>
#include <vector>

namespace cairn {

namespace {

constexpr std::size_t kMostListed = 12;
constexpr std::size_t kLongestWord = 64;

char folded(char c) {
  if (c >= 'A' && c <= 'Z') {
    return static_cast<char>(c - 'A' + 'a');
  }
  return c == '-' || c == ' ' ? '_' : c;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
          folded(a[i - 2]) == folded(b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.empty() || word.size() > kLongestWord) {
    return std::nullopt;
  }
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestWord) {
      continue;
    }
    const std::size_t distance = edit_distance(word, candidate);
    const std::size_t allowed =
        std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
    const bool something_common = distance < std::max(word.size(), candidate.size());
    if (distance <= allowed && something_common && (!best || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string one_of(std::span<const std::string> candidates) {
  if (candidates.empty()) {
    return {};
  }
  std::string result = "one of: ";
  const std::size_t listed = std::min(candidates.size(), kMostListed);
  for (std::size_t i = 0; i < listed; ++i) {
    result += (i > 0 ? ", " : "") + candidates[i];
  }
  return listed < candidates.size() ? result + ", ..." : result;
}

std::string suggest(std::string_view word, std::span<const std::string> candidates) {
  if (const auto near = nearest(word, candidates)) {
    return "did you mean '" + *near + "'?";
  }
  return one_of(candidates);
}

}  // namespace cairn
