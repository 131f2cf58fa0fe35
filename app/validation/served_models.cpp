#include "app/validation/served_models.h"

#include <variant>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "core/error.h"
#include "sim/evaluator.h"

namespace cairn::app {

models::Precision format_of(const std::string& text) {
  std::string why;
  const auto format = models::parse_precision(text, why);
  CAIRN_CHECK(format.has_value(), "a comparison names a format that is none: " + why);
  return *format;
}

sim::WorkloadCost price_pass(const hw::Machine& machine, const sim::WorkloadSpec& spec,
                             const std::vector<models::Scheme>& schemes) {
  static const sim::WorkloadBuilder builder(configs_directory() / "models");
  const models::Formats native = default_formats(machine);
  std::vector<models::Scheme> all{models::Quantize{
      .weights = native.weights, .activations = native.activations, .kv_cache = native.weights}};
  all.insert(all.end(), schemes.begin(), schemes.end());
  const sim::CompiledWorkload compiled =
      sim::compile(models::compress(builder.build(spec), all), {});
  auto report = sim::report_workload(compiled, machine, hw::MappingObjective::latency);
  const auto* refused = std::get_if<hw::Infeasible>(&report);
  CAIRN_CHECK(refused == nullptr,
              "a row of a reference table does not fit: " + (refused ? refused->what : ""));
  return std::get<sim::WorkloadReport>(report).cost;
}

std::vector<models::Scheme> k_quant_mix(std::int64_t layers) {
  const models::Precision four = format_of("int4/g32s16");
  const models::Precision six = format_of("int6/g16s9");
  std::vector<models::Scheme> schemes{models::Quantize{.weights = four}};
  const auto raise = [&](const std::string& name, std::optional<std::int64_t> layer) {
    models::Quantize more{.weights = six};
    more.apply_to.name = name;
    more.apply_to.first_layer = layer;
    more.apply_to.last_layer = layer;
    schemes.emplace_back(more);
  };
  raise("lm_head", {});
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    if (layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2) {
      raise("*v_proj", layer);
      raise("*down_proj", layer);
    }
  }
  return schemes;
}

}  // namespace cairn::app
