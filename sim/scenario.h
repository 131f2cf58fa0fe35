/// \file
/// What is priced: workloads, compression and a system, as one YAML study (or a command) says it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "hw/system.h"
#include "models/compression/compression.h"
#include "sim/compiled_workload.h"
#include "sim/workload_spec.h"

namespace cairn::sim {

/// Where the quality figure comes from.
enum class QualitySource : std::uint8_t {
  none,       ///< no figure: quality_loss is not available
  published,  ///< a table of measured coefficients; a format it lacks takes its proxy error
  proxy,      ///< normalised error of each format on a unit Gaussian, weighted by parameters
};
constexpr auto enum_names(QualitySource) {
  return std::array{std::pair{QualitySource::none, std::string_view{"none"}},
                    std::pair{QualitySource::published, std::string_view{"published"}},
                    std::pair{QualitySource::proxy, std::string_view{"proxy"}}};
}
struct QualitySpec {
  QualitySource source{QualitySource::none};
  std::optional<std::filesystem::path> table{};
  std::vector<std::string> ignore;
  template <class Archive>
  void fields(Archive& a) {
    a("source", source, "none, published (needs a table) or proxy");
    a("table", table, "file of per-layer coefficients and quantiser errors", kOptional);
    a("ignore", ignore, "knobs whose effect on quality is knowingly left out", kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// How mappings are chosen.
struct MappingSpec {
  hw::MappingObjective minimize{hw::MappingObjective::energy_delay};
  template <class Archive>
  void fields(Archive& a) {
    a("minimize", minimize, "what a mapping is chosen by", kOptional);
  }
};

struct ScenarioSpec {
  std::vector<WorkloadSpec> workloads;
  std::vector<models::Scheme> compression;
  hw::SystemSpec system;
  FusionSpec fusion;
  MappingSpec mapping;
  QualitySpec quality;
};

}  // namespace cairn::sim
