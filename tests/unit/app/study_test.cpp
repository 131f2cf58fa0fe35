#include "app/study.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/text/file_text.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::app {
namespace {

std::string study_text() {
  return "schema: 1\n"
         "name: small\n"
         "seed: 7\n"
         "workloads:\n"
         "  - {model: llama-2-7b, phase: prefill, context: 128}\n"
         "  - {model: llama-2-7b, phase: decode, context: 128}\n"
         "system:\n"
         "  extends: " +
         std::filesystem::absolute("configs/hardware/edge_npu.yaml").string() +
         "\n"
         "  memories:\n"
         "    weight_buffer: {capacity: $buffer}\n"
         "  devices:\n"
         "    array: {rows: $rows}\n"
         "space:\n"
         "  rows: {range: [16, 64], scale: powers_of_two}\n"
         "  buffer: {choices: [64 KiB, 128 KiB]}\n"
         "objectives:\n"
         "  minimize: [decode.latency, area]\n"
         "  maximize: [utilization]\n"
         "constraints:\n"
         "  area: {at_most: 40 mm2}\n"
         "  peak_memory: {at_most: 8 GiB}\n"
         "  prefill.latency: {at_least: 1 ms, at_most: 2 s}\n"
         "report: {metrics: [power]}\n";
}

std::vector<std::string> problems_of(const std::string& text) {
  const test::ScratchFolder folder;
  try {
    const Study study{folder.write("study.yaml", text), {}};
  } catch (const ConfigError& e) {
    std::vector<std::string> found;
    for (const Diagnostic& d : e.diagnostics()) {
      found.push_back(d.path + ": " + d.message);
    }
    return found;
  }
  return {};
}

TEST_CASE("a study has its space, objectives and constraints in stored units") {
  const test::ScratchFolder folder;
  const Study study{folder.write("study.yaml", study_text()), {}};
  CHECK(study.spec().seed == 7);
  CHECK(study.space().size() == 6);
  REQUIRE(study.objectives().size() == 3);
  CHECK(study.objectives()[0].metric == "decode.latency");
  CHECK(study.objectives()[2].direction == search::Direction::maximize);
  const auto& limits = study.constraints();
  REQUIRE(limits.size() == 4);
  CHECK(limits[0].bound == search::Bound::at_most);
  CHECK(limits[0].value == Approx(40));                        // mm2
  CHECK(limits[1].value == Approx(8.0 * 1024 * 1024 * 1024));  // B
  CHECK(limits[2].value == Approx(2));                         // s
  CHECK(limits[3].bound == search::Bound::at_least);
  CHECK(limits[3].value == Approx(1e-3));
}

TEST_CASE("latency, energy and area are stored of every study, each metric once") {
  const test::ScratchFolder folder;
  const Study study{folder.write("study.yaml", study_text()), {}};
  std::vector<std::string> names;
  for (const sim::MetricColumn& column : study.columns()) {
    names.push_back(column.name);
  }
  CHECK(names == std::vector<std::string>{"decode.latency", "area", "utilization", "peak_memory",
                                          "prefill.latency", "power", "latency", "energy"});
}

TEST_CASE("the resolved study is a study of its own with the same hash") {
  const test::ScratchFolder folder;
  const Study study{folder.write("study.yaml", study_text()), {}};
  CHECK(study.resolved().find("extends") == std::string::npos);
  const Study again{folder.write("elsewhere/resolved.yaml", study.resolved()), {}};
  CHECK(again.hash() == study.hash());
  CHECK(again.resolved() == study.resolved());
  CHECK(again.space().size() == study.space().size());
}

TEST_CASE("a model file is looked for beside the study, and the run folder still finds it") {
  const test::ScratchFolder folder;
  const std::string model =
      folder.write("studies/models/mine.json", read_text_file("configs/models/gpt2.json"));
  std::string text = study_text();
  text.replace(text.find("model: llama-2-7b"), 17, "model: $model");
  text.replace(text.find("space:\n"), 7, "space:\n  model: {choices: [gpt2, models/mine.json]}\n");
  const Study study{folder.write("studies/study.yaml", text), {}};
  const Study again{folder.write("runs/study.yaml", study.resolved()), {}};
  CHECK(again.hash() == study.hash());
  CHECK(study.resolved().find("gpt2, ") != std::string::npos);  // a stem stays one
  CHECK(study.resolved().find(model) != std::string::npos);
}

TEST_CASE("tables of a DRAM part are found from the run folder too") {
  const test::ScratchFolder folder;
  std::string text = study_text();
  text.replace(text.find("edge_npu.yaml"), 13, "edge_npu_ddr4.yaml");
  const Study study{folder.write("study.yaml", text), {}};
  const Study again = Study::from_resolved(study.resolved());
  CHECK(again.hash() == study.hash());
  std::vector<double> metrics(study.columns().size());
  CHECK_NOTHROW(again.make_model()->evaluate(std::vector<std::uint32_t>{0, 0}, metrics));
}

TEST_CASE("an override changes the study and its hash") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("study.yaml", study_text());
  const Study usual{path, {}};
  const Study other{path,
                    {"system.devices.array.cols=32", "search={algorithm: random, points: 2}"}};
  CHECK(other.hash() != usual.hash());
  CHECK(other.make_algorithm().name() == "random");
  CHECK(usual.make_algorithm().name() == "exhaustive");
}

