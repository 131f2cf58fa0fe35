/// \file
/// The command line.

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/check_command.h"
#include "app/compare_command.h"
#include "app/contract_command.h"
#include "app/cost_command.h"
#include "app/dram_command.h"
#include "app/exit_code.h"
#include "app/explain_command.h"
#include "app/list_command.h"
#include "app/model_command.h"
#include "app/report_command.h"
#include "app/run_command.h"
#include "app/validate_command.h"
#include "app/worker_command.h"
#include "core/error.h"
#include "core/log.h"
#include "core/version.h"

namespace cairn::app {
namespace {

int number_of(ExitCode code) {
  return static_cast<int>(code);
}

void add_overrides(CLI::App& command, std::vector<std::string>& overrides) {
  command.add_option("--set", overrides, "put a value over the file: --set devices.array.rows=32")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false)
      ->take_all();
}

void add_level(CLI::App& command, FidelityOptions& o) {
  command.add_option("--fidelity", o.fidelity, "analytical, or cycle: simulated in SystemC");
  command
      .add_option("--trace", o.trace, "cycle level: timeline for ui.perfetto.dev, chrome://tracing")
      ->type_name("FILE");
  command.add_option("--trace-limit", o.trace_limit_mib, "largest size of the timeline, in MiB")
      ->check(CLI::Range(1, 65536));
  command.add_option("--vcd", o.vcd, "cycle level: value change dump of the signals")
      ->type_name("FILE");
}

void add_cost(CLI::App& app, CostOptions& o) {
  CLI::App& c = *app.add_subcommand("cost", "price the rows of a table of operators");
  c.add_option("--on", o.hardware, "hardware file")->required()->type_name("FILE");
  c.add_option("--stack", o.stack,
               "software in place of the file's: a stem in configs/software, or a path");
  c.add_option("--ops", o.operators, "table of operators, or a SCALE-Sim file")
      ->required()
      ->type_name("CSV");
  c.add_option("--out", o.out, "write to a file instead of standard output")->type_name("FILE");
  c.add_flag("--json", o.json, "answer in JSON, with the mapping used");
  c.add_flag("--mappings", o.mappings, "add the column `mapping` to CSV output");
  c.add_flag("--depthwise", o.depthwise, "SCALE-Sim rows with one filter are depthwise");
  add_level(c, o.level);
  add_overrides(c, o.overrides);
  c.footer(
      "Example:\n  cairn cost --on configs/hardware/tpu_v1.yaml --ops ops.csv --out priced.csv\n"
      "  where ops.csv holds: kind,m,n,k,weights\n                       "
      "matmul,128,4096,4096,int8");
}

void add_model(CLI::App& app, ModelOptions& o) {
  CLI::App& c = *app.add_subcommand("model", "price one model on one machine");
  c.add_option("model", o.model, "stem in configs/models, a config.json, a YAML table or an .onnx")
      ->required()
      ->type_name("MODEL");
  c.add_option("--on", o.hardware, "hardware file")->required()->type_name("FILE");
  c.add_option("--stack", o.stack,
               "software in place of the file's: a stem in configs/software, or a path");
  c.add_option("--phase", o.phase, "prefill, decode, forward, mixed or training");
  c.add_option("--optimizer", o.optimizer, "training: sgd, momentum or adam");
  c.add_option("--batch", o.batch, "sequences or images at once")->check(CLI::Range(1, 1 << 20));
  c.add_option("--context", o.context,
               "prefill and forward: tokens of each sequence; decode: keys already cached")
      ->check(CLI::Range(0, 1 << 30));
  c.add_option("--scheme", o.scheme, "formats: w<bits>[g<group>]a<bits>kv<bits>");
  c.add_option("--prompt", o.prompt, "decode: tokens cached before the first generated one");
  c.add_option("--tensor-parallel", o.tensor_parallel, "devices that share every block")
      ->check(CLI::Range(1, 65536));
  c.add_option("--pipeline-parallel", o.pipeline_parallel,
               "groups of devices that hold a run of blocks each")
      ->check(CLI::Range(1, 65536));
  c.add_option("--data-parallel", o.data_parallel, "groups of devices that share the sequences")
      ->check(CLI::Range(1, 65536));
  c.add_option("--expert-parallel", o.expert_parallel, "parts into which experts are dealt")
      ->check(CLI::Range(1, 65536));
  c.add_flag("--spread-experts", o.spread_experts,
             "experts one by one, with the loads of a typical draw");
  c.add_option("--generate", o.generate, "decode: sum over this many generated tokens");
  c.add_option("--dim", o.dimensions, "ONNX: value of a dynamic dimension, name=number")
      ->allow_extra_args(false);
  c.add_option("--mapping", o.mapping, "mapping, whole or in part, of every operator");
  c.add_flag("--json", o.json, "answer in JSON");
  add_level(c, o.level);
  add_overrides(c, o.overrides);
  c.footer(
      "Example:\n  cairn model llama-3.1-8b --on configs/hardware/a100.yaml --phase decode "
      "--batch 8 --context 2048 --scheme w4g128a16kv16");
}

void add_run(CLI::App& app, RunOptions& o) {
  CLI::App& c = *app.add_subcommand("run", "evaluate a study and write its report");
  c.add_option("study", o.study, "study file")->required()->type_name("STUDY");
  c.add_option("--threads", o.threads, "threads; 0: as many as cores")->check(CLI::Range(0, 1024));
  c.add_option("--out", o.out, "folder of the run; absent: results/runs/NAME/DATE-HASH");
  c.add_option("--resume", o.resume, "continue the run in this folder; `last`: the newest one")
      ->type_name("RUN");
  c.add_flag("--json", o.json, "print the result as JSON instead of a table");
  add_overrides(c, o.overrides);
  c.footer(
      "Example:\n  cairn run configs/studies/quickstart.yaml\n"
      "  cairn run configs/studies/quickstart.yaml --resume last");
}

void add_dram(CLI::App& app, DramOptions& o) {
  CLI::App& c = *app.add_subcommand("dram", "simulate one DRAM channel, command by command");
  c.add_option("part", o.part,
               "ORGANISATION:TIMING, the stem of a file in configs/memory, or a path")
      ->type_name("PART");
  c.add_option("--pattern", o.pattern, "stream, random, or trace FILE (lines R ADDRESS, W ADDRESS)")
      ->type_name("PATTERN [FILE]")
      ->expected(1, 2);
  c.add_option("--requests", o.requests, "number of requests; absent: 100000, or the whole trace")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40U));
  c.add_option("--write-fraction", o.write_fraction, "share of writes")
      ->check(CLI::Range(0.0, 1.0));
  c.add_option("--outstanding", o.outstanding, "requests in flight at most")
      ->check(CLI::Range(1, 1 << 20));
  c.add_option("--refresh", o.refresh, "on (all_bank), off or per_bank");
  c.add_option("--map", o.map, "order of an address's parts, most significant first")
      ->type_name("ORDER");
  c.add_option("--page", o.page, "open, closed or timeout");
  c.add_option("--seed", o.seed, "of random addresses and of the mix");
  c.add_flag("--probe", o.probe, "random reads, one at a time, beside the pattern");
  c.add_flag("--table", o.table,
             "shares of the peak by run, mix and streams, as CSV, for all parts");
  c.add_flag("--json", o.json, "answer in JSON, in SI units");
  c.footer(dram_footer());
}

