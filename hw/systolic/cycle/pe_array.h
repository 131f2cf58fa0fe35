/// \file
/// A systolic array PE by PE: every register of every element, every clock, in whole numbers.
///
/// It exists to prove the closed form of fold_cycles.h, not to price anything. Two arrays:
///
///   outputs stay   Operands pass from the left and from above. An element adds their product to
///                  its own sum, and at the last step hands the sum to the one bus of its column.
///   operand stays  Words shift down a column into a second register of each element (`waiting`)
///                  behind the one it multiplies with (`present`); a mark on the first passing
///                  operand of a fold swaps them, element by element, as the wavefront arrives.
///                  Partial sums move down; a multiplexer at the foot of each column takes them
///                  from the last row in use. A column has one port for words and one for results.
///
/// A run of shifted words ends with a mark on a wire of the whole column: no element passes its
/// word on afterwards. The next run may therefore start while lower elements still wait for the
/// wavefront of the fold before: its first word reaches row i in its cycle i, as the swap does.
///
/// Assumes:    one product per element and cycle; sums wide enough (32 bits); registers on every
///             path between elements.
/// Ignores:    scratchpads and their latency (constant, before the first and after the last cycle).
/// Reference:  H. T. Kung, "Why systolic architectures?", IEEE Computer 15(1), 1982.
/// Checked by: tests/unit/hw/systolic_cycle/pe_array_test.cpp
#pragma once

#include <cstdint>
#include <vector>

namespace cairn::hw {

/// A word in a register or on a wire. `fold` is a label of the model's own, which hardware does not
/// have: it shows that what meets belongs together.
struct TaggedWord {
  std::int32_t value{};
  std::int32_t fold{-1};
  bool valid{};
};

/// An operand that enters a row from the left and passes through all of its columns.
struct PassingOperand {
  TaggedWord word;
  bool first{};  ///< of its fold
  bool last{};   ///< of its fold
};

/// A word of the stationary operand that enters a column from above.
struct ShiftedWord {
  TaggedWord word;
  bool last{};  ///< of its fold; ends the shifting in the whole column
};

/// What stands at the edges of the array in one cycle.
struct ArrayEdges {
  std::vector<PassingOperand> left;  ///< by row
  std::vector<TaggedWord> top;       ///< by column; where outputs stay
  std::vector<ShiftedWord> shifted;  ///< by column; where an operand stays
  std::int64_t foot_row{};           ///< row whose partial sums are results; where an operand stays
};

/// A result at the foot of a column.
struct ColumnResult {
  TaggedWord word;
  bool sound{true};  ///< false: something met that does not belong together
};

class PeArray {
 public:
  enum class Kind : std::uint8_t { outputs_stay, operand_stays };

  /// \param resident_folds folds whose stationary words each element holds from the start; 0: they
  ///        are shifted in.
  PeArray(Kind kind, std::int64_t rows, std::int64_t cols, std::int64_t resident_folds = 0);

  /// Writes a resident word before the first cycle.
  void preload(std::int64_t row, std::int64_t col, const TaggedWord& word);

  /// One clock. \returns what the columns hand over at the end of it, by column.
  const std::vector<ColumnResult>& clock(const ArrayEdges& edges);

 private:
  struct Element {
    PassingOperand passing;  ///< moves right
    TaggedWord moving;       ///< moves down: the other operand, or the partial sum
    bool moving_sound{true};
    TaggedWord present;  ///< sum where outputs stay, else the word multiplied with
    TaggedWord waiting;  ///< the word of the next fold
    bool taken{};        ///< `waiting` is new and may be passed on
  };
  Element& at(std::int64_t row, std::int64_t col) {
    return elements_[static_cast<std::size_t>(row * cols_ + col)];
  }
  void accumulate(Element& e, const PassingOperand& in, const TaggedWord& above, ColumnResult& bus);
  void multiply(std::int64_t row, std::int64_t col, const ArrayEdges& edges);

  Kind kind_;
  std::int64_t rows_;
  std::int64_t cols_;
  std::int64_t resident_folds_;
  std::vector<Element> elements_;
  std::vector<TaggedWord> resident_;  ///< [row][column][fold]
  std::vector<ColumnResult> results_;
};

}  // namespace cairn::hw
