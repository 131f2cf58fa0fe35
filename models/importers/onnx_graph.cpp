#include "models/importers/onnx_graph.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include "core/text/did_you_mean.h"
#include "models/importers/json_text.h"
#include "models/importers/onnx_loader.h"

namespace cairn::models {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 45;  // of one tensor

template <class Number>
std::vector<double> from_bytes(const std::string& bytes) {
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  if (!numbers.empty()) {
    std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(Number));
  }
  return {numbers.begin(), numbers.end()};
}

template <class List>
std::vector<double> from_list(const List& list) {
  std::vector<double> result;
  for (const auto number : list) {
    result.push_back(static_cast<double>(number));
  }
  return result;
}

/// Numbers of a small tensor, as far as its type is one that shapes are computed with.
std::vector<double> numbers_of(const onnx::TensorProto& tensor) {
  const bool raw = tensor.has_raw_data();
  switch (tensor.data_type()) {
    case onnx::TensorProto::INT64:
      return raw ? from_bytes<std::int64_t>(tensor.raw_data()) : from_list(tensor.int64_data());
    case onnx::TensorProto::INT32:
      return raw ? from_bytes<std::int32_t>(tensor.raw_data()) : from_list(tensor.int32_data());
    case onnx::TensorProto::BOOL:
      return raw ? from_bytes<std::uint8_t>(tensor.raw_data()) : from_list(tensor.int32_data());
    case onnx::TensorProto::FLOAT:
      return raw ? from_bytes<float>(tensor.raw_data()) : from_list(tensor.float_data());
    case onnx::TensorProto::DOUBLE:
      return raw ? from_bytes<double>(tensor.raw_data()) : from_list(tensor.double_data());
    default:
      return {};
  }
}

}  // namespace

bool is_floating(int element_type) {
  return element_type == onnx::TensorProto::FLOAT || element_type == onnx::TensorProto::DOUBLE ||
         element_type == onnx::TensorProto::FLOAT16 || element_type == onnx::TensorProto::BFLOAT16;
}

bool holds_numbers(int element_type) {
  return element_type == onnx::TensorProto::INT64 || element_type == onnx::TensorProto::INT32 ||
         element_type == onnx::TensorProto::BOOL || element_type == onnx::TensorProto::FLOAT ||
         element_type == onnx::TensorProto::DOUBLE;
}

std::optional<std::int64_t> count_elements(const std::vector<std::int64_t>& shape) {
  std::int64_t total = 1;
  for (const std::int64_t side : shape) {
    if (side < 0 || __builtin_mul_overflow(total, side, &total) || total > kMostElements) {
      return std::nullopt;
    }
  }
  return total;
}

std::string node_label(const onnx::NodeProto& node) {
  const std::string& name =
      node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
  return fmt::format("{} '{}'", node.op_type(), name);
}

const onnx::AttributeProto* attribute(const onnx::NodeProto& node, std::string_view name) {
  for (const onnx::AttributeProto& candidate : node.attribute()) {
    if (candidate.name() == name) {
      return &candidate;
    }
  }
  return nullptr;
}

std::int64_t int_attribute(const onnx::NodeProto& node, std::string_view name,
                           std::int64_t otherwise) {
  const onnx::AttributeProto* found = attribute(node, name);
  return found != nullptr ? found->i() : otherwise;
}

std::vector<std::int64_t> ints_attribute(const onnx::NodeProto& node, std::string_view name) {
  const onnx::AttributeProto* found = attribute(node, name);
  return found != nullptr ? std::vector<std::int64_t>(found->ints().begin(), found->ints().end())
                          : std::vector<std::int64_t>{};
}

const OnnxValue* OnnxGraph::find(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() ? &found->second : nullptr;
}

int OnnxGraph::readers(const std::string& name) const {
  const auto found = readers_.find(name);
  return found != readers_.end() ? found->second : 0;
}

bool OnnxLoader::parse(const std::string& bytes) {
  google::protobuf::LogSilencer quiet;
  if (!model_.ParseFromString(bytes)) {
    error("", "not an ONNX model, or cut off", fmt::format("the file has {} bytes", bytes.size()));
    return false;
  }
  if (!model_.has_graph() || model_.graph().node_size() == 0) {
    error("", "holds no ONNX graph", fmt::format("the file has {} bytes", bytes.size()));
    return false;
  }
  return true;
}

