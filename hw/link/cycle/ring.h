/// \file
/// Two small containers of the network model, both over one block of a power of two.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::hw::cycle {

/// The last values of a series, by their number in it.
template <class T>
class Ring {
 public:
  explicit Ring(std::int64_t values = 1)
      : values_(std::bit_ceil(static_cast<std::size_t>(values))), mask_(values_.size() - 1) {}
  [[nodiscard]] T& operator[](std::int64_t number) {
    return values_[static_cast<std::size_t>(number) & mask_];
  }
  [[nodiscard]] const T& operator[](std::int64_t number) const {
    return values_[static_cast<std::size_t>(number) & mask_];
  }

 private:
  std::vector<T> values_;
  std::size_t mask_;
};

/// A queue that grows when it must.
template <class T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] const T& front() const { return values_[begin_ & (values_.size() - 1)]; }
  void push(const T& value) {
    if (size() == values_.size()) {
      std::vector<T> larger(values_.size() * 2);
      for (std::size_t i = 0; i < size(); ++i) {
        larger[i] = values_[(begin_ + i) & (values_.size() - 1)];
      }
      end_ = size();
      begin_ = 0;
      values_ = std::move(larger);
    }
    values_[end_ & (values_.size() - 1)] = value;
    ++end_;
  }
  void pop() { ++begin_; }

 private:
  std::vector<T> values_ = std::vector<T>(4);
  std::size_t begin_{};
  std::size_t end_{};
};

}  // namespace cairn::hw::cycle
