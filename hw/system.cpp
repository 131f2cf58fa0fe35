#include "hw/system.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text/did_you_mean.h"
#include "hw/die_area.h"
#include "hw/memory/dram_energy.h"
#include "hw/memory/run_shares.h"

namespace cairn::hw {
namespace {

constexpr Bits kDefaultWidth{128};

std::vector<std::string> names_of(std::span<const ResolvedMemory> memories) {
  std::vector<std::string> names;
  for (const ResolvedMemory& memory : memories) {
    names.push_back(memory.name);
  }
  return names;
}

std::string nearest_or_all(std::string_view word, const std::vector<std::string>& names) {
  if (const std::optional<std::string> near = nearest(word, names)) {
    return fmt::format("did you mean '{}'?", *near);
  }
  return fmt::format("one of: {}", fmt::join(names, ", "));
}

std::vector<ResolvedMemory> resolve_all(const SystemSpec& spec, const Technology& technology) {
  std::vector<ResolvedMemory> memories;
  for (const auto& [name, memory] : spec.memories) {
    memories.push_back(resolve(name, memory, technology));
  }
  return memories;
}

Placement resolve_placement(const PlacementSpec& spec, const DeviceModel& device,
                            const std::vector<ResolvedMemory>& memories) {
  const auto index_of = [&](std::string_view name) {
    const auto found = std::find_if(memories.begin(), memories.end(),
                                    [&](const ResolvedMemory& m) { return m.name == name; });
    CAIRN_CHECK(found != memories.end(), "a device holds tensors in a memory that does not exist");
    return static_cast<std::uint32_t>(found - memories.begin());
  };
  Placement placement;
  for (const auto& [kind, text] : enum_names(TensorKind{})) {
    std::vector<std::uint32_t>& list = placement.memories.at(static_cast<std::size_t>(kind));
    for (const std::string& name : spec.of(kind)) {
      list.push_back(index_of(name));
    }
    if (list.empty()) {
      list.push_back(std::visit(
          [&, kind = kind](const auto& model) {
            if constexpr (requires { model.placement(); }) {
              return index_of(model.placement().of(kind));
            } else {
              return index_of(model.backing().name);
            }
          },
          device));
    }
  }
  return placement;
}

Coprocessing resolve_coprocessing(const SystemSpec& spec) {
  const CoprocessingSpec& section = *spec.coprocessing;
  Coprocessing shared;
  shared.rule = section.rule;
  shared.threshold = section.threshold.value_or(0.0);
  shared.concurrent = section.concurrent;
  shared.names = section.devices;
  for (const std::string& name : section.devices) {
    std::size_t index = 0;
    while (index < spec.devices.items.size() && spec.devices.items[index].first != name) {
      ++index;
    }
    CAIRN_CHECK(index < spec.devices.items.size(), "a device that does not exist shares the work");
    shared.devices.push_back(index);
    double turn = 0;
    if (shared.devices.size() > 1) {
      std::visit(
          [&](const auto& device) {
            if constexpr (requires { device.mode_switch; }) {
              // Without the host's accesses meanwhile, the memory turns to the units and back.
              turn = device.mode_switch.count() * (device.serves_host ? 1.0 : 2.0);
            }
          },
          spec.devices.items[index].second);
    }
    shared.mode_switch.push_back(turn);
  }
  return shared;
}

}  // namespace

std::string DeviceContext::names_hint(std::string_view name) const {
  return nearest_or_all(name, names_of(memories));
}

std::vector<FieldProblem> SystemSpec::problems() const {
  std::vector<FieldProblem> found;
  const std::vector<std::string> known = memories.names();
  if (devices.empty()) {
    found.push_back({"devices", "a system needs at least one device", ""});
  }
  for (const auto& [device, spec] : devices) {
    for (const MemoryReference& reference :
         std::visit([](const auto& s) { return s.memory_references(); }, spec)) {
      if (memories.find(reference.memory) == nullptr) {
        found.push_back({fmt::format("devices.{}.{}", device, reference.field),
                         fmt::format("no memory is called '{}'", reference.memory),
                         nearest_or_all(reference.memory, known)});
      }
    }
  }
  for (const auto& [device, spec] : devices) {
    std::visit(
        [&, &name = device](const auto& s) {
          if constexpr (requires { s.problems_with(1.0); }) {
            const MemorySpec* memory = memories.find(s.memory);
            if (memory == nullptr || !memory->bandwidth) {
              return;
            }
            const double external =
                memory->bandwidth->count() * static_cast<double>(memory->channels);
            for (FieldProblem problem : s.problems_with(external)) {
              problem.field = fmt::format("devices.{}.{}", name, problem.field);
              found.push_back(std::move(problem));
            }
          }
        },
        spec);
  }
  for (const auto& [kind, text] : enum_names(TensorKind{})) {
    const std::vector<std::string>& names = placement.of(kind);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string field =
          fmt::format("placement.{}.{}", kind == TensorKind::kv_cache ? "kv_cache" : text, i);
      if (memories.find(names[i]) == nullptr) {
        found.push_back({field, fmt::format("no memory is called '{}'", names[i]),
                         nearest_or_all(names[i], known)});
      } else if (std::count(names.begin(), names.end(), names[i]) > 1) {
        found.push_back({field, fmt::format("'{}' is in the list twice", names[i]), ""});
      }
    }
    if (names.size() > kMostTiers) {
      found.push_back(
          {fmt::format("placement.{}", kind == TensorKind::kv_cache ? "kv_cache" : text),
           fmt::format("expected at most {} memories, found {}", kMostTiers, names.size()), ""});
    }
  }
  if (coprocessing) {
    for (const std::string& shared : coprocessing->devices) {
      const DeviceSpec* device = devices.find(shared);
      if (device == nullptr) {
        found.push_back({"coprocessing.devices", fmt::format("no device is called '{}'", shared),
                         nearest_or_all(shared, devices.names())});
        continue;
      }
      const bool excludes = std::visit(
          [](const auto& s) {
            if constexpr (requires { s.excludes_host(); }) {
              return s.excludes_host();
            } else {
              return false;
            }
          },
          *device);
      if (coprocessing->concurrent && excludes) {
        found.push_back({"coprocessing.concurrent",
                         fmt::format("the host cannot use its memory while '{}' computes", shared),
                         "concurrent: false, or serves_host: true if it can"});
      }
    }
  }
  std::vector<std::string> ends = known;
  for (const std::string& device : devices.names()) {
    ends.push_back(device);
  }
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (const auto& [field, end] :
         {std::pair{"from", links[i].from}, std::pair{"to", links[i].to}}) {
      if (memories.find(end) == nullptr && devices.find(end) == nullptr) {
        found.push_back({fmt::format("links.{}.{}", i, field),
                         fmt::format("no device or memory is called '{}'", end),
                         nearest_or_all(end, ends)});
      }
    }
  }
  return found;
}

