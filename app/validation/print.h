/// \file
/// Comparisons as text for a terminal, as Markdown, as JSON, and as the table that reports quote.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "app/validation/comparison.h"
#include "app/validation/cycles.h"

namespace cairn::app {

/// Everything that a validation found.
struct Validation {
  std::vector<Comparison> comparisons;
  std::vector<CycleComparison> cycles;
  [[nodiscard]] bool holds() const;
};

/// Comparisons of one topic, in order, and what their contests say.
struct Topic {
  std::string title;
  std::vector<const Comparison*> comparisons;
  ContestSummary contests;
};
/// \param comparisons must outlive the answer.
[[nodiscard]] std::vector<Topic> topics_of(const std::vector<Comparison>& comparisons);

/// \param rows prints every row under its comparison.
[[nodiscard]] std::string validation_text(const Validation& validation, bool rows);
[[nodiscard]] std::string validation_markdown(const Validation& validation);
[[nodiscard]] nlohmann::ordered_json validation_json(const Validation& validation);
/// One line a comparison: id, family, device, stack, metric, truth, rows, errors. It is committed,
/// and a report quotes the lines of the models that it used.
[[nodiscard]] std::string validation_summary(const Validation& validation);

}  // namespace cairn::app
