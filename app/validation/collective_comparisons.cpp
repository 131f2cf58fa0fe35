#include "app/validation/collective_comparisons.h"

#include <map>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/paths.h"
#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"

namespace cairn::app {
namespace {

constexpr std::int64_t kSmallestScored = 65536;  // bytes
constexpr std::int64_t kBytesOfElement = 2;      // fp16

}  // namespace

std::vector<Comparison> compare_all_reduce() {
  ReferenceTable table(reference_file("all_reduce_a100.csv"),
                       {"ranks", "ranks_per_node", "size_bytes", "median_s"});
  const std::string file = (configs_directory() / "hardware" / "a100.yaml").string();
  std::map<std::int64_t, LoadedSystem> systems;  // by ranks in a node
  Comparison inside;
  inside.id = "all_reduce_a100";
  inside.bars = {{Statistic::mean_absolute, 0.15}};
  Comparison across;
  across.id = "all_reduce_a100_across_nodes";
  across.note = "between nodes, which the tables do not describe: printed, not scored";
  while (table.next()) {
    const std::int64_t ranks = table.count("ranks");
    const std::int64_t local = table.count("ranks_per_node");
    const std::int64_t bytes = table.count("size_bytes");
    LoadedSystem& system = systems[local];
    if (system.machine == nullptr) {
      system = load_system(file, {fmt::format("interconnect.ranks_per_node={}", local)});
    }
    models::Operator op;
    op.formats = default_formats(*system.machine);
    op.shape = models::Collective{.kind = models::CollectiveKind::all_reduce,
                                  .elements = bytes / kBytesOfElement,
                                  .ranks = ranks};
    ComparedRow& row = (ranks == local ? inside : across).rows.emplace_back();
    row.name = fmt::format("{} ranks, {} a node, {} bytes", ranks, local, bytes);
    row.group = fmt::format("{} ranks, {} a node", ranks, local);
    row.measured = table.positive("median_s");
    row.predicted = cost_of(*system.machine, op).latency_s();
    row.contest = ranks == local && bytes >= kSmallestScored ? fmt::format("{} bytes", bytes) : "";
    row.contestant = fmt::format("{} ranks", ranks);
    row.scored = ranks == local && bytes >= kSmallestScored;
    row.note = ranks != local ? "between nodes" : row.scored ? "" : "under 64 KiB";
  }
  std::vector<Comparison> result{std::move(inside), std::move(across)};
  for (Comparison& c : result) {
    c.topic = "All-reduce between GPUs";
    c.family = "gpu";
    c.device = "a100";
    c.stack = "pytorch_cublas";
    c.table = "all_reduce_a100.csv";
    c.metric = "latency";
    c.unit = "s";
    c.truth = Truth::silicon;
  }
  return result;
}

}  // namespace cairn::app