ResolvedMemory resolve(const std::string& name, const MemorySpec& spec,
                       const Technology& technology) {
  const auto channels = static_cast<double>(spec.channels);
  ResolvedMemory memory;
  memory.name = name;
  memory.kind = spec.kind;
  if (spec.part) {
    memory.part = figures_of(*spec.part);
    if (!spec.part->run_shares.empty()) {
      memory.part->simulated = load_run_shares(spec.part->run_shares, spec.part->name);
    }
    memory.capacity_bits = memory.part->capacity_bits * channels;
    memory.peak_bandwidth = memory.part->peak_bandwidth * channels;
    memory.bandwidth = memory.peak_bandwidth * (1 - memory.part->refresh_loss);
    memory.latency_s = memory.part->latency_s;
  } else {
    memory.peak_bandwidth = std::numeric_limits<double>::infinity();
    memory.bandwidth = memory.peak_bandwidth;
  }
  if (spec.capacity) {
    memory.capacity_bits = static_cast<double>(spec.capacity->count()) * channels;
  }
  if (spec.bandwidth) {
    memory.peak_bandwidth = spec.bandwidth->count() * channels;
    memory.bandwidth = memory.peak_bandwidth * (memory.part ? 1 - memory.part->refresh_loss : 1.0);
  }
  if (spec.achievable) {
    memory.bandwidth = memory.peak_bandwidth * *spec.achievable;
  }
  if (spec.latency) {
    memory.latency_s = spec.latency->count();
  }
  const Bandwidth peak_of_channel{memory.peak_bandwidth / channels};
  if (is_on_chip(spec.kind)) {
    const Bits capacity = spec.capacity.value_or(Bits{1});
    const SramFigures sram = technology.sram(capacity, spec.width.value_or(kDefaultWidth));
    memory.read_energy = sram.read.count();
    memory.write_energy = sram.write.count();
    memory.static_power = sram.leakage.count() * channels;
    memory.area_mm2 = sram.area.count() * kSquareMillimetresPerSquareMetre * channels;
    memory.energy_confidence = sram.confidence;
  } else if (const std::optional<DramFigures>& dram = technology.dram(spec.kind)) {
    memory.read_energy = dram->read.count();
    memory.write_energy = dram->write.count();
    memory.static_power = dram->background.count() * memory.capacity_bits;
    memory.area_mm2 = spec.bandwidth || spec.part ? dram->phy_for(peak_of_channel).count() *
                                                        kSquareMillimetresPerSquareMetre * channels
                                                  : 0.0;
    memory.energy_confidence = dram->confidence;
    const std::optional<DramCommandEnergies> commands =
        spec.part ? energies_of(*spec.part) : std::nullopt;
    if (commands) {
      // The same energies of commands that the cycle level counts, for streams of whole rows.
      const DramStreamEnergy stream = stream_energy(*spec.part, *commands);
      memory.read_energy = stream.read;
      memory.write_energy = stream.write;
      memory.static_power = stream.background * channels;
    }
  }
  if (spec.read_energy) {
    memory.read_energy = spec.read_energy->count();
  }
  if (spec.write_energy) {
    memory.write_energy = spec.write_energy->count();
  }
  if (spec.static_power) {
    memory.static_power = spec.static_power->count();
  }
  if (spec.area) {
    memory.area_mm2 = spec.area->count() * kSquareMillimetresPerSquareMetre;
  }
  return memory;
}

