#include "app/validation/fusion_comparisons.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "app/paths.h"
#include "app/validation/pricing.h"
#include "app/validation/reference_table.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "hw/die_area.h"
#include "hw/gpu/gpu_area.h"
#include "hw/systolic/time_shares.h"

namespace cairn::app {
namespace {

/// Which half of the table a layer belongs to: the low bit of a seeded hash of its key.
bool held_out(const std::array<std::int64_t, 9>& key) {
  constexpr std::uint64_t kSeed = 2018;
  Hasher hasher(kSeed);
  for (const std::int64_t part : key) {
    hasher.add(part);
  }
  return (hasher.value() & 1U) != 0;
}

models::Operator layer_of(const std::array<std::int64_t, 9>& key) {
  const auto [in, out, height, kernel, stride, padding, groups, weight_bits, activation_bits] = key;
  models::Convolution c;
  c.height = height;
  c.width = height;
  c.channels = in;
  c.filters = out;
  c.kernel_height = kernel;
  c.kernel_width = kernel;
  c.stride_height = stride;
  c.stride_width = stride;
  c.pad_top = padding;
  c.pad_bottom = padding;
  c.pad_left = padding;
  c.pad_right = padding;
  c.groups = groups;
  models::Operator op;
  op.shape = c;
  op.formats.weights = models::integer_format(static_cast<int>(weight_bits));
  op.formats.activations = models::integer_format(static_cast<int>(activation_bits));
  op.formats.outputs = models::kInt32;  // results leave as they were accumulated
  return op;
}

constexpr double kPercent = 100;

/// A number from 0 to 1.
double share_in(const ReferenceTable& rows, const char* column) {
  const std::optional<double> value = parse_double(rows.text(column));
  if (!value || *value < 0 || *value > 1) {
    rows.wrong(column, "a share from 0 to 1");
  }
  return *value;
}

/// One application as its table describes it.
struct Application {
  std::string kind;  ///< mlp, lstm or cnn
  std::int64_t layers{};
  std::int64_t weights{};
  std::int64_t batch{};
  std::int64_t activation_bits{};
};

/// An operator of the application in its formats.
models::Operator in_formats(const Application& app, models::Shape shape) {
  models::Operator op;
  op.name = "layer";
  op.shape = shape;
  const models::Precision activations =
      models::integer_format(static_cast<int>(app.activation_bits));
  op.formats = {models::kInt8, activations, activations};
  return op;
}

/// Equal layers with what follows each: an activation, or the element-wise part of a cell.
std::vector<models::Operator> operators_of(const Application& app) {
  using models::Elementwise;
  using models::ElementwiseKind;
  const double weights = static_cast<double>(app.weights) / static_cast<double>(app.layers);
  std::vector<models::Operator> ops;
  if (app.kind == "cnn") {
    constexpr std::int64_t kBoard = 19;
    const std::int64_t channels = std::llround(std::sqrt(weights / 9));
    models::Convolution c;
    c.batch = app.batch;
    c.height = kBoard;
    c.width = kBoard;
    c.channels = channels;
    c.filters = channels;
    c.kernel_height = 3;
    c.kernel_width = 3;
    c.pad_top = c.pad_bottom = c.pad_left = c.pad_right = 1;
    ops.push_back(in_formats(app, c));
    ops.push_back(in_formats(
        app, Elementwise{ElementwiseKind::relu, app.batch * kBoard * kBoard, channels, 1}));
    return ops;
  }
  const std::int64_t width = std::llround(std::sqrt(weights));
  ops.push_back(in_formats(app, models::MatMul{.m = app.batch, .n = width, .k = width}));
  const auto follow = [&](ElementwiseKind kind, std::int64_t inputs) {
    ops.push_back(in_formats(app, Elementwise{kind, app.batch, width, inputs}));
  };
  if (app.kind == "lstm") {  // a gate, its product with another, and their sum with the cell
    follow(ElementwiseKind::sigmoid, 1);
    follow(ElementwiseKind::multiply, 2);
    follow(ElementwiseKind::add, 2);
  } else {
    follow(ElementwiseKind::relu, 1);
  }
  return ops;
}

hw::TimeShares shares_of(const hw::SystolicArray& array, const Application& app) {
  const std::vector<models::Operator> ops = operators_of(app);
  // The activation function follows the array; operands of the rest must all be there first.
  const std::vector<const models::Operator*> follower{&ops[1]};
  std::vector<hw::GroupView> layers;
  for (std::int64_t i = 0; i < app.layers; ++i) {
    layers.push_back({&ops.front(), follower, 0});
    for (std::size_t j = 2; j < ops.size(); ++j) {
      layers.push_back({&ops[j], {}, 0});
    }
  }
  const auto found = hw::time_shares(array, layers);
  const auto* shares = std::get_if<hw::TimeShares>(&found);
  CAIRN_CHECK(shares != nullptr, "an application of a reference table cannot run");
  return *shares;
}

/// Area of what \p kind and \p description name, its frame included.
double die_mm2(MachineShelf& machines, std::string_view kind, const std::string& description,
               const std::string& technology_name) {
  if (kind == "system") {
    return machines.get(description).area_mm2();
  }
  Diagnostics diagnostics;
  const hw::Technology technology = hw::load_technology(
      configs_directory() / "technology" / (technology_name + ".yaml"), diagnostics);
  const Node root =
      load_yaml((configs_directory() / "dies" / (description + ".yaml")).string(), diagnostics);
  hw::GpuDieSpec die;
  read(root, die, diagnostics);
  diagnostics.throw_if_any();
  std::vector<hw::AreaPart> parts = hw::die_parts(die, technology);
  hw::append_die_frame(parts, technology);
  return hw::total_mm2(parts);
}

}  // namespace

std::vector<Comparison> compare_fusion_layers(const std::filesystem::path& table) {
  constexpr std::array<const char*, 9> kKey{"in_channels", "out_channels", "height",
                                            "kernel",      "stride",       "padding",
                                            "groups",      "weight_bits",  "activation_bits"};
  ReferenceTable rows(
      table, {"in_channels", "out_channels", "height", "kernel", "stride", "padding", "groups",
              "weight_bits", "activation_bits", "latency_s", "energy_j"});
  MachineShelf machines;
  const hw::Machine& machine = machines.get("bitfusion");
  std::array<Comparison, 3> found;
  auto& [fitted, latency, energy] = found;
  while (rows.next()) {
    std::array<std::int64_t, 9> key{};
    for (std::size_t i = 0; i < kKey.size(); ++i) {
      key.at(i) = rows.integer(kKey.at(i));
    }
    const hw::OperatorCost cost = cost_of(machine, layer_of(key));
    ComparedRow row;
    row.name = fmt::format("{} to {}, {}x{}, kernel {}, stride {}, groups {}, W{}A{}", key[0],
                           key[1], key[2], key[2], key[3], key[4], key[6], key[7], key[8]);
    row.group = key[6] == 1 ? "pointwise" : fmt::format("depthwise {}x{}", key[3], key[3]);
    row.contest = fmt::format("{} {} {} {} {} {}", key[0], key[1], key[2], key[3], key[4], key[6]);
    row.contestant = fmt::format("W{}A{}", key[7], key[8]);
    row.predicted = cost.latency_s();
    row.measured = rows.positive("latency_s");
    (held_out(key) ? latency : fitted).rows.push_back(row);
    if (held_out(key)) {
      row.predicted = cost.energy.total();
      row.measured = rows.positive("energy_j");
      energy.rows.push_back(std::move(row));
    }
  }
  for (Comparison& c : found) {
    c.topic = "Layers of a precision-scalable array";
    c.family = "systolic_array";
    c.device = "bitfusion";
    c.table = table.filename().string();
    c.metric = "latency";
    c.unit = "s";
    c.truth = Truth::simulator;
  }
  fitted.id = "bitfusion_layers_fitted";
  fitted.topic += ", half the choice was made on";
  latency.id = "bitfusion_layers";
  latency.bars = {{Statistic::mean_absolute, 0.15}, {Statistic::kendall_tau, 0.95}};
  latency.note = "held-out half of the rows";
  energy.id = "bitfusion_layers_energy";
  energy.topic += ", energy";
  energy.metric = "energy";
  energy.unit = "J";
  energy.note = "printed only: arithmetic and buffers from this project's tables at 45 nm";
  return {found.begin(), found.end()};
}

std::vector<Comparison> compare_applications(const std::filesystem::path& table) {
  ReferenceTable rows(table, {"application", "kind", "layers", "weights", "batch",
                              "activation_bits", "array_active", "weight_stall", "weight_shift",
                              "non_matrix", "rate_ops_per_s", "rate_scored"});
  MachineShelf machines;
  const auto& array = std::get<hw::SystolicArray>(machines.get("tpu_v1").primary());
  Comparison rate;
  Comparison shares;
  while (rows.next()) {
    const std::string name{rows.text("application")};
    const Application app{.kind = std::string{rows.text("kind")},
                          .layers = rows.count("layers"),
                          .weights = rows.count("weights"),
                          .batch = rows.count("batch"),
                          .activation_bits = rows.count("activation_bits")};
    const hw::TimeShares time = shares_of(array, app);
    ComparedRow row;
    row.name = name;
    row.predicted = 2.0 * static_cast<double>(time.macs) / time.total_s() / 1e12;
    row.measured = rows.positive("rate_ops_per_s") / 1e12;
    row.scored = rows.integer("rate_scored") != 0;
    row.note = row.scored ? "" : "the published figure disagrees with the published shares";
    rate.rows.push_back(row);
    const auto share = [&](const char* column, double seconds) {
      ComparedRow part;
      part.name = fmt::format("{} {}", name, column);
      part.group = name;
      // Against the whole run, so that an error is a difference of shares, in points.
      const double published = share_in(rows, column);
      const double predicted = seconds / time.total_s();
      part.predicted = 1.0 + predicted - published;
      part.measured = 1.0;
      part.note = fmt::format("{:.1f} % of the time, published {:.1f} %", kPercent * predicted,
                              kPercent * published);
      shares.rows.push_back(std::move(part));
    };
    share("array_active", time.active_s);
    share("weight_stall", time.weight_stall_s);
    share("weight_shift", time.weight_shift_s);
    share("non_matrix", time.other_s);
  }
  for (Comparison* c : {&rate, &shares}) {
    c->topic = "Applications on a weight-stationary array";
    c->family = "systolic_array";
    c->device = "tpu_v1";
    c->table = table.filename().string();
    c->truth = Truth::silicon;
    c->note = "secondary transcription; layers taken as equal and square";
  }
  rate.id = "tpu_v1_rate";
  rate.metric = "throughput";
  rate.unit = "TOP/s";
  rate.bars = {{Statistic::worst, 0.15}};
  shares.id = "tpu_v1_shares";
  shares.metric = "1 + difference of the share of time";
  shares.bars = {{Statistic::worst, 0.10}};
  return {rate, shares};
}

std::vector<Comparison> compare_die_areas(const std::filesystem::path& table) {
  ReferenceTable rows(table, {"chip", "kind", "description", "technology", "truth", "area_mm2"});
  MachineShelf machines;
  Comparison built;
  Comparison designs;
  while (rows.next()) {
    const std::optional<Truth> truth = enum_from_text<Truth>(rows.text("truth"));
    if (!truth) {
      rows.wrong("truth", "a kind of truth");
    }
    Comparison& c = *truth == Truth::silicon ? built : designs;
    ComparedRow& row = c.rows.emplace_back();
    row.name = std::string{rows.text("chip")};
    row.measured = rows.positive("area_mm2");
    row.predicted = die_mm2(machines, rows.text("kind"), std::string{rows.text("description")},
                            std::string{rows.text("technology")});
  }
  built.id = "die_areas";
  built.device = "tpu_v1, ga100, gh100";
  built.truth = Truth::silicon;
  designs.id = "die_areas_designs";
  designs.device = "isaac";
  designs.truth = Truth::published_model;
  designs.note = "components have the areas of the paper; only their sum is ours";
  for (Comparison* c : {&built, &designs}) {
    c->topic = "Areas of dies";
    c->table = table.filename().string();
    c->metric = "area";
    c->unit = "mm2";
    c->bars = {{Statistic::worst, 0.25}};
  }
  return {built, designs};
}

std::vector<Comparison> compare_fusion() {
  std::vector<Comparison> all = compare_fusion_layers(reference_file("bitfusion_layers.csv"));
  for (Comparison& c : compare_applications(reference_file("tpu_v1_applications.csv"))) {
    all.push_back(std::move(c));
  }
  for (Comparison& c : compare_die_areas(reference_file("die_areas.csv"))) {
    all.push_back(std::move(c));
  }
  return all;
}

}  // namespace cairn::app
