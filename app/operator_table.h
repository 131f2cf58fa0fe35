/// \file
/// Operators from a table: Cairn's own columns, and SCALE-Sim's topology and GEMM files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/csv.h"
#include "hw/mapping.h"
#include "models/operator.h"

namespace cairn::app {

/// One row as an operator, or why it is none.
struct OperatorRow {
  models::Operator op;
  std::int64_t count{1};
  hw::MappingConstraint mapping;
  std::string error;         ///< empty if the row is good
  std::string mapping_text;  ///< what `mapping` was read from: rows in a row often share it
};

/// Reads rows one by one; the same OperatorRow is filled anew, so nothing is allocated for a good
/// row of numbers.
class OperatorTable {
 public:
  /// \param defaults formats of tensors that a row does not name.
  /// \param one_filter_is_depthwise reads SCALE-Sim rows with one filter as depthwise.
  /// \throws ConfigError if the header is none of those known.
  OperatorTable(CsvReader& csv, models::Formats defaults, bool one_filter_is_depthwise);

  /// Fills \p row from the present row of the table.
  void read(OperatorRow& row) const;
  /// Header columns to echo: all but those that a pricing run appends.
  [[nodiscard]] const std::vector<std::size_t>& echoed() const { return echoed_; }
  [[nodiscard]] std::optional<std::size_t> mapping_column() const { return mapping_; }

 private:
  enum class Layout { cairn, scalesim_convolution, scalesim_gemm };
  /// Columns of Cairn's own layout, in the order of kColumnNames.
  enum Column : std::size_t {
    kind,
    batch,
    m,
    n,
    k,
    h,
    w,
    c,
    filters,
    kernel_h,
    kernel_w,
    stride,
    padding,
    groups,
    heads,
    kv_heads,
    head_dim,
    queries,
    context,
    causal,
    weights,
    activations,
    outputs,
    count,
    mapping,
    name,
    window,
    density,
    elements,
    ranks,
    columns
  };
  void read_cairn(OperatorRow& row) const;
  void read_scalesim_convolution(OperatorRow& row) const;
  void read_scalesim_gemm(OperatorRow& row) const;
  bool read_shape(std::string_view kind_text, OperatorRow& row) const;
  bool read_formats(OperatorRow& row) const;
  [[nodiscard]] std::string_view text(Column column) const;
  bool number(Column column, std::int64_t& value, OperatorRow& row, bool required,
              std::int64_t at_least = 1) const;
  bool cell_number(std::size_t cell, std::string_view what, std::int64_t& value,
                   OperatorRow& row) const;

  const CsvReader* csv_;
  models::Formats defaults_;
  bool one_filter_is_depthwise_;
  Layout layout_{};
  std::vector<std::optional<std::size_t>> places_;  // by Column
  std::vector<std::size_t> scalesim_;               // cells of a SCALE-Sim row
  std::vector<std::size_t> echoed_;
  std::optional<std::size_t> mapping_;
};

/// Columns that pricing appends, in order.
[[nodiscard]] const std::vector<std::string>& priced_columns();
/// Those that come before `error` at cycle level.
[[nodiscard]] const std::vector<std::string>& cycle_columns();

}  // namespace cairn::app
