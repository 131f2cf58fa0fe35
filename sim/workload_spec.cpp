#include "sim/workload_spec.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <variant>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"
#include "models/importers/cnn.h"
#include "models/importers/hugging_face.h"
#include "models/importers/onnx.h"

namespace cairn::sim {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> stems_in(const fs::path& directory) {
  std::vector<std::string> stems;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.path().extension() == ".json" || entry.path().extension() == ".yaml") {
      stems.push_back(entry.path().stem().string());
    }
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

[[noreturn]] void unknown_model(const std::string& model, const fs::path& directory) {
  const std::vector<std::string> stems = stems_in(directory);
  Diagnostics diagnostics;
  const std::optional<std::string> near = nearest(model, stems);
  diagnostics.error({}, "model", fmt::format("no model or file is called '{}'", model),
                    near ? fmt::format("did you mean '{}'?", *near)
                         : fmt::format("one of: {}, or a path", fmt::join(stems, ", ")));
  diagnostics.throw_if_any();
  throw InternalError("an error was reported but not thrown");
}

fs::path find_file(const std::string& model, const fs::path& directory) {
  for (const char* extension : {".json", ".yaml"}) {
    fs::path stem = directory / (model + extension);
    if (fs::exists(stem)) {
      return stem;
    }
  }
  if (fs::is_regular_file(model)) {
    return model;
  }
  unknown_model(model, directory);
}

/// A training step begins with a pass over all tokens.
models::Phase pass_of(models::Phase phase) {
  return phase == models::Phase::training ? models::Phase::forward : phase;
}

/// The same, with the phase that was asked for: compression may want to know what follows.
models::Workload with_phase(models::Workload workload, models::Phase phase) {
  if (phase == models::Phase::training) {
    workload.phase = phase;
    workload.kv_cache_elements = 0;
  }
  return workload;
}

/// Networks without a KV cache have one phase, and run on one device.
void require_forward(const WorkloadSpec& spec) {
  if (spec.tensor_parallel > 1 || spec.pipeline_parallel > 1) {
    Diagnostics diagnostics;
    diagnostics.error({}, spec.tensor_parallel > 1 ? "tensor_parallel" : "pipeline_parallel",
                      fmt::format("'{}' is no transformer", spec.model),
                      "only transformers are cut into parts");
    diagnostics.throw_if_any();
  }
  if (spec.phase != models::Phase::forward && spec.phase != models::Phase::training) {
    Diagnostics diagnostics;
    diagnostics.error({}, "phase",
                      fmt::format("'{}' has no {} phase", spec.model, to_text(spec.phase)),
                      "its phases are forward and training");
    diagnostics.throw_if_any();
  }
}

}  // namespace

std::vector<FieldProblem> WorkloadSpec::problems() const {
  if (phase == models::Phase::mixed && (!generate || context < 1)) {
    return {{"phase", "a mixed stage needs the lengths of a request",
             "context: tokens of its prompt, generate: tokens that it makes"}};
  }
  if (training && phase != models::Phase::training) {
    return {{"training", fmt::format("phase {} does not train", to_text(phase)),
             "phase: training, or leave it out"}};
  }
  if (phase == models::Phase::training && generate) {
    return {{"generate", "a training step makes no tokens", "leave it out"}};
  }
  if (phase == models::Phase::training && pipeline_parallel > 1) {
    return {{"pipeline_parallel", "a training step is not cut into stages",
             "tensor_parallel and data_parallel share it"}};
  }
  return {};
}

std::string WorkloadSpec::label() const {
  return name.value_or(std::string{cairn::to_text(phase)});
}

models::Workload WorkloadSpec::step_of(models::Workload pass) const {
  if (phase != models::Phase::training) {
    return pass;
  }
  models::TrainingSpec spec = training.value_or(models::TrainingSpec{});
  spec.groups = data_parallel;
  return models::training_step(std::move(pass), spec);
}

