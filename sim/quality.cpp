#include "sim/quality.h"

namespace cairn::sim {
struct QualityModel::Table {};
QualityModel::QualityModel() = default;
QualityModel::QualityModel(const QualitySpec& spec) : source_(spec.source) {}
QualityFigure QualityModel::figure(const models::Workload& /*compressed*/) const { return {}; }
}  // namespace cairn::sim
