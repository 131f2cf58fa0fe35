#include "app/cycle_level.h"

#include <utility>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/study.h"
#include "core/diagnostics.h"
#include "core/text/enum_names.h"

namespace cairn::app {

std::optional<std::string> cycle_problem(const hw::SystemSpec& spec, const hw::Machine& machine) {
  if (machine.coprocessing()) {
    return "several devices share its work, and the cycle level simulates one";
  }
  return sim::CyclePricer::missing(spec, machine);
}

struct CycleLevel::Impl {
  static sim::SimulationOptions options_of(const CycleOptions& options, sim::TraceFile* trace) {
    sim::SimulationOptions o;
    o.trace = trace;
    o.vcd = options.vcd;
    o.heartbeat = options.heartbeat;
    o.heartbeat_context = options.heartbeat_context;
    return o;
  }
  Impl(const hw::SystemSpec& spec, const hw::Technology& technology, const CycleOptions& options)
      : trace(options.trace.empty()
                  ? nullptr
                  : std::make_unique<sim::TraceFile>(options.trace, options.trace_limit)),
        pricer(spec, technology, options_of(options, trace.get())),
        prices(
            [this](const hw::GroupView& group, const hw::MappingConstraint& constraint,
                   hw::MappingObjective objective) {
              return pricer.price(group, constraint, objective);
            },
            [this](const sim::UniqueGroup& group, bool begins) {
              if (begins) {
                begin(group.count > 1 ? fmt::format("{} (1 of {})", group.label, group.count)
                                      : group.label);
              } else {
                end();
              }
            }) {}
  void begin(const std::string& name) const {
    if (trace) {
      trace->begin_operator(name);
    }
  }
  void end() const {
    if (trace) {
      trace->end_operator();
    }
  }

  std::unique_ptr<sim::TraceFile> trace;
  sim::CyclePricer pricer;
  sim::CyclePrices prices;
};

std::unique_ptr<CycleLevel> make_cycle_level(const FidelityOptions& options,
                                             const LoadedSystem& loaded, const std::string& file) {
  Diagnostics diagnostics;
  const SourceSpan at{"<command line>", 1, 1, ""};
  const std::optional<Fidelity> fidelity = enum_from_text<Fidelity>(options.fidelity);
  if (!fidelity) {
    diagnostics.error(at, "--fidelity", fmt::format("'{}' is unknown", options.fidelity),
                      fmt::format("one of: {}", fmt::join(enum_texts<Fidelity>(), ", ")));
  } else if (*fidelity == Fidelity::analytical) {
    for (const auto& [flag, path] :
         {std::pair{"--trace", &options.trace}, {"--vcd", &options.vcd}}) {
      if (!path->empty()) {
        diagnostics.error(at, flag, "only a simulation can be written there", "--fidelity cycle");
      }
    }
  } else if (const auto problem = cycle_problem(loaded.spec, *loaded.machine)) {
    diagnostics.error(at, "--fidelity", fmt::format("{} has no cycle level: {}", file, *problem),
                      "--fidelity analytical knows every family");
  }
  diagnostics.throw_if_any();
  if (*fidelity == Fidelity::analytical) {
    return nullptr;
  }
  CycleOptions cycle;
  cycle.trace = options.trace;
  cycle.trace_limit = static_cast<std::uint64_t>(options.trace_limit_mib) << 20U;
  cycle.vcd = options.vcd;
  return std::make_unique<CycleLevel>(loaded.spec, loaded.technology, cycle);
}

CycleLevel::CycleLevel(const hw::SystemSpec& spec, const hw::Technology& technology,
                       const CycleOptions& options)
    : impl_(std::make_unique<Impl>(spec, technology, options)) {}
CycleLevel::~CycleLevel() = default;

sim::CyclePrices& CycleLevel::prices() {
  return impl_->prices;
}

sim::CycleEstimate CycleLevel::price(const std::string& name, const hw::GroupView& group,
                                     const hw::MappingConstraint& constraint,
                                     hw::MappingObjective objective) {
  impl_->begin(name);
  sim::CycleEstimate estimate = impl_->pricer.price(group, constraint, objective);
  impl_->end();
  return estimate;
}

void CycleLevel::expect(std::size_t groups) {
  if (impl_->trace) {
    impl_->trace->expect_operators(groups);
  }
}

void CycleLevel::finish() {
  if (impl_->trace) {
    impl_->trace->finish();
  }
}

std::string CycleLevel::trace_note() const {
  const sim::TraceFile* trace = impl_->trace.get();
  if (trace == nullptr || trace->merged() + trace->dropped() == 0) {
    return {};
  }
  return fmt::format(
      "the timeline shows {} slices; {} more are merged into one slice for each operator and "
      "track{}, so that the file stays small (--trace-limit)",
      trace->written(), trace->merged(),
      trace->dropped() > 0 ? fmt::format(", and {} are left out", trace->dropped()) : "");
}

}  // namespace cairn::app
