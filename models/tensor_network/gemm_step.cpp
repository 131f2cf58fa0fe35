#include "models/tensor_network/gemm_step.h"

#include <algorithm>

#include "core/error.h"

namespace cairn::models {
namespace {

constexpr std::uint8_t kInFirst = 1;
constexpr std::uint8_t kInSecond = 2;
constexpr std::uint8_t kKept = 4;
constexpr std::uint8_t kSummed = kInFirst | kInSecond;
constexpr std::uint8_t kBatch = kInFirst | kInSecond | kKept;
constexpr std::int64_t kMostElements = std::int64_t{1} << 62U;

std::int64_t product(std::int64_t a, std::int64_t b) {
  return a > kMostElements / b ? kMostElements : a * b;
}

void append(TensorIndices& to, const TensorIndices& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

std::int64_t contiguous_run(std::span<const IndexId> from, std::span<const IndexId> to,
                            std::span<const std::int64_t> sizes) {
  std::int64_t run = 1;
  std::size_t i = from.size();
  std::size_t j = to.size();
  const auto size_of = [&](IndexId index) { return sizes[static_cast<std::size_t>(index)]; };
  while (true) {
    while (i > 0 && size_of(from[i - 1]) == 1) {
      --i;
    }
    while (j > 0 && size_of(to[j - 1]) == 1) {
      --j;
    }
    if (i == 0 || j == 0 || from[i - 1] != to[j - 1]) {
      return run;
    }
    run = product(run, size_of(from[i - 1]));
    --i;
    --j;
  }
}

GemmSteps::GemmSteps(std::vector<std::int64_t> sizes)
    : sizes_(std::move(sizes)), marks_(sizes_.size(), 0) {}

GemmSteps::GemmSteps(const TensorNetwork& network) : marks_(network.indices.size(), 0) {
  for (const TensorIndex& index : network.indices) {
    sizes_.push_back(index.size);
  }
}

void GemmSteps::split(std::span<const IndexId> layout, std::uint8_t own, Operand& operand) const {
  operand.elements = 1;
  operand.layout.clear();
  operand.batch.clear();
  operand.summed.clear();
  operand.own.clear();
  int blocks = 0;  // runs of own or summed indices
  bool batch_first = true;
  std::uint8_t last = kBatch;
  for (const IndexId index : layout) {
    const auto at = static_cast<std::size_t>(index);
    if (sizes_[at] == 1) {
      continue;
    }
    const std::uint8_t mark = marks_[at];
    CAIRN_CHECK(mark == kBatch || mark == kSummed || mark == own,
                "an index of one operand only is kept");
    operand.elements = product(operand.elements, sizes_[at]);
    operand.layout.push_back(index);
    if (mark == kBatch) {
      batch_first = batch_first && blocks == 0;
      operand.batch.push_back(index);
    } else {
      blocks += mark != last ? 1 : 0;
      (mark == own ? operand.own : operand.summed).push_back(index);
    }
    last = mark;
  }
  const int needed = (operand.own.empty() ? 0 : 1) + (operand.summed.empty() ? 0 : 1);
  operand.fits = batch_first && blocks == needed;
}

std::int64_t GemmSteps::reorder(const Operand& operand, const Operand& order,
                                TensorIndices& layout) {
  layout = order.batch;
  append(layout, operand.own);
  append(layout, order.summed);
  other_form_ = order.batch;
  append(other_form_, order.summed);
  append(other_form_, operand.own);
  const std::int64_t run = contiguous_run(operand.layout, layout, sizes_);
  const std::int64_t other_run = contiguous_run(operand.layout, other_form_, sizes_);
  if (other_run > run) {
    layout = other_form_;
  }
  return std::max(run, other_run);
}

void GemmSteps::add(bool permute_first, bool permute_second, const Operand& order) {
  const auto volume = [this](const TensorIndices& part) {
    std::int64_t elements = 1;
    for (const IndexId index : part) {
      elements = product(elements, sizes_[static_cast<std::size_t>(index)]);
    }
    return elements;
  };
  const bool one_block = first_.own.empty() || second_.own.empty();
  for (const bool swapped : {false, true}) {
    if (swapped && one_block) {
      break;  // the same layout
    }
    if (count_ == steps_.size()) {
      steps_.emplace_back();
    }
    GemmStep& step = steps_[count_++];
    step.batch = batch_;
    step.k = k_;
    step.m = volume(first_.own);
    step.n = volume(second_.own);
    step.swapped = swapped;
    step.permute_first = permute_first;
    step.permute_second = permute_second;
    step.first_run = first_.elements;
    step.second_run = second_.elements;
    if (permute_first) {
      step.first_run = reorder(first_, order, step.first);
    } else {
      step.first = first_.layout;
    }
    if (permute_second) {
      step.second_run = reorder(second_, order, step.second);
    } else {
      step.second = second_.layout;
    }
    // A block that is missing has size 1: then neither form is a transpose of the other.
    const auto begins_with = [&](const TensorIndices& layout, const TensorIndices& block) {
      return !block.empty() && layout.size() > order.batch.size() &&
             std::ranges::find(block, layout[order.batch.size()]) != block.end();
    };
    step.transpose_first = !first_.own.empty() && begins_with(step.first, first_.summed);
    step.transpose_second = !second_.summed.empty() && begins_with(step.second, second_.own);
    step.result = ones_;
    append(step.result, order.batch);
    append(step.result, swapped ? second_.own : first_.own);
    append(step.result, swapped ? first_.own : second_.own);
  }
}

std::span<const GemmStep> GemmSteps::ways(std::span<const IndexId> first,
                                          std::span<const IndexId> second,
                                          std::span<const IndexId> kept) {
  const auto mark = [this](std::span<const IndexId> tensor, std::uint8_t bit) {
    for (const IndexId index : tensor) {
      marks_[static_cast<std::size_t>(index)] |= bit;
    }
  };
  mark(first, kInFirst);
  mark(second, kInSecond);
  mark(kept, kKept);
  split(first, kInFirst | kKept, first_);
  split(second, kInSecond | kKept, second_);
  ones_.clear();
  for (const IndexId index : kept) {
    CAIRN_CHECK(marks_[static_cast<std::size_t>(index)] != kKept,
                "an index of the result is in an operand");
    if (sizes_[static_cast<std::size_t>(index)] == 1) {
      ones_.push_back(index);
    }
  }
  for (const std::span<const IndexId> tensor : {first, second, kept}) {
    for (const IndexId index : tensor) {
      marks_[static_cast<std::size_t>(index)] = 0;
    }
  }
  batch_ = 1;
  k_ = 1;
  for (const IndexId index : first_.batch) {
    batch_ = product(batch_, sizes_[static_cast<std::size_t>(index)]);
  }
  for (const IndexId index : first_.summed) {
    k_ = product(k_, sizes_[static_cast<std::size_t>(index)]);
  }
  count_ = 0;
  const bool agree = first_.batch == second_.batch && first_.summed == second_.summed;
  if (first_.fits && second_.fits) {
    if (agree) {
      add(false, false, first_);
    } else {
      add(false, true, first_);
      add(true, false, second_);
    }
  } else if (first_.fits) {
    add(false, true, first_);
  } else if (second_.fits) {
    add(true, false, second_);
  } else {
    add(true, true, first_);
    if (!agree) {
      add(true, true, second_);
    }
  }
  return {steps_.data(), count_};
}

}  // namespace cairn::models
