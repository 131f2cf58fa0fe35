/// \file
/// The ways to do one pairwise step as a batched matrix product of tensors as they lie in memory.
///
/// The indices of both operands fall into four parts: *batch* (in both and kept), *k* (in both and
/// summed), *m* (in the first only) and *n* (in the second only). A matrix product reads an operand
/// as it lies if its batch indices come first and its m (n) and its k indices are one block each,
/// in either order (either operand may be transposed for free), and if the indices inside batch and
/// inside k stand in the same order in both operands. Otherwise an operand's dimensions are
/// reordered first. The result is batch, m, n or batch, n, m (the operands swapped); inside a block
/// the order is that of the operand.
///
/// Assumes:    a device's matrix product takes transposed operands and batches with a constant
///             distance, as the general matrix products of linear algebra libraries do.
/// Ignores:    products that read an operand with two strides inside m, n or k; a batch along m
///             with a shared second operand (the result would be batch, part of m, n, rest of m).
/// Checked by: tests/unit/models/tensor_network/gemm_step_test.cpp
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/tensor_network/tensor_network.h"

namespace cairn::models {

/// One way. `first` and `second` are the layouts that the product reads, reordered or not.
struct GemmStep {
  std::int64_t batch{1};  ///< products of the sizes of each part; at most 2^62, then saturated
  std::int64_t m{1};
  std::int64_t n{1};
  std::int64_t k{1};
  bool swapped{};           ///< the result is batch, n, m
  bool transpose_first{};   ///< it is read as batch, k, m instead of batch, m, k
  bool transpose_second{};  ///< it is read as batch, n, k instead of batch, k, n
  bool permute_first{};     ///< the first operand is reordered before
  bool permute_second{};
  std::int64_t first_run{1};   ///< elements that stay neighbours when the first is reordered
  std::int64_t second_run{1};  ///< (all of them where it is not)
  TensorIndices first;
  TensorIndices second;
  TensorIndices result;
};

/// Elements that stay neighbours when a tensor is reordered: the product of the sizes of the
/// trailing indices that both layouts have in common, without those of size 1.
[[nodiscard]] std::int64_t contiguous_run(std::span<const IndexId> from,
                                          std::span<const IndexId> to,
                                          std::span<const std::int64_t> sizes);

/// Lists ways; keeps its buffers, so that a search allocates nothing once they have grown. One per
/// thread.
class GemmSteps {
 public:
  /// \param sizes of every index of the network.
  explicit GemmSteps(std::vector<std::int64_t> sizes);
  explicit GemmSteps(const TensorNetwork& network);

  /// All sensible ways for operands that lie as \p first and \p second (the last index contiguous).
  /// Valid until the next call. At least one; no way reorders an operand where fewer do, and where
  /// one of two has to be, either is offered. An operand that is reordered takes whichever order of
  /// its blocks keeps more elements neighbours; indices of size 1 hinder nothing.
  /// \param kept the indices of the result, in any order.
  [[nodiscard]] std::span<const GemmStep> ways(std::span<const IndexId> first,
                                               std::span<const IndexId> second,
                                               std::span<const IndexId> kept);
  [[nodiscard]] const std::vector<std::int64_t>& sizes() const { return sizes_; }

 private:
  /// An operand without its indices of size 1, split into its parts.
  struct Operand {
    std::int64_t elements{1};
    bool fits{};  ///< batch first, then its own and the summed indices, a block each
    TensorIndices layout;
    TensorIndices batch;
    TensorIndices summed;
    TensorIndices own;
  };
  void split(std::span<const IndexId> layout, std::uint8_t own, Operand& operand) const;
  void add(bool permute_first, bool permute_second, const Operand& order);
  /// \returns the run.
  std::int64_t reorder(const Operand& operand, const Operand& order, TensorIndices& layout);

  std::vector<std::int64_t> sizes_;
  std::vector<std::uint8_t> marks_;  // by index: in the first, in the second, kept
  TensorIndices ones_;               // kept indices of size 1
  TensorIndices other_form_;
  Operand first_;
  Operand second_;
  std::int64_t batch_{};
  std::int64_t k_{};
  std::vector<GemmStep> steps_;  // the first count_ are in use
  std::size_t count_{};
};

}  // namespace cairn::models
