#include "hw/spatial/spatial_spec.h"

#include <algorithm>

#include <fmt/format.h>

namespace cairn::hw {
namespace {

constexpr std::array<Operand, kOperands> kAll{Operand::weights, Operand::inputs, Operand::outputs};

std::string_view field_of(Operand tensor) {
  return enum_names(Operand{}).at(index(tensor)).second;
}

}  // namespace

std::vector<FieldProblem> PackingSpec::problems() const {
  std::vector<FieldProblem> found;
  for (const auto& [field, storage] :
       {std::pair{"inputs", inputs}, std::pair{"outputs", outputs}}) {
    if (storage == models::SparseStorage::n_m) {
      found.push_back({field, "activations have no N:M pattern", "give run_length or bitmask"});
    }
  }
  return found;
}

std::vector<MemoryReference> SpatialArraySpec::memory_references() const {
  std::vector<MemoryReference> references{{"backing", backing}};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    for (const Operand tensor : kAll) {
      const std::optional<std::string>& memory = levels[i].memory(tensor);
      if (memory && *memory != SpatialLevelSpec::kRegisters) {
        references.push_back({fmt::format("levels.{}.{}", i, field_of(tensor)), *memory});
      }
    }
  }
  return references;
}

std::vector<FieldProblem> SpatialArraySpec::problems() const {
  std::vector<FieldProblem> found;
  if (native.is_coded()) {
    found.push_back(
        {"native", "a coded format cannot be multiplied", "give int8, fp16, bf16, ..."});
  }
  if (levels.empty()) {
    found.push_back({"levels", "an array needs at least the level inside its PEs", ""});
  } else if (levels.size() > kMaxLevels) {
    found.push_back(
        {"levels", fmt::format("{} levels, at most {}", levels.size(), kMaxLevels), ""});
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const SpatialLevelSpec& level = levels[i];
    const bool innermost = i + 1 == levels.size();
    bool keeps = false;
    for (const Operand tensor : kAll) {
      const std::optional<std::string>& memory = level.memory(tensor);
      keeps = keeps || memory.has_value();
      if (memory && *memory == SpatialLevelSpec::kRegisters && !innermost) {
        found.push_back({fmt::format("levels.{}.{}", i, field_of(tensor)),
                         "only the last level, inside the PEs, has registers", "name a memory"});
      }
      if (memory && *memory == backing) {
        found.push_back({fmt::format("levels.{}.{}", i, field_of(tensor)),
                         "the memory behind the chip is no level of it",
                         "leave the field out: the tensor then passes by"});
      }
    }
    if (!keeps && !innermost) {
      found.push_back({fmt::format("levels.{}", i), "this level keeps no tensor",
                       "give weights, inputs or outputs, or leave the level out"});
    }
    if (level.network == Network::forward && !innermost) {
      found.push_back({fmt::format("levels.{}.network", i),
                       "forwarding is between the PEs of the last level", "multicast"});
    }
  }
  return found;
}

}  // namespace cairn::hw
