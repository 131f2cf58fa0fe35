#include "sim/memory/patching.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

#include "sim/memory/memory_plan.h"

namespace cairn::sim {
namespace {

using Index = std::int32_t;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// Rows (or columns) [first, last] of a tensor; empty when last < first.
struct Interval {
  std::int64_t first{0};
  std::int64_t last{-1};
  [[nodiscard]] std::int64_t length() const { return std::max<std::int64_t>(0, last - first + 1); }
  void cover(const Interval& other) {
    if (length() == 0) {
      *this = other;
    } else if (other.length() > 0) {
      first = std::min(first, other.first);
      last = std::max(last, other.last);
    }
  }
};

/// How an operator slides over one axis of its input.
struct Axis {
  std::int64_t input{1};
  std::int64_t output{1};
  std::int64_t kernel{1};  ///< dilation included
  std::int64_t stride{1};
  std::int64_t padding{0};
  [[nodiscard]] Interval needed(const Interval& out) const {
    if (out.length() == 0) {
      return {};
    }
    return {std::max<std::int64_t>(0, out.first * stride - padding),
            std::min(input - 1, out.last * stride - padding + kernel - 1)};
  }
};

/// A node that slides over an image; one that does not ends the layers that patches can cover.
struct Layer {
  bool slides{false};
  Axis rows;
  Axis columns;
};

Layer layer_of(const models::Operator& op, const Layer* before) {
  Layer layer;
  if (const auto* c = std::get_if<models::Convolution>(&op.shape)) {
    layer.slides = true;
    layer.rows = {c->height, c->output_height(), c->dilation_height * (c->kernel_height - 1) + 1,
                  c->stride_height, c->pad_top};
    layer.columns = {c->width, c->output_width(), c->dilation_width * (c->kernel_width - 1) + 1,
                     c->stride_width, c->pad_left};
  } else if (const auto* p = std::get_if<models::Pooling>(&op.shape)) {
    layer.slides = p->output_height > 1 || p->output_width > 1;
    const auto axis = [](std::int64_t in, std::int64_t out, std::int64_t kernel) {
      const std::int64_t stride = out > 1 ? std::max<std::int64_t>(1, (in + out - 1) / out) : in;
      const std::int64_t padding = std::max<std::int64_t>(0, (out - 1) * stride + kernel - in) / 2;
      return Axis{in, out, kernel, stride, padding};
    };
    layer.rows = axis(p->height, p->output_height, p->kernel_height);
    layer.columns = axis(p->width, p->output_width, p->kernel_width);
  } else if (std::holds_alternative<models::Elementwise>(op.shape) && before != nullptr) {
    layer.slides = before->slides;
    layer.rows = {before->rows.output, before->rows.output, 1, 1, 0};
    layer.columns = {before->columns.output, before->columns.output, 1, 1, 0};
  }
  return layer;
}

/// The part of the graph before a cut, for patches.
class Stage {
 public:
  /// \param nodes of `activations` up to and including the cut.
  Stage(const CompiledWorkload& workload, const std::vector<Layer>& layers, Index cut)
      : workload_(workload), layers_(layers), cut_(cut) {}

  /// Parts of every node's output that follow from \p wanted of the cut's output.
  [[nodiscard]] std::vector<Interval> backwards(const Interval& wanted, Axis Layer::*axis) const {
    std::vector<Interval> parts(at(cut_) + 1);
    parts[at(cut_)] = wanted;
    for (Index n = cut_; n >= 0; --n) {
      for (const Index input : workload_.activations.inputs(n)) {
        parts[at(input)].cover((layers_[at(n)].*axis).needed(parts[at(n)]));
      }
    }
    return parts;
  }

