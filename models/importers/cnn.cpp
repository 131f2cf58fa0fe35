#include "models/importers/cnn.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include <fmt/format.h>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/text/did_you_mean.h"
#include "models/fusion.h"

namespace cairn::models {
namespace {

/// Height, width and channels of what a layer makes.
struct Extent {
  std::int64_t height{};
  std::int64_t width{};
  std::int64_t channels{};
  [[nodiscard]] std::int64_t elements() const { return height * width * channels; }
  friend bool operator==(const Extent&, const Extent&) = default;
};

std::string to_string(const Extent& extent) {
  return fmt::format("{} x {} x {}", extent.height, extent.width, extent.channels);
}

constexpr std::int32_t kInput = -1;  ///< in place of a layer: the network's input

/// A layer with its inputs and sizes resolved.
struct Placed {
  std::vector<std::int32_t> inputs;  ///< indices of layers, kInput for the input
  Extent in;
  Extent out;
};

/// Reports what is wrong with a field of layer \p index.
using Report = std::function<void(std::size_t index, std::string_view field, std::string message,
                                  std::string hint)>;

std::int64_t output_side(std::int64_t in, std::int64_t kernel, std::int64_t stride,
                         std::int64_t padding) {
  return in + 2 * padding < kernel ? 0 : (in + 2 * padding - kernel) / stride + 1;
}

std::int64_t kernel_width(const ConvolutionLayer& layer) {
  return layer.kernel_width.value_or(layer.kernel);
}

/// Zeros before and after one axis.
struct Padding {
  std::int64_t before{};
  std::int64_t after{};
};

Padding padding_of(const ConvolutionLayer& layer, std::int64_t in, std::int64_t kernel) {
  if (!layer.same) {
    return {layer.padding, layer.padding};
  }
  const std::int64_t out = ceil_div(in, layer.stride);
  const std::int64_t both = std::max<std::int64_t>(0, (out - 1) * layer.stride + kernel - in);
  return {both / 2, both - both / 2};
}

std::int64_t output_side(const ConvolutionLayer& layer, std::int64_t in, std::int64_t kernel) {
  return layer.same ? ceil_div(in, layer.stride)
                    : output_side(in, kernel, layer.stride, layer.padding);
}

/// Resolves names and sizes of all layers; answers nothing after reporting mistakes.
class Resolver {
 public:
  Resolver(const CnnTable& table, const Report& report) : table_(table), report_(report) {}

  [[nodiscard]] std::optional<std::vector<Placed>> resolve() {
    for (index_ = 0; index_ < table_.layers.size() && good_; ++index_) {
      const CnnLayer& layer = table_.layers[index_];
      std::visit([this](const auto& kind) { place(kind.name, kind.from); }, layer);
      if (good_) {
        std::visit([this](const auto& kind) { size(kind); }, layer);
      }
    }
    return good_ ? std::optional{std::move(placed_)} : std::nullopt;
  }

 private:
  void fail(std::string_view field, std::string message, std::string hint = {}) {
    report_(index_, field, std::move(message), std::move(hint));
    good_ = false;
  }

  [[nodiscard]] Extent extent_of(std::int32_t layer) const {
    if (layer == kInput) {
      return {table_.input.height, table_.input.width, table_.input.channels};
    }
    return placed_[static_cast<std::size_t>(layer)].out;
  }

  void place(const std::string& name, const std::vector<std::string>& from) {
    Placed placed;
    for (const std::string& source : from) {
      const auto found = by_name_.find(source);
      if (found == by_name_.end()) {
        const std::optional<std::string> close = nearest(source, names_);
        fail("from", fmt::format("there is no layer '{}' before this one", source),
             close ? fmt::format("did you mean '{}'?", *close) : "");
        return;
      }
      placed.inputs.push_back(found->second);
    }
    if (from.empty()) {
      placed.inputs.push_back(static_cast<std::int32_t>(index_) - 1);
    }
    if (!by_name_.emplace(name, static_cast<std::int32_t>(index_)).second) {
      fail("name", fmt::format("layer '{}' is in the table twice", name));
      return;
    }
    names_.push_back(name);
    placed.in = extent_of(placed.inputs.front());
    placed_.push_back(std::move(placed));
  }

