// Convolutions and matrix products of ONNX graphs.
#include <algorithm>

#include <fmt/format.h>

#include "models/importers/onnx_node_reader.h"

namespace cairn::models {

void OnnxNodeReader::convolution(const Node& node) {
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

void OnnxNodeReader::add_product(const Node& node, std::int64_t batch, std::int64_t m,
                                 std::int64_t n, std::int64_t k) {
  add(node, MatMul{.batch = batch, .m = m, .n = n, .k = k, .weight = false}, 0);
}

void OnnxNodeReader::gemm(const Node& node) {
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

void OnnxNodeReader::matmul(const Node& node) {
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
void OnnxNodeReader::einsum(const Node& node) {
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

}  // namespace cairn::models
