/// \file
/// The reader of ONNX nodes, one member function for each kind. Private to the importer.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "models/importers/onnx_graph.h"
#include "models/workload.h"

namespace cairn::models {

/// What is wrong with a node; caught where the node is read.
class Unreadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[nodiscard]] std::int64_t product(const std::vector<std::int64_t>& shape, std::size_t begin,
                                   std::size_t end);
[[nodiscard]] inline std::int64_t product(const std::vector<std::int64_t>& shape) {
  return product(shape, 0, shape.size());
}

/// Makes operators of nodes, one after the other.
class OnnxNodeReader {
 public:
  using Node = onnx::NodeProto;
  using Dims = std::vector<std::int64_t>;
  using Handler = void (OnnxNodeReader::*)(const Node&);

  explicit OnnxNodeReader(const OnnxGraph& graph) : graph_(graph) {}

  /// \throws Unreadable, or std::overflow_error if sizes cannot be counted.
  void read(const Node& node);
  [[nodiscard]] Workload finish();

 private:
  friend struct OnnxHandlers;  ///< the table of member functions by operator

  // One for each kind of node.
  void view(const Node& node);
  void copy(const Node& node);
  void convolution(const Node& node);
  void gemm(const Node& node);
  void matmul(const Node& node);
  void einsum(const Node& node);
  void batch_normalization(const Node& node);
  void layer_normalization(const Node& node);
  void group_normalization(const Node& node);
  void softmax(const Node& node);
  void window_pooling(const Node& node);
  void global_pooling(const Node& node);
  void reduction(const Node& node);
  void gather(const Node& node);
  void binary(const Node& node);
  void unary(const Node& node);

  [[nodiscard]] const OnnxValue& value(const std::string& name) const;
  [[nodiscard]] const Dims& shape(const std::string& name) const { return *value(name).shape; }
  [[nodiscard]] const Dims& input_shape(const Node& node, int index) const;
  [[nodiscard]] static bool has_input(const Node& node, int index) {
    return node.input_size() > index && !node.input(index).empty();
  }
  [[nodiscard]] bool is_constant(const Node& node, int index) const {
    return has_input(node, index) && value(node.input(index)).constant;
  }
  /// Elements of a constant input the first time it is read, then 0: shared weights count once.
  std::int64_t parameters(const Node& node, int index);
  /// The operator that makes input \p index, if it may take more work in: a matmul or convolution
  /// with constant weights that nothing else reads.
  Operator* foldable(const Node& node, int index);
  /// The node's result is that of the operator that makes \p input.
  void alias(const Node& node, const std::string& input);
  void add(const Node& node, Shape shape, std::int64_t parameters);
  void add_elementwise(const Node& node, ElementwiseKind kind, std::int64_t parameters);
  void add_product(const Node& node, std::int64_t batch, std::int64_t m, std::int64_t n,
                   std::int64_t k);

  const OnnxGraph& graph_;
  Workload workload_;
  std::unordered_map<std::string, std::int32_t> maker_;  ///< operator behind each value
  std::unordered_set<std::string> counted_;              ///< constants counted as parameters
  std::unordered_set<std::string> names_;
};

}  // namespace cairn::models