void add_compare(CLI::App& app, CompareOptions& o) {
  CLI::App& c =
      *app.add_subcommand("compare", "what one knob is worth, all others equal, in a run");
  c.add_option("run", o.run, "folder of a finished run")->required()->type_name("RUN");
  c.add_option("--knob", o.knob, "knob whose choices are compared")->required();
  c.add_option("--baseline", o.baseline,
               "choice that the others are divided by; absent: the first");
  c.add_option("--metric", o.metrics, "metrics that the run stores")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false);
  c.add_option("--by", o.by, "knobs: figures for each of their choices")
      ->type_name("KNOB,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  CLI::Option* csv = c.add_flag("--csv", o.csv, "answer in CSV");
  c.add_flag("--json", o.json, "answer in JSON")->excludes(csv);
  c.footer(
      "Example:\n  cairn compare results/runs/tensorised_layers/20260101-0123456789abcdef\n"
      "    --knob order --baseline flops --metric forward.latency --by machine");
}

void add_contract(CLI::App& app, ContractOptions& o) {
  CLI::App& c =
      *app.add_subcommand("contract", "find the order in which a tensor network is contracted");
  c.add_option("network", o.network, "an einsum, or a JSON file of one network or a list")
      ->required()
      ->type_name("EINSUM|FILE");
  c.add_option("--sizes", o.sizes, "sizes of an einsum's indices")
      ->type_name("a=64,b=32,...")
      ->allow_extra_args(false);
  c.add_option("--minimize", o.minimize,
               "flops, size, write, traffic; on a machine: latency, energy, edp");
  c.add_option("--on", o.on, "hardware file: what the order costs on a machine")->type_name("FILE");
  c.add_option("--weights", o.weights,
               "with --on: tensors that are stored weights, or `rest`: all but the first")
      ->type_name("1,2,...|rest");
  c.add_flag("--training", o.training, "with --on: the gradients of all tensors, too");
  c.add_option("--method", o.method,
               "auto, optimal, greedy, random_greedy, reconfigure, anneal, partition");
  c.add_flag("--outer", o.outer, "tensors that share no index may be contracted early");
  c.add_option("--time", o.time, "CPU time of each network's search, all threads together");
  c.add_option("--max-memory", o.max_memory,
               "of what is alive at once, such as 1GiB: slice if more")
      ->type_name("BYTES");
  c.add_option("--element-bits", o.element_bits, "of a number")->check(CLI::Range(1, 1024));
  c.add_option("--seed", o.seed, "of everything random");
  c.add_option("--threads", o.threads, "threads of the search")->check(CLI::Range(1, 1024));
  c.add_flag("--explain", o.explain, "every step, as an einsum and as a matrix product");
  c.add_flag("--verify", o.verify, "contract random numbers in this order and in another");
  c.add_flag("--json", o.json, "answer in JSON");
  c.footer(
      "Example:\n  cairn contract 'ab,bc,cd->ad' --sizes a=64,b=2,c=64,d=2 --explain\n"
      "  cairn contract 'bi,ir,ro->bo' --sizes b=64,i=768,r=16,o=768 --weights rest\n"
      "    --minimize latency --on configs/hardware/a100.yaml --explain\n"
      "  cairn contract networks.json --method optimal --time 1s --json\n"
      "  where networks.json holds one network or a list of them:\n"
      "  {\"terms\": [[\"a\",\"b\"],[\"b\",\"c\"]], \"output\": [\"a\",\"c\"],\n"
      "   \"sizes\": {\"a\": 2, \"b\": 3, \"c\": 4}}");
}

