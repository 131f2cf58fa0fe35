/// \file
/// Tokens of one sequence on one or a few cards: llama.cpp and TinyChat.
#pragma once

#include "app/validation/comparison.h"

namespace cairn::app {

[[nodiscard]] std::vector<Comparison> compare_decode();

}  // namespace cairn::app