  void size(const ConvolutionLayer& layer) {
    Placed& placed = placed_.back();
    if (!one_input()) {
      return;
    }
    if (placed.in.channels % layer.groups != 0 || layer.filters % layer.groups != 0) {
      fail("groups", fmt::format("{} groups do not divide {} input channels and {} filters",
                                 layer.groups, placed.in.channels, layer.filters));
      return;
    }
    placed.out = {output_side(layer, placed.in.height, layer.kernel),
                  output_side(layer, placed.in.width, kernel_width(layer)), layer.filters};
    window_fits(std::max(layer.kernel, kernel_width(layer)));
  }
  void size(const PoolingLayer& layer) {
    Placed& placed = placed_.back();
    if (!one_input()) {
      return;
    }
    placed.out = {1, 1, placed.in.channels};
    if (layer.kernel) {
      placed.out.height = output_side(placed.in.height, *layer.kernel, layer.stride, layer.padding);
      placed.out.width = output_side(placed.in.width, *layer.kernel, layer.stride, layer.padding);
      window_fits(*layer.kernel);
    }
  }
  void size(const LinearLayer& layer) {
    if (one_input()) {
      placed_.back().out = {1, 1, layer.outputs};
    }
  }
  void size(const AddLayer& /*layer*/) {
    Placed& placed = placed_.back();
    if (placed.inputs.size() < 2) {
      fail("from", fmt::format("expected two or more layers, found {}", placed.inputs.size()));
    }
    placed.out = placed.in;
    for (const std::int32_t input : placed.inputs) {
      if (good_ && extent_of(input) != placed.in) {
        fail("from",
             fmt::format("cannot add {} to {}", to_string(extent_of(input)), to_string(placed.in)));
      }
    }
  }
  void size(const SoftmaxLayer& /*layer*/) {
    if (one_input()) {
      placed_.back().out = placed_.back().in;
    }
  }
  void size(const ScaleLayer& /*layer*/) {
    Placed& placed = placed_.back();
    if (placed.inputs.size() != 2) {
      fail("from", fmt::format("expected two layers, found {}", placed.inputs.size()));
      return;
    }
    placed.out = placed.in;
    if (extent_of(placed.inputs[1]) != Extent{1, 1, placed.in.channels}) {
      fail("from", fmt::format("expected a factor for each of {} channels, found {}",
                               placed.in.channels, to_string(extent_of(placed.inputs[1]))));
    }
  }

  bool one_input() {
    if (placed_.back().inputs.size() != 1) {
      fail("from", fmt::format("expected one layer, found {}", placed_.back().inputs.size()));
    }
    return good_;
  }
  void window_fits(std::int64_t kernel) {
    const Placed& placed = placed_.back();
    if (placed.out.height < 1 || placed.out.width < 1) {
      fail("kernel", fmt::format("a window of {} does not fit the padded input of {}", kernel,
                                 to_string(placed.in)));
    }
  }

  const CnnTable& table_;
  const Report& report_;
  std::size_t index_ = 0;
  bool good_ = true;
  std::vector<Placed> placed_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int32_t> by_name_;
};

class CnnBuilder {
 public:
  CnnBuilder(const CnnTable& table, const std::vector<Placed>& placed, std::int64_t batch)
      : table_(table), placed_(placed), batch_(batch) {}

  [[nodiscard]] Workload build();

 private:
  void add(std::string name, std::string_view group, Shape shape, std::int64_t parameters);
  void activation(const std::string& name, const std::optional<ElementwiseKind>& kind);
  [[nodiscard]] Elementwise elementwise(ElementwiseKind kind, std::int64_t inputs) const {
    return {.kind = kind,
            .rows = batch_ * now().out.height * now().out.width,
            .columns = now().out.channels,
            .inputs = inputs};
  }
  [[nodiscard]] const Placed& now() const { return placed_[layer_]; }

  void build(const ConvolutionLayer& layer);
  void build(const PoolingLayer& layer);
  void build(const LinearLayer& layer);
  void build(const AddLayer& layer);
  void build(const ScaleLayer& layer);
  void build(const SoftmaxLayer& layer);

