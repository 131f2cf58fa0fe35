#include "app/report_data.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/base64.h"
#include "app/front_table.h"
#include "app/validation/accuracy.h"
#include "core/text/enum_names.h"
#include "core/version.h"
#include "search/space/magnitude.h"

namespace cairn::app {
namespace {

using Json = nlohmann::ordered_json;
constexpr double kBitsPerByte = 8;

/// Numbers that JSON does not have become null.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

std::string unit_of(Dim dim) {
  if (dim == Dim{.data = 1}) {
    return "B";
  }
  if (dim == Dim{.cycle = 1, .time = -1}) {
    return "Hz";
  }
  if (dim == Dim{.time = -1, .data = 1}) {
    return "B/s";
  }
  if (dim == Dim{.time = 1}) {
    return "s";
  }
  return dim == Dim{.potential = 1} ? "V" : "";
}

/// A choice as the page shows it: a number in the unit of its knob, or its text.
Json choice_value(const search::Knob& knob, std::uint32_t choice) {
  if (choice == search::kInactive) {
    return {};
  }
  if (!knob.is_number()) {
    return knob.texts[choice];
  }
  const search::Magnitude& m = knob.magnitudes[choice];
  const bool bits = m.dim == Dim{.data = 1} || m.dim == Dim{.time = -1, .data = 1};
  return bits ? m.value / kBitsPerByte : m.value;
}

Json knobs_json(const Study& study) {
  Json list = Json::array();
  for (const search::Knob& knob : study.space().knobs()) {
    Json values = Json::array();
    for (std::uint32_t c = 0; c < knob.size(); ++c) {
      values.push_back(choice_value(knob, c));
    }
    list.push_back({{"name", knob.name},
                    {"kind", knob.is_number() ? "number" : "category"},
                    {"unit", knob.is_number() ? unit_of(knob.magnitudes.front().dim) : ""},
                    {"values", std::move(values)}});
  }
  return list;
}

std::string label_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  std::replace(name.begin(), name.end(), '.', ' ');
  return name;
}

/// Rows of an analytical search have no disagreement: the table of refined designs shows it.
bool has_column(const Study& study, std::size_t column) {
  return study.spec().fidelity == Fidelity::cycle ||
         study.columns()[column].metric != sim::Metric::disagreement;
}

Json metrics_json(const Study& study, const std::string& area_band) {
  Json list = Json::array();
  for (std::size_t c = 0; c < study.columns().size(); ++c) {
    const sim::MetricColumn& column = study.columns()[c];
    if (!has_column(study, c)) {
      continue;
    }
    const bool objective = std::any_of(study.objectives().begin(), study.objectives().end(),
                                       [&](const search::Objective& o) { return o.column == c; });
    std::string label = label_of(column.name);
    if (column.metric == sim::Metric::area && !area_band.empty()) {
      label += " (" + area_band + ")";
    }
    list.push_back({{"name", column.name},
                    {"label", label},
                    {"column", column.csv_name},
                    {"unit", column.unit() == "1" ? "" : column.unit()},
                    {"direction", sim::info(column.metric).higher_is_better ? "max" : "min"},
                    {"objective", objective}});
  }
  return list;
}

struct FrontRows {
  std::vector<std::uint64_t> ids;
  std::vector<std::vector<std::uint32_t>> choices;
  std::vector<std::vector<double>> metrics;
};

FrontRows front_rows(const report::ResultReader& results, const report::RunStatistics& statistics) {
  FrontRows rows;
  rows.ids = statistics.front().ids;
  results.select(rows.ids, [&](const report::StoredPoint& point) {
    rows.choices.emplace_back(point.choices.begin(), point.choices.end());
    rows.metrics.emplace_back(point.scored.metrics.begin(), point.scored.metrics.end());
  });
  return rows;
}

Json front_json(const Study& study, const FrontRows& rows) {
  Json knobs = Json::object();
  for (std::size_t k = 0; k < study.space().knobs().size(); ++k) {
    const search::Knob& knob = study.space().knobs()[k];
    Json values = Json::array();
    for (const auto& choices : rows.choices) {
      values.push_back(choice_value(knob, choices[k]));
    }
    knobs[knob.name] = std::move(values);
  }
  Json metrics = Json::object();
  for (std::size_t c = 0; c < study.columns().size(); ++c) {
    if (!has_column(study, c)) {
      continue;
    }
    Json values = Json::array();
    for (const auto& row : rows.metrics) {
      values.push_back(number(row[c]));
    }
    metrics[study.columns()[c].name] = std::move(values);
  }
  return {{"id", rows.ids}, {"knobs", std::move(knobs)}, {"metrics", std::move(metrics)}};
}

/// Points at cycle level: their metrics beside the analytical ones.
Json refined_json(const Study& study, const RefinedPoints& refined) {
  Json list = Json::array();
  for (const RefinedPoint& point : refined.points) {
    const auto named = [&](const std::vector<double>& values) {
      Json metrics = Json::object();
      for (std::size_t c = 0; c < values.size(); ++c) {
        metrics[study.columns()[c].name] = number(values[c]);
      }
      return metrics;
    };
    list.push_back({{"id", point.id},
                    {"design", point.design},
                    {"on_front", point.on_front},
                    {"status", cairn::to_text(point.status)},
                    {"reason", point.reason},
                    {"disagreement", number(point.disagreement)},
                    {"analytical", named(point.analytical)},
                    {"cycle", named(point.cycle)}});
  }
  return list;
}

Json cloud_json(const Study& study, const report::RunStatistics& statistics) {
  const std::vector<report::CloudPoint> cloud = statistics.cloud();
  Json metrics = Json::object();
  for (const search::Objective& objective : study.objectives()) {
    Json values = Json::array();
    for (const report::CloudPoint& point : cloud) {
      values.push_back(number(point.metrics[objective.column]));
    }
    metrics[objective.metric] = std::move(values);
  }
  return {{"metrics", std::move(metrics)}, {"feasible", std::vector<int>(cloud.size(), 1)}};
}

/// Gives each different text a number.
class Names {
 public:
  std::uint32_t operator()(const std::string& text) {
    const auto [found, added] =
        numbers_.try_emplace(text, static_cast<std::uint32_t>(names_.size()));
    if (added) {
      names_.push_back(text);
    }
    return found->second;
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
};

using Details = std::vector<std::unique_ptr<sim::PointModel::Detail>>;

/// Operators are shown side by side for all designs, so those that differ between designs (because
/// of fusion or low rank) are listed once each, and empty where a design lacks them.
struct OperatorIndex {
  std::map<std::pair<std::size_t, std::string>, std::size_t> places;
  Json list = Json::array();
};

OperatorIndex index_operators(const std::vector<std::string>& labels, const Details& details) {
  OperatorIndex index;
  for (const auto& detail : details) {
    for (std::size_t w = 0; w < detail->workloads.size(); ++w) {
      for (const sim::GroupRow& row : detail->workloads[w].rows) {
        const auto key = std::pair{w, row.name};
        if (index.places.try_emplace(key, index.places.size()).second) {
          index.list.push_back({{"workload", labels[w]},
                                {"name", row.name},
                                {"kind", row.kind},
                                {"count", row.count}});
        }
      }
    }
  }
  return index;
}

Json details_json(const std::vector<std::string>& labels, const Details& details,
                  const std::vector<std::size_t>& rows) {
  const OperatorIndex index = index_operators(labels, details);
  const std::size_t operators = index.places.size();
  constexpr std::size_t kFields = 5;
  std::vector<float> values(details.size() * operators * kFields, 0.0F);
  std::vector<std::uint16_t> bottlenecks(details.size() * operators, 0);
  std::vector<std::uint32_t> mappings(details.size() * operators, 0xffffffffU);
  Names bottleneck_names;
  Names mapping_names;
  for (std::size_t d = 0; d < details.size(); ++d) {
    for (std::size_t w = 0; w < details[d]->workloads.size(); ++w) {
      for (const sim::GroupRow& row : details[d]->workloads[w].rows) {
        const std::size_t place = d * operators + index.places.at({w, row.name});
        const std::array<double, kFields> figures{row.latency_s, row.energy_j, row.utilization,
                                                  row.dram_bits / kBitsPerByte, row.operations};
        for (std::size_t f = 0; f < kFields; ++f) {
          values[place * kFields + f] = static_cast<float>(figures.at(f));
        }
        bottlenecks[place] = static_cast<std::uint16_t>(bottleneck_names(row.bottleneck));
        mappings[place] = mapping_names(row.mapping);
      }
    }
  }
  return {{"rows", rows},
          {"operators", index.list},
          {"fields",
           {{{"name", "latency_s"}, {"unit", "s"}},
            {{"name", "energy_j"}, {"unit", "J"}},
            {{"name", "utilization"}, {"unit", ""}},
            {{"name", "dram_bytes"}, {"unit", "B"}},
            {{"name", "operations"}, {"unit", "op"}}}},
          {"float32_base64", base64(values)},
          {"bottleneck_names", bottleneck_names.names()},
          {"bottleneck_uint16_base64", base64(bottlenecks)},
          {"mapping_names", mapping_names.names()},
          {"mapping_uint32_base64", base64(mappings)}};
}

Json energy_json(const std::vector<std::string>& workloads, const Details& details) {
  std::vector<std::string> components;
  for (const auto& [component, name] : enum_names(hw::EnergyComponent{})) {
    components.emplace_back(name);
  }
  std::vector<float> values;
  for (const auto& detail : details) {
    for (const sim::WorkloadReport& workload : detail->workloads) {
      for (const double joules : workload.cost.energy.joules) {
        values.push_back(static_cast<float>(joules));
      }
    }
  }
  return {{"unit", "J"},
          {"workloads", workloads},
          {"components", components},
          {"float32_base64", base64(values)}};
}

Json area_json(const Details& details) {
  Names names;
  for (const auto& detail : details) {
    for (const hw::AreaPart& part : detail->area) {
      static_cast<void>(names(part.what));
    }
  }
  const std::size_t parts = names.names().size();
  std::vector<float> values(details.size() * parts, 0.0F);
  for (std::size_t d = 0; d < details.size(); ++d) {
    for (const hw::AreaPart& part : details[d]->area) {
      values[d * parts + names(part.what)] = static_cast<float>(part.mm2);
    }
  }
  return {{"unit", "mm2"}, {"components", names.names()}, {"float32_base64", base64(values)}};
}

Json roofline_json(const Details& details) {
  Json peaks = Json::array();
  Json bandwidths = Json::array();
  for (const auto& detail : details) {
    peaks.push_back(2 * detail->peak_macs_per_second);
    bandwidths.push_back(detail->backing_bandwidth / kBitsPerByte);
  }
  return {{"peak_ops_per_s", peaks}, {"bandwidth_bytes_per_s", bandwidths}};
}

Json fusion_json(const Details& details) {
  std::map<std::string, std::pair<std::int64_t, double>> saved;
  for (const sim::WorkloadReport& workload : details.front()->workloads) {
    for (const sim::GroupRow& row : workload.rows) {
      if (row.fused_bits_saved > 0) {
        auto& entry = saved[row.name];
        entry.first += row.count;
        entry.second += row.fused_bits_saved / kBitsPerByte;
      }
    }
  }
  Json list = Json::array();
  for (const auto& [group, entry] : saved) {
    list.push_back({{"group", group}, {"count", entry.first}, {"dram_bytes_saved", entry.second}});
  }
  return list;
}

Json sensitivity_json(const Study& study, const report::RunStatistics& statistics) {
  Json list = Json::array();
  for (const report::Sensitivity& s : statistics.sensitivities()) {
    for (const report::KnobEffect& effect : s.effects) {
      list.push_back({{"knob", study.space().knobs()[effect.knob].name},
                      {"metric", study.objectives()[s.objective].metric},
                      {"effect_percent", number(100 * effect.share)}});
    }
  }
  return list;
}

Json infeasible_json(const report::RunStatistics& statistics) {
  Json list = Json::array();
  for (const report::LimitCount& limit : statistics.limits()) {
    list.push_back({{"constraint", limit.name},
                    {"count", limit.points},
                    {"median_excess_percent", number(100 * limit.median_excess)},
                    {"min_excess_percent", number(100 * limit.least_excess)}});
  }
  return list;
}

Json hypervolume_json(const report::RunStatistics& statistics) {
  Json list = Json::array();
  for (const report::HypervolumeStep& step : statistics.hypervolume_history().steps) {
    list.push_back({{"evaluations", step.points}, {"value", step.share}});
  }
  return list;
}

Json provenance_json(const Study& study) {
  Json list = Json::array();
  const auto model = study.make_model();
  const hw::Technology technology = study.technologies().load(model->scenario().system.technology);
  if (const std::string table = model->quality().source(); !table.empty()) {
    list.push_back({{"what", "quality coefficients and quantiser errors"},
                    {"value", "see the table"},
                    {"source", table},
                    {"confidence", "published"}});
  }
  for (const hw::ProvenanceRow& row : technology.provenance()) {
    list.push_back({{"what", row.what},
                    {"value", row.value},
                    {"source", row.source},
                    {"confidence", cairn::to_text(row.confidence)}});
  }
  return list;
}

/// Rows of the front that get a breakdown: all, or evenly spread ones.
std::vector<std::size_t> detailed_rows(std::size_t front) {
  const std::size_t count = std::min(front, kMostDetails);
  std::vector<std::size_t> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    rows[i] = i * front / count;
  }
  return rows;
}

}  // namespace

