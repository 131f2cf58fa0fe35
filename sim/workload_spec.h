/// \file
/// What a study says about one workload, and the workload it means.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/diagnostics.h"
#include "core/named_list.h"
#include "models/training.h"
#include "models/workload.h"

namespace cairn::sim {

/// How many tokens each expert of a mixture takes.
enum class ExpertLoads : std::uint8_t {
  average,  ///< the experts used on average, with equal loads, as one product
  spread,   ///< every expert by itself, with its load in a typical draw, on the busiest device
};
constexpr auto enum_names(ExpertLoads /*tag*/) {
  return std::array{std::pair{ExpertLoads::average, std::string_view{"average"}},
                    std::pair{ExpertLoads::spread, std::string_view{"spread"}}};
}

/// One workload of a study: a model, a phase and a size.
struct WorkloadSpec {
  std::optional<std::string> name{};  ///< absent: the phase
  std::string model;                  ///< stem in configs/models, or a path
  models::Phase phase{models::Phase::forward};
  std::int64_t batch{1};
  std::int64_t context{0};
  std::optional<std::int64_t> generate{};
  std::int64_t tensor_parallel{1};
  std::int64_t pipeline_parallel{1};
  std::int64_t data_parallel{1};
  std::int64_t expert_parallel{1};
  ExpertLoads experts{ExpertLoads::average};
  NamedList<std::int64_t> dimensions{};
  std::optional<models::TrainingSpec> training{};
  double weight{1.0};

  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name in metrics (`prefill.latency`); absent: the phase", kOptional);
    a("model", model, "stem in configs/models, or path of a config.json, YAML table or .onnx");
    a("phase", phase,
      "prefill, decode, forward, mixed (continuous batching, a closed loop) or training");
    a("batch", batch, "sequences or images at once", kOptional, Range{1, 1048576});
    a("context", context,
      "prefill, forward, training: tokens of each sequence; decode: keys already cached; mixed: "
      "tokens of a prompt",
      kOptional, Range{0, 1073741824});
    a("generate", generate,
      "decode: tokens generated one after the other, the context growing by one each time; mixed: "
      "tokens that a request makes",
      kOptional, Range{1, 1048576});
    a("tensor_parallel", tensor_parallel,
      "devices that share every block; the system needs an `interconnect`", kOptional,
      Range{1, 65536});
    a("pipeline_parallel", pipeline_parallel, "groups of devices with a run of blocks each",
      kOptional, Range{1, 65536});
    a("data_parallel", data_parallel,
      "groups of tensor_parallel devices that share the sequences; experts serve all of them",
      kOptional, Range{1, 65536});
    a("expert_parallel", expert_parallel,
      "parts into which experts are dealt; each expert is cut over the devices of its part",
      kOptional, Range{1, 65536});
    a("experts", experts, "average: equal loads, one product; spread: each expert by itself",
      kOptional);
    a("dimensions", dimensions, "ONNX: values of dynamic dimensions by name", kOptional);
    a("training", training, "training: optimiser, formats of gradients and state");
    a("weight", weight, "weight in totals over workloads", kOptional, NotNegative{});
  }
  [[nodiscard]] std::string label() const;
  [[nodiscard]] std::vector<FieldProblem> problems() const;
  /// What is priced of a pass that build() made and compression changed: of a training step its
  /// gradients and updates, too.
  [[nodiscard]] models::Workload step_of(models::Workload pass) const;
};

/// Builds workloads by spec; reads each model file once. Copyable handle to a shared cache of model
/// files, safe to use from several threads.
class WorkloadBuilder {
 public:
  explicit WorkloadBuilder(std::filesystem::path models_directory);
  ~WorkloadBuilder();
  WorkloadBuilder(const WorkloadBuilder&);
  WorkloadBuilder& operator=(const WorkloadBuilder&);
  WorkloadBuilder(WorkloadBuilder&&) noexcept;
  WorkloadBuilder& operator=(WorkloadBuilder&&) noexcept;

  /// \param prompts mixed: sequences that read their prompt in the stage.
  /// \throws ConfigError naming the file, or the models that exist.
  [[nodiscard]] models::Workload build(const WorkloadSpec& spec, std::int64_t prompts = 0) const;

 private:
  struct Cache;
  std::shared_ptr<Cache> cache_;  // shared by the copies that threads hold: one file, one read
};

}  // namespace cairn::sim
