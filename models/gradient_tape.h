/// \file
/// The operators of a training step while they are made, from the last of the forward pass to the
/// first. Private to training.cpp and gradient_rules.cpp.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/training.h"
#include "models/workload.h"

namespace cairn::models {

/// A gradient, or a part of one: the operator that makes it and how much of it.
struct Gradient {
  /// Of what comes from outside: the gradient of a result of layers inside a network.
  static constexpr std::int32_t kGiven = -1;
  std::int32_t op{};
  std::int64_t elements{};
};
/// Operators that make \p gradients; none for one that is given.
[[nodiscard]] std::vector<std::int32_t> makers(const std::vector<Gradient>& gradients);

/// The output of an operator as a matrix.
struct Matrix {
  std::int64_t rows{1};
  std::int64_t columns{1};
};
[[nodiscard]] Matrix matrix_of(const Shape& shape);

class GradientTape {
 public:
  GradientTape(Workload forward, const TrainingSpec& spec);

  [[nodiscard]] std::int32_t forward_size() const { return static_cast<std::int32_t>(size_); }
  [[nodiscard]] std::int32_t size() const {
    return static_cast<std::int32_t>(step_.operators.size());
  }
  /// Appends what operator \p i of the forward pass needs; called from the last to the first.
  void differentiate(std::int32_t i);
  /// Gradients and state of weights that the pass does not touch are held, too.
  void hold_idle_parameters();
  [[nodiscard]] Workload& step() { return step_; }

  // What rules ask and do.
  [[nodiscard]] const Operator& op(std::int32_t i) const {
    return step_.operators[static_cast<std::size_t>(i)];
  }
  /// Operators of the forward pass whose results \p i reads, in the order of its operands.
  [[nodiscard]] const std::vector<std::int32_t>& inputs(std::int32_t i) const {
    return inputs_[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] bool needs_gradient(std::int32_t i) const {
    return needs_[static_cast<std::size_t>(i)];
  }
  /// The gradient of what the model is given is wanted, too: of operands that no operator makes.
  [[nodiscard]] bool wants_given() const { return spec_.inside_network; }
  /// The weight of \p i is trained: its own, or one that an embedding holds.
  [[nodiscard]] bool trains_weight(std::int32_t i) const;
  /// All tensors of \p i in the format of its gradients.
  [[nodiscard]] Formats gradient_formats(std::int32_t i) const;
  /// Appends `<name of i><suffix>`, which reads the results of \p reads.
  std::int32_t emit(std::int32_t i, std::string_view suffix, Shape shape, const Formats& formats,
                    const std::vector<std::int32_t>& reads);
  [[nodiscard]] Operator& made(std::int32_t i) {
    return step_.operators[static_cast<std::size_t>(i)];
  }
  /// Gradient of the result of \p i, or a part of it.
  void send(std::int32_t i, const std::vector<Gradient>& gradient);
  /// \p maker makes the gradient of parameters of the operator that is being differentiated.
  void send_to_parameters(std::int32_t maker) { parameter_gradients_.push_back(maker); }
  /// Sums \p gradient of \p i down to \p elements, and sends it to the parameters.
  void reduce_to_parameters(std::int32_t i, std::string_view suffix,
                            const std::vector<Gradient>& gradient, std::int64_t elements);

 private:
  [[nodiscard]] std::vector<Gradient> received(std::int32_t i);
  [[nodiscard]] std::vector<Gradient> loss(std::int32_t i);
  /// Bits of a parameter of an operator: stored as a weight or with the vectors, its gradient, its
  /// state, and the copies that the update works on (0: none).
  struct Words {
    double weight{};
    double vector{};
    double gradient{};
    double state{};
    double weight_copy{};
    double vector_copy{};
  };
  [[nodiscard]] Words words_of_update(std::int32_t i) const;
  void hold(const Words& words, std::int64_t matrix, std::int64_t vectors);
  void find_tied_weights();
  void update(std::int32_t i);

  TrainingSpec spec_;
  Workload step_;
  std::size_t size_;  // of the forward pass
  std::vector<std::vector<std::int32_t>> inputs_;
  std::vector<bool> read_;
  std::vector<bool> needs_;
  std::vector<std::int32_t> tied_to_;  // by operator: the embedding that holds its weight, or -1
  std::vector<std::vector<Gradient>> gradients_;    // received, by operator
  std::vector<std::vector<std::int32_t>> of_tied_;  // by embedding: gradients from others
  std::vector<std::int32_t> parameter_gradients_;   // of the operator at hand
};

/// Appends the gradients of the inputs and parameters of \p i, whose output has gradient
/// \p gradient.
void apply_gradient_rule(GradientTape& tape, std::int32_t i, const std::vector<Gradient>& gradient);

}  // namespace cairn::models