bool OnnxLoader::add_constant(const onnx::TensorProto& tensor, const std::string& name) {
  OnnxValue value;
  value.shape.emplace(tensor.dims().begin(), tensor.dims().end());
  value.constant = true;
  value.floating = is_floating(tensor.data_type());
  const std::optional<std::int64_t> elements = count_elements(*value.shape);
  if (!elements) {
    error(name, fmt::format("a constant of {} is not possible", fmt::join(*value.shape, " x ")));
    return false;
  }
  if (*elements <= kSmallConstant && holds_numbers(tensor.data_type())) {
    value.data = numbers_of(tensor);
    value.has_data = static_cast<std::int64_t>(value.data.size()) == *elements;
  }
  types_[name] = tensor.data_type();
  values_[name] = std::move(value);
  return true;
}

bool OnnxLoader::read_constants() {
  bool good = true;
  const onnx::GraphProto& graph = model_.graph();
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    good = add_constant(tensor, tensor.name()) && good;
  }
  if (graph.sparse_initializer_size() > 0) {
    error("", "sparse constants are not supported", "write them as dense ones");
    good = false;
  }
  for (const onnx::NodeProto& node : graph.node()) {
    const onnx::AttributeProto* value = attribute(node, "value");
    if (node.op_type() != "Constant" || node.output_size() == 0) {
      nodes_.push_back(node);
    } else if (value != nullptr) {
      good = add_constant(value->t(), node.output(0)) && good;
    } else {
      onnx::TensorProto tensor;  // value_int, value_ints, value_float, value_floats
      for (const onnx::AttributeProto& given : node.attribute()) {
        const bool whole = given.name().starts_with("value_int");
        tensor.set_data_type(whole ? onnx::TensorProto::INT64 : onnx::TensorProto::FLOAT);
        if (given.name().ends_with("s")) {
          tensor.add_dims(whole ? given.ints_size() : given.floats_size());
          tensor.mutable_int64_data()->CopyFrom(given.ints());
          tensor.mutable_float_data()->CopyFrom(given.floats());
        } else if (whole) {
          tensor.add_int64_data(given.i());
        } else {
          tensor.add_float_data(given.f());
        }
      }
      good = add_constant(tensor, node.output(0)) && good;
    }
  }
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (!values_.contains(input.name())) {  // before IR 4 constants were listed as inputs too
      inputs_.push_back(input);
    }
  }
  return good;
}

void OnnxLoader::drop_dead_nodes() {
  std::unordered_map<std::string, std::size_t> maker;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (const std::string& output : nodes_[i].output()) {
      maker.emplace(output, i);
    }
  }
  std::vector<bool> needed(nodes_.size(), false);
  std::vector<std::string> wanted;
  for (const onnx::ValueInfoProto& output : model_.graph().output()) {
    wanted.push_back(output.name());
  }
  while (!wanted.empty()) {
    const auto found = maker.find(wanted.back());
    wanted.pop_back();
    if (found != maker.end() && !needed[found->second]) {
      needed[found->second] = true;
      const onnx::NodeProto& node = nodes_[found->second];
      wanted.insert(wanted.end(), node.input().begin(), node.input().end());
    }
  }
  std::vector<onnx::NodeProto> alive;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (needed[i]) {
      alive.push_back(std::move(nodes_[i]));
    }
  }
  nodes_ = std::move(alive);
}

bool OnnxLoader::sort_nodes() {
  drop_dead_nodes();
  if (nodes_.empty()) {
    error("", "the graph computes nothing that it puts out");
    return false;
  }
  std::unordered_map<std::string, std::size_t> maker;
  bool good = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (const std::string& output : nodes_[i].output()) {
      if (!output.empty() && (!maker.emplace(output, i).second || values_.contains(output))) {
        error(node_label(nodes_[i]),
              fmt::format("makes '{}', which is made elsewhere too", output));
        good = false;
      }
    }
  }
  std::set<std::string> given;
  for (const onnx::ValueInfoProto& input : inputs_) {
    given.insert(input.name());
  }
  std::vector<std::vector<std::size_t>> readers(nodes_.size());
  std::vector<std::size_t> waits(nodes_.size(), 0);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (const std::string& input : nodes_[i].input()) {
      const auto found = maker.find(input);
      if (found != maker.end()) {
        readers[found->second].push_back(i);
        ++waits[i];
      } else if (!input.empty() && !values_.contains(input) && !given.contains(input)) {
        error(node_label(nodes_[i]),
              fmt::format("reads '{}', which is no input, no constant and made by no node", input));
        good = false;
      }
    }
  }
  std::deque<std::size_t> ready;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (waits[i] == 0) {
      ready.push_back(i);
    }
  }
  std::vector<onnx::NodeProto> sorted;
  while (!ready.empty()) {
    const std::size_t next = ready.front();
    ready.pop_front();
    for (const std::size_t reader : readers[next]) {
      if (--waits[reader] == 0) {
        ready.push_back(reader);
      }
    }
    sorted.push_back(nodes_[next]);
  }
  if (good && sorted.size() != nodes_.size()) {
    const auto stuck = std::ranges::find_if(waits, [](std::size_t count) { return count > 0; });
    error(node_label(nodes_[static_cast<std::size_t>(stuck - waits.begin())]),
          "is part of a cycle: it reads what it makes", "an ONNX graph has no cycles");
    return false;
  }
  nodes_ = std::move(sorted);
  return good;
}

