#include "app/operator_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"

namespace cairn::app {
namespace {

constexpr std::array<std::string_view, 30> kColumnNames{
    "kind",     "batch",    "m",        "n",       "k",        "h",           "w",       "c",
    "filters",  "kernel_h", "kernel_w", "stride",  "padding",  "groups",      "heads",   "kv_heads",
    "head_dim", "queries",  "context",  "causal",  "weights",  "activations", "outputs", "count",
    "mapping",  "name",     "window",   "density", "elements", "ranks"};

constexpr std::array<std::string_view, 21> kKinds{
    "matmul",    "conv2d",         "depthwise_conv2d", "attention",  "elementwise",    "add",
    "multiply",  "softmax",        "layer_norm",       "rms_norm",   "gelu",           "silu",
    "relu",      "embedding",      "all_reduce",       "all_gather", "reduce_scatter", "all_to_all",
    "broadcast", "point_to_point", "permute"};

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char ch) {
    return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch - 'A' + 'a') : ch;
  });
  return result;
}

std::optional<std::size_t> column_like(const CsvReader& csv, std::string_view name) {
  for (std::size_t i = 0; i < csv.header().size(); ++i) {
    if (lower(csv.header()[i]) == name) {
      return i;
    }
  }
  return std::nullopt;
}

std::vector<std::size_t> all_of(const CsvReader& csv, std::initializer_list<const char*> names) {
  std::vector<std::size_t> cells;
  for (const char* name : names) {
    const std::optional<std::size_t> at = column_like(csv, name);
    if (!at) {
      return {};
    }
    cells.push_back(*at);
  }
  return cells;
}

/// Small enough that bits, operations and cycles of every model stay below 63 bits.
bool is_countable(const models::Shape& shape) {
  constexpr std::int64_t kMostElements = std::int64_t{1} << 55U;
  constexpr std::int64_t kMostOperations = std::int64_t{1} << 56U;
  try {
    return models::multiply_accumulates(shape) <= kMostOperations &&
           models::weight_elements(shape) <= kMostElements &&
           models::input_elements(shape) <= kMostElements &&
           models::output_elements(shape) <= kMostElements;
  } catch (const std::overflow_error&) {
    return false;
  }
}

}  // namespace

const std::vector<std::string>& priced_columns() {
  static const std::vector<std::string> columns{"latency_s",        "cycles",     "energy_j",
                                                "utilization",      "bottleneck", "dram_read_bytes",
                                                "dram_write_bytes", "error"};
  return columns;
}

const std::vector<std::string>& cycle_columns() {
  static const std::vector<std::string> columns{"analytical_latency_s", "disagreement"};
  return columns;
}

OperatorTable::OperatorTable(CsvReader& csv, models::Formats defaults, bool one_filter_is_depthwise)
    : csv_(&csv),
      defaults_(defaults),
      one_filter_is_depthwise_(one_filter_is_depthwise),
      places_(kColumnNames.size()) {
  std::vector<std::string> appended = priced_columns();
  appended.insert(appended.end(), cycle_columns().begin(), cycle_columns().end());
  for (std::size_t i = 0; i < csv.header().size(); ++i) {
    if (std::find(appended.begin(), appended.end(), csv.header()[i]) == appended.end()) {
      echoed_.push_back(i);
    }
  }
  const auto convolution = all_of(csv, {"ifmap height", "ifmap width", "filter height",
                                        "filter width", "channels", "num filter", "strides"});
  if (!convolution.empty()) {
    layout_ = Layout::scalesim_convolution;
    scalesim_ = convolution;
    return;
  }
  for (std::size_t column = 0; column < kColumnNames.size(); ++column) {
    places_[column] = csv.column(kColumnNames.at(column));
  }
  if (places_[kind]) {
    layout_ = Layout::cairn;
    mapping_ = places_[mapping];
    return;
  }
  const auto gemm = all_of(csv, {"m", "n", "k"});
  if (!gemm.empty()) {
    layout_ = Layout::scalesim_gemm;
    scalesim_ = gemm;
    return;
  }
  Diagnostics diagnostics;
  diagnostics.error(csv.at(0), "", "the table has no column 'kind'",
                    fmt::format("columns are {}; SCALE-Sim topologies (IFMAP Height, ...) and GEMM "
                                "files (Layer, M, N, K) are read as they are",
                                fmt::join(kColumnNames, ", ")));
  diagnostics.throw_if_any();
}

std::string_view OperatorTable::text(Column column) const {
  return places_[column] ? csv_->cell(*places_[column]) : std::string_view{};
}

bool OperatorTable::cell_number(std::size_t cell, std::string_view what, std::int64_t& value,
                                OperatorRow& row) const {
  const std::string_view digits = csv_->cell(cell);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    row.error = fmt::format("{}: '{}' is not a whole number", what, digits);
    return false;
  }
  return true;
}

