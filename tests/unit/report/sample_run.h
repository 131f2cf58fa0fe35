/// \file
/// A small run to store: a space with a conditional knob, made-up metrics that depend on the id.
#pragma once

#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "report/store/run_schema.h"
#include "search/objective.h"
#include "search/scored.h"
#include "search/space/design_space.h"
#include "search/space/point_batch.h"
#include "search/space/space_reader.h"

namespace cairn::test {

inline search::DesignSpace sample_space() {
  Diagnostics diagnostics;
  auto space =
      search::read_space(parse_yaml("rows: {range: [1, 40]}\n"
                                    "format: {choices: [int8, int4/g128, \"a, b\"]}\n"
                                    "block: {choices: [32 B, 64 B], when: {format: int4/g128}}\n"
                                    "cols: {range: [1, 25]}\n",
                                    "space.yaml", diagnostics),
                         diagnostics);
  diagnostics.throw_if_any();
  return std::move(*space);
}

inline report::RunSchema sample_schema(const search::DesignSpace& space) {
  report::RunSchema schema;
  schema.study_hash = 0xfeedc0de12345678;
  schema.study_name = "sample";
  schema.knobs = report::knob_columns(space);
  schema.metrics = {{"latency", "latency_s", "s"},
                    {"energy", "energy_j", "J"},
                    {"throughput", "throughput_tokens_per_s", "token/s"}};
  schema.fidelities = {"analytical", "cycle"};
  return schema;
}

inline std::vector<search::Objective> sample_objectives() {
  return {{"latency", 0, search::Direction::minimize},
          {"throughput", 2, search::Direction::maximize}};
}

/// Points \p first to \p first + \p count - 1 in the order of ranks, with their results. Every
/// fifth is infeasible (every tenth without metrics), every 97th failed.
class SampleBatch {
 public:
  SampleBatch(const search::DesignSpace& space, std::uint64_t first, std::size_t count)
      : points(space.knobs().size(), first) {
    values_.reserve(3 * count);
    for (std::uint64_t id = first; id < first + count; ++id) {
      static_cast<void>(space.at(id % space.size(), points.append()));
      const double x = static_cast<double>(id % 1009) + 1.0;
      values_.insert(values_.end(), {1e-3 * x / 3.0, id % 7 == 0 ? std::nan("") : 0.1 * x,
                                     1e6 / (1.0 + std::fmod(x * 7.0, 101.0))});
      search::Scored row;
      row.id = id;
      row.fidelity = id % 50 == 3 ? 1 : 0;
      row.metrics = std::span<const double>{values_}.last(3);
      if (id % 97 == 1) {
        row.status = search::Status::failed;
        row.reason = "worker died";
        row.metrics = {};
      } else if (id % 5 == 2) {
        row.status = search::Status::infeasible;
        row.limit = id % 2 == 0 ? "area at_most" : "weight_buffer.capacity";
        row.excess = static_cast<double>(id % 13) / 8.0 + 0.125;
        reasons_.push_back("needs " + std::to_string(id % 13) + ", has \"8\"");
        row.reason = reasons_.back();
        if (id % 2 == 0) {
          row.metrics = {};
        }
      }
      rows.push_back(row);
    }
  }

  search::PointBatch points;
  std::vector<search::Scored> rows;

 private:
  std::vector<double> values_;
  std::deque<std::string> reasons_;
};

}  // namespace cairn::test