  const CnnTable& table_;
  const std::vector<Placed>& placed_;
  std::int64_t batch_;
  std::size_t layer_ = 0;
  std::vector<std::int32_t> last_operator_;  ///< of each layer
  Workload workload_;
};

void CnnBuilder::add(std::string name, std::string_view group, Shape shape,
                     std::int64_t parameters) {
  Operator op;
  op.name = std::move(name);
  op.group = group;
  op.shape = shape;
  op.parameters = parameters;
  op.layer = static_cast<std::int32_t>(layer_);
  workload_.parameters += parameters;
  const auto index = static_cast<std::int32_t>(workload_.operators.size());
  for (const std::int32_t input : now().inputs) {
    if (input != kInput) {
      workload_.edges.push_back(
          {.from = last_operator_[static_cast<std::size_t>(input)], .to = index});
    }
  }
  workload_.operators.push_back(std::move(op));
}

void CnnBuilder::activation(const std::string& name, const std::optional<ElementwiseKind>& kind) {
  const auto anchor = static_cast<std::int32_t>(workload_.operators.size()) - 1;
  if (!kind) {
    return;
  }
  Operator op;
  op.name = fmt::format("{}.{}", name, cairn::to_text(*kind));
  op.group = "activation";
  op.shape = elementwise(*kind, 1);
  op.layer = static_cast<std::int32_t>(layer_);
  workload_.operators.push_back(std::move(op));
  workload_.edges.push_back({.from = anchor, .to = anchor + 1});
}

void CnnBuilder::build(const ConvolutionLayer& layer) {
  const Extent& in = now().in;
  const Padding rows = padding_of(layer, in.height, layer.kernel);
  const Padding columns = padding_of(layer, in.width, kernel_width(layer));
  const Convolution shape{.batch = batch_,
                          .height = in.height,
                          .width = in.width,
                          .channels = in.channels,
                          .filters = layer.filters,
                          .kernel_height = layer.kernel,
                          .kernel_width = kernel_width(layer),
                          .stride_height = layer.stride,
                          .stride_width = layer.stride,
                          .pad_top = rows.before,
                          .pad_bottom = rows.after,
                          .pad_left = columns.before,
                          .pad_right = columns.after,
                          .groups = layer.groups};
  const std::string_view group = shape.depthwise() ? "depthwise_convolution"
                                 : layer.kernel == 1 && kernel_width(layer) == 1
                                     ? "pointwise_convolution"
                                     : "convolution";
  const std::int64_t vectors = (layer.bias ? 1 : 0) + (layer.batch_norm ? 2 : 0);
  add(layer.name, group, shape, weight_elements(shape) + vectors * layer.filters);
  workload_.operators.back().input_density = layer.input_density;
  workload_.operators.back().output_density = layer.output_density;
  activation(layer.name, layer.activation);
}

void CnnBuilder::build(const PoolingLayer& layer) {
  const Extent& in = now().in;
  add(layer.name, "pooling",
      Pooling{.kind = layer.reduce,
              .batch = batch_,
              .height = in.height,
              .width = in.width,
              .channels = in.channels,
              .output_height = now().out.height,
              .output_width = now().out.width,
              .kernel_height = layer.kernel.value_or(in.height),
              .kernel_width = layer.kernel.value_or(in.width)},
      0);
}

void CnnBuilder::build(const LinearLayer& layer) {
  const MatMul shape{.m = batch_, .n = layer.outputs, .k = now().in.elements()};
  add(layer.name, "linear", shape, weight_elements(shape) + (layer.bias ? layer.outputs : 0));
  activation(layer.name, layer.activation);
}

void CnnBuilder::build(const AddLayer& layer) {
  const auto inputs = static_cast<std::int64_t>(now().inputs.size());
  add(layer.name, "add", elementwise(ElementwiseKind::add, inputs), 0);
  activation(layer.name, layer.activation);
}

void CnnBuilder::build(const ScaleLayer& layer) {
  // The factors are one per channel, small beside the tensor that they scale.
  add(layer.name, "scale", elementwise(ElementwiseKind::multiply, 1), 0);
}

void CnnBuilder::build(const SoftmaxLayer& layer) {
  add(layer.name, "softmax", Softmax{.rows = batch_, .columns = now().in.elements()}, 0);
}

Workload CnnBuilder::build() {
  workload_.name = table_.name;
  workload_.phase = Phase::forward;
  workload_.batch = batch_;
  workload_.tokens = batch_;
  for (layer_ = 0; layer_ < placed_.size(); ++layer_) {
    std::visit([this](const auto& layer) { build(layer); }, table_.layers[layer_]);
    last_operator_.push_back(static_cast<std::int32_t>(workload_.operators.size()) - 1);
  }
  workload_.fusions = propose_epilogues(workload_);
  workload_.repeats.push_back(
      {.first = 0, .length = static_cast<std::int32_t>(workload_.operators.size()), .copies = 1});
  return std::move(workload_);
}

/// Activations that a table may name: functions of one tensor.
bool is_activation(ElementwiseKind kind) {
  return kind != ElementwiseKind::add && kind != ElementwiseKind::multiply &&
         kind != ElementwiseKind::bias && kind != ElementwiseKind::rotary &&
         kind != ElementwiseKind::requantize && kind != ElementwiseKind::copy &&
         kind != ElementwiseKind::other;
}

void check_activations(const CnnTable& table, const Report& report) {
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    std::visit(
        [&](const auto& layer) {
          if constexpr (requires { layer.activation; }) {
            if (layer.activation && !is_activation(*layer.activation)) {
              report(i, "activation",
                     fmt::format("'{}' is not an activation", cairn::to_text(*layer.activation)),
                     "one of: relu, relu6, gelu, silu, sigmoid, tanh, hard_swish, hard_sigmoid");
            }
          }
        },
        table.layers[i]);
  }
}

void check_totals(const CnnTable& table, const Node& node, Diagnostics& diagnostics) {
  const Workload workload = build_cnn(table, 1);
  std::int64_t macs = 0;
  for (const Operator& op : workload.operators) {
    macs += multiply_accumulates(op.shape);
  }
  const auto compare = [&](const char* field, std::int64_t stated, std::int64_t counted) {
    const Node* at = node.find(field);
    if (stated != counted && at != nullptr) {
      diagnostics.error(at->at, field,
                        fmt::format("the layers add up to {}, not {}", counted, stated));
    }
  };
  compare("parameters", table.parameters, workload.parameters);
  compare("multiply_accumulates", table.multiply_accumulates, macs);
}

}  // namespace

