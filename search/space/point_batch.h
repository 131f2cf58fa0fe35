/// \file
/// Design points as rows of choice indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cairn::search {

/// One design point: for every knob of the space, in its order, the index of the choice taken.
using PointView = std::span<const std::uint32_t>;

/// Consecutive design points in one allocation: `size()` rows of `knobs()` choice indices. A
/// point's id is its place in the order of evaluation, counted from 0 over the whole run.
class PointBatch {
 public:
  PointBatch() = default;
  PointBatch(std::size_t knobs, std::uint64_t first_id) : knobs_(knobs), first_id_(first_id) {}

  [[nodiscard]] std::size_t knobs() const { return knobs_; }
  [[nodiscard]] std::size_t size() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] std::uint64_t first_id() const { return first_id_; }
  [[nodiscard]] std::uint64_t id(std::size_t row) const { return first_id_ + row; }

  [[nodiscard]] PointView operator[](std::size_t row) const {
    return PointView{indices_}.subspan(row * knobs_, knobs_);
  }

  void reserve(std::size_t rows) { indices_.reserve(rows * knobs_); }

  /// Adds a row of zeros. \returns the row, valid until the next one is added.
  std::span<std::uint32_t> append() {
    indices_.resize(indices_.size() + knobs_);
    ++rows_;
    return std::span{indices_}.last(knobs_);
  }
  void drop_last() {
    indices_.resize(indices_.size() - knobs_);
    --rows_;
  }

 private:
  std::size_t knobs_{};
  std::size_t rows_{};
  std::uint64_t first_id_{};
  std::vector<std::uint32_t> indices_;
};

}  // namespace cairn::search