TEST_CASE("a wrong override is reported at its place on the command line") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("study.yaml", study_text());
  try {
    const Study study{path, {"seed=8", "system.devices.array.cols=many"}};
    FAIL("it was accepted");
  } catch (const ConfigError& e) {
    REQUIRE(e.diagnostics().size() == 1);
    const Diagnostic& d = e.diagnostics()[0];
    CHECK(d.at.file == "<command line>");
    CHECK(d.at.column == 2);
    CHECK(d.path == "system.devices.array.cols");
  }
}

TEST_CASE("a study without a space has one point") {
  const test::ScratchFolder folder;
  const Study study{
      folder.write("study.yaml",
                   "schema: 1\nname: one\nseed: 1\n"
                   "workloads: [{model: resnet18, phase: forward}]\n"
                   "system: {extends: " +
                       std::filesystem::absolute("configs/hardware/edge_npu.yaml").string() +
                       "}\nobjectives: {minimize: [latency]}\n"),
      {}};
  CHECK(study.space().size() == 1);
  CHECK(study.make_algorithm().planned() == 1);
}

TEST_CASE("mistakes in the space do not hide those elsewhere") {
  std::string text = study_text();
  text.replace(text.find("[64 KiB, 128 KiB]"), 17, "[]");
  text.replace(text.find("[power]"), 7, "[speed]");
  CHECK(problems_of(text) ==
        std::vector<std::string>{"space.buffer: a knob needs at least one choice",
                                 "report.metrics[0]: no metric is called 'speed'"});
}

TEST_CASE("every choice of a model, phase or context is tried before the first point") {
  std::string text = study_text();
  text.replace(text.find("{model: llama-2-7b, phase: prefill, context: 128}"), 49,
               "{model: gpt2, phase: prefill, context: $context}");
  text.replace(text.find("space:\n"), 7, "space:\n  context: {choices: [128, 1024, 1025]}\n");
  CHECK(problems_of(text) ==
        std::vector<std::string>{"workloads[0].context: a context of 1025 tokens exceeds the 1024 "
                                 "learned positions"});
}

TEST_CASE("a scheme that changes nothing in any workload is an error") {
  const std::string rest = study_text();
  CHECK(problems_of(rest + "compression:\n"
                           "  - {kind: quantize, apply_to: {name: conv*}, weights: int4}\n") ==
        std::vector<std::string>{
            "compression[0].apply_to: no operator of any workload is changed by this scheme"});
  CHECK(problems_of(rest + "compression:\n  - {kind: quantize, kv_cache: int8}\n").empty());
}

TEST_CASE("a study may choose between whole systems, of different families too") {
  const std::string configs = std::filesystem::absolute("configs").string();
  const test::ScratchFolder folder;
  const Study study{
      folder.write("study.yaml",
                   "schema: 1\nname: two\nseed: 1\n"
                   "workloads: [{model: gpt2, phase: decode, context: 16}]\n"
                   "compression:\n"
                   "  - {kind: quantize, weights: int8, activations: int8, kv_cache: int8}\n"
                   "system: $machine\n"
                   "space:\n  machine:\n    choices:\n"
                   "      - {extends: " +
                       configs + "/hardware/a100.yaml}\n      - {extends: " + configs +
                       "/hardware/edge_npu.yaml}\n"
                       "objectives: {minimize: [latency]}\n"),
      {}};
  REQUIRE(study.systems().size() == 2);
  CHECK(study.systems()[0].name == "a100");
  CHECK(study.systems()[1].name == "edge_npu");
  CHECK(study.space().knobs()[0].texts == std::vector<std::string>{"a100", "edge_npu"});
  // Each choice is priced on its own machine: the GPU is the faster one.
  const auto model = study.make_model();
  model->select({*sim::find_metric("latency", model->workload_labels())});
  std::vector<double> gpu(1);
  std::vector<double> array(1);
  REQUIRE(model->evaluate(std::vector<std::uint32_t>{0}, gpu) == sim::PointStatus::feasible);
  REQUIRE(model->evaluate(std::vector<std::uint32_t>{1}, array) == sim::PointStatus::feasible);
  CHECK(gpu[0] < array[0]);
}

