/// \file
/// What a study says about one workload, and the workload it means.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/diagnostics.h"
#include "core/named_list.h"
#include "models/workload.h"

namespace cairn::sim {

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
  NamedList<std::int64_t> dimensions{};
  double weight{1.0};

  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name in metrics (`prefill.latency`); absent: the phase", kOptional);
    a("model", model, "stem in configs/models, or path of a config.json, YAML table or .onnx");
    a("phase", phase, "prefill, decode or forward");
    a("batch", batch, "sequences or images at once", kOptional, Range{1, 1048576});
    a("context", context, "prefill, forward: tokens of each sequence; decode: keys already cached",
      kOptional, Range{0, 1073741824});
    a("generate", generate,
      "decode: tokens generated one after the other, the context growing by one each time",
      kOptional, Range{1, 1048576});
    a("tensor_parallel", tensor_parallel,
      "devices that share every block; the system needs an `interconnect`", kOptional,
      Range{1, 65536});
    a("pipeline_parallel", pipeline_parallel, "groups of devices with a run of blocks each",
      kOptional, Range{1, 65536});
    a("dimensions", dimensions, "ONNX: values of dynamic dimensions by name", kOptional);
    a("weight", weight, "weight in totals over workloads", kOptional, NotNegative{});
  }
  [[nodiscard]] std::string label() const;
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

  /// \throws ConfigError naming the file, or the models that exist.
  [[nodiscard]] models::Workload build(const WorkloadSpec& spec) const;

 private:
  struct Cache;
  std::shared_ptr<Cache> cache_;  // shared by the copies that threads hold: one file, one read
};

}  // namespace cairn::sim
