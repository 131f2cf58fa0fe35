#include "hw/systolic/cycle/pe_product.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "hw/systolic/cycle/pe_array.h"
#include "hw/systolic/fold_cycles.h"

namespace cairn::hw {
namespace {

struct Span {
  std::int64_t first{};
  std::int64_t size{};
};

/// An extent cut into tiles, each tile into pieces of at most \p most.
std::vector<Span> cut(std::int64_t extent, std::int64_t tile, std::int64_t most) {
  std::vector<Span> spans;
  for (std::int64_t at = 0; at < extent; at += tile) {
    const std::int64_t end = std::min(extent, at + tile);
    for (std::int64_t piece = at; piece < end; piece += most) {
      spans.push_back({piece, std::min(most, end - piece)});
    }
  }
  return spans;
}

struct Fold {
  Span rows;
  Span cols;
  Span time;
  std::int64_t results_left{};
};

/// What a row or column is told to do in a cycle; handed on to the next one a cycle later.
struct Command {
  std::int64_t fold{-1};  ///< -1: nothing
  std::int64_t step{};
};

void hand_on(std::vector<Command>& commands, const Command& next) {
  std::rotate(commands.begin(), commands.end() - 1, commands.end());
  commands.front() = next;
}

std::int64_t extent_of(Dimension d, const IntegerMatrix& a, const IntegerMatrix& w) {
  return d == Dimension::m ? a.rows : d == Dimension::n ? w.cols : a.cols;
}

}  // namespace

class PeProduct::Controller {
 public:
  Controller(const PeProductSpec& spec, const IntegerMatrix& activations,
             const IntegerMatrix& weights)
      : spec_(spec),
        activations_(activations),
        weights_(weights),
        outputs_stay_(spec.dataflow == Dataflow::output_stationary),
        run_{IntegerMatrix(activations.rows, weights.cols), 0, {}, 0},
        written_(run_.outputs.values.size()) {
    CAIRN_CHECK(activations.cols == weights.rows, "the operands fit together");
    const ArrayAxes axes = axes_of(spec.dataflow);
    const auto tile = [&](std::int64_t wanted, Dimension d) {
      return wanted > 0 ? wanted : extent_of(d, activations, weights);
    };
    const std::int64_t time = extent_of(axes.time, activations, weights);
    const auto row_spans =
        cut(extent_of(axes.rows, activations, weights), tile(spec.rows_tile, axes.rows), spec.rows);
    const auto col_spans =
        cut(extent_of(axes.cols, activations, weights), tile(spec.cols_tile, axes.cols), spec.cols);
    for (const Span& slice : cut(time, tile(spec.time_tile, axes.time), time)) {
      for (const Span& cols : col_spans) {
        for (const Span& rows : row_spans) {
          const std::int64_t steps = outputs_stay_ ? rows.size : slice.size;
          folds_.push_back({rows, cols, slice, steps * cols.size});
          tallest_ = std::max(tallest_, rows.size);
        }
      }
    }
    const bool resident = spec.overlap == FoldOverlap::resident;
    CAIRN_CHECK(!(resident && outputs_stay_), "resident operands need an operand that stays");
    array_ = std::make_unique<PeArray>(
        outputs_stay_ ? PeArray::Kind::outputs_stay : PeArray::Kind::operand_stays, spec.rows,
        spec.cols, resident ? count() : 0);
    edges_.left.resize(static_cast<std::size_t>(spec.rows));
    edges_.top.resize(static_cast<std::size_t>(spec.cols));
    edges_.shifted.resize(static_cast<std::size_t>(spec.cols));
    row_commands_.resize(static_cast<std::size_t>(spec.rows));
    col_commands_.resize(static_cast<std::size_t>(spec.cols));
    collecting_.resize(static_cast<std::size_t>(spec.cols));
    if (resident) {
      for (std::int64_t f = 0; f < count(); ++f) {
        for (std::int64_t i = 0; i < fold(f).rows.size; ++i) {
          for (std::int64_t j = 0; j < fold(f).cols.size; ++j) {
            array_->preload(i, j, stationary(f, i, j));
          }
        }
      }
      loaded_ = count();
    }
  }

  [[nodiscard]] bool done() const { return finished_ == count(); }
  [[nodiscard]] const PeProductRun& run() const { return run_; }

