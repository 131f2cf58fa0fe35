#include "sim/memory/memory_plan.h"

#include <algorithm>
#include <set>

namespace cairn::sim {
namespace {

std::size_t at(std::int32_t i) {
  return static_cast<std::size_t>(i);
}

double bits_of(Bits bits) {
  return static_cast<double>(bits.count());
}

bool has_kernel_weights(const models::Operator& op) {
  const auto* m = std::get_if<models::MatMul>(&op.shape);
  return std::holds_alternative<models::Convolution>(op.shape) || (m != nullptr && m->weight);
}

/// Buffers that lie beside the arena: each as large as any operator needs it.
struct LargestBuffers {
  double window{};
  double kernel{};
  void see(const hw::MemoryTraits& traits, const models::Operator& op) {
    window = std::max(window, hw::window_buffer_bits(traits, op));
    kernel = std::max(kernel, hw::kernel_buffer_bits(traits, op));
  }
};

/// Adds what flash and the runtime keep for each operator of the workload.
void add_operators(const CompiledWorkload& workload, const hw::MemoryTraits& traits,
                   MemoryPlan& plan) {
  std::set<std::uint64_t> kernels;
  LargestBuffers largest;
  double operators = 0;
  double channels = 0;
  for (const UniqueGroup& group : workload.unique) {
    const auto count = static_cast<double>(group.count);
    const auto see = [&](const models::Operator& op) {
      largest.see(traits, op);
      channels += count * static_cast<double>(hw::scaled_channels(traits, op));
      plan.weight_bits +=
          count * (has_kernel_weights(op) ? hw::stored_weight_bits(op) : stored_bits(op));
    };
    see(group.anchor);
    operators += count;
    kernels.insert(hw::kernel_class(group.anchor));
    if (hw::padded_copy_bits(traits, group.anchor) > 0) {
      operators += count;
    }
    for (const models::Operator& follower : group.followers) {
      see(follower);
      const auto* e = std::get_if<models::Elementwise>(&follower.shape);
      if (e == nullptr || e->inputs > 1) {
        operators += count;
        kernels.insert(hw::kernel_class(follower));
      }
    }
  }
  plan.weight_bits += workload.idle_bits;
  plan.flash_bits = plan.weight_bits + bits_of(traits.code) +
                    static_cast<double>(kernels.size()) * bits_of(traits.code_per_kernel) +
                    operators * bits_of(traits.flash_per_operator) +
                    channels * bits_of(traits.flash_per_channel);
  plan.beside_bits = bits_of(traits.ram) + operators * bits_of(traits.ram_per_operator) +
                     channels * bits_of(traits.ram_per_channel);
  if (traits.buffers_apart) {
    plan.beside_bits += largest.window + largest.kernel;
  }
}

}  // namespace

std::int32_t add_operator(const models::Operator& op, double output_bits,
                          std::vector<std::int32_t> inputs, const hw::MemoryTraits& traits,
                          ActivationGraph& graph) {
  const double padded = hw::padded_copy_bits(traits, op);
  if (padded > 0 && !inputs.empty()) {
    inputs = {graph.add({.output_bits = padded}, inputs)};
  }
  return graph.add({.output_bits = output_bits,
                    .scratch_bits = traits.buffers_apart ? 0.0 : hw::scratch_bits(traits, op),
                    .overwrites = hw::overwrites_input(traits, op)},
                   inputs);
}

LibraryGraph library_graph(const CompiledWorkload& workload, const hw::MemoryTraits& traits) {
  LibraryGraph made;
  const ActivationGraph& parts = workload.activations;
  std::vector<std::int32_t> number(at(parts.size()));
  std::vector<std::int32_t> inputs;
  for (std::int32_t n = 0; n < parts.size(); ++n) {
    inputs.clear();
    for (const std::int32_t input : parts.inputs(n)) {
      inputs.push_back(number[at(input)]);
    }
    const models::Operator* op = workload.operator_of(n);
    if (op == nullptr) {
      number[at(n)] = made.graph.add({.output_bits = parts.node(n).output_bits}, inputs);
      made.labels.emplace_back("input");
      continue;
    }
    number[at(n)] = add_operator(*op, parts.node(n).output_bits, inputs, traits, made.graph);
    if (static_cast<std::size_t>(number[at(n)]) > made.labels.size()) {
      made.labels.push_back(op->name + ".padding");
    }
    made.labels.push_back(op->name);
  }
  return made;
}

MemoryPlan plan_memory(const CompiledWorkload& workload, const hw::MemoryTraits& traits,
                       const OrderLimits& limits) {
  MemoryPlan plan;
  add_operators(workload, traits, plan);
  const LibraryGraph library = library_graph(workload, traits);
  const ExecutionOrder order = workload.phase == models::Phase::training
                                   ? written_order(library.graph)
                                   : best_order(library.graph, limits);
  plan.live_bits = order.peak_bits;
  plan.search = order.search;
  if (order.peak_node >= 0) {
    plan.peak_operator = library.labels[at(order.peak_node)];
  }
  const std::int64_t alignment = traits.alignment.count();
  plan.arena_bits =
      static_cast<double>(place(lifetimes(library.graph, order.order, alignment), alignment).bits);
  return plan;
}

}  // namespace cairn::sim
