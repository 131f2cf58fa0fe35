#include "models/importers/onnx_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <set>

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/shape_inference/implementation.h>

#include "core/text/did_you_mean.h"
#include "models/importers/json_text.h"

namespace cairn::models {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 45;  // of one tensor
constexpr std::int64_t kSmall = 4096;  // elements of a constant whose numbers are kept
constexpr int kNewestOpset = 17;       // of libonnx 1.12; later operators read as of this one

bool is_floating(int element_type) {
  return element_type == onnx::TensorProto::FLOAT || element_type == onnx::TensorProto::DOUBLE ||
         element_type == onnx::TensorProto::FLOAT16 || element_type == onnx::TensorProto::BFLOAT16;
}

/// Product of dimensions; nothing if one is negative or the product is absurd.
std::optional<std::int64_t> count_elements(const std::vector<std::int64_t>& shape) {
  std::int64_t total = 1;
  for (const std::int64_t side : shape) {
    if (side < 0 || __builtin_mul_overflow(total, side, &total) || total > kMostElements) {
      return std::nullopt;
    }
  }
  return total;
}

template <class Number>
std::vector<double> from_bytes(const std::string& bytes) {
  std::vector<double> result;
  for (std::size_t i = 0; i + sizeof(Number) <= bytes.size(); i += sizeof(Number)) {
    Number number{};
    std::memcpy(&number, bytes.data() + i, sizeof number);
    result.push_back(static_cast<double>(number));
  }
  return result;
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

bool holds_numbers(int element_type) {
  return element_type == onnx::TensorProto::INT64 || element_type == onnx::TensorProto::INT32 ||
         element_type == onnx::TensorProto::BOOL || element_type == onnx::TensorProto::FLOAT ||
         element_type == onnx::TensorProto::DOUBLE;
}

}  // namespace

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
  if (*elements <= kSmall && holds_numbers(tensor.data_type())) {
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
    static const OnnxValue kAbsent;
    std::vector<const OnnxValue*> inputs;
    for (const std::string& input : node.input()) {
      const auto read = input.empty() ? values_.end() : values_.find(input);
      inputs.push_back(read != values_.end() ? &read->second : &kAbsent);
      if (!input.empty() && (read == values_.end() || !read->second.has_data)) {
        return false;
      }
    }
    const std::optional<std::int64_t> elements =
        made.shape ? count_elements(*made.shape) : std::nullopt;
    const auto type = types_.find(name);
    if (!elements || *elements > kSmall || type == types_.end() || !holds_numbers(type->second)) {
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