bool OnnxLoader::check_operators(
    const std::function<bool(const onnx::NodeProto&)>& supported) const {
  bool good = true;
  std::set<std::string> reported;
  for (const onnx::NodeProto& node : nodes_) {
    if (!supported(node) && reported.insert(node.domain() + node.op_type()).second) {
      error(node_label(node),
            node.domain().empty()
                ? std::string{"this operator is not supported"}
                : fmt::format("operators of domain '{}' are not supported", node.domain()));
      good = false;
    }
  }
  return good;
}

void OnnxLoader::set_dimension(onnx::TensorShapeProto_Dimension& dim, const std::string& label,
                               bool first, std::set<std::string>& used,
                               std::set<std::string>& open) {
  if (dim.has_dim_value() && dim.dim_value() > 0) {
    used_batch_ = used_batch_ || (first && options_.batch == dim.dim_value());
    return;
  }
  const std::string name =
      dim.has_dim_param() && !dim.dim_param().empty() ? dim.dim_param() : label;
  const auto given = options_.dimensions.find(name);
  if (given != options_.dimensions.end()) {
    dim.set_dim_value(given->second);
    used.insert(name);
    used_batch_ = used_batch_ || first;
  } else if (first && options_.batch) {
    dim.set_dim_value(*options_.batch);
    used_batch_ = true;
  } else {
    open.insert(name);
  }
}

bool OnnxLoader::set_dimensions() {
  std::set<std::string> used;
  std::set<std::string> open;
  const std::size_t before = diagnostics_.error_count();
  for (onnx::ValueInfoProto& input : inputs_) {
    if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape()) {
      error(input.name(), "this input has no shape",
            "only tensors with a known rank are supported");
      continue;
    }
    types_[input.name()] = input.type().tensor_type().elem_type();
    auto* shape = input.mutable_type()->mutable_tensor_type()->mutable_shape();
    for (int axis = 0; axis < shape->dim_size(); ++axis) {
      set_dimension(*shape->mutable_dim(axis), fmt::format("{}.{}", input.name(), axis), axis == 0,
                    used, open);
    }
  }
  if (!open.empty()) {
    error("", fmt::format("dimensions without a value: {}", fmt::join(open, ", ")),
          fmt::format("give each one, as in --dim {}=8", *open.begin()));
  }
  for (const auto& [name, value] : options_.dimensions) {
    if (value < 1) {
      error(name, fmt::format("a dimension is at least 1, found {}", value));
    } else if (!used.contains(name)) {
      std::vector<std::string> names(used.begin(), used.end());
      names.insert(names.end(), open.begin(), open.end());
      error(name, "no input has a dynamic dimension of this name", suggest(name, names));
    }
  }
  if (options_.batch && *options_.batch > 1 && !inputs_.empty() && !used_batch_) {
    error("batch", fmt::format("input '{}' has a fixed first dimension, so the batch cannot be {}",
                               inputs_.front().name(), *options_.batch));
  }
  if (options_.batch && *options_.batch < 1) {
    error("batch", fmt::format("a batch is at least 1, found {}", *options_.batch));
  }
  return diagnostics_.error_count() == before;
}

std::optional<OnnxGraph> OnnxGraph::load(
    const std::filesystem::path& path, const OnnxOptions& options,
    const std::function<bool(const onnx::NodeProto&)>& supported, Diagnostics& diagnostics) {
  const std::optional<std::string> bytes = read_text(path, diagnostics);
  OnnxLoader loader(path.string(), options, diagnostics);
  if (!bytes || !loader.parse(*bytes) || !loader.read_constants() || !loader.sort_nodes() ||
      !loader.check_operators(supported) || !loader.set_dimensions() || !loader.infer()) {
    return std::nullopt;
  }
  return loader.finish();
}

}  // namespace cairn::models
