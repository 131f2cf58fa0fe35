// Shape arithmetic of ONNX graphs, in numbers.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "models/importers/onnx_graph.h"

namespace cairn::models {
namespace {

using Values = std::vector<double>;
using Inputs = std::vector<const OnnxValue*>;

bool is_integer(int element_type) {
  return element_type == onnx::TensorProto::INT64 || element_type == onnx::TensorProto::INT32;
}

/// Element \p i of an operand that is as long as the result or a single number.
std::optional<double> at(const OnnxValue& value, std::size_t i, std::size_t size) {
  if (value.data.size() == size) {
    return value.data[i];
  }
  if (value.data.size() == 1) {
    return value.data.front();
  }
  return std::nullopt;
}

template <class Function>
std::optional<Values> binary(const Inputs& in, std::size_t size, Function function) {
  if (in.size() != 2) {
    return std::nullopt;
  }
  Values result;
  for (std::size_t i = 0; i < size; ++i) {
    const std::optional<double> a = at(*in[0], i, size);
    const std::optional<double> b = at(*in[1], i, size);
    if (!a || !b) {
      return std::nullopt;
    }
    result.push_back(function(*a, *b));
  }
  return result;
}

template <class Function>
std::optional<Values> unary(const Inputs& in, Function function) {
  Values result;
  std::ranges::transform(in[0]->data, std::back_inserter(result), function);
  return result;
}

std::optional<Values> gather(const onnx::NodeProto& node, const Inputs& in) {
  const bool vector = in[0]->shape && in[0]->shape->size() == 1;
  if (in.size() != 2 || !vector || int_attribute(node, "axis", 0) != 0) {
    return std::nullopt;
  }
  const auto size = static_cast<double>(in[0]->data.size());
  Values result;
  for (double index : in[1]->data) {
    index += index < 0 ? size : 0;
    if (index < 0 || index >= size) {
      return std::nullopt;
    }
    result.push_back(in[0]->data[static_cast<std::size_t>(index)]);
  }
  return result;
}

std::optional<Values> concatenate(const Inputs& in) {
  Values result;
  for (const OnnxValue* part : in) {
    if (!part->shape || part->shape->size() != 1) {
      return std::nullopt;
    }
    result.insert(result.end(), part->data.begin(), part->data.end());
  }
  return result;
}

/// One-dimensional slices only: those of shapes. Opset 1 gives the bounds as attributes.
std::optional<Values> slice(const onnx::NodeProto& node, const Inputs& in) {
  if (!in[0]->shape || in[0]->shape->size() != 1) {
    return std::nullopt;
  }
  const auto size = static_cast<double>(in[0]->data.size());
  const auto bound = [&](std::size_t input, std::string_view name, double otherwise) {
    if (in.size() > input && !in[input]->data.empty()) {
      return in[input]->data.front();
    }
    const std::vector<std::int64_t> given = ints_attribute(node, name);
    return given.empty() ? otherwise : static_cast<double>(given.front());
  };
  const double step = bound(4, "steps", 1);
  double begin = bound(1, "starts", 0);
  double end = bound(2, "ends", size);
  if (step == 0) {
    return std::nullopt;
  }
  begin += begin < 0 ? size : 0;
  end += end < 0 && end >= -size ? size : 0;
  begin = std::clamp(begin, 0.0, step > 0 ? size : size - 1);
  end = std::clamp(end, step > 0 ? 0.0 : -1.0, size);
  Values result;
  for (double i = begin; step > 0 ? i < end : i > end; i += step) {
    result.push_back(in[0]->data[static_cast<std::size_t>(i)]);
  }
  return result;
}

std::optional<Values> range(const Inputs& in, std::size_t size) {
  if (in.size() != 3 || in[2]->data.empty() || in[0]->data.empty()) {
    return std::nullopt;
  }
  Values result;
  for (std::size_t i = 0; i < size; ++i) {
    result.push_back(in[0]->data.front() + static_cast<double>(i) * in[2]->data.front());
  }
  return result;
}

std::optional<Values> constant_of_shape(const onnx::NodeProto& node, std::size_t size) {
  double value = 0.0;
  if (const onnx::AttributeProto* given = attribute(node, "value")) {
    const onnx::TensorProto& tensor = given->t();
    if (tensor.int64_data_size() > 0) {
      value = static_cast<double>(tensor.int64_data(0));
    } else if (tensor.data_type() == onnx::TensorProto::INT64 && tensor.raw_data().size() == 8) {
      std::int64_t number = 0;
      std::memcpy(&number, tensor.raw_data().data(), sizeof number);
      value = static_cast<double>(number);
    } else {
      return std::nullopt;
    }
  }
  return Values(size, value);
}

std::optional<Values> where(const Inputs& in, std::size_t size) {
  if (in.size() != 3) {
    return std::nullopt;
  }
  Values result;
  for (std::size_t i = 0; i < size; ++i) {
    const std::optional<double> condition = at(*in[0], i, size);
    const std::optional<double> yes = at(*in[1], i, size);
    const std::optional<double> no = at(*in[2], i, size);
    if (!condition || !yes || !no) {
      return std::nullopt;
    }
    result.push_back(*condition != 0.0 ? *yes : *no);
  }
  return result;
}

std::optional<Values> arithmetic(std::string_view op, const Inputs& in, std::size_t size,
                                 bool whole) {
  if (op == "Add") {
    return binary(in, size, [](double a, double b) { return a + b; });
  }
  if (op == "Sub") {
    return binary(in, size, [](double a, double b) { return a - b; });
  }
  if (op == "Mul") {
    return binary(in, size, [](double a, double b) { return a * b; });
  }
  if (op == "Div") {
    const bool by_zero = in.size() == 2 && std::ranges::find(in[1]->data, 0.0) != in[1]->data.end();
    if (by_zero) {
      return std::nullopt;
    }
    return binary(in, size,
                  [whole](double a, double b) { return whole ? std::trunc(a / b) : a / b; });
  }
  if (op == "Min") {
    return binary(in, size, [](double a, double b) { return std::min(a, b); });
  }
  if (op == "Max") {
    return binary(in, size, [](double a, double b) { return std::max(a, b); });
  }
  if (op == "Equal") {
    return binary(in, size, [](double a, double b) { return a == b ? 1.0 : 0.0; });
  }
  if (op == "Less") {
    return binary(in, size, [](double a, double b) { return a < b ? 1.0 : 0.0; });
  }
  if (op == "Greater") {
    return binary(in, size, [](double a, double b) { return a > b ? 1.0 : 0.0; });
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<double>> evaluate(const onnx::NodeProto& node, const Inputs& inputs,
                                            const std::vector<std::int64_t>& shape,
                                            int element_type) {
  std::size_t size = 1;
  for (const std::int64_t side : shape) {
    size *= static_cast<std::size_t>(side);
  }
  const std::string& op = node.op_type();
  if (op == "ConstantOfShape") {
    return constant_of_shape(node, size);
  }
  if (inputs.empty()) {
    return std::nullopt;
  }
  if (op == "Identity" || op == "Unsqueeze" || op == "Squeeze" || op == "Reshape" ||
      op == "Flatten") {
    return inputs[0]->data;
  }
  if (op == "Cast") {
    return is_integer(element_type) ? unary(inputs, [](double x) { return std::trunc(x); })
                                    : inputs[0]->data;
  }
  if (op == "Floor") {
    return unary(inputs, [](double x) { return std::floor(x); });
  }
  if (op == "Ceil") {
    return unary(inputs, [](double x) { return std::ceil(x); });
  }
  if (op == "Neg") {
    return unary(inputs, [](double x) { return -x; });
  }
  if (op == "Not") {
    return unary(inputs, [](double x) { return x == 0.0 ? 1.0 : 0.0; });
  }
  if (op == "ReduceProd" && size == 1) {
    double product = 1.0;
    for (const double value : inputs[0]->data) {
      product *= value;
    }
    return Values{product};
  }
  if (op == "Gather") {
    return gather(node, inputs);
  }
  if (op == "Concat") {
    return concatenate(inputs);
  }
  if (op == "Slice") {
    return slice(node, inputs);
  }
  if (op == "Range") {
    return range(inputs, size);
  }
  if (op == "Where") {
    return where(inputs, size);
  }
  if (op == "Expand" && inputs[0]->data.size() == 1) {
    return Values(size, inputs[0]->data.front());
  }
  return arithmetic(op, inputs, size, is_integer(element_type));
}

}  // namespace cairn::models
