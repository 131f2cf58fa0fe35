/// \file
/// The quality figure of a compressed model, by the source that a study names.
///
/// published: sum over the operators that the table prices of coefficient x quantiser error; a
///            format that the table did not measure takes its error on a unit Gaussian (proxy).
/// proxy:     error of each weight format on a unit Gaussian, weighted by stored weights.
///
/// Assumes:    see models/quality/quality.h.
/// Ignores:    activations, KV cache and pruning: unpriced() names what a study leaves out.
/// Checked by: tests/unit/sim/quality_test.cpp
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/workload.h"
#include "sim/scenario.h"

namespace cairn::sim {

/// One figure and which kinds of terms it has.
struct QualityFigure {
  double loss{};
  bool published{};  ///< some terms are measured
  bool proxy{};      ///< some terms are computed here
};

/// Computes the figure for compressed workloads. Cheap to call: tables are read once.
class QualityModel {
 public:
  QualityModel();
  /// \throws ConfigError if the table is wrong, IoError if it cannot be read.
  explicit QualityModel(const QualitySpec& spec);
  /// \returns zero when the source is `none`. \throws ConfigError for a format whose error nobody
  ///          knows.
  [[nodiscard]] QualityFigure figure(const models::Workload& compressed) const;
  /// What compression did that the source does not price, each once.
  [[nodiscard]] std::vector<std::string> unpriced(const models::Workload& compressed) const;
  /// The label of figures with these kinds of terms, with their unit.
  [[nodiscard]] std::string label(bool published, bool proxy) const;

  /// Who measured the table; empty without one.
  [[nodiscard]] std::string source() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared by copies: the table, and errors already computed
};

}  // namespace cairn::sim
