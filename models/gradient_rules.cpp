// What each kind of operator does with the gradient of its output.
#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "core/units.h"
#include "models/gradient_tape.h"

namespace cairn::models {
namespace {

using Ids = std::vector<std::int32_t>;

/// How the derivative of an element-wise function is computed.
enum class Derivative : std::uint8_t {
  none,         ///< the gradient is handed on
  mask,         ///< 0 or a constant, told by the output
  of_output,    ///< a function of the output: y (1 - y), 1 - y^2
  of_input,     ///< a function of the input
  of_operands,  ///< of a product: the other operand
  same,         ///< the operator itself, with other constants
};

Derivative derivative_of(ElementwiseKind kind) {
  switch (kind) {
    case ElementwiseKind::relu:
    case ElementwiseKind::relu6:
    case ElementwiseKind::hard_sigmoid:
      return Derivative::mask;
    case ElementwiseKind::sigmoid:
    case ElementwiseKind::tanh:
      return Derivative::of_output;
    case ElementwiseKind::gelu:
    case ElementwiseKind::silu:
    case ElementwiseKind::hard_swish:
    case ElementwiseKind::other:
      return Derivative::of_input;
    case ElementwiseKind::multiply:
      return Derivative::of_operands;
    case ElementwiseKind::rotary:
    case ElementwiseKind::permute:
      return Derivative::same;
    default:
      return Derivative::none;
  }
}

class Rule {
 public:
  Rule(GradientTape& tape, std::int32_t i, const std::vector<Gradient>& gradient)
      : tape_(tape), i_(i), gradient_(gradient), formats_(tape.gradient_formats(i)) {}

  void operator()(const MatMul& shape) const;
  void operator()(const Convolution& shape) const;
  void operator()(const Attention& shape) const;
  void operator()(const Normalization& shape) const;
  void operator()(const Elementwise& shape) const;
  void operator()(const Softmax& shape) const;
  void operator()(const Embedding& shape) const;
  void operator()(const Pooling& shape) const;
  void operator()(const Collective& shape) const;

 private:
  /// Both operands of a product: the operator that makes each, or none for parameters and data.
  struct Operands {
    std::optional<std::int32_t> a;
    std::optional<std::int32_t> b;
    bool a_is_parameter{false};
    bool b_is_parameter{false};
  };
  [[nodiscard]] Operands operands_of(const MatMul& shape) const;
  [[nodiscard]] Ids with_gradient(const std::vector<std::optional<std::int32_t>>& more) const;
  [[nodiscard]] const Operator& op() const { return tape_.op(i_); }
  [[nodiscard]] const Ids& inputs() const { return tape_.inputs(i_); }
  [[nodiscard]] std::int64_t output_of(std::int32_t i) const {
    return output_elements(tape_.op(i).shape);
  }
  /// An element-wise gradient for each input: all of them get the same.
  void send_to_inputs(std::int32_t maker, std::int64_t elements) const {
    for (const std::int32_t input : inputs()) {
      tape_.send(input, {{maker, elements}});
    }
  }
  [[nodiscard]] bool any_input_needs() const {
    return std::ranges::any_of(inputs(),
                               [this](std::int32_t p) { return tape_.needs_gradient(p); }) ||
           (inputs().empty() && op().parameters == 0 && tape_.wants_given());
  }
  /// The gradient of an operand: one that an operator makes, or (none) that the model is given.
  [[nodiscard]] bool needs(const std::optional<std::int32_t>& operand) const {
    return operand ? tape_.needs_gradient(*operand) : tape_.wants_given();
  }
  void weight_gradient(Shape shape, const Formats& formats, double density,
                       const std::optional<std::int32_t>& a) const;
  void bias_gradient(std::int64_t weights, std::int64_t vector) const;

