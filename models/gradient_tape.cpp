#include "models/gradient_tape.h"

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/units.h"

namespace cairn::models {
namespace {

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

constexpr int kWideExponent = 8;  // of an 8-bit exponent, as fp32 has

/// A format of \p bits that only says how much is moved.
Precision words_of(double bits) {
  constexpr double kMilli = 1000.0;
  Precision format = kFp32;
  format.exponent_bits = kWideExponent;
  format.milli_bits = static_cast<std::int32_t>(kMilli * bits);
  return format;
}

std::int64_t elements_of(const std::vector<Gradient>& gradients) {
  return std::accumulate(
      gradients.begin(), gradients.end(), std::int64_t{0},
      [](std::int64_t sum, const Gradient& gradient) { return sum + gradient.elements; });
}

/// Parameters of \p op that are stored in the format of its weights.
std::int64_t matrix_parameters(const Operator& op) {
  const bool matrix = std::holds_alternative<MatMul>(op.shape) ||
                      std::holds_alternative<Convolution>(op.shape) ||
                      std::holds_alternative<Embedding>(op.shape);
  return matrix ? std::min(op.parameters, weight_elements(op.shape)) : 0;
}

/// Sums \p elements numbers into \p kept: a window over one column each.
Pooling reduction(std::int64_t elements, std::int64_t kept) {
  const std::int64_t rows = ceil_div(elements, kept);
  return {.kind = PoolingKind::average, .height = rows, .channels = kept, .kernel_height = rows};
}

}  // namespace

std::vector<std::int32_t> makers(const std::vector<Gradient>& gradients) {
  std::vector<std::int32_t> operators;
  operators.reserve(gradients.size());
  for (const Gradient& gradient : gradients) {
    if (gradient.op != Gradient::kGiven) {
      operators.push_back(gradient.op);
    }
  }
  return operators;
}

Matrix matrix_of(const Shape& shape) {
  return std::visit(
      [&shape](const auto& s) -> Matrix {
        using T = std::decay_t<decltype(s)>;
        if constexpr (std::is_same_v<T, MatMul>) {
          return {s.batch * s.m, s.n};
        } else if constexpr (std::is_same_v<T, Convolution>) {
          return {s.batch * s.output_height() * s.output_width(), s.filters};
        } else if constexpr (std::is_same_v<T, Attention>) {
          return {s.batch * s.queries, s.heads * s.head_dim};
        } else if constexpr (std::is_same_v<T, Embedding>) {
          return {s.tokens, s.width};
        } else if constexpr (std::is_same_v<T, Pooling>) {
          return {s.batch * s.output_height * s.output_width, s.channels};
        } else if constexpr (std::is_same_v<T, Collective>) {
          return {1, output_elements(shape)};
        } else {
          return {s.rows, s.columns};
        }
      },
      shape);
}

GradientTape::GradientTape(Workload forward, const TrainingSpec& spec)
    : spec_(spec),
      step_(std::move(forward)),
      size_(step_.operators.size()),
      inputs_(size_),
      read_(size_, false),
      needs_(size_, false),
      tied_to_(size_, -1),
      gradients_(size_),
      of_tied_(size_) {
  for (const Edge& edge : step_.edges) {
    inputs_[at(edge.to)].push_back(edge.from);
    read_[at(edge.from)] = true;
  }
  find_tied_weights();
  for (std::size_t i = 0; i < size_; ++i) {
    needs_[i] = spec_.inside_network || step_.operators[i].parameters > 0 || tied_to_[i] >= 0 ||
                std::ranges::any_of(inputs_[i], [this](std::int32_t p) { return needs_[at(p)]; });
  }
}

/// A product with a weight that it does not hold reads a table of that size.
void GradientTape::find_tied_weights() {
  for (std::size_t i = 0; i < size_; ++i) {
    const auto* matmul = std::get_if<MatMul>(&step_.operators[i].shape);
    const std::int64_t elements = weight_elements(step_.operators[i].shape);
    if (matmul == nullptr || !matmul->weight || step_.operators[i].parameters >= elements) {
      continue;
    }
    for (std::size_t table = 0; table < i; ++table) {
      const Operator& owner = step_.operators[table];
      if (std::holds_alternative<Embedding>(owner.shape) && owner.parameters == elements) {
        tied_to_[i] = static_cast<std::int32_t>(table);
        break;
      }
    }
  }
}

bool GradientTape::trains_weight(std::int32_t i) const {
  return tied_to_[at(i)] >= 0 || op(i).parameters >= weight_elements(op(i).shape);
}

Formats GradientTape::gradient_formats(std::int32_t i) const {
  const Precision format = spec_.gradients.value_or(op(i).formats.activations);
  return {format, format, format};
}

std::int32_t GradientTape::emit(std::int32_t i, std::string_view suffix, Shape shape,
                                const Formats& formats, const std::vector<std::int32_t>& reads) {
  const Operator& source = op(i);
  Operator made;
  made.name = source.name;
  made.name.append(suffix);
  if (!source.group.empty()) {
    made.group = source.group;
    made.group.append(suffix);
  }
  made.shape = shape;
  made.formats = formats;
  made.layer = source.layer;
  const std::int32_t index = size();
  step_.operators.push_back(std::move(made));
  for (auto read = reads.begin(); read != reads.end(); ++read) {
    if (std::find(reads.begin(), read, *read) == read) {
      step_.edges.push_back({.from = *read, .to = index});
    }
  }
  return index;
}

void GradientTape::send(std::int32_t i, const std::vector<Gradient>& gradient) {
  if (needs_gradient(i)) {
    gradients_[at(i)].insert(gradients_[at(i)].end(), gradient.begin(), gradient.end());
  }
}

void GradientTape::reduce_to_parameters(std::int32_t i, std::string_view suffix,
                                        const std::vector<Gradient>& gradient,
                                        std::int64_t elements) {
  const std::int64_t all = elements_of(gradient);
  if (all <= elements) {
    for (const Gradient& part : gradient) {
      send_to_parameters(part.op);
    }
    return;
  }
  send_to_parameters(
      emit(i, suffix, reduction(all, elements), gradient_formats(i), makers(gradient)));
}

/// What the readers of \p i sent, as one gradient: parts beside each other, or a sum.
std::vector<Gradient> GradientTape::received(std::int32_t i) {
  std::vector<Gradient> sent = std::move(gradients_[at(i)]);
  const std::int64_t elements = output_elements(op(i).shape);
  const bool parts = std::ranges::all_of(
      sent, [elements](const Gradient& gradient) { return gradient.elements < elements; });
  if (sent.empty() || (parts && elements_of(sent) == elements)) {
    return sent;
  }
  const auto [rows, columns] = matrix_of(op(i).shape);
  std::vector<Gradient> whole;
  for (const Gradient& gradient : sent) {
    if (gradient.elements == elements) {
      whole.push_back(gradient);
      continue;
    }
    // A reader that saw a part of the tensor leaves zeros elsewhere; one that saw it several times
    // (a broadcast) sums.
    const std::string suffix = (gradient.elements < elements ? ".grad_spread" : ".grad_reduce") +
                               (sent.size() > 1 ? std::to_string(whole.size()) : std::string{});
    const Shape shape =
        gradient.elements < elements
            ? Shape{Elementwise{.kind = ElementwiseKind::copy, .rows = rows, .columns = columns}}
            : Shape{reduction(gradient.elements, elements)};
    whole.push_back({emit(i, suffix, shape, gradient_formats(i), makers({gradient})), elements});
  }
  if (whole.size() == 1) {
    return whole;
  }
  const Elementwise sum{.kind = ElementwiseKind::add,
                        .rows = rows,
                        .columns = columns,
                        .inputs = static_cast<std::int64_t>(whole.size())};
  return {{emit(i, ".grad_sum", sum, gradient_formats(i), makers(whole)), elements}};
}

/// The gradient of the loss where nothing reads the result of \p i.
std::vector<Gradient> GradientTape::loss(std::int32_t i) {
  const std::int64_t elements = output_elements(op(i).shape);
  std::int32_t product = i;  // behind an exchange: what made the logits
  while (std::holds_alternative<Collective>(op(product).shape) && inputs(product).size() == 1) {
    product = inputs(product).front();
  }
  auto [rows, columns] = matrix_of(op(product).shape);
  if (product != i) {
    columns = ceil_div(elements, rows);
  }
  const Formats formats = gradient_formats(i);
  std::vector<std::int32_t> reads{i};
  Elementwise difference{.rows = rows, .columns = columns};  // the target is a number a row
  if (std::holds_alternative<MatMul>(op(product).shape) && columns > 1) {
    reads = {emit(i, ".loss_softmax", Softmax{.rows = rows, .columns = columns}, formats, reads)};
  } else if (!std::holds_alternative<Softmax>(op(i).shape)) {
    difference.inputs = 2;  // the target is a tensor
  }
  return {{emit(i, ".loss_grad", difference, formats, reads), elements}};
}

void GradientTape::differentiate(std::int32_t i) {
  if (!needs_gradient(i)) {
    return;
  }
  parameter_gradients_.clear();
  if (!read_[at(i)] && spec_.inside_network) {
    apply_gradient_rule(*this, i, {{Gradient::kGiven, output_elements(op(i).shape)}});
  } else if (!read_[at(i)]) {
    const std::vector<Gradient> gradient = loss(i);
    if (std::holds_alternative<Softmax>(op(i).shape) &&
        !inputs(i).empty()) {  // probabilities less truth: of its input
      send(inputs(i).front(), gradient);
    } else {
      apply_gradient_rule(*this, i, gradient);
    }
  } else if (const std::vector<Gradient> gradient = received(i); !gradient.empty()) {
    apply_gradient_rule(*this, i, gradient);
  }
  if (tied_to_[at(i)] >= 0) {
    // Added into the table's gradient; what is left are parameters of its own.
    std::vector<std::int32_t>& table = of_tied_[at(tied_to_[at(i)])];
    table.insert(table.end(), parameter_gradients_.begin(), parameter_gradients_.end());
  }
  parameter_gradients_.insert(parameter_gradients_.end(), of_tied_[at(i)].begin(),
                              of_tied_[at(i)].end());
  if (op(i).parameters > 0) {
    update(i);
  }
}

GradientTape::Words GradientTape::words_of_update(std::int32_t i) const {
  const double word = spec_.optimizer_state.bits_per_element();
  // Biases and norms are stored as activations are.
  Words words;
  words.vector = op(i).formats.activations.bits_per_element();
  words.weight =
      matrix_parameters(op(i)) > 0 ? op(i).formats.weights.bits_per_element() : words.vector;
  words.gradient = gradient_formats(i).outputs.bits_per_element();
  words.state = static_cast<double>(state_words(spec_.optimizer)) * word;
  words.weight_copy = spec_.master_weights && word > words.weight ? word : 0.0;
  words.vector_copy = spec_.master_weights && word > words.vector ? word : 0.0;
  return words;
}

void GradientTape::hold(const Words& words, std::int64_t matrix, std::int64_t vectors) {
  const auto all = static_cast<double>(matrix + vectors);
  step_.gradient_bits += spec_.hold_gradients ? all * words.gradient : 0.0;
  step_.optimizer_bits += all * words.state + static_cast<double>(matrix) * words.weight_copy +
                          static_cast<double>(vectors) * words.vector_copy;
}

void GradientTape::hold_idle_parameters() {
  const auto grouped = std::ranges::find_if(step_.operators, [](const Operator& other) {
    const auto* matmul = std::get_if<MatMul>(&other.shape);
    return matmul != nullptr && matmul->weight && matmul->distinct_weights;
  });
  // Those of experts that this batch does not use are stored like those of the others.
  if (step_.idle_parameters > 0 && grouped != step_.operators.end()) {
    hold(words_of_update(static_cast<std::int32_t>(grouped - step_.operators.begin())),
         step_.idle_parameters, 0);
  }
}

void GradientTape::update(std::int32_t i) {
  const std::int64_t parameters = op(i).parameters;
  const Words words = words_of_update(i);
  const std::int64_t matrix = matrix_parameters(op(i));
  hold(words, matrix, parameters - matrix);
  if (parameter_gradients_.empty()) {
    return;  // no way leads from the loss to this operator
  }
  std::erase(parameter_gradients_, Gradient::kGiven);
  const auto* matmul = std::get_if<MatMul>(&op(i).shape);
  if (spec_.groups > 1 && (matmul == nullptr || !matmul->distinct_weights)) {
    parameter_gradients_ = {
        emit(i, ".grad_all_reduce",
             Collective{
                 .kind = CollectiveKind::all_reduce, .elements = parameters, .ranks = spec_.groups},
             gradient_formats(i), parameter_gradients_)};
  }
  const std::int64_t columns = matrix_of(op(i).shape).columns;
  const bool even = parameters % columns == 0;
  const Elementwise shape{
      .kind = spec_.optimizer == Optimizer::adam ? ElementwiseKind::adam : ElementwiseKind::sgd,
      .rows = even ? parameters / columns : 1,
      .columns = even ? columns : parameters,
      .inputs = 2 + state_words(spec_.optimizer)};
  // Reads gradient, state and what it updates; writes state, copy and weights.
  const double copy = words.weight_copy;
  const double read = words.gradient + words.state + (copy > 0 ? copy : words.weight);
  const double written = words.state + copy + words.weight;
  const Precision in = words_of(read / static_cast<double>(shape.inputs));
  emit(i, ".update", shape, {in, in, words_of(written)}, parameter_gradients_);
}

}  // namespace cairn::models
