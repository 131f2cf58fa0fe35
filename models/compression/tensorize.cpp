#include "models/compression/tensorize.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/text/enum_names.h"
#include "models/tensor_network/fixed_order.h"
#include "models/tensor_network/lower.h"
#include "models/tensor_network/product_shape.h"

namespace cairn::models {
namespace {

std::int64_t product(const std::vector<std::int64_t>& modes) {
  return std::accumulate(modes.begin(), modes.end(), std::int64_t{1}, std::multiplies<>{});
}

std::optional<FieldProblem> modes_problem(const char* field, const char* side,
                                          const std::vector<std::int64_t>& modes, std::int64_t size,
                                          const Operator& op) {
  // A product beyond 63 bits is none of the size, and is not formed.
  std::int64_t made = 1;
  bool fits = true;
  for (const std::int64_t mode : modes) {
    fits = fits && mode <= size / made;
    made = fits ? made * mode : made;
  }
  if (fits && made == size) {
    return std::nullopt;
  }
  return FieldProblem{
      .field = field,
      .message = fmt::format("{} multiply to {}, but the {} of {} is {}", fmt::join(modes, " x "),
                             fits ? std::to_string(made) : fmt::format("more than {}", size), side,
                             op.name, size),
      .hint = fmt::format(
          "such as [{}]",
          fmt::join(balanced_modes(size, static_cast<std::int64_t>(modes.size())), ", "))};
}

/// Where an operand of a step comes from.
enum class Origin : std::uint8_t {
  data,     ///< the input, or made with it
  core,     ///< stored
  derived,  ///< made of cores alone
};

PlannedOrder order_of(const Tensorize& scheme, const TensorNetwork& plain,
                      const OrderRequest& request, const OrderPlanner& planner) {
  switch (scheme.order) {
    case TensorOrder::right_to_left:
      return {.order = right_to_left_order(plain), .lowered = {}};
    case TensorOrder::bidirectional:
      return {.order = bidirectional_order(plain), .lowered = {}};
    case TensorOrder::reconstruct:
      return {.order = reconstruct_order(plain), .lowered = {}};
    case TensorOrder::flops:
    case TensorOrder::latency:
    case TensorOrder::energy:
    case TensorOrder::edp:
      break;
  }
  CAIRN_CHECK(planner != nullptr, "an order that is searched has a planner");
  return planner(request);
}

/// The fewest elements reordered; of layouts with equally many, those with longer runs.
double reordered_elements(std::int64_t elements, std::int64_t run) {
  constexpr double kRunsBreakTies = 0x1p-20;
  return static_cast<double>(elements) * (1.0 + kRunsBreakTies / static_cast<double>(run));
}

/// The lowered steps as operators of one layer, without names.
Replacement operators_of(const TensorLayer& layer, const LoweredOrder& lowered,
                         const Operator& op) {
  const std::size_t terms = layer.network.terms.size();
  std::vector<std::int64_t> sizes;
  for (const TensorIndex& index : layer.network.indices) {
    sizes.push_back(index.size);
  }
  std::vector<Origin> origins(terms, Origin::core);
  origins.front() = Origin::data;
  std::vector<std::int64_t> elements;
  for (const TensorIndices& term : layer.network.terms) {
    std::int64_t count = 1;
    for (const IndexId index : term) {
      count *= sizes[static_cast<std::size_t>(index)];
    }
    elements.push_back(count);
  }
  Replacement made;
  const auto read = [&](std::int32_t tensor) {
    const auto self = static_cast<std::int32_t>(made.operators.size());
    if (tensor == 0) {
      made.entry = self;
    } else if (static_cast<std::size_t>(tensor) >= terms) {
      made.edges.push_back({.from = tensor - static_cast<std::int32_t>(terms), .to = self});
    }
  };
  for (const LoweredStep& step : lowered.steps) {
    const Origin first = origins[static_cast<std::size_t>(step.first)];
    Operator next = op;
    next.parameters = 0;
    next.formats.outputs = op.formats.activations;
    if (!step.is_product()) {
      next.shape = Elementwise{.kind = ElementwiseKind::permute,
                               .rows = step.elements / step.run,
                               .columns = step.run,
                               .inputs = 1};
      next.sparsity = {};
      next.formats.weights = op.formats.activations;
      read(step.first);
      made.operators.push_back(std::move(next));
      origins.push_back(first);
      continue;
    }
    const Origin second = origins[static_cast<std::size_t>(step.second)];
    const ProductShape shape =
        product_shape(step.product, first == Origin::core, second == Origin::core);
    next.shape = MatMul{.batch = shape.batch,
                        .m = shape.m,
                        .n = shape.n,
                        .k = shape.k,
                        .weight = shape.weight,
                        .distinct_weights = shape.weight && shape.batch > 1};
    if (!shape.weight) {
      next.sparsity = {};
      next.formats.weights = op.formats.activations;
    }
    for (const std::int32_t tensor : {step.first, step.second}) {
      if (origins[static_cast<std::size_t>(tensor)] == Origin::core) {
        next.parameters += elements[static_cast<std::size_t>(tensor)];
      }
    }
    // The operand with the rows is read first, as product_shape() chooses it.
    const bool turned = (first == Origin::core) == (second == Origin::core)
                            ? step.product.m < step.product.n
                            : first == Origin::core;
    read(turned ? step.second : step.first);
    read(turned ? step.first : step.second);
    if (made.entry == static_cast<std::int32_t>(made.operators.size()) &&
        (step.first == 0 || step.second == 0)) {
      made.fuses_beside = shape.weight;
    }
    const bool data = first == Origin::data || second == Origin::data;
    origins.push_back(data ? Origin::data : Origin::derived);
    made.operators.push_back(std::move(next));
  }
  made.exit = static_cast<std::int32_t>(made.operators.size()) - 1;
  made.operators.back().formats.outputs = op.formats.outputs;
  made.fuses_after = lowered.steps.back().is_product();
  made.fuses_beside =
      made.fuses_beside &&
      std::holds_alternative<MatMul>(made.operators[static_cast<std::size_t>(made.entry)].shape);
  return made;
}

}  // namespace

std::optional<MatMul> as_matmul(const Shape& shape) {
  if (const auto* matmul = std::get_if<MatMul>(&shape)) {
    return matmul->weight ? std::optional{*matmul} : std::nullopt;
  }
  const auto* conv = std::get_if<Convolution>(&shape);
  if (conv == nullptr || conv->kernel_height != 1 || conv->kernel_width != 1 ||
      conv->stride_height != 1 || conv->stride_width != 1 || conv->groups != 1 ||
      conv->pad_top + conv->pad_bottom + conv->pad_left + conv->pad_right != 0) {
    return std::nullopt;
  }
  return MatMul{.batch = conv->batch,
                .m = conv->height * conv->width,
                .n = conv->filters,
                .k = conv->channels};
}

std::optional<FieldProblem> tensorize_problem(const Tensorize& scheme, const Operator& op) {
  const std::optional<MatMul> matmul = as_matmul(op.shape);
  if (!matmul) {
    const auto& conv = std::get<Convolution>(op.shape);
    return FieldProblem{
        .field = "apply_to",
        .message = fmt::format("{} is a {}x{} convolution of stride {} in {} group(s), which is no "
                               "matrix product",
                               op.name, conv.kernel_height, conv.kernel_width, conv.stride_height,
                               conv.groups),
        .hint =
            "matmuls, and 1x1 convolutions of stride 1 without padding; select by `name` or "
            "`kind`"};
  }
  if (scheme.input_modes.empty()) {
    return std::nullopt;
  }
  std::optional<FieldProblem> problem =
      modes_problem("input_modes", "reduction", scheme.input_modes, matmul->k, op);
  return problem ? problem
                 : modes_problem("output_modes", "width", scheme.output_modes, matmul->n, op);
}

TensorLayerShape layer_shape(const Tensorize& scheme, const MatMul& matmul) {
  TensorLayerShape shape{.decomposition = scheme.decomposition,
                         .input_modes = scheme.input_modes,
                         .output_modes = scheme.output_modes,
                         .rank = scheme.rank,
                         .blocks = scheme.blocks.value_or(1)};
  if (scheme.input_modes.empty()) {
    const std::int64_t count = scheme.modes.value_or(Tensorize::kDefaultModes);
    shape.input_modes = balanced_modes(matmul.k, count);
    shape.output_modes = balanced_modes(matmul.n, count);
  }
  CAIRN_CHECK(product(shape.input_modes) == matmul.k && product(shape.output_modes) == matmul.n,
              "modes multiply to the sides of the weight");
  return shape;
}

TensorLayer layer_of(const TensorLayerShape& shape, const MatMul& matmul) {
  if (!matmul.distinct_weights) {
    return tensor_layer(shape, matmul.batch * matmul.m);
  }
  TensorLayer layer = tensor_layer(shape, matmul.m);
  const auto experts = static_cast<IndexId>(layer.network.indices.size());
  layer.network.indices.push_back({.name = "experts", .size = matmul.batch});
  for (TensorIndices& term : layer.network.terms) {
    term.insert(term.begin(), experts);
  }
  layer.network.output.insert(layer.network.output.begin(), experts);
  layer.parameters *= matmul.batch;
  return layer;
}

Replacement Tensorizer::replacement(const Tensorize& scheme, const Operator& op) {
  const MatMul matmul = as_matmul(op.shape).value();
  const TensorLayerShape shape = layer_shape(scheme, matmul);
  const auto known = std::ranges::find_if(known_, [&](const Known& k) {
    return k.shape == shape && k.matmul == matmul && k.order == scheme.order &&
           k.formats == op.formats;
  });
  Replacement made;
  if (known != known_.end()) {
    made = known->made;
  } else {
    const TensorLayer layer = layer_of(shape, matmul);
    PlannedOrder planned = order_of(scheme, tensor_layer(shape, matmul.m).network,
                                    {.layer = layer,
                                     .order = scheme.order,
                                     .formats = op.formats,
                                     .training = orders_.training},
                                    orders_.planner);
    if (!planned.lowered) {
      LowerOptions options{.free_layout = {}, .permute_price = reordered_elements};
      options.free_layout.assign(layer.network.terms.size(), true);
      options.free_layout.front() = false;
      planned.lowered = lower(layer.network, planned.order, options);
    }
    Operator plain;
    plain.formats = op.formats;
    made = operators_of(layer, *planned.lowered, plain);
    made.parameters = layer.parameters / (matmul.distinct_weights ? matmul.batch : 1);
    known_.push_back({.shape = shape,
                      .matmul = matmul,
                      .order = scheme.order,
                      .formats = op.formats,
                      .made = made});
  }
  std::int32_t last_product = 0;
  for (std::size_t s = 0; s < made.operators.size(); ++s) {
    Operator& step = made.operators[s];
    const auto* product = std::get_if<MatMul>(&step.shape);
    last_product = product != nullptr ? static_cast<std::int32_t>(s) : last_product;
    step.name = fmt::format("{}.step{}", op.name, s);
    step.group = op.group.empty() ? "" : fmt::format("{}.step{}", op.group, s);
    step.layer = op.layer;
    step.sparsity = product != nullptr && product->weight ? op.sparsity : Sparsity{};
  }
  made.operators[static_cast<std::size_t>(last_product)].parameters += bias_elements(op);
  // A zero of the input is still one after it was reordered.
  std::int32_t reader = made.entry;
  while (true) {
    Operator& step = made.operators[static_cast<std::size_t>(reader)];
    step.input_density = op.input_density;
    const auto next = std::ranges::find(made.edges, reader, &Edge::from);
    if (std::holds_alternative<MatMul>(step.shape) || next == made.edges.end()) {
      break;
    }
    step.output_density = op.input_density;
    reader = next->to;
  }
  made.operators.back().output_density = op.output_density;
  return made;
}

}  // namespace cairn::models
