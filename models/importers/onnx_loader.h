/// \file
/// The steps that make an ONNX graph ready for reading. Private to the importer.
#pragma once

#include <set>

#include "models/importers/onnx_graph.h"

namespace cairn::models {

inline constexpr std::int64_t kSmallConstant = 4096;  ///< elements whose numbers are kept

[[nodiscard]] bool is_floating(int element_type);
/// Element types whose numbers are kept.
[[nodiscard]] bool holds_numbers(int element_type);
/// Product of dimensions; nothing if one is negative or the product is absurd.
[[nodiscard]] std::optional<std::int64_t> count_elements(const std::vector<std::int64_t>& shape);

/// The steps of OnnxGraph::load(); each answers whether the next one makes sense.
class OnnxLoader {
 public:
  OnnxLoader(std::string file, const OnnxOptions& options, Diagnostics& diagnostics)
      : file_(std::move(file)), options_(options), diagnostics_(diagnostics) {}

  [[nodiscard]] bool parse(const std::string& bytes);
  [[nodiscard]] bool read_constants();
  [[nodiscard]] bool sort_nodes();
  [[nodiscard]] bool check_operators(
      const std::function<bool(const onnx::NodeProto&)>& supported) const;
  [[nodiscard]] bool set_dimensions();
  [[nodiscard]] bool infer();
  [[nodiscard]] OnnxGraph finish();

 private:
  void error(const std::string& where, std::string message, std::string hint = {}) const {
    diagnostics_.error(SourceSpan{.file = file_, .text = {}}, where, std::move(message),
                       std::move(hint));
  }
  [[nodiscard]] bool add_constant(const onnx::TensorProto& tensor, const std::string& name);
  void drop_dead_nodes();
  void set_dimension(onnx::TensorShapeProto_Dimension& dim, const std::string& label, bool first,
                     std::set<std::string>& used, std::set<std::string>& open);
  [[nodiscard]] bool infer_once();
  /// Shapes that libonnx leaves open. Answers whether there was a new one.
  [[nodiscard]] bool infer_sums();
  [[nodiscard]] bool fold();
  [[nodiscard]] bool fold_node(const onnx::NodeProto& node);
  void use_old_forms(onnx::NodeProto& node) const;
  void mark_constants();

  std::string file_;
  const OnnxOptions& options_;
  Diagnostics& diagnostics_;
  onnx::ModelProto model_;
  std::vector<onnx::NodeProto> nodes_;
  std::vector<onnx::ValueInfoProto> inputs_;
  bool used_batch_ = false;  ///< some input's first dimension is, or was given as, the batch
  std::unordered_map<std::string, int> types_;  ///< element types of values
  std::unordered_map<std::string, OnnxValue> values_;
  std::vector<std::string> own_shapes_;  ///< values whose shapes were inferred here
};

}  // namespace cairn::models