  void clock() {
    const Command stream = next_stream();
    const Command load = next_load();
    hand_on(row_commands_, stream);
    hand_on(col_commands_, outputs_stay_ ? stream : load);
    drive_rows();
    drive_columns();
    edges_.foot_row =
        (spec_.overlap == FoldOverlap::serial ? fold(std::min(finished_, count() - 1)).rows.size
                                              : tallest_) -
        1;
    const std::vector<ColumnResult>& results = array_->clock(edges_);
    for (std::size_t j = 0; j < results.size(); ++j) {
      if (results[j].word.valid) {
        collect(static_cast<std::int64_t>(j), results[j]);
      }
    }
    ++run_.cycles;
  }

 private:
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(folds_.size()); }
  [[nodiscard]] const Fold& fold(std::int64_t f) const {
    return folds_[static_cast<std::size_t>(f)];
  }

  // The controller at the first row and column.

  [[nodiscard]] bool may_stream(std::int64_t f) const {
    if (spec_.overlap == FoldOverlap::serial && finished_ < f) {
      return false;
    }
    if (!outputs_stay_) {
      return loaded_ > f || (loading_ == f && fold(f).rows.size - load_step_ <= spec_.too_early);
    }
    // The first result of a fold follows its last step; the first column's bus is free from then.
    return now() + fold(f).time.size > bus_taken_until_ - spec_.too_early;
  }

  Command next_stream() {
    if (streaming_ == count() || (stream_step_ == 0 && !may_stream(streaming_))) {
      return {};
    }
    const Command command{streaming_, stream_step_};
    const Fold& f = fold(streaming_);
    if (stream_step_ == 0) {
      started_ = streaming_ + 1;
      bus_taken_until_ = now() + f.time.size - 1 + f.rows.size;
    }
    if (++stream_step_ == f.time.size) {
      ++streaming_;
      stream_step_ = 0;
    }
    return command;
  }

  [[nodiscard]] bool may_load(std::int64_t f) const {
    // Room: the fold before has begun to swap its words in (this cycle counts).
    return spec_.overlap == FoldOverlap::serial ? finished_ >= f : started_ >= f;
  }

  Command next_load() {
    if (outputs_stay_ || loading_ == count() || loaded_ == count() ||
        (load_step_ == 0 && !may_load(loading_))) {
      return {};
    }
    const Command command{loading_, load_step_};
    if (++load_step_ == fold(loading_).rows.size) {
      loaded_ = ++loading_;
      load_step_ = 0;
    }
    return command;
  }

  // Rows and columns: each reads its own scratchpad bank when the command arrives.

  void drive_rows() {
    for (std::size_t i = 0; i < row_commands_.size(); ++i) {
      const Command& c = row_commands_[i];
      const auto row = static_cast<std::int64_t>(i);
      edges_.left[i] = {};
      if (c.fold < 0 || row >= fold(c.fold).rows.size) {
        continue;
      }
      const Fold& f = fold(c.fold);
      edges_.left[i] = {passing(c.fold, row, c.step), c.step == 0, c.step + 1 == f.time.size};
    }
  }

  void drive_columns() {
    for (std::size_t j = 0; j < col_commands_.size(); ++j) {
      const Command& c = col_commands_[j];
      const auto col = static_cast<std::int64_t>(j);
      edges_.top[j] = {};
      edges_.shifted[j] = {};
      if (c.fold < 0 || col >= fold(c.fold).cols.size) {
        continue;
      }
      const Fold& f = fold(c.fold);
      if (outputs_stay_) {
        ++run_.words.weights;
        edges_.top[j] = {weights_.at(f.time.first + c.step, f.cols.first + col), tag(c.fold), true};
      } else {  // the word of the last row enters first
        edges_.shifted[j] = {stationary(c.fold, f.rows.size - 1 - c.step, col),
                             c.step + 1 == f.rows.size};
      }
    }
  }

  [[nodiscard]] static std::int32_t tag(std::int64_t f) { return static_cast<std::int32_t>(f); }

