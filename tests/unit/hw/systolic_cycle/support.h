/// \file
/// Products for the array that is simulated PE by PE, and what they should be.
#pragma once

#include <algorithm>
#include <string>

#include <Eigen/Core>
#include <fmt/format.h>

#include "core/random.h"
#include "hw/systolic/cycle/pe_product.h"
#include "hw/systolic/fold_cycles.h"

namespace cairn::hw::test {

using EigenMatrix = Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Map<const EigenMatrix> view(const IntegerMatrix& m) {
  return {m.values.data(), m.rows, m.cols};
}

/// 8-bit integers.
inline IntegerMatrix random_matrix(Rng& rng, std::int64_t rows, std::int64_t cols) {
  IntegerMatrix m(rows, cols);
  for (std::int32_t& value : m.values) {
    value = static_cast<std::int32_t>(rng.uniform_int(-128, 127));
  }
  return m;
}

struct Extents {
  std::int64_t m{};
  std::int64_t n{};
  std::int64_t k{};
  [[nodiscard]] std::int64_t of(Dimension d) const {
    return d == Dimension::m ? m : d == Dimension::n ? n : k;
  }
};

/// What the closed form is asked.
inline FoldShape fold_shape(const PeProductSpec& spec, const Extents& e) {
  const ArrayAxes axes = axes_of(spec.dataflow);
  const auto tile = [&](std::int64_t wanted, Dimension d) { return wanted > 0 ? wanted : e.of(d); };
  return {e.of(axes.rows),
          e.of(axes.cols),
          e.of(axes.time),
          tile(spec.rows_tile, axes.rows),
          tile(spec.cols_tile, axes.cols),
          tile(spec.time_tile, axes.time)};
}

inline std::int64_t closed_form(const PeProductSpec& spec, const Extents& e) {
  return rtl_cycles(fold_shape(spec, e), spec.rows, spec.cols,
                    spec.dataflow != Dataflow::output_stationary, spec.overlap);
}

inline std::string text(const PeProductSpec& s, const Extents& e) {
  return fmt::format("dataflow {} overlap {}, {} x {} PEs, m {} n {} k {}, tiles {} {} {}",
                     static_cast<int>(s.dataflow), static_cast<int>(s.overlap), s.rows, s.cols, e.m,
                     e.n, e.k, s.rows_tile, s.cols_tile, s.time_tile);
}

/// Every dataflow with every overlap that it knows.
template <class Visit>
void for_every_kind(Visit visit) {
  for (const Dataflow dataflow :
       {Dataflow::output_stationary, Dataflow::weight_stationary, Dataflow::input_stationary}) {
    for (const FoldOverlap overlap :
         {FoldOverlap::serial, FoldOverlap::pipelined, FoldOverlap::resident}) {
      if (dataflow != Dataflow::output_stationary || overlap != FoldOverlap::resident) {
        visit(dataflow, overlap);
      }
    }
  }
}

}  // namespace cairn::hw::test