std::string report_document(const Study& study, BatchEvaluator& evaluator,
                            const report::ResultReader& results,
                            const report::RunStatistics& statistics, const RefinedPoints& refined,
                            const RunFacts& facts) {
  const FrontRows front = front_rows(results, statistics);
  const std::vector<std::size_t> rows = detailed_rows(front.ids.size());
  std::vector<std::vector<std::uint32_t>> wanted;
  for (const std::size_t row : rows) {
    wanted.push_back(front.choices[row]);
    for (std::uint32_t& choice : wanted.back()) {
      choice = choice == search::kInactive ? 0 : choice;
    }
  }
  const Details details = evaluator.details(wanted);

  const StudySpec& spec = study.spec();
  Json doc;
  const std::string quality =
      evaluator.quality_label().empty() ? "none" : evaluator.quality_label();
  doc["study"] = {{"name", spec.name},
                  {"question", spec.question},
                  {"command", facts.command},
                  {"seed", fmt::format("{}", spec.seed)},
                  {"fidelity", fidelity_text(study, refined)},
                  {"quality_source", quality},
                  {"version", version_text()},
                  {"date", facts.date},
                  {"run_id", facts.run_id},
                  {"resolved_yaml", study.resolved()}};
  const auto worst = worst_disagreement(study, results, statistics.front(), refined);
  doc["counts"] = {
      {"points", statistics.evaluated()},
      {"feasible", statistics.feasible()},
      {"infeasible", statistics.infeasible()},
      {"failed", statistics.failed()},
      {"front", front.ids.size()},
      {"seconds", facts.seconds > 0 ? Json(facts.seconds) : Json()},
      {"points_per_second", number(static_cast<double>(statistics.evaluated()) / facts.seconds)},
      {"worst_disagreement", worst ? Json(worst->value) : Json()}};
  doc["knobs"] = knobs_json(study);
  const std::vector<AccuracyRow> bands = accuracy_rows();
  doc["metrics"] = metrics_json(study, area_accuracy(bands));
  doc["front"] = front_json(study, front);
  doc["cloud"] = cloud_json(study, statistics);
  if (!refined.points.empty()) {
    doc["refined"] = refined_json(study, refined);
  }
  if (!details.empty()) {
    const std::vector<std::string> labels = study.make_model()->workload_labels();
    doc["details"] = details_json(labels, details, rows);
    doc["energy"] = energy_json(labels, details);
    doc["area"] = area_json(details);
    doc["roofline"] = roofline_json(details);
    doc["fusion"] = fusion_json(details);
    doc["assumptions"] = details.front()->assumptions;
  }
  doc["accuracy"] = Json::array();
  for (const AccuracyLine& line : accuracy_of(study.systems(), bands)) {
    doc["accuracy"].push_back(
        {{"family", line.family}, {"text", line.text}, {"known", line.known}});
  }
  doc["sensitivity"] = sensitivity_json(study, statistics);
  doc["sensitivity_method"] =
      "Share of an objective's variance (of its logarithm where all values are positive) that a "
      "knob explains by itself, over all feasible points.";
  doc["hypervolume"] = hypervolume_json(statistics);
  doc["hypervolume_reference"] =
      "Share of the box between the best value of each objective and 10 % beyond the worst on the "
      "final front.";
  doc["infeasible"] = infeasible_json(statistics);
  doc["provenance"] = provenance_json(study);
  return doc.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cairn::app
