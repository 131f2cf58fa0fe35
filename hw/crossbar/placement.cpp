#include "hw/crossbar/placement.h"

#include <algorithm>

namespace cairn::hw {

CrossbarPlacement place(const WeightBlock& block, const MacroLayout& layout,
                        const CrossbarSpec& spec) {
  CrossbarPlacement p;
  p.row_tiles = ceil_div(block.k, layout.weight_rows);
  p.col_tiles = ceil_div(block.n, layout.weight_cols);
  if (p.row_tiles == 1 && p.col_tiles == 1) {
    p.groups_per_macro =
        std::min({block.instances, layout.weight_rows / block.k, layout.weight_cols / block.n});
  }
  p.macro_rows = std::min(block.k * p.groups_per_macro, layout.weight_rows);
  p.macro_cols = std::min(block.n * p.groups_per_macro, layout.weight_cols);
  p.image_macros = ceil_div(block.instances, p.groups_per_macro) * p.row_tiles * p.col_tiles;
  p.rounds = ceil_div(p.image_macros, spec.macros);
  if (p.rounds == 1) {
    const std::int64_t most = std::min(spec.macros / p.image_macros, block.vectors);
    switch (spec.copies) {
      case WeightCopies::one:
        break;
      case WeightCopies::fill:
        p.copies = most;
        break;
      case WeightCopies::balanced:
        p.copies = std::min(most, ceil_div(block.vectors, spec.vectors_per_copy));
        break;
    }
  }
  p.vectors_per_copy = ceil_div(block.vectors, p.copies);
  return p;
}

}  // namespace cairn::hw
