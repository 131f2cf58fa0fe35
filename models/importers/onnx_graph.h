/// \file
/// An ONNX graph made ready for reading: sorted, dimensions set, shapes inferred, constants known.
/// Private to the importer: it exposes onnx.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <onnx/onnx_pb.h>

#include "core/diagnostics.h"
#include "models/importers/onnx.h"

namespace cairn::models {

/// Everything known about one tensor of the graph.
struct OnnxValue {
  std::optional<std::vector<std::int64_t>> shape;
  bool constant{false};      ///< depends on no input of the model
  bool floating{false};      ///< of a floating type
  std::vector<double> data;  ///< of small constants; whole numbers up to 2^53 are exact
  bool has_data{false};      ///< data holds every element
};

/// `Conv 'conv1'`, `Conv number 3` for one without a name.
[[nodiscard]] std::string node_label(const onnx::NodeProto& node);

/// An attribute, or nullptr.
[[nodiscard]] const onnx::AttributeProto* attribute(const onnx::NodeProto& node,
                                                    std::string_view name);
[[nodiscard]] std::int64_t int_attribute(const onnx::NodeProto& node, std::string_view name,
                                         std::int64_t otherwise);
[[nodiscard]] std::vector<std::int64_t> ints_attribute(const onnx::NodeProto& node,
                                                       std::string_view name);

/// Values of a node whose inputs are all known numbers (shape arithmetic); nothing if this node is
/// not one of those. \p shape is that of its output.
[[nodiscard]] std::optional<std::vector<double>> evaluate(
    const onnx::NodeProto& node, const std::vector<const OnnxValue*>& inputs,
    const std::vector<std::int64_t>& shape, int element_type);

class OnnxGraph {
 public:
  /// Answers nothing after reporting what is wrong. \p supported says whether an operator can be
  /// read.
  [[nodiscard]] static std::optional<OnnxGraph> load(
      const std::filesystem::path& path, const OnnxOptions& options,
      const std::function<bool(const onnx::NodeProto&)>& supported, Diagnostics& diagnostics);

  /// Nodes that the outputs need and that depend on the inputs, in a topological order.
  [[nodiscard]] const std::vector<onnx::NodeProto>& nodes() const { return nodes_; }
  [[nodiscard]] const OnnxValue* find(const std::string& name) const;
  /// Nodes and graph outputs that read a value.
  [[nodiscard]] int readers(const std::string& name) const;
  /// First dimension of the first input, 1 without one.
  [[nodiscard]] std::int64_t batch() const { return batch_; }
  /// Version of the operators of the default domain.
  [[nodiscard]] std::int64_t opset() const { return opset_; }

 private:
  friend class OnnxLoader;
  std::vector<onnx::NodeProto> nodes_;
  std::unordered_map<std::string, OnnxValue> values_;
  std::unordered_map<std::string, int> readers_;
  std::int64_t batch_{1};
  std::int64_t opset_{1};
};

}  // namespace cairn::models
