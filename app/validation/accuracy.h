/// \file
/// The error band of the models that a system uses, as validation found it, for reports.
///
/// The bands are read from configs/validation/summary.csv, which `cairn validate --summary` prints;
/// a test compares both, so a report never quotes a stale figure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/validation/comparison.h"
#include "hw/system.h"

namespace cairn::app {

/// One line of the summary.
struct AccuracyRow {
  std::string id;
  std::string family;
  std::string device;
  std::string stack;
  std::string metric;
  Truth truth{};
  std::size_t rows{};
  double mean_absolute{};
  double mean_signed{};
};

/// The committed summary. \throws ConfigError, IoError if it is wrong or absent.
[[nodiscard]] std::vector<AccuracyRow> accuracy_rows();

/// What a report says of one kind of device of its system: a line each.
struct AccuracyLine {
  std::string family;
  std::string text;  ///< `latency within 6.0 % of silicon on average (336 rows, a100 x ...)`
  bool known{};      ///< false: no reference figure of this family
  std::optional<AccuracyRow> row{};  ///< what the text says; absent in remarks
};

/// Lines of all device families in \p systems: the tables of the same device where there are some,
/// else those of its family, silicon before other truths; and a warning where there is none.
[[nodiscard]] std::vector<AccuracyLine> accuracy_of(const std::vector<hw::SystemSpec>& systems,
                                                    const std::vector<AccuracyRow>& rows);

/// One family in a line of a terminal, over the best truth there is:
/// `accuracy of gpu: 5.4 to 11.1 % mean error, 1680 rows of measured silicon`.
[[nodiscard]] std::string accuracy_sentence(const std::string& family,
                                            const std::vector<AccuracyLine>& lines);

/// `within 12 % on 4 dies`, over all area tables on silicon; empty without one.
[[nodiscard]] std::string area_accuracy(const std::vector<AccuracyRow>& rows);

}  // namespace cairn::app