int dispatch(int argc, char** argv) {
  CLI::App app{"Cairn: compressed machine-learning workloads on hardware that may not exist yet.",
               "cairn"};
  app.set_version_flag("--version", version_text());
  std::string log_level = "warn";
  app.add_option("--log", log_level, "error, warn, info, debug or trace");
  app.require_subcommand(1);
  app.footer("Each command has an example: cairn COMMAND --help");
  CostOptions cost;
  add_cost(app, cost);
  ModelOptions model;
  add_model(app, model);
  RunOptions run;
  add_run(app, run);
  DramOptions dram;
  add_dram(app, dram);
  CompareOptions compare;
  add_compare(app, compare);
  ContractOptions contract;
  add_contract(app, contract);
  CheckOptions check;
  CLI::App& check_command = *app.add_subcommand("check", "read files and report every mistake");
  check_command.add_option("files", check.files, "studies, hardware, technology or model files")
      ->required()
      ->type_name("FILES");
  check_command.footer("Example:\n  cairn check configs/studies/*.yaml");
  ReportOptions report;
  CLI::App& report_command = *app.add_subcommand("report", "write the report of a run again");
  report_command.add_option("run", report.run, "folder of the run")->required()->type_name("RUN");
  report_command.add_flag("--json", report.json, "print the front as JSON");
  report_command.footer(
      "Example:\n  cairn report results/runs/quickstart/20260101-0123456789abcdef");
  ListOptions list;
  CLI::App& list_command =
      *app.add_subcommand("list", "list hardware, models, schemes, algorithms or metrics");
  list_command.add_option("what", list.what, "hardware, models, schemes, algorithms, metrics")
      ->required();
  list_command.add_flag("--json", list.json, "answer in JSON");
  list_command.footer("Example:\n  cairn list metrics");
  ExplainOptions explain;
  CLI::App& explain_command =
      *app.add_subcommand("explain", "fields, units, defaults and assumptions of a kind");
  explain_command.add_option("kind", explain.kind, "systolic_array, gpu, memory, quantize, ...")
      ->required();
  explain_command.add_flag("--json", explain.json, "answer in JSON");
  explain_command.footer("Example:\n  cairn explain systolic_array");
  ValidateOptions validate;
  CLI::App& validate_command =
      *app.add_subcommand("validate", "compare the models with measured silicon");
  validate_command.add_option("--only", validate.only, "one table, device, stack, family or topic")
      ->type_name("NAME");
  validate_command.add_flag("--rows", validate.rows, "print every row");
  validate_command.add_flag("--json", validate.json, "answer in JSON");
  validate_command.add_flag("--markdown", validate.markdown, "answer in Markdown");
  validate_command.add_flag("--summary", validate.summary, "one CSV line a table");
  validate_command.add_flag("--cross", validate.cross,
                            "closed forms against the cycle level, on random work");
  validate_command.add_option("--pairs", validate.pairs, "with --cross: of each family")
      ->check(CLI::Range(1, 100000));
  validate_command.add_option("--seed", validate.seed, "with --cross: of the random pairs");
  validate_command.footer("Example:\n  cairn validate\n  cairn validate --only a100 --rows");
  // Started by `run` for points at cycle level; hidden from --help.
  app.add_subcommand("worker", "evaluate a point that is read from standard input")->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    app.exit(e);
    return number_of(ExitCode::user_error);
  }
  if (!log::set_level(log_level)) {
    std::fputs("error: --log takes error, warn, info, debug or trace\n", stderr);  // NOLINT
    return number_of(ExitCode::user_error);
  }
  if (app.got_subcommand("cost")) {
    return number_of(run_cost(cost));
  }
  if (app.got_subcommand("model")) {
    return number_of(run_model(model));
  }
  if (app.got_subcommand("run")) {
    return number_of(run_study(run));
  }
  if (app.got_subcommand("dram")) {
    return number_of(run_dram(dram));
  }
  if (app.got_subcommand("compare")) {
    return number_of(run_compare(compare));
  }
  if (app.got_subcommand("contract")) {
    return number_of(run_contract(contract));
  }
  if (app.got_subcommand("check")) {
    return number_of(run_check(check));
  }
  if (app.got_subcommand("report")) {
    return number_of(run_report(report));
  }
  if (app.got_subcommand("list")) {
    return number_of(run_list(list));
  }
  if (app.got_subcommand("explain")) {
    return number_of(run_explain(explain));
  }
  if (app.got_subcommand("worker")) {
    return number_of(run_worker());
  }
  return number_of(run_validate(validate));
}

}  // namespace
}  // namespace cairn::app

int main(int argc, char** argv) {
  using cairn::app::ExitCode;
  try {
    return cairn::app::dispatch(argc, argv);
  } catch (const cairn::ConfigError& e) {
    for (const cairn::Diagnostic& d : e.diagnostics()) {
      fmt::print(stderr, "{}\n", cairn::render(d));
    }
    return static_cast<int>(ExitCode::user_error);
  } catch (const cairn::IoError& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return static_cast<int>(ExitCode::outside_error);
  } catch (const std::exception& e) {
    fmt::print(stderr, "internal error: {}\nplease report this with the command above\n", e.what());
    return static_cast<int>(ExitCode::our_bug);
  }
}