TEST_CASE("an area that nobody states is no area of zero") {
  const std::string configs = std::filesystem::absolute("configs").string();
  const auto text = [&](const std::string& objectives) {
    return "schema: 1\nname: small\nseed: 1\n"
           "workloads: [{model: mlperf_tiny_kws, phase: forward}]\n"
           "system: {extends: " +
           configs + "/hardware/stm32h743.yaml}\nobjectives: {minimize: [" + objectives + "]}\n";
  };
  const test::ScratchFolder folder;
  const Study without{folder.write("a.yaml", text("latency")), {}};
  CHECK(std::none_of(without.columns().begin(), without.columns().end(),
                     [](const sim::MetricColumn& c) { return c.metric == sim::Metric::area; }));
  const Study asked{folder.write("b.yaml", text("latency, area")), {}};
  const auto model = asked.make_model();
  std::vector<double> values(asked.columns().size());
  CHECK(model->evaluate({}, values) == sim::PointStatus::infeasible);
  CHECK(model->refusal().what ==
        "devices.mcu: its area is neither stated nor derived; state it, or leave area out of the "
        "question");
}

TEST_CASE("a study that refines stores how far the levels are apart, one figure a workload") {
  const test::ScratchFolder folder;
  const Study study{folder.write("study.yaml", study_text() + "refine: {top: 3}\n"), {}};
  REQUIRE(study.spec().refine);
  CHECK(study.spec().refine->with == Fidelity::cycle);
  CHECK(study.spec().cycle.time_out.count() == 600);
  CHECK(study.uses_cycle_level());
  std::vector<std::string> names;
  for (const sim::MetricColumn& column : study.columns()) {
    names.push_back(column.name);
  }
  REQUIRE(names.size() > 3);
  CHECK(std::vector<std::string>(names.end() - 3, names.end()) ==
        std::vector<std::string>{"disagreement", "prefill.disagreement", "decode.disagreement"});
  // A worker reads the study from its text: the same study, or it must not answer.
  const Study worker = Study::from_resolved(study.resolved());
  CHECK(worker.hash() == study.hash());
  CHECK(worker.columns().size() == study.columns().size());
}

TEST_CASE("a study cannot be refined in ways that mean nothing") {
  const std::string text = study_text();
  const auto with = [&](const std::string& more) { return problems_of(text + more); };
  CHECK(with("refine: {top: 3, with: analytical}\n") ==
        std::vector<std::string>{"refine.with: points of a search are analytical already"});
  CHECK(with("fidelity: cycle\nrefine: {top: 3}\n") ==
        std::vector<std::string>{
            "refine: the search is at cycle level already: nothing is left to refine"});
  CHECK(with("refine: {top: 0, with: cycle}\n").size() == 1);
  CHECK(with("refine: {with: cycle}\n").size() == 1);
  CHECK(with("fidelity: exact\n").size() == 1);
  CHECK(with("refine: {top: 3}\ncycle: {time_out: 10}\n").size() == 1);  // seconds? minutes?
  std::string measured = text;
  measured.replace(measured.find("[power]"), 7, "[disagreement]");
  CHECK(problems_of(measured) ==
        std::vector<std::string>{
            "report.metrics[0]: no point of this study is evaluated at cycle level"});
  CHECK(problems_of(measured + "refine: {top: 3}\n").empty());
  std::string wanted = text + "refine: {top: 3}\n";
  wanted.replace(wanted.find("[utilization]"), 13, "[disagreement]");
  CHECK(problems_of(wanted) ==
        std::vector<std::string>{
            "objectives.maximize[0]: how far two models are apart is no property of a design"});
}

TEST_CASE("a machine that cannot be simulated is refused where cycle level is asked for") {
  const std::string configs = std::filesystem::absolute("configs").string();
  const test::ScratchFolder folder;
  const std::string path = folder.write(
      "study.yaml",
      "schema: 1\nname: shared\nseed: 1\n"
      "workloads: [{model: mixtral-8x7b, phase: decode, context: 16}]\n"
      "system: {extends: " +
          configs + "/hardware/duplex.yaml}\nobjectives: {minimize: [latency]}\nfidelity: cycle\n");
  try {
    const Study study{path, {}};
    FAIL("it was accepted");
  } catch (const ConfigError& e) {
    REQUIRE(e.diagnostics().size() == 1);
    const Diagnostic& d = e.diagnostics()[0];
    CHECK(d.at.line == 7);
    CHECK(d.at.column == 11);
    CHECK(d.message ==
          "duplex has no model at cycle level: several devices share its work, and the cycle level "
          "simulates one");
  }
}

}  // namespace
}  // namespace cairn::app