bool OperatorTable::number(Column column, std::int64_t& value, OperatorRow& row, bool required,
                           std::int64_t at_least) const {
  const std::string_view digits = text(column);
  if (digits.empty()) {
    if (required) {
      row.error = fmt::format("{} is missing", kColumnNames.at(column));
    }
    return !required;
  }
  if (!cell_number(*places_[column], kColumnNames.at(column), value, row)) {
    return false;
  }
  constexpr std::int64_t kMost = 1LL << 40U;
  if (value < at_least || value > kMost) {
    row.error =
        fmt::format("{} is {}, allowed {} to {}", kColumnNames.at(column), value, at_least, kMost);
    return false;
  }
  return true;
}

bool OperatorTable::read_formats(OperatorRow& row) const {
  row.op.formats = defaults_;
  const auto one = [&](Column column, models::Precision& format) {
    const std::string_view format_text = text(column);
    if (format_text.empty()) {
      return true;
    }
    std::string why;
    const std::optional<models::Precision> parsed = models::parse_precision(format_text, why);
    if (!parsed) {
      row.error = fmt::format("{}: '{}' is not a number format: {}", kColumnNames.at(column),
                              format_text, why);
      return false;
    }
    format = *parsed;
    return true;
  };
  if (!one(weights, row.op.formats.weights) || !one(activations, row.op.formats.activations)) {
    return false;
  }
  row.op.formats.outputs = row.op.formats.activations;
  return one(outputs, row.op.formats.outputs);
}

bool OperatorTable::read_shape(std::string_view kind_text, OperatorRow& row) const {
  const auto rows_and_columns = [&](auto& shape) {
    return number(m, shape.rows, row, true) && number(n, shape.columns, row, true);
  };
  if (kind_text == "matmul") {
    models::MatMul s;
    const bool good = number(batch, s.batch, row, false) && number(m, s.m, row, true) &&
                      number(n, s.n, row, true) && number(k, s.k, row, true);
    // m x k by k x n, `batch` times: each with operands of its own.
    s.distinct_weights = s.batch > 1;
    row.op.shape = s;
    return good;
  }
  if (kind_text == "conv2d" || kind_text == "depthwise_conv2d") {
    models::Convolution s;
    std::int64_t step = 1;
    std::int64_t pad = 0;
    const bool depthwise = kind_text == "depthwise_conv2d";
    bool good = number(batch, s.batch, row, false) && number(h, s.height, row, true) &&
                number(w, s.width, row, true) && number(c, s.channels, row, true) &&
                number(kernel_h, s.kernel_height, row, true) &&
                number(kernel_w, s.kernel_width, row, true) && number(stride, step, row, false) &&
                number(padding, pad, row, false, 0);
    s.filters = s.channels;
    s.groups = depthwise ? s.channels : 1;
    good =
        good && number(filters, s.filters, row, !depthwise) && number(groups, s.groups, row, false);
    s.stride_height = s.stride_width = step;
    s.pad_top = s.pad_bottom = s.pad_left = s.pad_right = pad;
    if (good && (s.channels % s.groups != 0 || s.filters % s.groups != 0)) {
      row.error = fmt::format("groups: {} does not divide c = {} and filters = {}", s.groups,
                              s.channels, s.filters);
      return false;
    }
    if (good && (s.height + 2 * pad < s.kernel_height || s.width + 2 * pad < s.kernel_width)) {
      row.error =
          fmt::format("kernel {} x {} is larger than the padded input {} x {}", s.kernel_height,
                      s.kernel_width, s.height + 2 * pad, s.width + 2 * pad);
      return false;
    }
    row.op.shape = s;
    return good;
  }
  if (kind_text == "attention") {
    models::Attention s;
    bool good = number(batch, s.batch, row, false) && number(heads, s.heads, row, true);
    s.kv_heads = s.heads;
    std::int64_t is_causal = 1;
    good = good && number(kv_heads, s.kv_heads, row, false) &&
           number(head_dim, s.head_dim, row, true) && number(queries, s.queries, row, false) &&
           number(context, s.context, row, true) && number(causal, is_causal, row, false, 0) &&
           number(window, s.window, row, false, 0);
    s.causal = is_causal != 0;  // of one new token it takes nothing away
    if (good && s.heads % s.kv_heads != 0) {
      row.error = fmt::format("kv_heads: {} does not divide heads = {}", s.kv_heads, s.heads);
      return false;
    }
    if (good && s.context < s.queries) {
      row.error =
          fmt::format("context is {}, which does not hold the {} new tokens", s.context, s.queries);
      return false;
    }
    row.op.shape = s;
    return good;
  }
  if (kind_text == "softmax") {
    return rows_and_columns(row.op.shape.emplace<models::Softmax>());
  }
  if (kind_text == "layer_norm" || kind_text == "rms_norm") {
    auto& s = row.op.shape.emplace<models::Normalization>();
    s.kind = kind_text == "rms_norm" ? models::NormalizationKind::rms_norm
                                     : models::NormalizationKind::layer_norm;
    return rows_and_columns(s);
  }
  if (kind_text == "embedding") {
    auto& s = row.op.shape.emplace<models::Embedding>();
    s.vocabulary = 1;  // gathers m rows of n; the table's size does not matter to the gather
    return number(m, s.tokens, row, true) && number(n, s.width, row, true) &&
           number(k, s.vocabulary, row, false);
  }
  if (const auto exchange = enum_from_text<models::CollectiveKind>(kind_text)) {
    auto& s = row.op.shape.emplace<models::Collective>();
    s.kind = *exchange;
    s.ranks = 2;
    return number(elements, s.elements, row, true) &&
           number(ranks, s.ranks, row, s.kind != models::CollectiveKind::point_to_point);
  }
  auto& s = row.op.shape.emplace<models::Elementwise>();
  if (kind_text == "elementwise" || kind_text == "add") {
    s.kind = models::ElementwiseKind::add;
    s.inputs = 2;
  } else if (kind_text == "multiply") {
    s.kind = models::ElementwiseKind::multiply;
    s.inputs = 2;
  } else if (kind_text == "gelu") {
    s.kind = models::ElementwiseKind::gelu;
  } else if (kind_text == "silu") {
    s.kind = models::ElementwiseKind::silu;
  } else if (kind_text == "relu") {
    s.kind = models::ElementwiseKind::relu;
  } else if (kind_text == "permute") {
    s.kind = models::ElementwiseKind::permute;
  } else {
    const std::vector<std::string> kinds(kKinds.begin(), kKinds.end());
    const std::optional<std::string> near = nearest(kind_text, kinds);
    row.error = kind_text.empty() ? "kind is missing"
                                  : fmt::format("kind: '{}' is unknown{}", kind_text,
                                                near ? "; did you mean '" + *near + "'?" : "");
    return false;
  }
  return rows_and_columns(s);
}