  /// Every patch along one axis.
  [[nodiscard]] std::vector<std::vector<Interval>> split(std::int64_t grid,
                                                         Axis Layer::*axis) const {
    const std::int64_t length = (layers_[at(cut_)].*axis).output;
    std::vector<std::vector<Interval>> patches;
    for (std::int64_t g = 0; g < grid; ++g) {
      patches.push_back(backwards({length * g / grid, length * (g + 1) / grid - 1}, axis));
    }
    return patches;
  }

 private:
  const CompiledWorkload& workload_;
  const std::vector<Layer>& layers_;
  Index cut_;
};

double multiply_accumulates_of(const CompiledWorkload& workload, Index n) {
  const models::Operator* op = workload.operator_of(n);
  return op == nullptr ? 0.0 : static_cast<double>(models::multiply_accumulates(op->shape));
}

/// The same operator on a part of its input, padding included in the part where it is needed.
models::Operator on_part(const models::Operator& op, std::int64_t rows, std::int64_t columns) {
  models::Operator part = op;
  if (auto* c = std::get_if<models::Convolution>(&part.shape)) {
    c->height = std::max(rows, c->kernel_height);
    c->width = std::max(columns, c->kernel_width);
    c->pad_top = c->pad_bottom = c->pad_left = c->pad_right = 0;
  }
  return part;
}

/// What lives while the patch of \p rows and \p columns runs, beside the input and the cut.
double patch_peak(const CompiledWorkload& workload, const hw::MemoryTraits& traits,
                  const std::vector<Layer>& layers, const std::vector<Interval>& rows,
                  const std::vector<Interval>& columns, Index cut) {
  ActivationGraph graph;
  std::vector<Index> inputs;
  for (Index n = 0; n <= cut; ++n) {
    const models::Operator* op = workload.operator_of(n);
    inputs.assign(workload.activations.inputs(n).begin(), workload.activations.inputs(n).end());
    ActivationNode node;
    if (op != nullptr) {
      const Layer& layer = layers[at(n)];
      const auto whole = static_cast<double>(layer.rows.output * layer.columns.output);
      const double part =
          static_cast<double>(rows[at(n)].length() * columns[at(n)].length()) / whole;
      // The cut's own part goes straight to its place in the whole tensor.
      node.output_bits = n == cut ? 0.0 : workload.activations.node(n).output_bits * part;
      node.overwrites = hw::overwrites_input(traits, *op);
      if (!traits.buffers_apart) {
        const Interval in_rows = layer.rows.needed(rows[at(n)]);
        const Interval in_columns = layer.columns.needed(columns[at(n)]);
        node.scratch_bits =
            hw::scratch_bits(traits, on_part(*op, in_rows.length(), in_columns.length()));
      }
    }
    graph.add(node, inputs);
  }
  return best_order(graph).peak_bits;
}

/// The graph behind the cut, which begins with the tensor at the cut.
double peak_behind(const CompiledWorkload& workload, const hw::MemoryTraits& traits, Index cut) {
  const ActivationGraph& whole = workload.activations;
  ActivationGraph graph;
  std::vector<Index> number(at(whole.size()));
  number[at(cut)] = graph.add({.output_bits = whole.node(cut).output_bits}, {});
  for (Index n = cut + 1; n < whole.size(); ++n) {
    std::vector<Index> inputs;
    for (const Index input : whole.inputs(n)) {
      inputs.push_back(number[at(input)]);
    }
    number[at(n)] = add_operator(*workload.operator_of(n), whole.node(n).output_bits,
                                 std::move(inputs), traits, graph);
  }
  return best_order(graph).peak_bits;
}

/// Nodes at which patches may end: every path passes them and all before slides over the image.
std::vector<Index> cuts_of(const CompiledWorkload& workload, const std::vector<Layer>& layers) {
  const ActivationGraph& graph = workload.activations;
  std::vector<Index> cuts;
  Index reach = 0;
  Index inputs = 0;
  const std::vector<std::vector<Index>> readers = graph.readers();
  for (Index n = 0; n + 1 < graph.size(); ++n) {
    const bool input = workload.operator_of(n) == nullptr;
    inputs += input ? 1 : 0;
    if (!input && (!layers[at(n)].slides || inputs != 1 || readers[at(n)].empty())) {
      break;
    }
    if (!input && reach <= n) {
      cuts.push_back(n);
    }
    for (const Index reader : readers[at(n)]) {
      reach = std::max(reach, reader);
    }
  }
  return cuts;
}

std::int64_t layers_before(const CompiledWorkload& workload, Index cut) {
  std::int64_t layers = 0;
  for (Index n = 0; n <= cut; ++n) {
    const models::Operator* op = workload.operator_of(n);
    layers += op != nullptr && std::holds_alternative<models::Convolution>(op->shape) ? 1 : 0;
  }
  return layers;
}

}  // namespace

std::vector<Patching> patchings(const CompiledWorkload& workload, const hw::MemoryTraits& traits) {
  const ActivationGraph& graph = workload.activations;
  std::vector<Layer> layers(at(graph.size()));
  double whole_macs = 0;
  for (Index n = 0; n < graph.size(); ++n) {
    whole_macs += multiply_accumulates_of(workload, n);
    if (const models::Operator* op = workload.operator_of(n)) {
      const auto inputs = graph.inputs(n);
      layers[at(n)] = layer_of(*op, inputs.empty() ? nullptr : &layers[at(inputs.front())]);
    }
  }
  std::vector<Patching> found;
  if (workload.batch != 1) {
    return found;  // images run one after the other
  }
  const MemoryPlan whole = plan_memory(workload, traits);
  for (const Index cut : cuts_of(workload, layers)) {
    const Stage stage(workload, layers, cut);
    const double behind = peak_behind(workload, traits, cut);
    const std::int64_t most =
        std::min({kMostPatches, layers[at(cut)].rows.output, layers[at(cut)].columns.output});
    double kept = graph.node(cut).output_bits;
    for (Index n = 0; n <= cut; ++n) {
      kept += workload.operator_of(n) == nullptr ? graph.node(n).output_bits : 0.0;
    }
    for (std::int64_t grid = 2; grid <= most; ++grid) {
      const auto rows = stage.split(grid, &Layer::rows);
      const auto columns = stage.split(grid, &Layer::columns);
      Patching p;
      p.layers = layers_before(workload, cut);
      p.last = workload.operator_of(cut)->name;
      p.grid = grid;
      p.rest_bits = behind;
      p.whole_macs = whole_macs;
      p.macs = whole_macs;
      for (Index n = 0; n <= cut; ++n) {
        double rows_made = 0;
        double columns_made = 0;
        for (std::int64_t g = 0; g < grid; ++g) {
          rows_made += static_cast<double>(rows[static_cast<std::size_t>(g)][at(n)].length());
          columns_made += static_cast<double>(columns[static_cast<std::size_t>(g)][at(n)].length());
        }
        const Layer& layer = layers[at(n)];
        p.macs += multiply_accumulates_of(workload, n) *
                  (rows_made * columns_made /
                       static_cast<double>(layer.rows.output * layer.columns.output) -
                   1);
      }
      for (const auto& r : rows) {
        for (const auto& c : columns) {
          p.patch_bits =
              std::max(p.patch_bits, kept + patch_peak(workload, traits, layers, r, c, cut));
        }
      }
      p.ram_bits = p.peak_bits() + whole.beside_bits;
      found.push_back(std::move(p));
    }
  }
  return found;
}

const Patching* patching_that_fits(const std::vector<Patching>& patchings, double most_bits) {
  const Patching* best = nullptr;
  for (const Patching& p : patchings) {
    const auto key = [](const Patching& x) { return std::tuple{x.macs, x.layers, x.grid}; };
    if (p.ram_bits <= most_bits && (best == nullptr || key(p) < key(*best))) {
      best = &p;
    }
  }
  return best;
}

}  // namespace cairn::sim