CnnTable read_cnn(const Node& node, Diagnostics& diagnostics) {
  CnnTable table;
  const std::size_t before = diagnostics.error_count();
  read(node, table, diagnostics);
  const Node* layers = node.find("layers");
  if (diagnostics.error_count() != before || layers == nullptr) {
    return table;
  }
  const Report report = [&](std::size_t index, std::string_view field, std::string message,
                            std::string hint) {
    const Node& layer = layers->items[index];
    const Node* at = layer.find(field);
    diagnostics.error(at != nullptr ? at->at : layer.at, fmt::format("layers.{}.{}", index, field),
                      std::move(message), std::move(hint));
  };
  check_activations(table, report);
  if (table.layers.empty()) {
    diagnostics.error(layers->at, "layers", "a network needs at least one layer");
  } else if (Resolver(table, report).resolve() && diagnostics.error_count() == before) {
    check_totals(table, node, diagnostics);
  }
  return table;
}

CnnTable read_cnn(const std::filesystem::path& path, Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.error_count();
  const Node node = load_yaml(path.string(), diagnostics);
  return diagnostics.error_count() == before ? read_cnn(node, diagnostics) : CnnTable{};
}

Workload build_cnn(const CnnTable& table, std::int64_t batch) {
  const Report impossible = [](std::size_t /*index*/, std::string_view /*field*/,
                               const std::string& message,
                               const std::string& /*hint*/) { CAIRN_CHECK(false, message); };
  const std::optional<std::vector<Placed>> placed = Resolver(table, impossible).resolve();
  return CnnBuilder(table, *placed, batch).build();
}

}  // namespace cairn::models
