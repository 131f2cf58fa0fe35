#include "models/importers/onnx_operators.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/importers/onnx_node_reader.h"

namespace cairn::models {
namespace {

/// An axis counted from the front.
std::size_t positive_axis(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  const std::int64_t from_front = axis < 0 ? axis + signed_rank : axis;
  if (from_front < 0 || from_front >= signed_rank) {
    throw Unreadable(fmt::format("axis {} of a tensor with {} dimensions", axis, rank));
  }
  return static_cast<std::size_t>(from_front);
}

/// Operand \p index is a constant with as many elements as \p op has outputs per row or filters.
bool is_bias_of(const Operator& op, const std::vector<std::int64_t>& constant,
                const std::vector<std::int64_t>& out) {
  const std::int64_t elements = product(constant);
  if (const auto* matmul = std::get_if<MatMul>(&op.shape)) {
    return elements == matmul->n && !constant.empty() && constant.back() == out.back() &&
           matmul->n == out.back();
  }
  const auto* conv = std::get_if<Convolution>(&op.shape);
  return conv != nullptr && elements == conv->filters && constant.size() + 1 >= out.size() &&
         constant[constant.size() + 1 - out.size()] == conv->filters;
}

}  // namespace

std::int64_t product(const std::vector<std::int64_t>& shape, std::size_t begin, std::size_t end) {
  Bits total{1};
  for (std::size_t i = begin; i < end; ++i) {
    total = total * Quantity<Dim{}, std::int64_t>{shape[i]};
  }
  return total.count();
}

/// How each operator is read; nullptr for those that folding must have removed.
struct OnnxHandlers {
  using Map = std::unordered_map<std::string_view, OnnxNodeReader::Handler>;
  [[nodiscard]] static const Map& all();
};

const OnnxHandlers::Map& OnnxHandlers::all() {
  static const Map handlers = [] {
    Map map;
    const auto set = [&map](std::initializer_list<std::string_view> names,
                            OnnxNodeReader::Handler handler) {
      for (const std::string_view name : names) {
        map.emplace(name, handler);
      }
    };
    set({"Identity", "Dropout", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice",
         "Split"},
        &OnnxNodeReader::view);
    set({"Transpose", "Concat", "Pad", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Resize",
         "Upsample", "GatherElements", "GatherND", "ScatterND", "Trilu"},
        &OnnxNodeReader::copy);
    set({"Conv"}, &OnnxNodeReader::convolution);
    set({"Gemm"}, &OnnxNodeReader::gemm);
    set({"MatMul"}, &OnnxNodeReader::matmul);
    set({"Einsum"}, &OnnxNodeReader::einsum);
    set({"BatchNormalization"}, &OnnxNodeReader::batch_normalization);
    set({"LayerNormalization"}, &OnnxNodeReader::layer_normalization);
    set({"InstanceNormalization", "GroupNormalization"}, &OnnxNodeReader::group_normalization);
    set({"Softmax", "LogSoftmax"}, &OnnxNodeReader::softmax);
    set({"MaxPool", "AveragePool"}, &OnnxNodeReader::window_pooling);
    set({"GlobalAveragePool", "GlobalMaxPool"}, &OnnxNodeReader::global_pooling);
    set({"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
         "ReduceSumSquare", "ReduceLogSumExp", "ReduceLogSum", "ArgMax", "ArgMin"},
        &OnnxNodeReader::reduction);
    set({"Gather"}, &OnnxNodeReader::gather);
    set({"Add", "Sub", "Mul", "Div", "Sum", "Pow", "Max", "Min", "Mean", "Where", "Equal",
         "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Mod"},
        &OnnxNodeReader::binary);
    set({"Relu",      "Clip",       "Sigmoid",     "Tanh",
         "Gelu",      "HardSwish",  "HardSigmoid", "Erf",
         "LeakyRelu", "PRelu",      "Elu",         "Selu",
         "Celu",      "Softplus",   "Softsign",    "Mish",
         "Sqrt",      "Exp",        "Log",         "Neg",
         "Abs",       "Sign",       "Floor",       "Ceil",
         "Round",     "Reciprocal", "Not",         "Cos",
         "Sin",       "IsNaN",      "IsInf",       "ThresholdedRelu"},
        &OnnxNodeReader::unary);
    // Shape arithmetic: folded away, or impossible to read.
    set({"Shape", "Size", "ConstantOfShape", "Range", "Constant"}, nullptr);
    return map;
  }();
  return handlers;
}

const OnnxValue& OnnxNodeReader::value(const std::string& name) const {
  const OnnxValue* found = graph_.find(name);
  if (found == nullptr || !found->shape) {
    throw Unreadable(fmt::format("the shape of '{}' is not known", name));
  }
  return *found;
}

const OnnxNodeReader::Dims& OnnxNodeReader::input_shape(const Node& node, int index) const {
  if (!has_input(node, index)) {
    throw Unreadable(fmt::format("input {} is missing", index));
  }
  return shape(node.input(index));
}

std::int64_t OnnxNodeReader::parameters(const Node& node, int index) {
  if (!is_constant(node, index) || !counted_.insert(node.input(index)).second) {
    return 0;
  }
  return product(shape(node.input(index)));
}

Operator* OnnxNodeReader::foldable(const Node& node, int index) {
  const auto made = maker_.find(node.input(index));
  if (made == maker_.end() || graph_.readers(node.input(index)) != 1) {
    return nullptr;
  }
  Operator& op = workload_.operators[static_cast<std::size_t>(made->second)];
  const auto* matmul = std::get_if<MatMul>(&op.shape);
  const bool takes = (matmul != nullptr && matmul->weight && !matmul->distinct_weights) ||
                     std::holds_alternative<Convolution>(op.shape);
  return takes ? &op : nullptr;
}

void OnnxNodeReader::alias(const Node& node, const std::string& input) {
  const auto made = maker_.find(input);
  if (made == maker_.end()) {
    return;
  }
  const std::int32_t index = made->second;
  for (const std::string& output : node.output()) {
    maker_.insert_or_assign(output, index);
  }
}

void OnnxNodeReader::add(const Node& node, Shape shape, std::int64_t parameters) {
  Operator op;
  op.name = node.name().empty() ? node.output(0) : node.name();
  while (!names_.insert(op.name).second) {
    op.name += "_";
  }
  op.group = node.op_type();
  op.shape = shape;
  op.parameters = parameters;
  const auto index = static_cast<std::int32_t>(workload_.operators.size());
  op.layer = index;
  // Counts that do not fit are found here, not in the middle of a search.
  static_cast<void>(multiply_accumulates(shape));
  static_cast<void>(input_elements(shape));
  static_cast<void>(output_elements(shape));
  workload_.parameters += parameters;
  std::vector<std::int32_t> sources;
  for (const std::string& input : node.input()) {
    const auto made = maker_.find(input);
    if (made != maker_.end() && std::ranges::find(sources, made->second) == sources.end()) {
      sources.push_back(made->second);
      workload_.edges.push_back({.from = made->second, .to = index});
    }
  }
  for (const std::string& output : node.output()) {
    maker_[output] = index;
  }
  workload_.operators.push_back(std::move(op));
}

void OnnxNodeReader::add_elementwise(const Node& node, ElementwiseKind kind,
                                     std::int64_t parameters) {
  const Dims& out = shape(node.output(0));
  const std::int64_t columns = out.empty() ? 1 : out.back();
  std::int64_t inputs = 0;
  for (int i = 0; i < node.input_size(); ++i) {
    inputs += has_input(node, i) && !is_constant(node, i) ? 1 : 0;
  }
  add(node,
      Elementwise{.kind = kind,
                  .rows = product(out) / columns,
                  .columns = columns,
                  .inputs = std::max<std::int64_t>(inputs, 1)},
      parameters);
}

void OnnxNodeReader::view(const Node& node) {
  alias(node, node.input(0));
}

void OnnxNodeReader::copy(const Node& node) {
  std::int64_t constants = 0;
  for (int i = 0; i < node.input_size(); ++i) {
    if (has_input(node, i) && value(node.input(i)).floating) {
      constants += parameters(node, i);  // a class token that is concatenated
    }
  }
  add_elementwise(node, ElementwiseKind::copy, constants);
}

void OnnxNodeReader::batch_normalization(const Node& node) {
  const Dims& in = input_shape(node, 0);
  const std::int64_t vectors = parameters(node, 1) + parameters(node, 2);
  if (Operator* before = foldable(node, 0)) {
    before->parameters += vectors;
    workload_.parameters += vectors;
    alias(node, node.input(0));
    return;
  }
  const std::int64_t channels = in.size() > 1 ? in[1] : 1;
  add(node,
      Normalization{.kind = NormalizationKind::batch_norm,
                    .rows = product(in) / channels,
                    .columns = channels},
      vectors);
}

void OnnxNodeReader::layer_normalization(const Node& node) {
  const Dims& in = input_shape(node, 0);
  const std::size_t axis = positive_axis(int_attribute(node, "axis", -1), in.size());
  add(node,
      Normalization{.kind = NormalizationKind::layer_norm,
                    .rows = product(in, 0, axis),
                    .columns = product(in, axis, in.size())},
      parameters(node, 1) + parameters(node, 2));
}

void OnnxNodeReader::group_normalization(const Node& node) {
  const Dims& in = input_shape(node, 0);
  const std::int64_t groups = int_attribute(node, "num_groups", in.size() > 1 ? in[1] : 1);
  const std::int64_t rows = in.front() * std::max<std::int64_t>(groups, 1);
  add(node,
      Normalization{
          .kind = NormalizationKind::group_norm, .rows = rows, .columns = product(in) / rows},
      parameters(node, 1) + parameters(node, 2));
}

void OnnxNodeReader::softmax(const Node& node) {
  const Dims& in = input_shape(node, 0);
  const bool flattens = graph_.opset() < 13;  // over all axes from the given one on
  const std::size_t axis = positive_axis(int_attribute(node, "axis", flattens ? 1 : -1), in.size());
  const std::int64_t columns = flattens ? product(in, axis, in.size()) : in[axis];
  add(node, Softmax{.rows = product(in) / columns, .columns = columns}, 0);
}

void OnnxNodeReader::window_pooling(const Node& node) {
  Dims in = input_shape(node, 0);
  Dims out = shape(node.output(0));
  Dims kernel = ints_attribute(node, "kernel_shape");
  if (in.size() == 3 && kernel.size() == 1) {
    in.insert(in.begin() + 2, 1);
    out.insert(out.begin() + 2, 1);
    kernel.insert(kernel.begin(), 1);
  }
  if (in.size() != 4 || kernel.size() != 2) {
    throw Unreadable("only 1-D and 2-D pooling is supported");
  }
  add(node,
      Pooling{.kind = node.op_type() == "MaxPool" ? PoolingKind::max : PoolingKind::average,
              .batch = in[0],
              .height = in[2],
              .width = in[3],
              .channels = in[1],
              .output_height = out[2],
              .output_width = out[3],
              .kernel_height = kernel[0],
              .kernel_width = kernel[1]},
      0);
}

void OnnxNodeReader::global_pooling(const Node& node) {
  const Dims& in = input_shape(node, 0);
  if (in.size() < 3) {
    throw Unreadable("global pooling takes an image");
  }
  const std::int64_t height = in[2];
  const std::int64_t width = product(in, 3, in.size());
  add(node,
      Pooling{.kind = node.op_type() == "GlobalMaxPool" ? PoolingKind::max : PoolingKind::average,
              .batch = in[0],
              .height = height,
              .width = width,
              .channels = in[1],
              .kernel_height = height,
              .kernel_width = width},
      0);
}

/// A reduction is a pooling whose window is what it sums over.
void OnnxNodeReader::reduction(const Node& node) {
  const std::int64_t all = product(input_shape(node, 0));
  const std::int64_t left = product(shape(node.output(0)));
  const bool picks = node.op_type() == "ReduceMax" || node.op_type() == "ReduceMin" ||
                     node.op_type() == "ArgMax" || node.op_type() == "ArgMin";
  add(node,
      Pooling{.kind = picks ? PoolingKind::max : PoolingKind::average,
              .batch = left,
              .height = all / left,
              .kernel_height = all / left},
      0);
}

void OnnxNodeReader::gather(const Node& node) {
  const Dims& table = input_shape(node, 0);
  const Dims& indices = input_shape(node, 1);
  const std::size_t axis = positive_axis(int_attribute(node, "axis", 0), table.size());
  if (is_constant(node, 0) && value(node.input(0)).floating && axis == 0 && table.size() == 2) {
    add(node, Embedding{.tokens = product(indices), .width = table[1], .vocabulary = table[0]},
        parameters(node, 0));
  } else if (is_constant(node, 1) && indices.empty()) {
    view(node);  // one slice, such as the class token
  } else {
    copy(node);
  }
}

void OnnxNodeReader::binary(const Node& node) {
  const std::string& op = node.op_type();
  const Dims& out = shape(node.output(0));
  for (int i = 0; op == "Add" && i < 2; ++i) {
    if (is_constant(node, 1 - i) && !is_constant(node, i)) {
      Operator* before = foldable(node, i);
      if (before != nullptr && is_bias_of(*before, input_shape(node, 1 - i), out)) {
        const std::int64_t bias = parameters(node, 1 - i);
        before->parameters += bias;
        workload_.parameters += bias;
        alias(node, node.input(i));
        return;
      }
    }
  }
  std::int64_t constants = 0;
  for (int i = 0; i < node.input_size(); ++i) {
    if (is_constant(node, i) && value(node.input(i)).floating &&
        product(shape(node.input(i))) > 1) {
      constants += parameters(node, i);
    }
  }
  const ElementwiseKind kind = op == "Add" || op == "Sum" || op == "Sub" ? ElementwiseKind::add
                               : op == "Mul"                             ? ElementwiseKind::multiply
                                                                         : ElementwiseKind::other;
  add_elementwise(node, kind, constants);
}

void OnnxNodeReader::unary(const Node& node) {
  static const std::unordered_map<std::string_view, ElementwiseKind> kinds{
      {"Relu", ElementwiseKind::relu},
      {"Clip", ElementwiseKind::relu6},
      {"Sigmoid", ElementwiseKind::sigmoid},
      {"Tanh", ElementwiseKind::tanh},
      {"Gelu", ElementwiseKind::gelu},
      {"HardSwish", ElementwiseKind::hard_swish},
      {"HardSigmoid", ElementwiseKind::hard_sigmoid},
  };
  const auto kind = kinds.find(node.op_type());
  const std::int64_t slopes = node.op_type() == "PRelu" ? parameters(node, 1) : 0;
  add_elementwise(node, kind != kinds.end() ? kind->second : ElementwiseKind::other, slopes);
}

void OnnxNodeReader::read(const Node& node) {
  const auto found = OnnxHandlers::all().find(node.op_type());
  if (found == OnnxHandlers::all().end() || found->second == nullptr) {
    throw Unreadable("its result depends on values of an input");
  }
  if (node.input_size() == 0 || node.output_size() == 0) {
    throw Unreadable("it has no inputs or no outputs");
  }
  (this->*found->second)(node);
}

Workload OnnxNodeReader::finish() {
  workload_.phase = Phase::forward;
  workload_.batch = graph_.batch();
  workload_.tokens = graph_.batch();
  if (!workload_.operators.empty()) {
    workload_.repeats.push_back(
        {.first = 0, .length = static_cast<std::int32_t>(workload_.operators.size()), .copies = 1});
  }
  return std::move(workload_);
}

bool is_supported(const onnx::NodeProto& node) {
  return (node.domain().empty() || node.domain() == "ai.onnx") &&
         OnnxHandlers::all().contains(node.op_type());
}

Workload build_onnx(
    const OnnxGraph& graph,
    const std::function<void(const std::string& where, std::string message)>& report) {
  OnnxNodeReader reader(graph);
  for (const onnx::NodeProto& node : graph.nodes()) {
    try {
      reader.read(node);
    } catch (const Unreadable& problem) {
      report(node_label(node), problem.what());
    } catch (const std::overflow_error&) {
      report(node_label(node), "its sizes exceed what can be counted");
    }
  }
  return reader.finish();
}

}  // namespace cairn::models