  TaggedWord passing(std::int64_t f, std::int64_t row, std::int64_t step) {
    const std::int64_t r = fold(f).rows.first + row;
    const std::int64_t t = fold(f).time.first + step;
    switch (spec_.dataflow) {
      case Dataflow::output_stationary:
        ++run_.words.activations;
        return {activations_.at(r, t), tag(f), true};
      case Dataflow::weight_stationary:
        ++run_.words.activations;
        return {activations_.at(t, r), tag(f), true};
      case Dataflow::input_stationary:
        break;
    }
    ++run_.words.weights;
    return {weights_.at(r, t), tag(f), true};
  }

  TaggedWord stationary(std::int64_t f, std::int64_t row, std::int64_t col) {
    const std::int64_t r = fold(f).rows.first + row;
    const std::int64_t c = fold(f).cols.first + col;
    if (spec_.dataflow == Dataflow::weight_stationary) {
      ++run_.words.weights;
      return {weights_.at(r, c), tag(f), true};
    }
    ++run_.words.activations;
    return {activations_.at(c, r), tag(f), true};
  }

  /// Results of a column arrive fold by fold, and within a fold in order of rows or of time.
  void collect(std::int64_t col, const ColumnResult& result) {
    if (result.word.fold < 0) {  // operands of two folds met
      ++run_.unsound;
      return;
    }
    if (col >= fold(result.word.fold).cols.size) {
      return;  // a column not in use
    }
    Command& next = collecting_[static_cast<std::size_t>(col)];
    if (next.fold != result.word.fold) {
      next = {result.word.fold, 0};
    }
    Fold& f = folds_[static_cast<std::size_t>(next.fold)];
    run_.unsound += result.sound ? 0 : 1;
    const std::int64_t c = f.cols.first + col;
    const std::int64_t step = (outputs_stay_ ? f.rows.first : f.time.first) + next.step++;
    const bool columns_are_m = spec_.dataflow == Dataflow::input_stationary;
    const std::int64_t m = columns_are_m ? c : step;
    const std::int64_t n = columns_are_m ? step : c;
    const auto at = static_cast<std::size_t>(m * run_.outputs.cols + n);
    std::int32_t& word = run_.outputs.values[at];
    ++run_.words.output_writes;
    if (written_[at]) {
      ++run_.words.output_reads;
      word += result.word.value;
    } else {
      word = result.word.value;
      written_[at] = true;
    }
    if (--f.results_left == 0) {
      ++finished_;
    }
  }

  [[nodiscard]] std::int64_t now() const { return run_.cycles; }

  PeProductSpec spec_;
  IntegerMatrix activations_;
  IntegerMatrix weights_;
  bool outputs_stay_;
  PeProductRun run_;
  std::vector<bool> written_;
  std::vector<Fold> folds_;
  std::int64_t tallest_{};
  std::unique_ptr<PeArray> array_;
  ArrayEdges edges_;
  std::vector<Command> row_commands_;
  std::vector<Command> col_commands_;
  std::vector<Command> collecting_;
  std::int64_t streaming_{};    ///< fold that streams or is next to
  std::int64_t stream_step_{};  ///< its next step
  std::int64_t started_{};      ///< folds whose first operand has entered
  std::int64_t loading_{};      ///< fold whose words shift in or are next to
  std::int64_t load_step_{};
  std::int64_t loaded_{};           ///< folds whose words are all in the first column
  std::int64_t finished_{};         ///< folds all of whose results have left
  std::int64_t bus_taken_until_{};  ///< first cycle in which the first column's bus is free again
};

PeProduct::PeProduct(const PeProductSpec& spec, const IntegerMatrix& activations,
                     const IntegerMatrix& weights)
    : controller_(std::make_unique<Controller>(spec, activations, weights)) {}
PeProduct::~PeProduct() = default;
PeProduct::PeProduct(PeProduct&&) noexcept = default;
PeProduct& PeProduct::operator=(PeProduct&&) noexcept = default;
bool PeProduct::done() const {
  return controller_->done();
}
void PeProduct::clock() {
  controller_->clock();
}
const PeProductRun& PeProduct::run() const {
  return controller_->run();
}

PeProductRun run_product(const PeProductSpec& spec, const IntegerMatrix& activations,
                         const IntegerMatrix& weights) {
  PeProduct product(spec, activations, weights);
  while (!product.done() && product.run().unsound == 0) {
    product.clock();
  }
  return product.run();
}

}  // namespace cairn::hw
