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

/// Networks without a KV cache have one phase, and run on one device.
void require_forward(const WorkloadSpec& spec) {
  if (spec.tensor_parallel > 1 || spec.pipeline_parallel > 1) {
    Diagnostics diagnostics;
    diagnostics.error({}, spec.tensor_parallel > 1 ? "tensor_parallel" : "pipeline_parallel",
                      fmt::format("'{}' is no transformer", spec.model),
                      "only transformers are cut into parts");
    diagnostics.throw_if_any();
  }
  if (spec.phase != models::Phase::forward) {
    Diagnostics diagnostics;
    diagnostics.error({}, "phase",
                      fmt::format("'{}' has no {} phase", spec.model, to_text(spec.phase)),
                      "its phase is forward");
    diagnostics.throw_if_any();
  }
}

}  // namespace

std::vector<FieldProblem> WorkloadSpec::problems() const {
  if (phase == models::Phase::mixed && (!generate || context < 1)) {
    return {{"phase", "a mixed stage needs the lengths of a request",
             "context: tokens of its prompt, generate: tokens that it makes"}};
  }
  return {};
}

std::string WorkloadSpec::label() const {
  return name.value_or(std::string{cairn::to_text(phase)});
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
    return workload;
  }
  const Cache::File& file = cache_->get(path);
  if (const auto* table = std::get_if<models::CnnTable>(&file)) {
    require_forward(spec);
    return models::build_cnn(*table, spec.batch);
  }
  try {
    const auto& config = std::get<models::ModelConfig>(file);
    // An image has as many tokens as it has patches, whatever the context says.
    const bool image = config.architecture == models::Architecture::vit;
    const bool mixed = spec.phase == models::Phase::mixed;
    models::Workload workload =
        models::build_transformer(config, spec.phase,
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
    return workload;
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
