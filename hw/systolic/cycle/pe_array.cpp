#include "hw/systolic/cycle/pe_array.h"

#include "core/error.h"

namespace cairn::hw {

PeArray::PeArray(Kind kind, std::int64_t rows, std::int64_t cols, std::int64_t resident_folds)
    : kind_(kind),
      rows_(rows),
      cols_(cols),
      resident_folds_(resident_folds),
      elements_(static_cast<std::size_t>(rows * cols)),
      resident_(static_cast<std::size_t>(rows * cols * resident_folds)),
      results_(static_cast<std::size_t>(cols)) {}

void PeArray::preload(std::int64_t row, std::int64_t col, const TaggedWord& word) {
  CAIRN_CHECK(word.fold >= 0 && word.fold < resident_folds_, "the fold has a place");
  resident_[static_cast<std::size_t>((row * cols_ + col) * resident_folds_ + word.fold)] = word;
}

const std::vector<ColumnResult>& PeArray::clock(const ArrayEdges& edges) {
  for (ColumnResult& result : results_) {
    result = {};
  }
  // From the last element to the first, so that each reads what its neighbours held before.
  for (std::int64_t row = rows_; row-- > 0;) {
    for (std::int64_t col = cols_; col-- > 0;) {
      if (kind_ == Kind::operand_stays) {
        multiply(row, col, edges);
        continue;
      }
      const auto r = static_cast<std::size_t>(row);
      const auto c = static_cast<std::size_t>(col);
      const PassingOperand in = col == 0 ? edges.left[r] : at(row, col - 1).passing;
      const TaggedWord above = row == 0 ? edges.top[c] : at(row - 1, col).moving;
      accumulate(at(row, col), in, above, results_[c]);
    }
  }
  return results_;
}

void PeArray::accumulate(Element& e, const PassingOperand& in, const TaggedWord& above,
                         ColumnResult& bus) {
  if (in.word.valid && above.valid) {
    const std::int32_t before = in.first ? 0 : e.present.value;
    const bool sound = in.word.fold == above.fold && (in.first || e.present.fold == above.fold);
    e.present = {before + in.word.value * above.value, sound ? above.fold : -1, true};
    if (in.last) {
      bus.sound = sound && !bus.word.valid;  // two elements at once: the column has one bus
      bus.word = e.present;
    }
  }
  e.passing = in;
  e.moving = above;
}

void PeArray::multiply(std::int64_t row, std::int64_t col, const ArrayEdges& edges) {
  Element& e = at(row, col);
  const auto c = static_cast<std::size_t>(col);
  const PassingOperand in =
      col == 0 ? edges.left[static_cast<std::size_t>(row)] : at(row, col - 1).passing;
  TaggedWord sum = row == 0 ? TaggedWord{} : at(row - 1, col).moving;
  bool sound = row == 0 || at(row - 1, col).moving_sound;

  if (in.word.valid) {
    if (resident_folds_ > 0) {
      e.present =
          resident_[static_cast<std::size_t>((row * cols_ + col) * resident_folds_ + in.word.fold)];
    } else if (in.first) {
      e.present = e.waiting;
    }
    const bool continues = row == 0 || (sum.valid && sum.fold == in.word.fold);
    sound = sound && continues && e.present.fold == in.word.fold;
    sum = {sum.value + in.word.value * e.present.value, in.word.fold, true};
  }
  if (row == edges.foot_row && sum.valid) {
    results_[c] = {sum, sound};
    sum = {};  // nothing passes the row that hands it over
  }
  // Shifting: after the swap, since both happen at the same edge of the clock.
  const ShiftedWord& shifted = edges.shifted[c];
  const bool takes = shifted.word.valid && (row == 0 || at(row - 1, col).taken);
  if (takes) {
    e.waiting = row == 0 ? shifted.word : at(row - 1, col).waiting;
  }
  e.taken = takes && !shifted.last;
  e.passing = in;
  e.moving = sum;
  e.moving_sound = sound;
}

}  // namespace cairn::hw
