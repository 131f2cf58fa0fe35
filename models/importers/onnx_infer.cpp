// Shapes and constants of an ONNX graph.
#include <algorithm>

#include <fmt/format.h>
#include <onnx/shape_inference/implementation.h>

#include "models/importers/onnx_loader.h"

namespace cairn::models {
namespace {

constexpr int kNewestOpset = 17;  // of libonnx 1.12; later operators read as of this one

std::int64_t to_whole(double number) {
  constexpr double kLimit = 9.2e18;
  return static_cast<std::int64_t>(std::clamp(number, -kLimit, kLimit));
}

/// A small constant as libonnx reads it.
onnx::TensorProto to_tensor(const std::string& name, const OnnxValue& value, int element_type) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(element_type);
  for (const std::int64_t side : *value.shape) {
    tensor.add_dims(side);
  }
  for (const double number : value.data) {
    switch (element_type) {
      case onnx::TensorProto::INT64:
        tensor.add_int64_data(to_whole(number));
        break;
      case onnx::TensorProto::DOUBLE:
        tensor.add_double_data(number);
        break;
      case onnx::TensorProto::FLOAT:
        tensor.add_float_data(static_cast<float>(number));
        break;
      default:
        tensor.add_int32_data(static_cast<std::int32_t>(to_whole(number)));
    }
  }
  return tensor;
}

void describe(onnx::ValueInfoProto& info, const std::string& name,
              const std::vector<std::int64_t>& shape, int element_type) {
  info.set_name(name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(element_type);
  tensor->mutable_shape();  // of rank 0 if nothing is added
  for (const std::int64_t side : shape) {
    tensor->mutable_shape()->add_dim()->set_dim_value(side);
  }
}

}  // namespace

/// Operators of later opsets as libonnx 1.12 knows them: axes of reductions as an attribute.
void OnnxLoader::use_old_forms(onnx::NodeProto& node) const {
  if (!node.op_type().starts_with("Reduce") || node.op_type() == "ReduceSum" ||
      node.input_size() < 2) {
    return;
  }
  const auto axes = values_.find(node.input(1));
  if (axes == values_.end() || !axes->second.has_data) {
    return;
  }
  onnx::AttributeProto* attribute = node.add_attribute();
  attribute->set_name("axes");
  attribute->set_type(onnx::AttributeProto::INTS);
  for (const double axis : axes->second.data) {
    attribute->add_ints(to_whole(axis));
  }
  node.mutable_input()->RemoveLast();
}

/// Lets libonnx infer what it can and takes the shapes over.
bool OnnxLoader::infer_once() {
  onnx::ModelProto model;
  model.set_ir_version(onnx::IR_VERSION);
  model.mutable_opset_import()->CopyFrom(model_.opset_import());
  for (onnx::OperatorSetIdProto& opset : *model.mutable_opset_import()) {
    if (opset.domain().empty() || opset.domain() == "ai.onnx") {
      opset.set_version(std::min<std::int64_t>(opset.version(), kNewestOpset));
    }
  }
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("graph");
  for (const onnx::ValueInfoProto& input : inputs_) {
    *graph.add_input() = input;
  }
  for (const auto& [name, value] : values_) {
    if (!value.constant || !value.shape || !types_.contains(name)) {
      continue;
    }
    if (value.has_data) {
      *graph.add_initializer() = to_tensor(name, value, types_.at(name));
    } else {  // large: its shape is enough
      describe(*graph.add_input(), name, *value.shape, types_.at(name));
    }
  }
  for (const std::string& name : own_shapes_) {
    describe(*graph.add_value_info(), name, *values_[name].shape, types_[name]);
  }
  for (const onnx::NodeProto& node : nodes_) {
    onnx::NodeProto& copy = *graph.add_node();
    copy = node;
    use_old_forms(copy);
  }
  try {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(false, 0, true));
  } catch (const std::exception& problem) {  // what libonnx thinks of the file
    error("", fmt::format("shapes do not fit together: {}", problem.what()));
    return false;
  }
  for (const onnx::ValueInfoProto& info : graph.value_info()) {
    const auto& tensor = info.type().tensor_type();
    types_[info.name()] = tensor.elem_type();
    OnnxValue& value = values_[info.name()];
    value.floating = is_floating(tensor.elem_type());
    if (!tensor.has_shape() || value.shape) {
      continue;
    }
    std::vector<std::int64_t> shape;
    for (const auto& dim : tensor.shape().dim()) {
      if (dim.has_dim_value()) {
        shape.push_back(dim.dim_value());
      }
    }
    if (static_cast<int>(shape.size()) == tensor.shape().dim_size()) {
      value.shape = std::move(shape);
    }
  }
  return true;
}

