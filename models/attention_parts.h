/// \file
/// Attention written out as products and softmax.
#pragma once

#include "models/workload.h"

namespace cairn::models {

/// Puts `<name>.scores`, `.softmax` and `.values` in place of every attention operator: products
/// over all pairs of queries and visible keys (a causal mask hides half of them, but does not save
/// their work). The operators of one key-value head are one product.
[[nodiscard]] Workload with_plain_attention(Workload workload);

}  // namespace cairn::models
