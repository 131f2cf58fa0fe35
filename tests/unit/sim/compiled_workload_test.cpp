#include "sim/compiled_workload.h"

#include <catch2/catch.hpp>

#include "core/diagnostics.h"
#include "models/importers/hugging_face.h"

using cairn::Diagnostics;
using cairn::models::build_transformer;
using cairn::models::Phase;
using cairn::models::read_hugging_face;
using cairn::models::Workload;
using cairn::sim::compile;
using cairn::sim::CompiledWorkload;
using cairn::sim::FusionRule;
using cairn::sim::FusionSpec;

namespace {

Workload llama(Phase phase, std::int64_t context) {
  Diagnostics diagnostics;
  const auto config = read_hugging_face("configs/models/llama-3.1-8b.json", diagnostics);
  diagnostics.throw_if_any();
  return build_transformer(config, phase, {.batch = 1, .context = context});
}

std::int64_t groups_in(const CompiledWorkload& c) {
  std::int64_t count = 0;
  for (const auto& segment : c.segments) {
    count += segment.copies * static_cast<std::int64_t>(segment.groups.size());
  }
  return count;
}

}  // namespace

TEST_CASE("equal operators are priced once and counted") {
  const Workload w = llama(Phase::decode, 1024);
  const CompiledWorkload c = compile(w, {});
  CHECK(c.unique.size() < 16);
  std::int64_t counted = 0;
  for (const auto& group : c.unique) {
    counted += group.count;
  }
  CHECK(counted == groups_in(c));
  // Without fusion every operator is a group of its own.
  const FusionSpec none{FusionRule::forbid, FusionRule::forbid, FusionRule::forbid};
  CHECK(groups_in(compile(w, none)) == static_cast<std::int64_t>(w.operators.size()));
}

TEST_CASE("memory of Llama-3.1-8B in fp16, by hand") {
  const CompiledWorkload c = compile(llama(Phase::decode, 1023), {});
  CHECK(c.weight_bits == 8030261248.0 * 16);
  // 32 layers x 2 x 8 heads x 128 x 1,024 tokens (the new one included) x 16 bit
  CHECK(c.kv_bits == 32.0 * 2 * 8 * 128 * 1024 * 16);
  // The logits are the largest thing alive, beside what they are made of.
  CHECK(c.activation_bits >= 128256.0 * 16);
  CHECK(c.activation_bits < 2 * 128256.0 * 16);
}
