#include "models/compression/tensor_table.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cairn::models {
namespace {

using Modes = std::vector<std::int64_t>;

/// Product of \p modes, or more than \p limit once it is.
std::int64_t product(const Modes& modes, std::int64_t limit) {
  std::int64_t made = 1;
  for (const std::int64_t mode : modes) {
    if (made > limit / mode) {
      return limit + 1;
    }
    made *= mode;
  }
  return made;
}

/// Modes that count at least \p rows, as equal as possible.
Modes covering_modes(std::int64_t rows, std::int64_t count) {
  Modes modes(static_cast<std::size_t>(count), 1);
  for (std::size_t j = 0; product(modes, rows) < rows; j = (j + 1) % modes.size()) {
    ++modes[j];
  }
  return modes;
}

Modes row_modes(const Tensorize& scheme, const Embedding& table) {
  return scheme.input_modes.empty()
             ? covering_modes(table.vocabulary, scheme.modes.value_or(Tensorize::kDefaultModes))
             : scheme.input_modes;
}

Modes column_modes(const Tensorize& scheme, const Embedding& table) {
  return scheme.output_modes.empty()
             ? balanced_modes(table.width, scheme.modes.value_or(Tensorize::kDefaultModes))
             : scheme.output_modes;
}

}  // namespace

bool tensorizes_table(const Tensorize& scheme, const Operator& op) {
  return std::holds_alternative<Embedding>(op.shape) && scheme.apply_to.kind == Embedding::kKind;
}

std::optional<FieldProblem> table_problem(const Tensorize& scheme, const Operator& op,
                                          const Workload& workload) {
  const auto& table = std::get<Embedding>(op.shape);
  if (scheme.decomposition != Decomposition::tensor_train_matrix) {
    return FieldProblem{.field = "decomposition",
                        .message = fmt::format("{} is a table, whose rows are looked up", op.name),
                        .hint = "tables are held as tensor_train_matrix"};
  }
  const Modes rows = row_modes(scheme, table);
  const Modes columns = column_modes(scheme, table);
  if (rows.size() != columns.size()) {
    return FieldProblem{
        .field = "input_modes",
        .message = fmt::format("{} modes of rows and {} of columns", rows.size(), columns.size()),
        .hint = "each core has one of both"};
  }
  if (product(rows, table.vocabulary) < table.vocabulary) {
    return FieldProblem{
        .field = "input_modes",
        .message = fmt::format("{} count {} rows, but {} has {}", fmt::join(rows, " x "),
                               product(rows, table.vocabulary), op.name, table.vocabulary),
        .hint = fmt::format(
            "such as [{}]",
            fmt::join(covering_modes(table.vocabulary, static_cast<std::int64_t>(rows.size())),
                      ", "))};
  }
  if (product(columns, table.width) != table.width) {
    return FieldProblem{
        .field = "output_modes",
        .message = fmt::format("{} do not multiply to the width of {}, which is {}",
                               fmt::join(columns, " x "), op.name, table.width),
        .hint = fmt::format(
            "such as [{}]",
            fmt::join(balanced_modes(table.width, static_cast<std::int64_t>(columns.size())),
                      ", "))};
  }
  const auto reader = std::ranges::find_if(workload.operators, [&op](const Operator& other) {
    const auto* matmul = std::get_if<MatMul>(&other.shape);
    return matmul != nullptr && matmul->weight && other.parameters == 0 &&
           weight_elements(other.shape) == op.parameters;
  });
  if (reader != workload.operators.end()) {
    return FieldProblem{
        .field = "apply_to",
        .message = fmt::format("{} is also the weight of {}", op.name, reader->name),
        .hint = "a table that a head shares stays whole"};
  }
  return std::nullopt;
}

Replacement table_replacement(const Tensorize& scheme, const Operator& op) {
  const auto table = std::get<Embedding>(op.shape);
  const Modes rows = row_modes(scheme, table);
  const Modes columns = column_modes(scheme, table);
  // Elements of what lies to the right of each bond, at most as many as the rank.
  std::vector<std::int64_t> right(rows.size() + 1, 1);
  for (std::size_t j = rows.size(); j-- > 0;) {
    right[j] = std::min(scheme.rank, right[j + 1] * std::min(scheme.rank, rows[j] * columns[j]));
  }
  Replacement made;
  const auto add = [&](std::string_view suffix, std::size_t j, Shape shape,
                       std::int64_t parameters) {
    Operator& part = made.operators.emplace_back(op);
    part.name += fmt::format("{}{}", suffix, j);
    if (!part.group.empty()) {
      part.group += fmt::format("{}{}", suffix, j);
    }
    part.shape = shape;
    part.parameters = parameters;
    made.parameters += parameters;
    return static_cast<std::int32_t>(made.operators.size()) - 1;
  };
  std::int32_t so_far = 0;
  std::int64_t width = 1;   // columns of the product so far
  std::int64_t left = 1;    // its bond
  std::int64_t before = 1;  // elements to the left of the bond
  for (std::size_t j = 0; j < rows.size(); ++j) {
    before = std::min(scheme.rank, before) * rows[j] * columns[j];
    const std::int64_t bond =
        j + 1 == rows.size() ? 1 : std::min({scheme.rank, before, right[j + 1]});
    const std::int64_t slice = left * columns[j] * bond;
    const std::int32_t core =
        add(".core", j, Embedding{.tokens = table.tokens, .width = slice, .vocabulary = rows[j]},
            rows[j] * slice);
    if (j == 0) {
      so_far = core;
    } else {
      const std::int32_t joined = add(".product", j,
                                      MatMul{.batch = table.tokens,
                                             .m = width,
                                             .n = columns[j] * bond,
                                             .k = left,
                                             .weight = false},
                                      0);
      made.operators.back().sparsity = {};
      made.operators.back().formats.weights = op.formats.activations;
      made.edges.push_back({.from = so_far, .to = joined});
      made.edges.push_back({.from = core, .to = joined});
      so_far = joined;
    }
    width *= columns[j];
    left = bond;
  }
  made.exit = so_far;
  made.fuses_beside = false;
  return made;
}

}  // namespace cairn::models
