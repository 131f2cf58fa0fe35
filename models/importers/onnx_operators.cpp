#include "models/importers/onnx_operators.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

namespace cairn::models {
namespace {

using Node = onnx::NodeProto;
using Dims = std::vector<std::int64_t>;

/// What is wrong with a node; caught where the node is read.
class Unreadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::int64_t product(const Dims& shape, std::size_t begin, std::size_t end) {
  Bits total{1};
  for (std::size_t i = begin; i < end; ++i) {
    total = total * Quantity<Dim{}, std::int64_t>{shape[i]};
  }
  return total.count();
}
std::int64_t product(const Dims& shape) {
  return product(shape, 0, shape.size());
}

/// An axis counted from the front.
std::size_t positive_axis(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  const std::int64_t from_front = axis < 0 ? axis + signed_rank : axis;
  if (from_front < 0 || from_front >= signed_rank) {
    throw Unreadable(fmt::format("axis {} of a tensor with {} dimensions", axis, rank));
  }
  return static_cast<std::size_t>(from_front);
}

class Builder {
 public:
  using Handler = void (Builder::*)(const Node&);

  explicit Builder(const OnnxGraph& graph) : graph_(graph) {}

  void read(const Node& node);
  [[nodiscard]] Workload finish();

 private:
  friend const std::unordered_map<std::string_view, Handler>& handlers();

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

const OnnxValue& Builder::value(const std::string& name) const {
  const OnnxValue* found = graph_.find(name);
  if (found == nullptr || !found->shape) {
    throw Unreadable(fmt::format("the shape of '{}' is not known", name));
  }
  return *found;
}

const Dims& Builder::input_shape(const Node& node, int index) const {
  if (!has_input(node, index)) {
    throw Unreadable(fmt::format("input {} is missing", index));
  }
  return shape(node.input(index));
}

std::int64_t Builder::parameters(const Node& node, int index) {
  if (!is_constant(node, index) || !counted_.insert(node.input(index)).second) {
    return 0;
  }
  return product(shape(node.input(index)));
}

Operator* Builder::foldable(const Node& node, int index) {
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

void Builder::alias(const Node& node, const std::string& input) {
  const auto made = maker_.find(input);
  if (made == maker_.end()) {
    return;
  }
  const std::int32_t index = made->second;
  for (const std::string& output : node.output()) {
    maker_.insert_or_assign(output, index);
  }
}

void Builder::add(const Node& node, Shape shape, std::int64_t parameters) {
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

void Builder::add_elementwise(const Node& node, ElementwiseKind kind, std::int64_t parameters) {
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

void Builder::view(const Node& node) {
  alias(node, node.input(0));
}

void Builder::copy(const Node& node) {
  std::int64_t constants = 0;
  for (int i = 0; i < node.input_size(); ++i) {
    if (has_input(node, i) && value(node.input(i)).floating) {
      constants += parameters(node, i);  // a class token that is concatenated
    }
  }
  add_elementwise(node, ElementwiseKind::copy, constants);
}

void Builder::convolution(const Node& node) {
  Dims in = input_shape(node, 0);
  Dims kernel = input_shape(node, 1);
  if (!is_constant(node, 1)) {
    throw Unreadable("a convolution with weights made at run time is not supported");
  }
  if (in.size() != kernel.size() || in.size() < 3 || in.size() > 4) {
    throw Unreadable(fmt::format("only 1-D and 2-D convolutions are supported, found {}-D",
                                 in.size() - std::min<std::size_t>(in.size(), 2)));
  }
  const std::size_t axes = in.size() - 2;
  const auto per_axis = [&](std::string_view name, std::int64_t otherwise) {
    Dims given = ints_attribute(node, name);
    given.resize(axes, otherwise);
    if (axes == 1) {
      given.insert(given.begin(), otherwise);
    }
    return given;
  };
  if (axes == 1) {
    in.insert(in.begin() + 2, 1);
    kernel.insert(kernel.begin() + 2, 1);
  }
  const Dims stride = per_axis("strides", 1);
  const Dims dilation = per_axis("dilations", 1);
  Dims pads = ints_attribute(node, "pads");  // begins of all axes, then ends
  pads.resize(2 * axes, 0);
  if (axes == 1) {
    pads = {0, pads[0], 0, pads[1]};
  }
  if (const onnx::AttributeProto* mode = attribute(node, "auto_pad")) {
    for (std::size_t axis = 0; axis < 2 && mode->s().starts_with("SAME"); ++axis) {
      const std::int64_t side = in[axis + 2];
      const std::int64_t needed = (ceil_div(side, stride[axis]) - 1) * stride[axis] +
                                  (kernel[axis + 2] - 1) * dilation[axis] + 1 - side;
      const std::int64_t total = std::max<std::int64_t>(needed, 0);
      const bool upper = mode->s() == "SAME_UPPER";
      pads[axis] = upper ? total / 2 : total - total / 2;
      pads[axis + 2] = total - pads[axis];
    }
  }
  const Convolution conv{.batch = in[0],
                         .height = in[2],
                         .width = in[3],
                         .channels = in[1],
                         .filters = kernel[0],
                         .kernel_height = kernel[2],
                         .kernel_width = kernel[3],
                         .stride_height = stride[0],
                         .stride_width = stride[1],
                         .pad_top = pads[0],
                         .pad_bottom = pads[2],
                         .pad_left = pads[1],
                         .pad_right = pads[3],
                         .dilation_height = dilation[0],
                         .dilation_width = dilation[1],
                         .groups = int_attribute(node, "group", 1)};
  const Dims& out = shape(node.output(0));
  const bool fits = conv.groups > 0 && conv.channels == kernel[1] * conv.groups &&
                    conv.filters % conv.groups == 0 && stride[0] > 0 && stride[1] > 0 &&
                    conv.output_width() == out.back() &&
                    (axes == 1 || conv.output_height() == out[2]);
  if (!fits) {
    throw Unreadable(fmt::format("weights {}, groups, padding and output {} do not fit {}",
                                 fmt::join(kernel, " x "), fmt::join(out, " x "),
                                 fmt::join(in, " x ")));
  }
  add(node, conv, parameters(node, 1) + parameters(node, 2));
}

void Builder::add_product(const Node& node, std::int64_t batch, std::int64_t m, std::int64_t n,
                          std::int64_t k) {
  add(node, MatMul{.batch = batch, .m = m, .n = n, .k = k, .weight = false}, 0);
}

void Builder::gemm(const Node& node) {
  Dims a = input_shape(node, 0);
  Dims b = input_shape(node, 1);
  if (a.size() != 2 || b.size() != 2) {
    throw Unreadable("Gemm takes two matrices");
  }
  if (int_attribute(node, "transA", 0) != 0) {
    std::swap(a[0], a[1]);
  }
  if (int_attribute(node, "transB", 0) != 0) {
    std::swap(b[0], b[1]);
  }
  if (!is_constant(node, 1)) {
    add_product(node, 1, a[0], b[1], b[0]);
    return;
  }
  add(node, MatMul{.m = a[0], .n = b[1], .k = b[0]}, parameters(node, 1) + parameters(node, 2));
}

void Builder::matmul(const Node& node) {
  Dims a = input_shape(node, 0);
  Dims b = input_shape(node, 1);
  const Dims& out = shape(node.output(0));
  if (a.empty() || b.empty()) {
    throw Unreadable("a matrix product of a single number");
  }
  if (a.size() == 1) {
    a.insert(a.begin(), 1);
  }
  if (b.size() == 1) {
    b.push_back(1);
  }
  const std::int64_t m = a[a.size() - 2];
  const std::int64_t k = a.back();
  const std::int64_t n = b.back();
  const std::int64_t a_batch = product(a, 0, a.size() - 2);
  const std::int64_t b_batch = product(b, 0, b.size() - 2);
  const std::int64_t batch = product(out) / (m * n);
  if (k != b[b.size() - 2]) {
    throw Unreadable(fmt::format("{} columns do not meet {} rows", k, b[b.size() - 2]));
  }
  if (is_constant(node, 1)) {  // rows of all products that share a weight run together
    add(node,
        MatMul{.batch = b_batch,
               .m = batch / b_batch * m,
               .n = n,
               .k = k,
               .distinct_weights = b_batch > 1},
        parameters(node, 1));
  } else if (is_constant(node, 0)) {  // W X is (X' W')'
    add(node,
        MatMul{.batch = a_batch,
               .m = batch / a_batch * n,
               .n = m,
               .k = k,
               .distinct_weights = a_batch > 1},
        parameters(node, 0));
  } else if (b_batch == 1) {
    add_product(node, 1, batch * m, n, k);
  } else {
    add_product(node, batch, m, n, k);
  }
}

/// Two operands: letters of both and of the output are the batch, of both only the reduction.
void Builder::einsum(const Node& node) {
  const onnx::AttributeProto* equation = attribute(node, "equation");
  std::string text = equation != nullptr ? equation->s() : "";
  std::erase(text, ' ');
  const std::size_t comma = text.find(',');
  const std::size_t arrow = text.find("->");
  if (node.input_size() != 2 || comma == std::string::npos || arrow == std::string::npos ||
      comma > arrow || text.find("...") != std::string::npos) {
    throw Unreadable(
        fmt::format("only sums of two operands such as ij,jk->ik are supported, "
                    "found '{}'",
                    text));
  }
  const std::string a = text.substr(0, comma);
  const std::string b = text.substr(comma + 1, arrow - comma - 1);
  const std::string out = text.substr(arrow + 2);
  const Dims& a_shape = input_shape(node, 0);
  const Dims& b_shape = input_shape(node, 1);
  if (a.size() != a_shape.size() || b.size() != b_shape.size()) {
    throw Unreadable(fmt::format("'{}' does not fit its operands", text));
  }
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool shared = b.find(a[i]) != std::string::npos;
    const bool kept = out.find(a[i]) != std::string::npos;
    if (!shared && !kept) {
      throw Unreadable(fmt::format("'{}' sums over '{}' of one operand", text, a[i]));
    }
    (shared ? (kept ? batch : k) : m) *= a_shape[i];
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (a.find(b[i]) == std::string::npos) {
      if (out.find(b[i]) == std::string::npos) {
        throw Unreadable(fmt::format("'{}' sums over '{}' of one operand", text, b[i]));
      }
      n *= b_shape[i];
    }
  }
  if (is_constant(node, 0)) {
    std::swap(m, n);
  }
  if (!is_constant(node, 0) && !is_constant(node, 1)) {
    add_product(node, batch, m, n, k);
    return;
  }
  add(node, MatMul{.batch = batch, .m = m, .n = n, .k = k, .distinct_weights = batch > 1},
      parameters(node, 0) + parameters(node, 1));
}

void Builder::batch_normalization(const Node& node) {
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

void Builder::layer_normalization(const Node& node) {
  const Dims& in = input_shape(node, 0);
  const std::size_t axis = positive_axis(int_attribute(node, "axis", -1), in.size());
  add(node,
      Normalization{.kind = NormalizationKind::layer_norm,
                    .rows = product(in, 0, axis),
                    .columns = product(in, axis, in.size())},
      parameters(node, 1) + parameters(node, 2));
}

void Builder::group_normalization(const Node& node) {
  const Dims& in = input_shape(node, 0);
  const std::int64_t groups = int_attribute(node, "num_groups", in.size() > 1 ? in[1] : 1);
  const std::int64_t rows = in.front() * std::max<std::int64_t>(groups, 1);
  add(node,
      Normalization{
          .kind = NormalizationKind::group_norm, .rows = rows, .columns = product(in) / rows},
      parameters(node, 1) + parameters(node, 2));
}

void Builder::softmax(const Node& node) {
  const Dims& in = input_shape(node, 0);
  const bool flattens = graph_.opset() < 13;  // over all axes from the given one on
  const std::size_t axis = positive_axis(int_attribute(node, "axis", flattens ? 1 : -1), in.size());
  const std::int64_t columns = flattens ? product(in, axis, in.size()) : in[axis];
  add(node, Softmax{.rows = product(in) / columns, .columns = columns}, 0);
}

void Builder::window_pooling(const Node& node) {
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

void Builder::global_pooling(const Node& node) {
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
void Builder::reduction(const Node& node) {
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

void Builder::gather(const Node& node) {
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

/// Operand \p index is a constant with as many elements as \p op has outputs per row or filters.
bool is_bias_of(const Operator& op, const Dims& constant, const Dims& out) {
  const std::int64_t elements = product(constant);
  if (const auto* matmul = std::get_if<MatMul>(&op.shape)) {
    return elements == matmul->n && !constant.empty() && constant.back() == out.back() &&
           matmul->n == out.back();
  }
  const auto* conv = std::get_if<Convolution>(&op.shape);
  return conv != nullptr && elements == conv->filters && constant.size() + 1 >= out.size() &&
         constant[constant.size() + 1 - out.size()] == conv->filters;
}

void Builder::binary(const Node& node) {
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

void Builder::unary(const Node& node) {
  static const std::unordered_map<std::string_view, ElementwiseKind> kKinds{
      {"Relu", ElementwiseKind::relu},
      {"Clip", ElementwiseKind::relu6},
      {"Sigmoid", ElementwiseKind::sigmoid},
      {"Tanh", ElementwiseKind::tanh},
      {"Gelu", ElementwiseKind::gelu},
      {"HardSwish", ElementwiseKind::hard_swish},
      {"HardSigmoid", ElementwiseKind::hard_sigmoid},
  };
  const auto kind = kKinds.find(node.op_type());
  const std::int64_t slopes = node.op_type() == "PRelu" ? parameters(node, 1) : 0;
  add_elementwise(node, kind != kKinds.end() ? kind->second : ElementwiseKind::other, slopes);
}

const std::unordered_map<std::string_view, Builder::Handler>& handlers() {
  static const auto kHandlers = [] {
    std::unordered_map<std::string_view, Builder::Handler> map;
    const auto set = [&map](std::initializer_list<std::string_view> names,
                            Builder::Handler handler) {
      for (const std::string_view name : names) {
        map.emplace(name, handler);
      }
    };
    set({"Identity", "Dropout", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice",
         "Split"},
        &Builder::view);
    set({"Transpose", "Concat", "Pad", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Resize",
         "Upsample", "GatherElements", "GatherND", "ScatterND", "Trilu"},
        &Builder::copy);
    set({"Conv"}, &Builder::convolution);
    set({"Gemm"}, &Builder::gemm);
    set({"MatMul"}, &Builder::matmul);
    set({"Einsum"}, &Builder::einsum);
    set({"BatchNormalization"}, &Builder::batch_normalization);
    set({"LayerNormalization"}, &Builder::layer_normalization);
    set({"InstanceNormalization", "GroupNormalization"}, &Builder::group_normalization);
    set({"Softmax", "LogSoftmax"}, &Builder::softmax);
    set({"MaxPool", "AveragePool"}, &Builder::window_pooling);
    set({"GlobalAveragePool", "GlobalMaxPool"}, &Builder::global_pooling);
    set({"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
         "ReduceSumSquare", "ReduceLogSumExp", "ReduceLogSum", "ArgMax", "ArgMin"},
        &Builder::reduction);
    set({"Gather"}, &Builder::gather);
    set({"Add", "Sub", "Mul", "Div", "Sum", "Pow", "Max", "Min", "Mean", "Where", "Equal",
         "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Mod"},
        &Builder::binary);
    set({"Relu",      "Clip",       "Sigmoid",     "Tanh",
         "Gelu",      "HardSwish",  "HardSigmoid", "Erf",
         "LeakyRelu", "PRelu",      "Elu",         "Selu",
         "Celu",      "Softplus",   "Softsign",    "Mish",
         "Sqrt",      "Exp",        "Log",         "Neg",
         "Abs",       "Sign",       "Floor",       "Ceil",
         "Round",     "Reciprocal", "Not",         "Cos",
         "Sin",       "IsNaN",      "IsInf",       "ThresholdedRelu"},
        &Builder::unary);
    // Shape arithmetic: folded away, or impossible to read.
    set({"Shape", "Size", "ConstantOfShape", "Range", "Constant"}, nullptr);
    return map;
  }();
  return kHandlers;
}

void Builder::read(const Node& node) {
  const auto found = handlers().find(node.op_type());
  if (found == handlers().end() || found->second == nullptr) {
    throw Unreadable("its result depends on values of an input");
  }
  if (node.input_size() == 0 || node.output_size() == 0) {
    throw Unreadable("it has no inputs or no outputs");
  }
  (this->*found->second)(node);
}

Workload Builder::finish() {
  workload_.phase = Phase::forward;
  workload_.batch = graph_.batch();
  workload_.tokens = graph_.batch();
  if (!workload_.operators.empty()) {
    workload_.repeats.push_back(
        {.first = 0, .length = static_cast<std::int32_t>(workload_.operators.size()), .copies = 1});
  }
  return std::move(workload_);
}

}  // namespace

bool is_supported(const onnx::NodeProto& node) {
  return (node.domain().empty() || node.domain() == "ai.onnx") &&
         handlers().contains(node.op_type());
}

Workload build_onnx(
    const OnnxGraph& graph,
    const std::function<void(const std::string& where, std::string message)>& report) {
  Builder builder(graph);
  for (const onnx::NodeProto& node : graph.nodes()) {
    try {
      builder.read(node);
    } catch (const Unreadable& problem) {
      report(node_label(node), problem.what());
    } catch (const std::overflow_error&) {
      report(node_label(node), "its sizes exceed what can be counted");
    }
  }
  return builder.finish();
}

}  // namespace cairn::models
