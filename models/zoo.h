/// \file
/// Models by name: a file in configs/models, a config.json, a layer table or an ONNX file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/diagnostics.h"
#include "models/importers/cnn.h"
#include "models/importers/hugging_face.h"
#include "models/importers/onnx.h"

namespace cairn::models {

/// A transformer, a layer table, or the path of an ONNX file (whose shapes need the batch).
using Model = std::variant<ModelConfig, CnnTable, std::filesystem::path>;

/// Stems of the models in a folder, sorted.
[[nodiscard]] std::vector<std::string> list_models(const std::filesystem::path& folder);

/// The file of \p name: the path itself if it names a file (`x/config.json`, `model.onnx`), else
/// `<folder>/<name>.json` or `.yaml`. Reports a name that is neither, with the nearest one.
[[nodiscard]] std::optional<std::filesystem::path> find_model(std::string_view name,
                                                              const std::filesystem::path& folder,
                                                              Diagnostics& diagnostics);

/// Reads a model by its extension: .json, .yaml or .yml, .onnx. Nothing after reporting mistakes.
[[nodiscard]] std::optional<Model> load_model(const std::filesystem::path& path,
                                              Diagnostics& diagnostics);

/// What to compute with a model.
struct PassOptions {
  Phase phase{Phase::forward};
  WorkloadSize size{};                               ///< CNN and ONNX: the batch only
  std::map<std::string, std::int64_t> dimensions{};  ///< ONNX, see OnnxOptions
};

/// The workload of one pass. \throws ConfigError if the model does not have that phase (only
/// transformers have more than `forward`) or, for ONNX, what read_onnx() reports.
[[nodiscard]] Workload build(const Model& model, const PassOptions& options);

}  // namespace cairn::models
