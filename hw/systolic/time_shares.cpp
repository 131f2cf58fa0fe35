#include "hw/systolic/time_shares.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "hw/vector_work.h"

namespace cairn::hw {
namespace {

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Length of piece \p i of \p extent cut every \p step.
std::int64_t piece(std::int64_t extent, std::int64_t step, std::int64_t i) {
  return std::min(step, extent - i * step);
}

/// The array, its queue of weight tiles and the memory behind it, as points in time.
class Timeline {
 public:
  Timeline(std::size_t queue_tiles, bool double_buffered)
      : queue_(queue_tiles, 0.0), double_buffered_(double_buffered) {}

  /// One tile: fetched in \p fetch_s, shifted in \p shift_s, multiplied for \p busy_s, with inputs
  /// that are there from \p inputs_at on.
  void run_tile(double fetch_s, double shift_s, double busy_s, double inputs_at) {
    double& slot = queue_[tiles_++ % queue_.size()];  // free once its last tile was shifted in
    memory_free_ = std::max(memory_free_, slot) + fetch_s;
    const double plane_free = double_buffered_ ? last_start_ : last_end_;
    const double shift_start = std::max({memory_free_, shifted_, plane_free});
    shifted_ = shift_start + shift_s;
    slot = shifted_;
    const double start = std::max({last_end_, shifted_, inputs_at});
    const double until_inputs = std::clamp(inputs_at, last_end_, start);
    const double until_weights = std::clamp(shift_start, until_inputs, start);
    shares.other_s += until_inputs - last_end_;
    shares.weight_stall_s += until_weights - until_inputs;
    shares.weight_shift_s += start - until_weights;
    shares.active_s += busy_s;
    last_start_ = start;
    last_end_ = start + busy_s;
  }
  /// The array is idle from now to \p time for want of anything but weights.
  void wait_until(double time) {
    shares.other_s += std::max(0.0, time - last_end_);
    last_end_ = std::max(last_end_, time);
  }
  [[nodiscard]] double now() const { return last_end_; }

  TimeShares shares;

 private:
  std::vector<double> queue_;
  bool double_buffered_;
  std::size_t tiles_{};
  double memory_free_{};
  double shifted_{};
  double last_start_{};
  double last_end_{};
};

/// Rows of the layer whose partial sums fit their scratchpad at once, twice when there are more.
std::int64_t rows_at_once(const GemmMachine& g, const GemmProblem& p) {
  const double row_bits = static_cast<double>(std::min(g.cols, p.extent[1])) * p.partial_bits;
  const double capacity = g.capacity[g.slot[2]];
  const std::int64_t rows = p.extent[0];
  if (row_bits * static_cast<double>(rows) <= capacity) {
    return rows;
  }
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(capacity / (2 * row_bits)));
}

/// Runs one layer whose inputs are there at \p ready; returns when its results are.
double run_layer(Timeline& timeline, const GemmMachine& g, const GemmProblem& p, double ready) {
  const auto [m, n, k] = p.extent;
  const std::int64_t block = rows_at_once(g, p);
  const std::int64_t blocks = ceil_divide(m, block);
  const std::int64_t row_tiles = ceil_divide(k, g.rows);
  const std::int64_t col_tiles = ceil_divide(n, g.cols);
  const double cycle = 1.0 / g.clock;
  const double began = std::max(timeline.now(), ready);
  for (std::int64_t instance = 0; instance < p.instances; ++instance) {
    for (std::int64_t b = 0; b < blocks; ++b) {
      const double busy =
          static_cast<double>(piece(m, block, b) * p.passes) * p.useful_share * cycle;
      for (std::int64_t j = 0; j < col_tiles; ++j) {
        for (std::int64_t i = 0; i < row_tiles; ++i) {
          const std::int64_t rows = piece(k, g.rows, i);
          const std::int64_t cols = piece(n, g.cols, j);
          const double bits = static_cast<double>(rows * cols) * p.weight_bits;
          timeline.run_tile(bits / g.dram_bandwidth, static_cast<double>(rows) * cycle, busy,
                            ready);
        }
      }
    }
  }
  // The last results leave the array and pass the vector unit; earlier ones did so meanwhile.
  const double drain = static_cast<double>(std::min(k, g.rows) + std::min(n, g.cols)) * cycle;
  const double vector_s = p.vector_operations / g.vector_rate;
  const double last_share = static_cast<double>(piece(n, g.cols, col_tiles - 1)) /
                            static_cast<double>(n * blocks * p.instances);
  return std::max(timeline.now() + drain + vector_s * last_share, began + vector_s);
}

double bits_of_inputs(const models::Operator& op) {
  return static_cast<double>(models::input_elements(op.shape)) *
         op.formats.activations.bits_per_element();
}

double bits_of_outputs(const GroupView& group) {
  const models::Operator& last = group.followers.empty() ? *group.anchor : *group.followers.back();
  return static_cast<double>(models::output_elements(last.shape)) *
         last.formats.outputs.bits_per_element();
}

bool is_product(const models::Shape& shape) {
  return std::holds_alternative<models::MatMul>(shape) ||
         std::holds_alternative<models::Convolution>(shape);
}

/// A vector operator alone: its lanes, or the ports of the scratchpad that holds both its ends.
double vector_layer_s(const GemmMachine& g, const GroupView& group) {
  auto operations = static_cast<double>(vector_operations(group.anchor->shape));
  for (const models::Operator* follower : group.followers) {
    operations += static_cast<double>(vector_operations(follower->shape));
  }
  const double bits = bits_of_inputs(*group.anchor) + bits_of_outputs(group);
  return std::max(operations / g.vector_rate, bits / g.port_bandwidth[g.slot[1]]);
}

}  // namespace

std::variant<TimeShares, Infeasible> time_shares(const SystolicArray& array,
                                                 std::span<const GroupView> groups) {
  const SystolicArraySpec& spec = array.spec();
  if (spec.dataflow != Dataflow::weight_stationary || spec.cores != 1) {
    return Infeasible{"shares of time are worked out for one weight-stationary array", "dataflow",
                      0.0};
  }
  const double host_bandwidth =
      spec.host_bandwidth ? spec.host_bandwidth->count() : std::numeric_limits<double>::infinity();
  std::optional<Timeline> timeline;
  double ready = groups.empty() ? 0.0 : bits_of_inputs(*groups.front().anchor) / host_bandwidth;
  std::int64_t macs = 0;
  for (const GroupView& group : groups) {
    if (!is_product(group.anchor->shape)) {
      ready += vector_layer_s(array.machine_for(group.anchor->formats), group);
      continue;
    }
    auto problem = array.problem_of(group);
    if (auto* wrong = std::get_if<Infeasible>(&problem)) {
      return std::move(*wrong);
    }
    const auto& p = std::get<GemmProblem>(problem);
    const GemmMachine g = array.machine_for(group.anchor->formats);
    if (!timeline) {  // the queue holds whole tiles
      const double tile_bits = static_cast<double>(g.rows * g.cols) * p.weight_bits;
      const double tiles = g.capacity[g.slot[0]] / tile_bits;
      timeline.emplace(static_cast<std::size_t>(std::max(1.0, tiles)),
                       g.overlap != FoldOverlap::serial);
    }
    ready = run_layer(*timeline, g, p, ready);
    macs += models::multiply_accumulates(group.anchor->shape);
  }
  if (!timeline) {
    return TimeShares{};
  }
  timeline->wait_until(ready + bits_of_outputs(groups.back()) / host_bandwidth);
  timeline->shares.macs = macs;
  return timeline->shares;
}

}  // namespace cairn::hw
