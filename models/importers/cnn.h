/// \file
/// Convolutional networks from layer tables in YAML (configs/models/resnet50.yaml).
///
/// A layer reads the one before it unless `from` names others; sizes follow from the input. The
/// table states its parameters and multiply-accumulates, and a table that does not add up to them
/// is refused, so a slip of the pen cannot pass.
///
/// Assumes:    batch normalisation is folded into its convolution (two parameters per filter, no
///             work of its own); biases are added inside the convolution or matmul.
/// Ignores:    running statistics of batch normalisation (buffers, not parameters), dropout.
/// Reference:  torchvision.models; each table names its paper.
/// Checked by: tests/unit/models/cnn_test.cpp
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "core/config/node.h"
#include "core/diagnostics.h"
#include "models/workload.h"

namespace cairn::models {

/// A square kernel unless `kernel_width` says otherwise; the same stride on both axes.
struct ConvolutionLayer {
  static constexpr std::string_view kKind = "convolution";
  std::string name;
  std::vector<std::string> from;
  std::int64_t filters{};
  std::int64_t kernel{1};
  std::optional<std::int64_t> kernel_width{};
  std::int64_t stride{1};
  std::int64_t padding{0};
  bool same{false};
  std::int64_t groups{1};
  bool bias{false};
  bool batch_norm{false};
  std::optional<ElementwiseKind> activation{};
  double input_density{1.0};
  double output_density{1.0};
  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name, unique in the table");
    a("from", from, "the layer it reads, in a list", kOptional);
    a("filters", filters, "output channels", Range{1, 65536});
    a("kernel", kernel, "side of the kernel; its height if kernel_width is given", Range{1, 1024});
    a("kernel_width", kernel_width, "width of a kernel that is not square", kOptional,
      Range{1, 1024});
    a("stride", stride, "step on both axes", kOptional, Range{1, 1024});
    a("padding", padding, "zeros on each of the four sides", kOptional, Range{0, 1024});
    a("same", same,
      "just so many zeros that the output is the input divided by the stride, rounded up; an odd "
      "one at the bottom and right",
      kOptional);
    a("groups", groups, "channel groups; as many as channels: depthwise", kOptional,
      Range{1, 65536});
    a("bias", bias, "one bias per filter", kOptional);
    a("batch_norm", batch_norm, "batch normalisation after it", kOptional);
    a("activation", activation, "element-wise function at the end", kOptional);
    a("input_density", input_density, "measured share of inputs that are not zero", kOptional,
      Range{1e-6, 1.0});
    a("output_density", output_density, "measured share of outputs that are not zero", kOptional,
      Range{1e-6, 1.0});
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const {
    if (same && padding != 0) {
      return {{"padding", "`same` chooses the padding itself", "leave one of the two out"}};
    }
    return {};
  }
};

struct PoolingLayer {
  static constexpr std::string_view kKind = "pooling";
  std::string name;
  std::vector<std::string> from;
  PoolingKind reduce{PoolingKind::max};
  std::optional<std::int64_t> kernel{};
  std::int64_t stride{1};
  std::int64_t padding{0};
  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name, unique in the table");
    a("from", from, "the layer it reads, in a list", kOptional);
    a("reduce", reduce, "maximum or average of the window");
    a("kernel", kernel, "side of the window; the whole input if not given", kOptional,
      Range{1, 65536});
    a("stride", stride, "step on both axes", kOptional, Range{1, 1024});
    a("padding", padding, "cells on each of the four sides", kOptional, Range{0, 1024});
  }
};

/// Fully connected, over all elements of its input.
struct LinearLayer {
  static constexpr std::string_view kKind = "linear";
  std::string name;
  std::vector<std::string> from;
  std::int64_t outputs{};
  bool bias{false};
  std::optional<ElementwiseKind> activation{};
  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name, unique in the table");
    a("from", from, "the layer it reads, in a list", kOptional);
    a("outputs", outputs, "output elements", Range{1, 1 << 24});
    a("bias", bias, "one bias per output", kOptional);
    a("activation", activation, "element-wise function at the end", kOptional);
  }
};

/// Sum of layers of equal size.
struct AddLayer {
  static constexpr std::string_view kKind = "add";
  std::string name;
  std::vector<std::string> from;
  std::optional<ElementwiseKind> activation{};
  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name, unique in the table");
    a("from", from, "the layers to sum");
    a("activation", activation, "element-wise function at the end", kOptional);
  }
};

/// The first layer times the second, which has one value for each channel.
struct ScaleLayer {
  static constexpr std::string_view kKind = "scale";
  std::string name;
  std::vector<std::string> from;
  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name, unique in the table");
    a("from", from, "the layer to scale and the one with a factor per channel");
  }
};

/// Softmax over all elements of its input.
struct SoftmaxLayer {
  static constexpr std::string_view kKind = "softmax";
  std::string name;
  std::vector<std::string> from;
  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name, unique in the table");
    a("from", from, "the layer it reads, in a list", kOptional);
  }
};

using CnnLayer =
    std::variant<ConvolutionLayer, PoolingLayer, LinearLayer, AddLayer, ScaleLayer, SoftmaxLayer>;

struct CnnInput {
  std::int64_t height{};
  std::int64_t width{};
  std::int64_t channels{};
  template <class Archive>
  void fields(Archive& a) {
    a("height", height, "rows of the input", Range{1, 65536});
    a("width", width, "columns of the input", Range{1, 65536});
    a("channels", channels, "channels of the input", Range{1, 65536});
  }
};

struct CnnTable {
  std::string name;
  std::string source;
  CnnInput input{};
  std::int64_t parameters{};
  std::int64_t multiply_accumulates{};
  std::vector<CnnLayer> layers;
  template <class Archive>
  void fields(Archive& a) {
    a("name", name, "name of the model");
    a("source", source, "where the table and its totals come from");
    a("input", input, "size of one input");
    a("parameters", parameters, "total, which the layers must add up to", Positive{});
    a("multiply_accumulates", multiply_accumulates,
      "total of one input, which the layers must add up to", Positive{});
    a("layers", layers, "layers in the order of computation");
  }
};

/// Reads a layer table. The answer is meaningful only if `diagnostics.ok()` afterwards.
/// \throws IoError if the file cannot be read.
[[nodiscard]] CnnTable read_cnn(const std::filesystem::path& path, Diagnostics& diagnostics);
/// The same from a tree that was loaded already.
[[nodiscard]] CnnTable read_cnn(const Node& node, Diagnostics& diagnostics);

/// One forward pass over \p batch inputs. Operators carry the position of their layer in the
/// table as `layer`, and `convolution`, `pointwise_convolution`, `depthwise_convolution`, `linear`,
/// `pooling`, `add`, `scale`, `softmax` or `activation` as `group`. Activations are operators of
/// their own
/// (`conv1.relu`) with a proposal to fuse them.
[[nodiscard]] Workload build_cnn(const CnnTable& table, std::int64_t batch);

}  // namespace cairn::models
