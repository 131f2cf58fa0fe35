#include "hw/mcu/cycle/bank_conflicts.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/random.h"

namespace cairn::hw::cycle {
namespace {

constexpr std::size_t kSharedRuns = 4;  ///< weights of four filters
constexpr std::size_t kOwnRuns = 2;     ///< two pixels
constexpr std::size_t kRuns = kSharedRuns + kOwnRuns;
constexpr int kStarts = 48;
constexpr int kCycles = 512;

struct Core {
  std::array<std::int64_t, kRuns> next{};  ///< word of each run
  std::size_t run{};
  double due{};  ///< accesses that its instructions have come to
  [[nodiscard]] std::int64_t word() const { return next[run]; }
};

struct Tally {
  std::int64_t accesses{};
  std::int64_t waits{};
};

/// Some hundred cycles from one random start.
void play(const BankTraffic& traffic, Rng& rng, Tally& tally) {
  const auto cores = static_cast<std::size_t>(traffic.cores);
  const auto banks = static_cast<std::size_t>(traffic.banks);
  const auto random_bank = [&] { return rng.uniform_int(0, traffic.banks - 1); };
  std::vector<Core> all(cores);
  for (std::size_t r = 0; r < kRuns; ++r) {
    const std::int64_t shared = random_bank();
    for (Core& core : all) {
      core.next[r] = r < kSharedRuns ? shared : random_bank();
    }
  }
  std::vector<std::size_t> turn(banks, 0);  // who is asked first at each bank
  std::vector<std::size_t> winner(banks);
  std::int64_t dma_word = random_bank();
  double dma_due = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    std::fill(winner.begin(), winner.end(), cores + 1);
    const auto ask = [&](std::size_t who, std::int64_t word) {
      const auto bank = static_cast<std::size_t>(word) % banks;
      const auto rank = [&](std::size_t w) { return (w + cores + 1 - turn[bank]) % (cores + 1); };
      if (winner[bank] > cores || rank(who) < rank(winner[bank])) {
        winner[bank] = who;
      }
      return bank;
    };
    dma_due += traffic.dma_words;
    for (std::int64_t w = 0; w < static_cast<std::int64_t>(dma_due); ++w) {
      ask(cores, dma_word + w);
    }
    for (std::size_t c = 0; c < cores; ++c) {
      if (all[c].due < 1) {
        all[c].due += traffic.accesses;
      }
      if (all[c].due >= 1) {
        ask(c, all[c].word());
      }
    }
    for (std::size_t c = 0; c < cores; ++c) {
      Core& core = all[c];
      if (core.due < 1) {
        continue;
      }
      const auto bank = static_cast<std::size_t>(core.word()) % banks;
      if (winner[bank] == c) {
        turn[bank] = (c + 1) % (cores + 1);
        ++core.next[core.run];
        core.run = (core.run + 1) % kRuns;
        core.due -= 1;
        ++tally.accesses;
      } else {
        ++tally.waits;
      }
    }
    while (dma_due >= 1) {
      const auto bank = static_cast<std::size_t>(dma_word) % banks;
      if (winner[bank] != cores) {
        break;  // it has a buffer and goes on with the rest
      }
      turn[bank] = 0;
      winner[bank] = cores + 1;
      ++dma_word;
      dma_due -= 1;
    }
    dma_due = std::min(dma_due, 2.0 + traffic.dma_words);
  }
}

}  // namespace

double bank_wait(const BankTraffic& traffic) {
  if (traffic.accesses <= 0 || traffic.banks <= 0) {
    return 0.0;
  }
  constexpr std::uint64_t kSeed = 1;
  Rng rng(kSeed);
  Tally tally;
  for (int start = 0; start < kStarts; ++start) {
    play(traffic, rng, tally);
  }
  return tally.accesses > 0 ? static_cast<double>(tally.waits) / static_cast<double>(tally.accesses)
                            : 0.0;
}

}  // namespace cairn::hw::cycle