std::optional<Infeasible> Machine::problem(const SystemSpec& spec, const Technology& technology) {
  const std::vector<ResolvedMemory> memories = resolve_all(spec, technology);
  const DeviceContext context{memories, &technology};
  for (const auto& [name, device] : spec.devices) {
    std::optional<Infeasible> problem = std::visit(
        [&](const auto& s) {
          using Spec = std::decay_t<decltype(s)>;
          return ModelOf<Spec>::problem(s, context);
        },
        device);
    if (problem) {
      problem->what = fmt::format("devices.{}: {}", name, problem->what);
      return problem;
    }
  }
  return std::nullopt;
}

Machine::Machine(const SystemSpec& spec, const Technology& technology)
    : memories_(resolve_all(spec, technology)) {
  const DeviceContext context{memories_, &technology};
  for (const auto& [name, device] : spec.devices) {
    devices_.push_back(std::visit(
        [&](const auto& s) -> DeviceModel {
          using Spec = std::decay_t<decltype(s)>;
          return ModelOf<Spec>(s, context);
        },
        device));
    std::visit(
        [this, &label = name](const auto& model) {
          static_power_ += model.static_power();
          std::vector<AreaPart> parts;
          model.append_area(parts);
          if (parts.empty()) {
            without_area_.push_back(label);
          }
          for (AreaPart& part : parts) {
            part.what = fmt::format("{} {}", label, part.what);
            area_.push_back(std::move(part));
          }
        },
        devices_.back());
  }
  if (spec.coprocessing) {
    coprocessing_ = resolve_coprocessing(spec);
  }
  CollectiveStackSpec library;
  std::visit(
      [&](const auto& first) {
        if constexpr (requires { first.stack.collectives; }) {
          library = first.stack.collectives;
          host_ = first.stack.host;
        }
      },
      spec.devices.begin()->second);
  std::visit(
      [this](const auto& first) {
        if constexpr (requires { first.active_power(); }) {
          active_power_ = first.active_power();
        }
      },
      primary());
  if (spec.interconnect) {
    interconnect_.emplace(*spec.interconnect, library);
  }
  for (const ResolvedMemory& memory : memories_) {
    static_power_ += memory.static_power;
    if (memory.area_mm2 > 0) {
      // Of memory outside the chip only its interface lies on our die.
      const MemorySpec* spec_of_it = spec.memories.find(memory.name);
      area_.push_back({is_on_chip(memory.kind) ? memory.name : memory.name + " interface",
                       memory.area_mm2, memory.energy_confidence,
                       /*complete=*/spec_of_it != nullptr && spec_of_it->area.has_value()});
    }
  }
  append_die_frame(area_, technology);
  placement_ = resolve_placement(spec.placement, primary(), memories_);
}

std::optional<Infeasible> Machine::ranks_problem(std::int64_t ranks) const {
  if (ranks <= 1) {
    return std::nullopt;
  }
  if (!interconnect_) {
    return Infeasible{
        fmt::format("interconnect: {} devices share the workload, but the system has none", ranks),
        "interconnect", static_cast<double>(ranks) - 1};
  }
  if (ranks > interconnect_->ranks_per_node && !interconnect_->inter) {
    return Infeasible{
        fmt::format("interconnect.inter_node: {} devices share the workload, a node has {} and no "
                    "link leaves it",
                    ranks, interconnect_->ranks_per_node),
        "interconnect.ranks_per_node",
        static_cast<double>(ranks) / static_cast<double>(interconnect_->ranks_per_node) - 1};
  }
  return std::nullopt;
}