void OperatorTable::read_cairn(OperatorRow& row) const {
  row.count = 1;
  row.op.sparsity = {};
  if (!read_shape(text(kind), row) || !read_formats(row) || !number(count, row.count, row, false)) {
    return;
  }
  if (const std::string_view share = text(density); !share.empty()) {
    const std::optional<double> value = parse_double(share);
    if (!value || *value <= 0 || *value > 1) {
      row.error = fmt::format("density: '{}' is not a number above 0 and at most 1", share);
      return;
    }
    row.op.sparsity.density = *value;
    row.op.sparsity.storage =
        *value < 1 ? models::SparseStorage::bitmask : models::SparseStorage::dense;
  }
  const std::string_view given = text(mapping);
  if (given == row.mapping_text) {
    return;
  }
  row.mapping_text.clear();
  row.mapping = {};
  if (!given.empty()) {
    std::string why;
    const std::optional<hw::MappingConstraint> parsed = hw::parse_mapping(given, why);
    if (!parsed) {
      row.error = "mapping: " + why;
      return;
    }
    row.mapping = *parsed;
    row.mapping_text = given;
  }
}

void OperatorTable::read_scalesim_convolution(OperatorRow& row) const {
  std::array<std::int64_t, 7> v{};
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (!cell_number(scalesim_[i], csv_->header()[scalesim_[i]], v.at(i), row)) {
      return;
    }
    if (v.at(i) < 1) {
      row.error =
          fmt::format("{} is {}, expected at least 1", csv_->header()[scalesim_[i]], v.at(i));
      return;
    }
  }
  models::Convolution s;
  s.height = v[0];
  s.width = v[1];
  s.kernel_height = v[2];
  s.kernel_width = v[3];
  s.channels = v[4];
  s.filters = v[5];
  s.stride_height = s.stride_width = v[6];
  if (one_filter_is_depthwise_ && s.filters == 1) {
    s.filters = s.groups = s.channels;
  }
  if (s.kernel_height > s.height || s.kernel_width > s.width) {
    row.error = fmt::format("filter {} x {} is larger than the input {} x {}", s.kernel_height,
                            s.kernel_width, s.height, s.width);
    return;
  }
  row.op.shape = s;
  row.op.formats = defaults_;
}

void OperatorTable::read_scalesim_gemm(OperatorRow& row) const {
  models::MatMul s;
  const std::array<std::int64_t*, 3> targets{&s.m, &s.n, &s.k};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!cell_number(scalesim_[i], csv_->header()[scalesim_[i]], *targets.at(i), row)) {
      return;
    }
    if (*targets.at(i) < 1) {
      row.error = fmt::format("{} is {}, expected at least 1", csv_->header()[scalesim_[i]],
                              *targets.at(i));
      return;
    }
  }
  row.op.shape = s;
  row.op.formats = defaults_;
}

void OperatorTable::read(OperatorRow& row) const {
  row.error.clear();
  switch (layout_) {
    case Layout::cairn:
      read_cairn(row);
      break;
    case Layout::scalesim_convolution:
      read_scalesim_convolution(row);
      break;
    case Layout::scalesim_gemm:
      read_scalesim_gemm(row);
      break;
  }
  if (row.error.empty() && !is_countable(row.op.shape)) {
    row.error =
        "the operator is too large: at most 2^55 elements a tensor and 2^56 "
        "multiply-accumulates";
  }
}

}  // namespace cairn::app