/// Replaces a node by its result if that is a small constant. Answers whether it did.
bool OnnxLoader::fold_node(const onnx::NodeProto& node) {
  if (node.output_size() != 1) {
    return false;
  }
  const std::string& name = node.output(0);
  OnnxValue& made = values_[name];
  std::vector<double> data;
  if (node.op_type() == "Shape" || node.op_type() == "Size") {
    const auto read = values_.find(node.input_size() > 0 ? node.input(0) : std::string{});
    if (read == values_.end() || !read->second.shape) {
      return false;
    }
    const std::vector<std::int64_t>& shape = *read->second.shape;
    const auto rank = static_cast<std::int64_t>(shape.size());
    if (node.op_type() == "Size") {
      data = {static_cast<double>(count_elements(shape).value_or(0))};
      made.shape.emplace();
    } else {
      std::int64_t begin = int_attribute(node, "start", 0);
      std::int64_t end = int_attribute(node, "end", rank);
      begin = std::clamp<std::int64_t>(begin < 0 ? begin + rank : begin, 0, rank);
      end = std::clamp<std::int64_t>(end < 0 ? end + rank : end, begin, rank);
      for (std::int64_t i = begin; i < end; ++i) {
        data.push_back(static_cast<double>(shape[static_cast<std::size_t>(i)]));
      }
      made.shape.emplace({end - begin});
    }
    types_[name] = onnx::TensorProto::INT64;
  } else {
    static const OnnxValue absent;
    std::vector<const OnnxValue*> inputs;
    for (const std::string& input : node.input()) {
      const auto read = input.empty() ? values_.end() : values_.find(input);
      inputs.push_back(read != values_.end() ? &read->second : &absent);
      if (!input.empty() && (read == values_.end() || !read->second.has_data)) {
        return false;
      }
    }
    const std::optional<std::int64_t> elements =
        made.shape ? count_elements(*made.shape) : std::nullopt;
    const auto type = types_.find(name);
    if (!elements || *elements > kSmallConstant || type == types_.end() ||
        !holds_numbers(type->second)) {
      return false;
    }
    std::optional<std::vector<double>> result = evaluate(node, inputs, *made.shape, type->second);
    if (!result || static_cast<std::int64_t>(result->size()) != *elements) {
      return false;
    }
    data = *std::move(result);
  }
  made.data = std::move(data);
  made.has_data = true;
  made.constant = true;
  return true;
}

bool OnnxLoader::infer_sums() {
  const std::size_t before = own_shapes_.size();
  for (const onnx::NodeProto& node : nodes_) {
    const onnx::AttributeProto* equation = attribute(node, "equation");
    if (node.op_type() != "Einsum" || equation == nullptr || node.output_size() != 1 ||
        values_[node.output(0)].shape) {
      continue;
    }
    std::string text = equation->s();
    std::erase(text, ' ');
    const std::size_t arrow = text.find("->");
    if (arrow == std::string::npos) {
      continue;
    }
    std::unordered_map<char, std::int64_t> sides;
    std::size_t at = 0;
    for (const std::string& input : node.input()) {
      const std::size_t end = std::min(text.find(',', at), arrow);
      const std::string letters = text.substr(at, end - at);
      const std::optional<std::vector<std::int64_t>>& shape = values_[input].shape;
      for (std::size_t i = 0; shape && shape->size() == letters.size() && i < letters.size(); ++i) {
        sides.emplace(letters[i], (*shape)[i]);
      }
      at = std::min(end + 1, arrow);
    }
    std::vector<std::int64_t> made;
    for (const char letter : text.substr(arrow + 2)) {
      if (const auto side = sides.find(letter); side != sides.end()) {
        made.push_back(side->second);
      }
    }
    if (made.size() == text.size() - arrow - 2) {
      values_[node.output(0)].shape = std::move(made);
      own_shapes_.push_back(node.output(0));
    }
  }
  return own_shapes_.size() != before;
}

bool OnnxLoader::fold() {
  const std::size_t before = nodes_.size();
  std::erase_if(nodes_, [this](const onnx::NodeProto& node) { return fold_node(node); });
  return nodes_.size() != before;
}

void OnnxLoader::mark_constants() {
  for (const onnx::NodeProto& node : nodes_) {
    const bool constant =
        node.input_size() > 0 && std::ranges::all_of(node.input(), [this](const std::string& name) {
          const auto found = values_.find(name);
          return name.empty() || (found != values_.end() && found->second.constant);
        });
    for (const std::string& output : node.output()) {
      values_[output].constant = values_[output].constant || constant;
    }
  }
}

bool OnnxLoader::infer() {
  for (const onnx::ValueInfoProto& input : inputs_) {
    OnnxValue& value = values_[input.name()];
    value.shape.emplace();
    for (const auto& dim : input.type().tensor_type().shape().dim()) {
      value.shape->push_back(dim.dim_value());
    }
    value.floating = is_floating(types_[input.name()]);
  }
  do {
    if (!infer_once()) {
      return false;
    }
  } while (infer_sums() || fold());
  mark_constants();
  bool good = true;
  for (const onnx::NodeProto& node : nodes_) {
    for (const std::string& output : node.output()) {
      const OnnxValue& value = values_[output];
      if (output.empty() || &output != &node.output(0)) {
        continue;
      }
      if (!value.shape) {
        error(node_label(node), fmt::format("the shape of its output '{}' is not known", output),
              "it may depend on values of an input");
        return false;  // all that follow are unknown because of this one
      }
      const std::optional<std::int64_t> elements = count_elements(*value.shape);
      if (!elements || *elements == 0) {
        error(node_label(node),
              fmt::format("an output of {} is not possible", fmt::join(*value.shape, " x ")));
        good = false;
      }
    }
  }
  return good;
}

OnnxGraph OnnxLoader::finish() {
  OnnxGraph graph;
  for (onnx::NodeProto& node : nodes_) {
    if (node.output_size() > 0 && !values_[node.output(0)].constant) {
      for (const std::string& input : node.input()) {
        ++graph.readers_[input];
      }
      graph.nodes_.push_back(std::move(node));
    }
  }
  for (const onnx::ValueInfoProto& output : model_.graph().output()) {
    ++graph.readers_[output.name()];
  }
  if (!inputs_.empty()) {
    const std::vector<std::int64_t>& shape = *values_[inputs_.front().name()].shape;
    graph.batch_ = shape.empty() ? 1 : shape.front();
  }
  for (const onnx::OperatorSetIdProto& opset : model_.opset_import()) {
    if (opset.domain().empty() || opset.domain() == "ai.onnx") {
      graph.opset_ = opset.version();
    }
  }
  graph.values_ = std::move(values_);
  return graph;
}

}  // namespace cairn::models