Estimate Machine::price_collective(const models::Operator& op) const {
  const auto& shape = std::get<models::Collective>(op.shape);
  if (std::optional<Infeasible> problem = ranks_problem(shape.ranks)) {
    return std::move(*problem);
  }
  OperatorCost cost;
  if (shape.ranks <= 1) {
    return cost;
  }
  const double bits =
      static_cast<double>(shape.elements) * op.formats.activations.bits_per_element();
  const CollectiveTime time = collective_time(*interconnect_, shape.kind, bits, shape.ranks);
  cost.input_fill_s = time.latency;
  cost.busy_s = time.transfer;
  cost.energy[EnergyComponent::link] = time.link_energy;
  cost.energy[EnergyComponent::control] = active_power_ * time.total;
  cost.bottleneck = time.latency > time.transfer ? Bottleneck::latency : Bottleneck::link;
  return cost;
}

Estimate Machine::price_on(std::size_t device, const GroupView& group,
                           const MappingConstraint& constraint, MappingObjective objective) const {
  if (std::holds_alternative<models::Collective>(group.anchor->shape)) {
    return price_collective(*group.anchor);
  }
  CAIRN_CHECK(coprocessing_ && device < coprocessing_->devices.size(),
              "a device that does not share the work");
  Estimate estimate =
      std::visit([&](const auto& model) { return model.price(group, constraint, objective); },
                 devices_[coprocessing_->devices[device]]);
  if (auto* cost = std::get_if<OperatorCost>(&estimate)) {
    cost->device = static_cast<std::uint8_t>(device);
  }
  return estimate;
}

Estimate Machine::price(const GroupView& group, const MappingConstraint& constraint,
                        MappingObjective objective) const {
  if (std::holds_alternative<models::Collective>(group.anchor->shape)) {
    return price_collective(*group.anchor);
  }
  if (coprocessing_) {
    const bool low = coprocessing_->rule == CoprocessingRule::operations_per_byte &&
                     operations_per_byte(group) < coprocessing_->threshold;
    Estimate best = price_on(low ? 1 : 0, group, constraint, objective);
    const auto seconds = [](const Estimate& estimate) {
      const auto* cost = std::get_if<OperatorCost>(&estimate);
      return cost != nullptr ? cost->latency_s() : std::numeric_limits<double>::infinity();
    };
    const bool free = coprocessing_->rule == CoprocessingRule::fastest;
    for (std::size_t d = 0; d < coprocessing_->devices.size(); ++d) {
      if (!free && std::holds_alternative<OperatorCost>(best)) {
        break;
      }
      Estimate other = price_on(d, group, constraint, objective);
      if (seconds(other) < seconds(best)) {
        best = std::move(other);
      }
    }
    return best;
  }
  return std::visit([&](const auto& device) { return device.price(group, constraint, objective); },
                    primary());
}

double Machine::peak_macs_per_second(const models::Formats& formats) const {
  return std::visit([&](const auto& device) { return device.peak_macs_per_second(formats); },
                    primary());
}

const ResolvedMemory& Machine::backing() const {
  return std::visit([](const auto& device) -> const ResolvedMemory& { return device.backing(); },
                    primary());
}

std::vector<std::string> Machine::assumptions() const {
  if (coprocessing_) {
    std::vector<std::string> all{
        "devices share the work of a pass and its memory; a run of groups on one pays its mode "
        "switch once; nothing is prefetched between groups"};
    for (std::size_t d = 0; d < coprocessing_->devices.size(); ++d) {
      for (const std::string& line :
           std::visit([](const auto& device) { return device.assumptions(); },
                      devices_[coprocessing_->devices[d]])) {
        all.push_back(coprocessing_->names[d] + ": " + line);
      }
    }
    return all;
  }
  return std::visit([](const auto& device) { return device.assumptions(); }, primary());
}

models::Precision Machine::default_format() const {
  return std::visit([](const auto& device) { return device.default_format(); }, primary());
}

const MemoryTraits* Machine::memory_traits() const {
  return std::visit(
      [](const auto& device) -> const MemoryTraits* {
        if constexpr (requires { device.memory_traits(); }) {
          return &device.memory_traits();
        } else {
          return nullptr;
        }
      },
      primary());
}

std::optional<Infeasible> Machine::area_problem() const {
  if (without_area_.empty()) {
    return std::nullopt;
  }
  return Infeasible{
      fmt::format("devices.{}: its area is neither stated nor derived; state it, or leave area out "
                  "of the question",
                  fmt::join(without_area_, ", devices.")),
      "unknown area", 0.0};
}

double Machine::area_mm2() const {
  double total = 0;
  for (const AreaPart& part : area_) {
    total += part.mm2;
  }
  return total;
}

}  // namespace cairn::hw