  GradientTape& tape_;
  std::int32_t i_;
  const std::vector<Gradient>& gradient_;
  Formats formats_;
};

Ids Rule::with_gradient(const std::vector<std::optional<std::int32_t>>& more) const {
  Ids ids = makers(gradient_);
  for (const std::optional<std::int32_t>& one : more) {
    if (one) {
      ids.push_back(*one);
    }
  }
  return ids;
}

/// Operands are told apart by their order, and by their sizes where one is a parameter.
Rule::Operands Rule::operands_of(const MatMul& s) const {
  const std::int64_t a = s.batch * s.m * s.k;
  const std::int64_t b = s.weight ? weight_elements(s) : s.batch * s.k * s.n;
  Operands operands;
  if (s.weight) {
    operands.b_is_parameter = true;
    if (!inputs().empty()) {
      operands.a = inputs().front();
    }
    operands.a_is_parameter = inputs().empty() && op().parameters >= a + b;
    return operands;
  }
  if (inputs().size() >= 2) {
    operands.a = inputs()[0];
    operands.b = inputs()[1];
    if (a != b && output_of(inputs()[0]) == b && output_of(inputs()[1]) == a) {
      std::swap(operands.a, operands.b);
    }
  } else if (inputs().size() == 1) {
    const std::int32_t one = inputs().front();
    operands.b_is_parameter = op().parameters >= b && (op().parameters != a || output_of(one) == a);
    operands.a_is_parameter = !operands.b_is_parameter && op().parameters >= a;
    // With no parameter among them, both are this one tensor unless only one has its size.
    const bool no_parameter = !operands.a_is_parameter && !operands.b_is_parameter;
    const bool a_given = no_parameter && a != b && output_of(one) == b;
    const bool b_given = no_parameter && a != b && output_of(one) == a;
    if (!operands.a_is_parameter && !a_given) {
      operands.a = one;
    }
    if (!operands.b_is_parameter && !b_given) {
      operands.b = one;
    }
  } else {
    operands.a_is_parameter = operands.b_is_parameter = op().parameters >= a + b;
  }
  return operands;
}

/// The gradient of a weight: a product of two activations.
void Rule::weight_gradient(Shape shape, const Formats& formats, double density,
                           const std::optional<std::int32_t>& a) const {
  const std::int32_t made = tape_.emit(i_, ".weight_grad", shape, formats, with_gradient({a}));
  tape_.made(made).input_density = density;
  tape_.send_to_parameters(made);
}

/// \param vector of which the parameters beyond \p weights are some.
void Rule::bias_gradient(std::int64_t weights, std::int64_t vector) const {
  if (op().parameters > weights) {
    tape_.reduce_to_parameters(i_, ".bias_grad", gradient_, vector);
  }
}

void Rule::operator()(const MatMul& shape) const {
  const MatMul s = shape;  // emit() moves the operators
  const Operands operands = operands_of(s);
  const Formats own = op().formats;
  const Sparsity sparsity = op().sparsity;
  const double density = op().input_density;
  if (operands.a_is_parameter || needs(operands.a)) {
    const MatMul product{.batch = s.batch,
                         .m = s.m,
                         .n = s.k,
                         .k = s.n,
                         .weight = s.weight,
                         .distinct_weights = s.distinct_weights};
    const bool apart = operands.a_is_parameter;  // a core, multiplied with another
    const std::int32_t made = tape_.emit(i_, apart ? ".first_grad" : ".input_grad", product,
                                         {own.weights, formats_.activations, formats_.outputs},
                                         with_gradient({operands.b}));
    if (sparsity.kept == 0) {
      tape_.made(made).sparsity = sparsity;
    }
    if (apart) {
      tape_.send_to_parameters(made);
    } else if (operands.a) {
      tape_.send(*operands.a, {{made, output_elements(product)}});
    }
  }
  // The input stands where activations stand, the gradient where weights do.
  const Formats mixed{formats_.weights, own.activations, formats_.outputs};
  if (operands.b_is_parameter && tape_.trains_weight(i_)) {
    const bool shared = s.weight && !s.distinct_weights;
    weight_gradient(MatMul{.batch = shared ? 1 : s.batch,
                           .m = s.k,
                           .n = s.n,
                           .k = shared ? s.batch * s.m : s.m,
                           .weight = false},
                    mixed, density, operands.a);
  } else if (!operands.b_is_parameter && needs(operands.b)) {
    const MatMul product{.batch = s.batch, .m = s.k, .n = s.n, .k = s.m, .weight = false};
    const std::int32_t made =
        tape_.emit(i_, ".second_grad", product, mixed, with_gradient({operands.a}));
    if (operands.b) {
      tape_.send(*operands.b, {{made, output_elements(product)}});
    }
  }
  const std::int64_t held = (operands.a_is_parameter ? s.batch * s.m * s.k : 0) +
                            (s.weight                  ? weight_elements(s)
                             : operands.b_is_parameter ? s.batch * s.k * s.n
                                                       : 0);
  bias_gradient(held, op().parameters - held);
}

/// The forward convolution multiplies each output with its window once; so do both gradients. The
/// first is a convolution of stride 1 over G with "same" padding (the zeros that a stride puts
/// between are skipped); of the second, channels are the batch and the batch the channels.
void Rule::operator()(const Convolution& shape) const {
  const Convolution s = shape;
  const Formats own = op().formats;
  const Sparsity sparsity = op().sparsity;
  const double density = op().input_density;
  const std::optional<std::int32_t> input =
      inputs().empty() ? std::nullopt : std::optional{inputs().front()};
  const std::int64_t rows = s.dilation_height * (s.kernel_height - 1);
  const std::int64_t columns = s.dilation_width * (s.kernel_width - 1);
  if (needs(input)) {
    Convolution turned = s;
    turned.height = s.output_height();
    turned.width = s.output_width();
    turned.channels = s.filters;
    turned.filters = s.channels;
    turned.stride_height = turned.stride_width = 1;
    turned.pad_top = rows / 2;
    turned.pad_bottom = rows - rows / 2;
    turned.pad_left = columns / 2;
    turned.pad_right = columns - columns / 2;
    const std::int32_t made =
        tape_.emit(i_, ".input_grad", turned, {own.weights, formats_.activations, formats_.outputs},
                   with_gradient({}));
    if (sparsity.kept == 0) {
      tape_.made(made).sparsity = sparsity;
    }
    if (input) {
      tape_.send(*input, {{made, output_elements(turned)}});
    }
  }
  if (op().parameters > 0) {
    // Rows that no window reaches are left out, so that as many places remain as the kernel has.
    Convolution swapped;
    const auto axis = [](std::int64_t in, std::int64_t out, std::int64_t stride,
                         std::int64_t kernel, std::int64_t dilation, std::int64_t before,
                         std::int64_t& extent, std::int64_t& pad_before, std::int64_t& pad_after) {
      const std::int64_t reached = dilation * (kernel - 1) + stride * (out - 1) + 1;
      pad_before = before;
      pad_after = std::max<std::int64_t>(0, reached - before - in);
      extent = reached - pad_before - pad_after;
    };
    axis(s.height, s.output_height(), s.stride_height, s.kernel_height, s.dilation_height,
         s.pad_top, swapped.height, swapped.pad_top, swapped.pad_bottom);
    axis(s.width, s.output_width(), s.stride_width, s.kernel_width, s.dilation_width, s.pad_left,
         swapped.width, swapped.pad_left, swapped.pad_right);
    swapped.batch = s.channels / s.groups;
    swapped.channels = s.batch * s.groups;
    swapped.groups = s.groups;
    swapped.filters = s.filters;
    swapped.kernel_height = s.output_height();
    swapped.kernel_width = s.output_width();
    swapped.stride_height = s.dilation_height;
    swapped.stride_width = s.dilation_width;
    swapped.dilation_height = s.stride_height;
    swapped.dilation_width = s.stride_width;
    weight_gradient(swapped, {formats_.weights, own.activations, formats_.outputs}, density, input);
    bias_gradient(weight_elements(s), s.filters);
  }
}

/// Five products where the forward pass has two: as long as heads were five halves as wide.
void Rule::operator()(const Attention& shape) const {
  if (!any_input_needs()) {
    return;
  }
  Attention backward = shape;
  backward.head_dim = ceil_div(5 * shape.head_dim, 2);
  const Ids made_from = inputs();
  Ids reads = makers(gradient_);
  reads.insert(reads.end(), made_from.begin(), made_from.end());
  reads.push_back(i_);
  const std::int32_t made = tape_.emit(i_, ".grad", backward, formats_, reads);
  tape_.step().fusions.push_back({.kind = FusionKind::attention, .operators = {made}});
  for (const std::int32_t input : made_from) {
    tape_.send(input, {{made, output_of(input)}});
  }
}

void Rule::operator()(const Normalization& shape) const {
  const Elementwise gradient{.kind = ElementwiseKind::normalization_gradient,
                             .rows = shape.rows,
                             .columns = shape.columns,
                             .inputs = 2};
  const std::optional<std::int32_t> input =
      inputs().empty() ? std::nullopt : std::optional{inputs().front()};
  const bool trained = op().parameters > 0;
  const std::int32_t made = tape_.emit(i_, ".grad", gradient, formats_, with_gradient({input}));
  if (input) {
    tape_.send(*input, {{made, output_elements(gradient)}});
  }
  if (trained) {
    tape_.send_to_parameters(made);
  }
}

void Rule::operator()(const Elementwise& shape) const {
  const Elementwise s = shape;
  const std::int64_t parameters = op().parameters;
  const std::int64_t elements = s.rows * s.columns;
  const auto emit = [&](std::string_view suffix, ElementwiseKind kind, std::int64_t reads,
                        const Ids& ids) {
    return tape_.emit(
        i_, suffix,
        Elementwise{.kind = kind, .rows = s.rows, .columns = s.columns, .inputs = reads}, formats_,
        ids);
  };
  const Ids from = inputs();
  const Derivative derivative = derivative_of(s.kind);
  const bool gated = from.size() == 2 && derivative != Derivative::none &&
                     derivative != Derivative::of_operands && derivative != Derivative::same;
  if (gated) {
    // f(gate) times up: up gets G f(gate), with f computed again, and the gate G up f'(gate).
    const Ids gate = with_gradient({from[0]});
    if (tape_.needs_gradient(from[1])) {
      tape_.send(from[1], {{emit(".second_grad", s.kind, 2, gate), elements}});
    }
    if (tape_.needs_gradient(from[0])) {
      const Ids all = with_gradient({from[0], from[1]});
      tape_.send(from[0],
                 {{emit(".input_grad", ElementwiseKind::activation_gradient, 3, all), elements}});
    }
    return;
  }
  switch (derivative) {
    case Derivative::none:
      for (const std::int32_t input : from) {
        const bool part = s.kind == ElementwiseKind::copy && output_of(input) < elements &&
                          from.size() > 1 && gradient_.size() == 1;
        // Of tensors that were put beside each other, each gets its part.
        tape_.send(input, part ? std::vector<Gradient>{{gradient_.front().op, output_of(input)}}
                               : gradient_);
      }
      break;
    case Derivative::mask:
    case Derivative::of_output:
    case Derivative::of_input: {
      if (!any_input_needs()) {
        break;
      }
      Ids ids = makers(gradient_);
      if (derivative == Derivative::of_input) {
        ids.insert(ids.end(), from.begin(), from.end());
      } else {
        ids.push_back(i_);
      }
      const ElementwiseKind kind = derivative == Derivative::mask
                                       ? ElementwiseKind::multiply
                                       : ElementwiseKind::activation_gradient;
      send_to_inputs(emit(".grad", kind, 2, ids), elements);
      break;
    }
    case Derivative::of_operands:
      for (std::size_t p = 0; p < from.size(); ++p) {
        if (!tape_.needs_gradient(from[p])) {
          continue;
        }
        Ids ids = makers(gradient_);
        for (std::size_t other = 0; other < from.size(); ++other) {
          if (other != p) {
            ids.push_back(from[other]);
          }
        }
        const std::int32_t made =
            emit(p == 0 ? ".input_grad" : ".second_grad", ElementwiseKind::multiply, s.inputs, ids);
        tape_.send(from[p], {{made, elements}});
      }
      break;
    case Derivative::same:
      if (any_input_needs()) {
        send_to_inputs(emit(".grad", s.kind, 1, makers(gradient_)), elements);
      }
      break;
  }
  if (parameters > 0) {  // one value for each sequence's element, channel, ...
    tape_.reduce_to_parameters(i_, ".bias_grad", gradient_, parameters);
  }
}

void Rule::operator()(const Softmax& shape) const {
  if (!any_input_needs()) {
    return;
  }
  const Elementwise gradient{.kind = ElementwiseKind::softmax_gradient,
                             .rows = shape.rows,
                             .columns = shape.columns,
                             .inputs = 2};
  send_to_inputs(tape_.emit(i_, ".grad", gradient, formats_, with_gradient({i_})),
                 output_elements(gradient));
}

void Rule::operator()(const Embedding& shape) const {
  const Elementwise scatter{
      .kind = ElementwiseKind::add, .rows = shape.tokens, .columns = shape.width, .inputs = 2};
  if (op().parameters > 0) {
    tape_.send_to_parameters(tape_.emit(i_, ".grad", scatter, formats_, makers(gradient_)));
  }
}

void Rule::operator()(const Pooling& shape) const {
  if (!any_input_needs()) {
    return;
  }
  const bool largest = shape.kind == PoolingKind::max;
  // The largest of a window is found again: input and output are equal there.
  const Elementwise spread{.kind = largest ? ElementwiseKind::multiply : ElementwiseKind::copy,
                           .rows = shape.batch * shape.height * shape.width,
                           .columns = shape.channels,
                           .inputs = largest ? 2 : 1};
  const Ids from = inputs();
  Ids ids = makers(gradient_);
  if (largest) {
    ids.insert(ids.end(), from.begin(), from.end());
    ids.push_back(i_);
  }
  send_to_inputs(tape_.emit(i_, ".grad", spread, formats_, ids), output_elements(spread));
}

void Rule::operator()(const Collective& shape) const {
  if (!any_input_needs()) {
    return;
  }
  const auto conjugate = [](CollectiveKind kind) {
    switch (kind) {
      case CollectiveKind::all_gather:
        return CollectiveKind::reduce_scatter;
      case CollectiveKind::reduce_scatter:
        return CollectiveKind::all_gather;
      case CollectiveKind::broadcast:
        return CollectiveKind::all_reduce;
      default:
        return kind;
    }
  };
  Collective back = shape;
  back.kind = conjugate(shape.kind);
  const Ids from = inputs();
  const std::int32_t made = tape_.emit(i_, ".grad", back, formats_, makers(gradient_));
  for (const std::int32_t input : from) {
    tape_.send(input, {{made, output_of(input)}});
  }
}

}  // namespace

void apply_gradient_rule(GradientTape& tape, std::int32_t i,
                         const std::vector<Gradient>& gradient) {
  const Shape shape = tape.op(i).shape;
  std::visit(Rule(tape, i, gradient), shape);
}

}  // namespace cairn::models
