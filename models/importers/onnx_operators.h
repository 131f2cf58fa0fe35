/// \file
/// Operators of a workload from the nodes of a prepared ONNX graph. Private to the importer.
#pragma once

#include <string>

#include "models/importers/onnx_graph.h"
#include "models/workload.h"

namespace cairn::models {

/// Whether a node's operator can be read at all.
[[nodiscard]] bool is_supported(const onnx::NodeProto& node);

/// Reports nodes that cannot be expressed to \p report (label of the node, message).
[[nodiscard]] Workload build_onnx(
    const OnnxGraph& graph,
    const std::function<void(const std::string& where, std::string message)>& report);

}  // namespace cairn::models