struct WorkloadBuilder::Cache {
  using File = std::variant<models::ModelConfig, models::CnnTable>;
  fs::path directory;
  std::mutex mutex;
  std::map<fs::path, File> files;

  File read(const fs::path& path) {
    Diagnostics diagnostics;
    File file;
    if (path.extension() == ".yaml" || path.extension() == ".yml") {
      file = models::read_cnn(path, diagnostics);
    } else {
      file = models::read_hugging_face(path, diagnostics);
    }
    diagnostics.throw_if_any();
    return file;
  }
  const File& get(const fs::path& path) {
    const std::scoped_lock lock(mutex);
    const auto found = files.find(path);
    return found != files.end() ? found->second : files.emplace(path, read(path)).first->second;
  }
};

WorkloadBuilder::WorkloadBuilder(fs::path models_directory) : cache_(std::make_shared<Cache>()) {
  cache_->directory = std::move(models_directory);
}
WorkloadBuilder::~WorkloadBuilder() = default;
WorkloadBuilder::WorkloadBuilder(const WorkloadBuilder&) = default;
WorkloadBuilder& WorkloadBuilder::operator=(const WorkloadBuilder&) = default;
WorkloadBuilder::WorkloadBuilder(WorkloadBuilder&&) noexcept = default;
WorkloadBuilder& WorkloadBuilder::operator=(WorkloadBuilder&&) noexcept = default;

models::Workload WorkloadBuilder::build(const WorkloadSpec& spec, std::int64_t prompts) const {
  const fs::path path = find_file(spec.model, cache_->directory);
  if (path.extension() == ".onnx") {
    require_forward(spec);
    Diagnostics diagnostics;
    models::OnnxOptions options;
    options.batch = spec.batch;
    for (const auto& [name, value] : spec.dimensions) {
      options.dimensions[name] = value;
    }
    models::Workload workload = models::read_onnx(path, options, diagnostics);
    diagnostics.throw_if_any();
    return with_phase(std::move(workload), spec.phase);
  }
  const Cache::File& file = cache_->get(path);
  if (const auto* table = std::get_if<models::CnnTable>(&file)) {
    require_forward(spec);
    return with_phase(models::build_cnn(*table, spec.batch), spec.phase);
  }
  try {
    const auto& config = std::get<models::ModelConfig>(file);
    // An image has as many tokens as it has patches, whatever the context says.
    const bool image = config.architecture == models::Architecture::vit;
    const bool mixed = spec.phase == models::Phase::mixed;
    models::Workload workload =
        models::build_transformer(config, pass_of(spec.phase),
                                  {.batch = spec.batch,
                                   .context = image   ? config.image_tokens()
                                              : mixed ? spec.context + spec.generate.value_or(1) / 2
                                                      : spec.context,
                                   .tensor_parallel = spec.tensor_parallel,
                                   .pipeline_parallel = spec.pipeline_parallel,
                                   .data_parallel = spec.data_parallel,
                                   .expert_parallel = spec.expert_parallel,
                                   .spread_experts = spec.experts == ExpertLoads::spread,
                                   .prompts = prompts,
                                   .prompt = mixed ? spec.context : 0});
    double operations = 0;
    for (const models::Operator& op : workload.operators) {
      operations += 2.0 * static_cast<double>(models::multiply_accumulates(op.shape));
    }
    constexpr double kMostOperations = 0x1p62;
    if (operations > kMostOperations) {
      throw std::overflow_error("operations of a pass");
    }
    return with_phase(std::move(workload), spec.phase);
  } catch (const std::overflow_error&) {
    Diagnostics diagnostics;
    diagnostics.error(
        {}, "batch",
        fmt::format("batch {} of {} tokens makes counts beyond 63 bits", spec.batch, spec.context));
    diagnostics.throw_if_any();
    throw;
  }
}

}  // namespace cairn::sim
