/// \file
/// Small ONNX models for tests, made through the protobuf classes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <onnx/onnx_pb.h>

namespace cairn::models {

/// How constant weights are stored: as data, or computed from their shape as the light models of
/// the ONNX project do.
enum class WeightForm { initializer, constant_of_shape };

class OnnxBuilder {
 public:
  using Dims = std::vector<std::int64_t>;

  explicit OnnxBuilder(std::int64_t opset = 13, WeightForm form = WeightForm::initializer)
      : form_(form) {
    model_.set_ir_version(7);
    model_.add_opset_import()->set_version(opset);
    graph().set_name("test");
  }

  [[nodiscard]] onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  [[nodiscard]] std::string bytes() const { return model_.SerializeAsString(); }

  /// A dimension of 0 is dynamic and called as in \p names (or has no name).
  void input(const std::string& name, const Dims& dims,
             std::initializer_list<std::string> names = {}, int type = onnx::TensorProto::FLOAT) {
    onnx::ValueInfoProto& info = *graph().add_input();
    info.set_name(name);
    info.mutable_type()->mutable_tensor_type()->set_elem_type(type);
    auto next = names.begin();
    for (const std::int64_t dim : dims) {
      auto* added = info.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim();
      if (dim > 0) {
        added->set_dim_value(dim);
      } else if (next != names.end()) {
        added->set_dim_param(*next++);
      }
    }
  }
  void output(const std::string& name) {
    onnx::ValueInfoProto& info = *graph().add_output();
    info.set_name(name);
    info.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }

  std::string weight(const std::string& name, const Dims& dims) {
    if (form_ == WeightForm::constant_of_shape) {
      numbers(name + "_shape", dims);
      onnx::NodeProto& made = add("ConstantOfShape", {name + "_shape"}, name);
      onnx::AttributeProto& value = *made.add_attribute();
      value.set_name("value");
      value.set_type(onnx::AttributeProto::TENSOR);
      value.mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
      value.mutable_t()->add_dims(1);
      value.mutable_t()->add_float_data(0.02F);
      return name;
    }
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t dim : dims) {
      tensor.add_dims(dim);  // no data: the importer never reads it
    }
    return name;
  }
  /// A vector of whole numbers, with data.
  std::string numbers(const std::string& name, const Dims& values) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) {
      tensor.add_int64_data(value);
    }
    return name;
  }

  onnx::NodeProto& add(const std::string& op, const std::vector<std::string>& inputs,
                       const std::string& output) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name(output);
    for (const std::string& input : inputs) {
      node.add_input(input);
    }
    node.add_output(output);
    return node;
  }
  static void set(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  static void set(onnx::NodeProto& node, const std::string& name, const Dims& values) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) {
      attribute.add_ints(value);
    }
  }
  static void set(onnx::NodeProto& node, const std::string& name, const std::string& text) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::STRING);
    attribute.set_s(text);
  }

  /// Convolution with batch normalisation; answers the name of its output.
  std::string conv_bn(const std::string& name, const std::string& in, std::int64_t channels,
                      std::int64_t filters, std::int64_t kernel, std::int64_t stride) {
    onnx::NodeProto& conv =
        add("Conv", {in, weight(name + ".w", {filters, channels, kernel, kernel})}, name);
    set(conv, "kernel_shape", Dims{kernel, kernel});
    set(conv, "strides", Dims{stride, stride});
    set(conv, "pads", Dims(4, kernel / 2));
    const std::string norm = name + ".bn";
    std::vector<std::string> inputs{name};
    for (const char* vector : {".scale", ".shift", ".mean", ".variance"}) {
      inputs.push_back(weight(norm + vector, {filters}));
    }
    add("BatchNormalization", inputs, norm);
    return norm;
  }

 private:
  onnx::ModelProto model_;
  WeightForm form_;
};

}  // namespace cairn::models
