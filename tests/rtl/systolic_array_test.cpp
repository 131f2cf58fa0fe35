// The closed form of an array's cycles, `timing: rtl`, against an array described in hardware
// (systolic_array.sv): products of integers are right, and the last result leaves in that cycle.
//
// The bench is the controller and the scratchpads: it skews operands, and starts a fold when the
// port, the registers or the bus that it needs are free. It takes no cycle count from the model.

#include <algorithm>
#include <memory>
#include <vector>

#include <Eigen/Core>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "Systolic_outputs_16.h"
#include "Systolic_outputs_4.h"
#include "Systolic_outputs_8.h"
#include "Systolic_weights_16.h"
#include "Systolic_weights_4.h"
#include "Systolic_weights_8.h"
#include "core/random.h"
#include "hw/systolic/fold_cycles.h"

// The simulator asks for the time when it prints a message.
double sc_time_stamp() {
  return 0;
}

using cairn::Rng;
using cairn::hw::FoldOverlap;
using cairn::hw::FoldShape;
using cairn::hw::rtl_cycles;

namespace {

using Matrix = Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic>;

Matrix random_matrix(Rng& rng, int rows, int cols) {
  return Matrix::NullaryExpr(rows, cols, [&](Eigen::Index, Eigen::Index) {
    return static_cast<std::int32_t>(rng.uniform_int(-128, 127));
  });
}

struct Span {
  int first{};
  int size{};
};
std::vector<Span> cut(int extent, int most) {
  std::vector<Span> spans;
  for (int at = 0; at < extent; at += most) {
    spans.push_back({at, std::min(most, extent - at)});
  }
  return spans;
}

struct Fold {
  Span rows;
  Span cols;
  int results_left{};
  int shift_start{-1};   ///< cycle in which its first weight stands at the first column
  int stream_start{-1};  ///< cycle in which its first operand stands at the first row
};

struct Outcome {
  Matrix outputs;
  int cycles{};
  int results{};
};

/// A product on one array: a x w.
template <class Model, int kPes, bool kWeightsStay>
class Bench {
 public:
  /// \param early cycles by which pipelined folds start before they may.
  Bench(FoldOverlap overlap, const Matrix& a, const Matrix& w, int early)
      : overlap_(overlap),
        early_(early),
        a_(a),
        w_(w),
        time_(static_cast<int>(kWeightsStay ? a.rows() : a.cols())),
        context_(std::make_unique<VerilatedContext>()) {
    for (const Span& cols : cut(static_cast<int>(w.cols()), kPes)) {
      for (const Span& rows : cut(static_cast<int>(kWeightsStay ? a.cols() : a.rows()), kPes)) {
        folds_.push_back({rows, cols, cols.size * (kWeightsStay ? time_ : rows.size)});
        tallest_ = std::max(tallest_, rows.size);
      }
    }
    // Registers hold anything at power-up, from before the model is made; a reset lasts until the
    // edges have flushed the array.
    context_->randReset(2);
    // NOLINTNEXTLINE(cppcoreguidelines-prefer-member-initializer): after the line above
    model_ = std::make_unique<Model>(context_.get());
    model_->rst = 1;
    for (int i = 0; i < 2 * kPes; ++i) {
      drive_nothing();
      edge();
    }
    model_->rst = 0;
  }
  ~Bench() { model_->final(); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  Bench(Bench&&) = delete;
  Bench& operator=(Bench&&) = delete;

  Outcome run() {
    Outcome out{Matrix::Zero(a_.rows(), w_.cols()), 0, 0};
    std::vector<std::size_t> fold_of_column(static_cast<std::size_t>(kPes));
    std::vector<int> step_of_column(static_cast<std::size_t>(kPes));
    const int most =
        64 * static_cast<int>(folds_.size()) + 8 * time_ * static_cast<int>(folds_.size());
    while (finished_ < folds_.size() && now_ < most) {
      start_folds();
      drive();
      edge();
      ++now_;
      for (int j = 0; j < kPes; ++j) {
        if (model_->result_valid[j] == 0) {
          continue;
        }
        ++out.results;
        std::size_t& f = fold_of_column[static_cast<std::size_t>(j)];
        int& step = step_of_column[static_cast<std::size_t>(j)];
        while (f < folds_.size() && folds_[f].cols.size <= j) {
          ++f;
        }
        if (f == folds_.size()) {
          continue;  // one result too many: counted
        }
        Fold& fold = folds_[f];
        const int m = kWeightsStay ? step : fold.rows.first + step;
        out.outputs(m, fold.cols.first + j) += static_cast<std::int32_t>(model_->result[j]);
        if (++step == (kWeightsStay ? time_ : fold.rows.size)) {
          step = 0;
          ++f;
        }
        if (--fold.results_left == 0) {
          ++finished_;
        }
      }
    }
    out.cycles = now_;
    return out;
  }

 private:
  [[nodiscard]] bool may_stream(std::size_t f) const {
    const Fold& fold = folds_[f];
    if (f > 0 && (folds_[f - 1].stream_start < 0 || now_ < folds_[f - 1].stream_start + time_)) {
      return false;  // the rows are taken
    }
    if (overlap_ == FoldOverlap::serial && finished_ < f) {
      return false;
    }
    if (kWeightsStay) {
      return fold.shift_start >= 0 && now_ + early_ >= fold.shift_start + fold.rows.size;
    }
    // The bus of a column is free when the fold before has handed over a result a row.
    return f == 0 || now_ + early_ >= folds_[f - 1].stream_start + folds_[f - 1].rows.size;
  }
  [[nodiscard]] bool may_shift(std::size_t f) const {
    if (f == 0) {
      return true;
    }
    const Fold& before = folds_[f - 1];
    return overlap_ == FoldOverlap::serial ? finished_ >= f : before.stream_start >= 0;
  }
  void start_folds() {
    if (streamed_ < folds_.size() && may_stream(streamed_)) {
      folds_[streamed_++].stream_start = now_;
    }
    if (kWeightsStay && shifted_ < folds_.size() && may_shift(shifted_)) {
      folds_[shifted_++].shift_start = now_;
    }
  }

  void drive_nothing() {
    for (int i = 0; i < kPes; ++i) {
      model_->left_valid[i] = model_->left_first[i] = model_->left_last[i] = 0;
      model_->top_valid[i] = model_->top_last[i] = 0;
    }
  }
  void drive() {
    drive_nothing();
    model_->foot = static_cast<CData>(
        (overlap_ == FoldOverlap::serial ? folds_[finished_].rows.size : tallest_) - 1);
    for (const Fold& f : folds_) {
      if (f.stream_start >= 0) {
        stream(f);
      }
      if (f.shift_start >= 0) {
        for (int j = 0; j < f.cols.size; ++j) {
          const int word = now_ - f.shift_start - j;  // that of the last row enters first
          if (word >= 0 && word < f.rows.size) {
            put_top(j, w_(f.rows.first + f.rows.size - 1 - word, f.cols.first + j));
            model_->top_last[j] = word + 1 == f.rows.size ? 1 : 0;
          }
        }
      }
    }
  }
  void stream(const Fold& f) {
    for (int i = 0; i < f.rows.size; ++i) {
      const int t = now_ - f.stream_start - i;
      if (t >= 0 && t < time_) {
        const int row = f.rows.first + i;
        model_->left[i] = static_cast<CData>(kWeightsStay ? a_(t, row) : a_(row, t));
        model_->left_valid[i] = 1;
        model_->left_first[i] = t == 0 ? 1 : 0;
        model_->left_last[i] = t + 1 == time_ ? 1 : 0;
      }
    }
    for (int j = 0; j < f.cols.size && !kWeightsStay; ++j) {
      const int t = now_ - f.stream_start - j;
      if (t >= 0 && t < time_) {
        put_top(j, w_(t, f.cols.first + j));
      }
    }
  }
  void put_top(int col, std::int32_t value) {
    model_->top[col] = static_cast<CData>(value);
    model_->top_valid[col] = 1;
  }
  void edge() {
    model_->clk = 0;
    model_->eval();
    model_->clk = 1;
    model_->eval();
  }

  FoldOverlap overlap_;
  int early_;
  const Matrix& a_;
  const Matrix& w_;
  int time_{};
  int tallest_{};
  int now_{};
  std::vector<Fold> folds_;
  std::size_t streamed_{};
  std::size_t shifted_{};
  std::size_t finished_{};
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Model> model_;
};

struct Extents {
  int m{};
  int n{};
  int k{};
};

/// Result and cycles of one product.
template <class Model, int kPes, bool kWeightsStay>
void compare(FoldOverlap overlap, const Extents& e, Rng& rng) {
  const Matrix a = random_matrix(rng, e.m, e.k);
  const Matrix w = random_matrix(rng, e.k, e.n);
  const Outcome out = Bench<Model, kPes, kWeightsStay>(overlap, a, w, 0).run();
  const FoldShape shape = kWeightsStay ? FoldShape{e.k, e.n, e.m, e.k, e.n, e.m}
                                       : FoldShape{e.m, e.n, e.k, e.m, e.n, e.k};
  INFO(fmt::format("{} x {} PEs, {} stay, {}, m {} n {} k {}", kPes, kPes,
                   kWeightsStay ? "weights" : "outputs",
                   overlap == FoldOverlap::serial ? "serial" : "pipelined", e.m, e.n, e.k));
  CHECK(out.outputs == a * w);
  CHECK(out.cycles == rtl_cycles(shape, kPes, kPes, kWeightsStay, overlap));
}

template <class Model, int kPes, bool kWeightsStay>
void compare_many(std::uint64_t seed, int products) {
  Rng rng(seed);
  for (const FoldOverlap overlap : {FoldOverlap::serial, FoldOverlap::pipelined}) {
    // A fold that fills the array, one element, one step of time, and ragged edges everywhere.
    for (const Extents& e :
         {Extents{kPes, kPes, kPes}, Extents{1, 1, 1},
          Extents{kWeightsStay ? 1 : 2 * kPes + 1, kPes + 1, kWeightsStay ? 2 * kPes + 1 : 1},
          Extents{2 * kPes + 1, 2 * kPes - 1, 3 * kPes + 2}}) {
      compare<Model, kPes, kWeightsStay>(overlap, e, rng);
    }
    const auto draw = [&] { return static_cast<int>(rng.uniform_int(1, 3 * kPes)); };
    for (int i = 0; i < products; ++i) {
      compare<Model, kPes, kWeightsStay>(overlap, {draw(), draw(), draw()}, rng);
    }
  }
}

}  // namespace

TEST_CASE("rtl: an array whose outputs stay computes and takes the closed form") {
  compare_many<Systolic_outputs_4, 4, false>(1, 150);
  compare_many<Systolic_outputs_8, 8, false>(2, 60);
  compare_many<Systolic_outputs_16, 16, false>(3, 12);
}

TEST_CASE("rtl: an array whose weights stay, two deep, computes and takes the closed form") {
  compare_many<Systolic_weights_4, 4, true>(4, 150);
  compare_many<Systolic_weights_8, 8, true>(5, 60);
  compare_many<Systolic_weights_16, 16, true>(6, 12);
}

TEST_CASE("rtl: every product of up to 6 x 6 x 6 on 4 x 4 elements") {
  Rng rng(7);
  for (int code = 0; code < 216; ++code) {
    const Extents e{1 + code % 6, 1 + code / 6 % 6, 1 + code / 36};
    for (const FoldOverlap overlap : {FoldOverlap::serial, FoldOverlap::pipelined}) {
      compare<Systolic_outputs_4, 4, false>(overlap, e, rng);
      compare<Systolic_weights_4, 4, true>(overlap, e, rng);
    }
  }
}

TEST_CASE("rtl: pipelined folds that start a cycle earlier go wrong") {
  Rng rng(8);
  {  // one activation row: the second fold would find its last word not yet in place
    const Matrix a = random_matrix(rng, 1, 8);
    const Matrix w = random_matrix(rng, 8, 4);
    const auto run = [&](int early) {
      return Bench<Systolic_weights_4, 4, true>(FoldOverlap::pipelined, a, w, early).run().outputs;
    };
    CHECK(run(0) == a * w);
    CHECK(run(1) != a * w);
  }
  {  // one step of time: two results at once on the bus of a column, and one is lost
    const Matrix a = random_matrix(rng, 8, 1);
    const Matrix w = random_matrix(rng, 1, 4);
    const auto run = [&](int early) {
      return Bench<Systolic_outputs_4, 4, false>(FoldOverlap::pipelined, a, w, early).run();
    };
    CHECK(run(0).results == 8 * 4);
    CHECK(run(1).results < 8 * 4);
  }
}
