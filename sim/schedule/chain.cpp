#include "sim/schedule/chain.h"

#include "core/error.h"

namespace cairn::sim {

const std::vector<std::string>& chain_resources() {
  static const std::vector<std::string> resources{"memory", "engine"};
  return resources;
}

std::vector<Task> chain_tasks(const std::vector<ChainStep>& steps,
                              const std::vector<std::string>& names) {
  CAIRN_CHECK(steps.size() == names.size(), "a chain needs one name a step");
  constexpr std::int32_t kMemory = 0;
  constexpr std::int32_t kEngine = 1;
  std::vector<Task> tasks;
  tasks.reserve(steps.size() * 5);
  const auto add = [&](std::string name, std::int32_t resource, double duration,
                       std::vector<std::int32_t> after) {
    tasks.push_back({std::move(name), resource, Seconds{duration}, std::move(after)});
    return static_cast<std::int32_t>(tasks.size()) - 1;
  };
  std::int32_t streamed = -1;
  std::int32_t drained = -1;
  const auto existing = [](std::initializer_list<std::int32_t> list) {
    std::vector<std::int32_t> kept;
    std::copy_if(list.begin(), list.end(), std::back_inserter(kept),
                 [](std::int32_t t) { return t >= 0; });
    return kept;
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const ChainStep& step = steps[i];
    const std::int32_t weights =
        add(names[i] + " weights", kMemory, step.weight_fill, existing({streamed}));
    const std::int32_t input =
        add(names[i] + " input", kMemory, step.input_fill, existing({weights, drained}));
    const std::int32_t compute = add(names[i], kEngine, step.busy, {input});
    streamed = add(names[i] + " stream", kMemory, step.stream, {input});
    drained = add(names[i] + " drain", kMemory, step.drain, {compute, streamed});
  }
  return tasks;
}

}  // namespace cairn::sim
