/// \file
/// The quality figure of a compressed model, by the source that a study names.
#pragma once

#include <memory>
#include <string>

#include "models/workload.h"
#include "sim/scenario.h"

namespace cairn::sim {

/// One figure and what it is.
struct QualityFigure {
  double loss{};
  std::string label;  ///< source and unit, for the first lines of a report
};

/// Computes the figure for compressed workloads. Cheap to call: tables are read once.
class QualityModel {
 public:
  QualityModel();
  /// \throws ConfigError if the table is wrong.
  explicit QualityModel(const QualitySpec& spec);
  /// \returns zero loss with an empty label when the source is `none`.
  [[nodiscard]] QualityFigure figure(const models::Workload& compressed) const;

 private:
  struct Table;
  QualitySource source_{QualitySource::none};
  std::shared_ptr<const Table> table_;  // immutable, shared by the copies that threads hold
};

}  // namespace cairn::sim
