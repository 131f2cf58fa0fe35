#include "models/zoo.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text/did_you_mean.h"
#include "core/text/enum_names.h"

namespace cairn::models {
namespace {

bool is_model_file(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".json" || extension == ".yaml" || extension == ".yml" ||
         extension == ".onnx";
}

void require_forward(Phase phase, const std::string& name) {
  if (phase != Phase::forward) {
    throw ConfigError(
        {Diagnostic{.severity = Severity::error,
                    .at = {.file = name, .text = {}},
                    .path = {},
                    .message = fmt::format("this model has no {} phase", cairn::to_text(phase)),
                    .hint = "use --phase forward"}});
  }
}

}  // namespace

std::vector<std::string> list_models(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (is_model_file(entry.path())) {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

std::optional<std::filesystem::path> find_model(std::string_view name,
                                                const std::filesystem::path& folder,
                                                Diagnostics& diagnostics) {
  const std::filesystem::path given{name};
  std::error_code error;
  if (is_model_file(given) && std::filesystem::exists(given, error)) {
    return given;
  }
  for (const char* extension : {".json", ".yaml", ".yml", ".onnx"}) {
    const std::filesystem::path path = folder / fmt::format("{}{}", name, extension);
    if (std::filesystem::exists(path, error)) {
      return path;
    }
  }
  if (is_model_file(given)) {
    diagnostics.error(SourceSpan{.file = given.string(), .text = {}}, "", "there is no such file");
  } else {
    diagnostics.error(SourceSpan{.file = std::string{name}, .text = {}}, "",
                      fmt::format("there is no model of this name in {}", folder.string()),
                      suggest(name, list_models(folder)));
  }
  return std::nullopt;
}

std::optional<Model> load_model(const std::filesystem::path& path, Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.error_count();
  const std::string extension = path.extension().string();
  std::optional<Model> model;
  if (extension == ".json") {
    model = read_hugging_face(path, diagnostics);
  } else if (extension == ".yaml" || extension == ".yml") {
    model = read_cnn(path, diagnostics);
  } else if (extension == ".onnx") {
    model = path;
  } else {
    diagnostics.error(SourceSpan{.file = path.string(), .text = {}}, "",
                      fmt::format("'{}' is no kind of model file", extension),
                      "one of: .json (Hugging Face), .yaml (layer table), .onnx");
  }
  return diagnostics.error_count() == before ? std::move(model) : std::nullopt;
}

Workload build(const Model& model, const PassOptions& options) {
  struct Visitor {
    const PassOptions& options;
    Workload operator()(const ModelConfig& config) const {
      return build_transformer(config, options.phase, options.size);
    }
    Workload operator()(const CnnTable& table) const {
      require_forward(options.phase, table.name);
      return build_cnn(table, options.size.batch);
    }
    Workload operator()(const std::filesystem::path& path) const {
      require_forward(options.phase, path.string());
      Diagnostics diagnostics;
      Workload workload = read_onnx(
          path, {.dimensions = options.dimensions, .batch = options.size.batch}, diagnostics);
      diagnostics.throw_if_any();
      return workload;
    }
  };
  return std::visit(Visitor{options}, model);
}

}  // namespace cairn::models
