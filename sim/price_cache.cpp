#include "sim/price_cache.h"

#include <bit>

namespace cairn::sim {
namespace {
/// Refusals hold text; past this many the cache starts afresh.
constexpr std::size_t kMostRefusals = 1U << 15U;
}  // namespace

PriceCache::PriceCache(std::size_t places)
    : entries_(std::bit_ceil(places)), mask_(std::bit_ceil(places) - 1) {}

const PriceCache::Entry* PriceCache::find(std::uint64_t key) {
  const Entry& entry = place(key);
  if (entry.key == key) {
    ++hits_;
    return &entry;
  }
  ++misses_;
  return nullptr;
}

const PriceCache::Entry& PriceCache::put(std::uint64_t key, const GroupPrice& price) {
  mappings_ += price.mappings_considered;
  Entry& entry = place(key);
  entry = {key, price, -1};
  return entry;
}

const PriceCache::Entry& PriceCache::put(std::uint64_t key, Refusal refusal) {
  if (refusals_.size() >= kMostRefusals) {
    clear();
  }
  refusals_.push_back(std::move(refusal));
  Entry& entry = place(key);
  entry = {key, GroupPrice{}, static_cast<std::int32_t>(refusals_.size()) - 1};
  return entry;
}

void PriceCache::clear() {
  refusals_.clear();
  for (Entry& entry : entries_) {
    entry.key = 0;
  }
}

}  // namespace cairn::sim
