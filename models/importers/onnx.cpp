#include "models/importers/onnx.h"

#include "models/fusion.h"
#include "models/importers/onnx_operators.h"

namespace cairn::models {

Workload read_onnx(const std::filesystem::path& path, const OnnxOptions& options,
                   Diagnostics& diagnostics) {
  const std::optional<OnnxGraph> graph = OnnxGraph::load(path, options, is_supported, diagnostics);
  Workload workload;
  if (graph) {
    workload = build_onnx(*graph, [&](const std::string& where, std::string message) {
      diagnostics.error(SourceSpan{.file = path.string(), .text = {}}, where, std::move(message));
    });
    workload.fusions = propose_epilogues(workload);
  }
  workload.name = path.stem().string();
  return workload;
}

}  // namespace cairn::models
