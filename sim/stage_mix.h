/// \file
/// Stages of continuous batching in a closed loop.
///
/// A batch of B sequences makes one token each in every stage; a sequence that has made its G
/// tokens leaves and another takes its place, whose prompt is read in the next stage. Once lengths
/// are mixed, each place changes hands in a stage with probability 1 / G, so the number of prompts
/// in a stage is binomial, and the mean number of keys behind a sequence is prompt + G / 2.
///
/// Assumes:    always a next request; every prompt fits one stage; sequences are independent.
/// Ignores:    the spread of lengths around their mean, chunked prompts, queues.
/// Reference:  G.-I. Yu et al., "Orca: a distributed serving system for transformer-based
/// generative
///             models", OSDI 2022 (iteration-level scheduling).
/// Checked by: tests/unit/sim/stage_mix_test.cpp (by hand)
#pragma once

#include <cstdint>
#include <vector>

namespace cairn::sim {

/// Stages that read so many prompts, as a share of all stages.
struct StageShare {
  std::int64_t prompts{};
  double share{};
};

/// Most frequent first-to-last prompts 0, 1, 2, ...; kinds rarer than one stage in ten thousand are
/// left out. Shares add up to 1.
[[nodiscard]] std::vector<StageShare> stage_mix(std::int64_t batch, std::int64_t generate);

}  // namespace cairn::sim
