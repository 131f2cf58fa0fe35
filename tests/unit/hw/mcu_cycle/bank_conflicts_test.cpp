// Waits for banks of a shared scratchpad.

#include "hw/mcu/cycle/bank_conflicts.h"

#include <catch2/catch.hpp>

using cairn::hw::cycle::bank_wait;

TEST_CASE("a core alone never waits, whatever it reads") {
  CHECK(bank_wait({.banks = 1, .cores = 1, .accesses = 1}) == 0.0);
  CHECK(bank_wait({.banks = 16, .cores = 1, .accesses = 0.4}) == 0.0);
}

TEST_CASE("on one bank every core waits for all others") {
  // Four cores that access in every cycle: each is served in one of four.
  CHECK(bank_wait({.banks = 1, .cores = 4, .accesses = 1}) == Approx(3.0).epsilon(0.01));
}

TEST_CASE("cores that are rarely at the same bank rarely wait") {
  // Without drift, seven others at one access in ten cycles on 16 banks meet in 7/160 of the cases,
  // and one of the two waits: about 0.02 cycles an access. Cores begin together, so a little more.
  const double wait = bank_wait({.banks = 16, .cores = 8, .accesses = 0.1});
  CHECK(wait > 0.005);
  CHECK(wait < 0.12);
}

TEST_CASE("more banks mean shorter waits, more cores and a busy engine longer ones") {
  const auto wait = [](std::int64_t banks, std::int64_t cores, double dma) {
    return bank_wait({.banks = banks, .cores = cores, .accesses = 0.4, .dma_words = dma});
  };
  CHECK(wait(8, 8, 0) > wait(16, 8, 0));
  CHECK(wait(16, 8, 0) > wait(32, 8, 0));
  CHECK(wait(16, 8, 0) > wait(16, 4, 0));
  CHECK(wait(16, 8, 2) > wait(16, 8, 0));
}
