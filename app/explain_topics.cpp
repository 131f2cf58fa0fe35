#include "app/explain_topics.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "app/study.h"
#include "core/text/text_form.h"
#include "hw/energy/specs.h"
#include "hw/system.h"
#include "models/compression/compression.h"
#include "models/importers/cnn.h"
#include "search/algorithms/builtin_algorithms.h"
#include "search/space/space_reader.h"
#include "sim/scenario.h"

namespace cairn::app {
namespace {

using Fields = std::vector<FieldDoc>;
using Notes = std::vector<TopicNote>;

/// A topic before its fields are listed, which costs time.
struct Maker {
  std::string_view name;
  std::string_view what;
  Fields (*fields)();
  Notes (*notes)();
};

Fields no_fields() {
  return {};
}
Notes no_notes() {
  return {};
}

/// Without what lies below the given paths: it has a topic of its own.
Fields without(Fields fields, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    std::erase_if(fields, [&](const FieldDoc& doc) { return doc.path.starts_with(part); });
  }
  return fields;
}

Fields study_fields() {
  Fields fields = describe<StudySpec>();
  for (FieldDoc& doc : fields) {
    constexpr std::array<std::string_view, 5> kOwn{"system", "fusion", "mapping", "quality",
                                                   "space"};
    if (std::find(std::begin(kOwn), std::end(kOwn), doc.path) != std::end(kOwn)) {
      doc.type = "see: cairn explain " + doc.path;
    } else if (doc.path == "workloads") {
      doc.type = "a list, each: cairn explain workload";
    } else if (doc.path == "compression") {
      doc.type =
          "a list, each with kind quantize, prune, low_rank, group_channels or tensorize: cairn "
          "explain quantize, ...";
    } else if (doc.path == "search") {
      doc.type = "algorithm: NAME and its options: cairn list algorithms, cairn explain NAME";
    } else if (doc.path.starts_with("constraints.<name>.")) {
      doc.type = "a value with the metric's unit, such as 10 ms; no unit for plain numbers";
    }
  }
  return fields;
}

Notes study_notes() {
  return {{"Knobs",
           {"Any value in workloads, compression, system, fusion, mapping and quality may be "
            "$NAME: it takes its value from the knob NAME of space. Every knob must be used.",
            "A value that begins with $ and is no knob stands in quotes."}},
          {"Files",
           {"extends: FILE (or a list of files) in any map puts that file below it, relative to "
            "the file that says so: maps merge, everything else replaces. Anchors work inside a "
            "file; << is refused."}},
          {"Metrics",
           {"objectives, constraints and report.metrics take the names of: cairn list "
            "metrics; with several workloads also WORKLOAD.METRIC."}}};
}

Notes refine_notes() {
  return {
      {"Which points",
       {"The front by crowding distance, the ends of every objective first; then the front of "
        "what is left, and so on. They are stored behind the search with fidelity `cycle`, in "
        "pairs in refined.csv; the front itself stays analytical."}},
      {"How",
       {"Each point in a worker process, --threads at a time. A crash, a kill or the time-out "
        "of cycle.time_out costs that point: it has failed, with the simulated time it had "
        "reached. fidelity: cycle does the same for a whole search.",
        "disagreement: simulated over analytical latency, minus one. Two models are compared, "
        "neither is the truth."}},
      {"One-shot commands",
       {"cairn model and cairn cost take --fidelity cycle, --trace FILE (a timeline for "
        "ui.perfetto.dev and chrome://tracing) and --vcd FILE."}},
      {"Reference", {"K. Deb et al., NSGA-II, IEEE Trans. Evolutionary Computation 6(2), 2002."}}};
}

Notes crossbar_notes() {
  return {
      {"Time",
       {"Vectors of a copy x the interval of a macro, against buffer, backing memory and vector "
        "unit, all overlapped; programming comes before it where weights do not stay.",
        "sum: digital: a step is the longer of array and conversions (columns / per_macro turns "
        "of one, `bits` or 2^bits steps). sum: charge: setup + (2^bits - 1) periods + one "
        "conversion a phase. digital: the longest carry path of the adders."}},
      {"Assumes",
       {"Whole-number operands; energies are averages over data; pruned weights save nothing.",
        "Activations stay in the buffer if inputs and outputs of the operator fit it."}},
      {"Ignores",
       {"Contention in the network, supply and temperature, wear beyond the count of writes."}},
      {"Noise",
       {"Programming, reading, conversion, clipping and wire loss of a dot product in closed "
        "form; stated among the assumptions of a report."}},
      {"Reference",
       {"A. Shafiee et al., ISAAC, ISCA 2016; W. Wan et al., Nature 608, 2022; H. Kim et al., "
        "Colonnade, JSSC 56(7), 2021; S. K. Gonugondla et al., ICCAD 2020."}}};
}

Notes systolic_notes() {
  return {{"Time",
           {"The first weight tile, then the first input tile, then the longest of array, vector "
            "unit, decoder, scratchpad ports and DRAM, then the last output tile. Attention is two "
            "GEMMs for each KV head with a softmax between; its scores stay on chip when fused."}},
          {"Assumes",
           {"Dense compute: pruning shrinks storage and traffic only.",
            "Idle PEs burn no dynamic energy. Partial sums travel at the accumulator's width.",
            "Coded or grouped weights are decoded on the way from scratchpad to array.",
            "Double buffers: the next tile is always prefetched; DRAM at its achievable rate."}},
          {"Ignores",
           {"Bank conflicts, DRAM row misses and refresh beyond `achievable`, host transfers, "
            "control energy."}},
          {"timing",
           {"rtl: exact edge folds, memory may stall.",
            "scalesim: F(R+C+T-2)-1 cycles output stationary, F(2R+C+T-2)-1 weight and input "
            "stationary, F = ceil(Sr/R) ceil(Sc/C); (Sr, Sc, T) = (M, N, K) os, (K, N, M) ws, "
            "(K, M, N) is; memory never stalls. It is what that tool prints, for comparisons."}},
          {"Reference",
           {"H. T. Kung, IEEE Computer 15(1), 1982; A. Samajdar et al., arXiv:1811.02883; "
            "A. Parashar et al., Timeloop, ISPASS 2019."}},
          {"Mapping", {"cairn explain mapping"}}};
}

Notes contraction_notes() {
  return {
      {"Time",
       {"A step is divided between the engines (rows, columns, instances, or the reduction where a "
        "network adds up); one engine's share is timed as a small systolic array behind the "
        "memories of all. The best of the dataflows, gangs and tiles is taken."}},
      {"Permutes",
       {"No time where a butterfly leads out of the engines and one into them, or a Benes network "
        "in: only the switches' energy. One butterfly alone: up to 2^floor(log2(ports / run) / 2) "
        "passes. Without switches the tensor moves through the vector unit and the backing "
        "memory."}},
      {"Assumes",
       {"Engines of a gang start and end together. The order in which a tensor is read is known "
        "when it is written; the backing memory moves tiles in the order in which they are "
        "stored.",
        "A network has a port for each word at the engines' edges, a multiplexer and a register "
        "for each switch output and bit, and an adder in each switch of the reduction network."}},
      {"Ignores", {"Wires, as everywhere on chip; settings of the switches; control energy."}},
      {"Mapping", {"Only a dataflow can be given; everything else is searched."}},
      {"Reference",
       {"J. Lu et al., FETTA, arXiv:2504.06474, 2025; J. Tong et al., FEATHER, ISCA 2024; "
        "D. H. Lawrie, IEEE Trans. Computers C-24(12), 1975; V. E. Benes, 1965."}}};
}

Notes coprocessing_notes() {
  return {
      {"How devices are chosen",
       {"fastest: so that each copy of a block ends soonest; groups that do not depend on each "
        "other run at the same time (concurrent), such as the attention of a prompt beside that "
        "of generated tokens, or experts of a mixture. Never slower than the best device alone.",
        "operations_per_byte: groups with products below the threshold run on the second "
        "device, everything else on the host."}},
      {"Assumes",
       {"Devices share their memory; a device that does not serve the host while it computes "
        "(serves_host: false) needs concurrent: false.",
        "A run of groups on a device pays mode_switch once (twice without serves_host)."}},
      {"Ignores", {"Weight prefetch between groups, and contention on one interface."}}};
}

Notes pim_notes() {
  return {{"Time",
           {"Inputs cross the memory's interface, then the longest of multipliers, internal reads "
            "and vector lanes, then outputs cross back. One read of a weight serves the input rows "
            "that the buffers hold. External units overlap all traffic with their work."}},
          {"Internal bandwidth",
           {"From rows: streams x banks x access / column_interval, less the time rows are opened "
            "and closed (unless hidden_activation) and refreshed; or bandwidth_multiplier x the "
            "memory's peak x achievable. Both may be given if they agree within 5 %."}},
          {"Assumes",
           {"Weights, keys and values lie evenly over all banks, in the layout that is wanted.",
            "A narrower format runs at the native rate; wider integers take several passes."}},
          {"Ignores",
           {"Mode switches of an operator alone: a run of operators on the units pays once, in the "
            "schedule (cairn explain coprocessing)."}},
          {"Reference", {"S. Lee et al., ISCA 2021; S. Lee et al., ISSCC 2022."}}};
}

Notes pim_cores_notes() {
  return {{"Time",
           {"Launch and inputs to all cores, then the busiest core (the longer of instructions and "
            "transfers between bank and scratchpad; their sum with one thread), then outputs."}},
          {"Assumes",
           {"Weights and KV cache lie in the banks. Rows of a result are spread over the cores.",
            "Arithmetic that a core lacks is emulated: instructions says how long."}},
          {"Ignores", {"Refresh, transposition by the host's library, overlap with the host."}},
          {"Reference", {"J. Gomez-Luna et al., IEEE Access 10, 2022."}}};
}

Notes spatial_notes() {
  return {
      {"Levels",
       {"levels: from the memory behind the chip inwards; x and y are instances under one instance "
        "of the level before. weights, inputs and outputs name the memory that keeps the tensor "
        "there (its capacity over all instances), `registers` (one element), or nothing: it passes "
        "by.",
        "prefetch lists the tensors whose next tile is loaded behind the present one; each of them "
        "takes room for two tiles in a buffer. The others are waited for."}},
      {"Dataflow",
       {"weight_stationary: c, r, s along y, k along x. output_stationary: q, p, n along y, k "
        "along "
        "x. input_stationary: c, r, s along y, q, p, n along x.",
        "row_stationary: kernel rows along y, output rows along x (folded into y where there are "
        "more), then further sets for other filters and channels; kernel columns, channels and "
        "filters inside a PE as far as its memories hold them.",
        "spread_x and spread_y of a level replace that. n images, g channel groups, k filters of a "
        "group, c its channels, p and q output rows and columns, r and s kernel rows and columns; "
        "a matmul is q by c times c by k."}},
      {"Zeros",
       {"gate saves energy only. skip saves cycles: lanes of a synchronising group go on when the "
        "slowest has done its window. Densities come from pruning (weights) and from the model's "
        "table (activations)."}},
      {"Assumes",
       {"Instances run in step; the dataflow's best nest is found by a search.",
        "Channel groups run one after the other unless a level spreads g."}},
      {"Ignores", {"Bank conflicts, control energy beyond clocked_bits, the cost of packing."}},
      {"Reference",
       {"A. Parashar et al., Timeloop, ISPASS 2019; Y.-H. Chen et al., Eyeriss, JSSC 52(1), 2017; "
        "Y. N. Wu et al., Sparseloop, MICRO 2022."}},
      {"Mapping", {"cairn explain mapping"}}};
}

Notes gpu_notes() {
  return {{"Time",
           {"Matrix products by thread-block tiles, split-K and waves over the SMs; fused "
            "attention likewise; all else streams: the longer of traffic at the kernel class's "
            "share of the achievable DRAM bandwidth and CUDA-core work, above a floor."}},
          {"Assumes",
           {"The library takes the fastest of its kernels. Operands start in DRAM.",
            "Operands are multiplied in the narrowest tensor-core format that holds both; other "
            "weight formats are decoded on the CUDA cores by every block that loads them.",
            "Pruning saves stored bits; only 2:4 runs faster, where sparse_2_4 is true.",
            "A kernel whose power would pass board_power is stretched until it does not."}},
          {"Ignores",
           {"Host time between kernels beyond host_launch, other clocks than the given one, "
            "concurrent kernels, data-dependent power."}},
          {"Reference", {"A. Kerr et al., CUTLASS, 2017; T. Dao, FlashAttention-2, 2023."}},
          {"Stack", {"cairn explain gpu_stack"}}};
}

Notes microcontroller_notes() {
  return {{"Time",
           {"Kernels as instruction counts of their loops (the library) times issue costs (the "
            "core), with waits for flash where weights miss the cache. Multiply-accumulates count "
            "as they are, all else times the library's expansion.",
            "A cluster shares the blocks of a kernel; tensors pass through its scratchpad by DMA. "
            "With a convolution unit the faster of unit and cores is taken."}},
          {"Wait states",
           {"An access of a memory takes ceil(latency x clock) cycles. A miss brings `line` bits "
            "in ceil(line / fetch) accesses, and `bus` cycles more."}},
          {"Power",
           {"Of the whole board: idle goes with V; clocks, core and engine with clock and V^2; all "
            "with the supply under a linear regulator."}},
          {"Assumes",
           {"Loops stay in the instruction cache. One inference at a time. Pruning saves storage "
            "only. relu and relu6 are the clamp of an output where the library says so."}},
          {"Ignores", {"Interrupts, input and output of data, instruction order, start-up."}},
          {"Parts",
           {"cairn explain core, library; files in configs/cores, configs/software and "
            "configs/boards"}}};
}

Notes memory_notes() {
  return {{"Absent figures",
           {"read_energy, write_energy, static_power and area come from the technology: SRAM from "
            "the CACTI table, DRAM from the table of its kind.",
            "A scratchpad without bandwidth never limits; without width it moves 128 bits at "
            "once. DRAM needs a bandwidth."}}};
}

Notes mapping_notes() {
  return {
      {"Text form",
       {"ws | dram k4 n2 m1 | tile m128 n64 k256 | array k32 n32 | bypass - | fuse attention",
        "ws, os, is: weights, outputs or inputs stay in the array.",
        "dram: tile loops, outermost first, with trip counts; on input only the order counts.",
        "tile: elements of m, n, k held on chip; tile m<=64 bounds a size.",
        "array: elements across the array. bypass: - or any of w, a, o: not held on chip.",
        "fuse: the fused group. split: the reduction split over blocks (GPU).",
        "Parts left out are searched. What a report prints, given back, gives the same figures."}},
      {"Where",
       {"systolic_array.mapping, the column mapping of an operator table, and "
        "cairn model --mapping."}}};
}

Notes format_notes() {
  return {{"Text form",
           {"fp32, fp16, bf16, fp8_e4m3, fp8_e5m2, fp6_e3m2, fp4_e2m1, ...: fpBITS_eEXPmMAN.",
            "int1 to int32, uint1 to uint32.",
            "FORMAT/gN: one 16-bit scale for each N elements; FORMAT/gNsB: a B-bit scale.",
            "cbVxB: a codebook, V elements share an index of B bits. tcqB: trellis-coded, B bits "
            "an element, fractions allowed (tcq2.5). mxfp4 and its like: fp4_e2m1/g32s8."}},
          {"Bits", {"cairn list schemes shows the bits of each element, scales included."}}};
}

Notes space_notes() {
  return {{"Form",
           {"space is a map: NAME: {choices: [...]} or NAME: {range: [from, to], ...}.",
            "rows: {range: [4, 32], scale: powers_of_two}",
            "voltage: {range: [0.6 V, 0.9 V], step: 0.05 V}",
            "buffer: {range: [16 KiB, 1 MiB], scale: log, steps: 7}",
            "block: {choices: [32, 64], when: {format: [int8, int4/g128]}}"}},
          {"require",
           {"require: [rows * cols <= 4096, rows >= cols]: comparisons of knobs that are numbers, "
            "with + - * / and parentheses; points that break one are never evaluated."}}};
}

Notes constraint_notes() {
  return {{"Form",
           {"constraints: {area: {at_most: 1 mm2}, decode.latency: {at_most: 10 ms}, utilization: "
            "{at_least: 0.5}}",
            "A point that breaks a bound is infeasible. A study without a feasible point says "
            "which bound excludes most points, and by how much."}}};
}

Notes technology_notes() {
  return {{"Assumes",
           {"Logic, SRAM and I/O scale between nodes by the functions of the scaling table; "
            "outside a table's range a value is marked extrapolated.",
            "A clock needs a supply by the alpha-power law; dynamic energy goes with its square, "
            "leakage with its first power. Clocks above the curve are infeasible."}}};
}

Notes quality_notes() {
  return {{"Sources",
           {"published: coefficient x error of each layer from a table with its citation; a "
            "format without an entry is an error. The figure is that sum, not a perplexity.",
            "proxy: normalised error of each weight format on a unit Gaussian, weighted by "
            "parameters. It ranks formats; it predicts no accuracy.",
            "none: quality_loss is not available."}}};
}

Notes compression_notes() {
  return {{"Assumes",
           {"A scheme changes what is stored, moved and computed. What a device gains from it is "
            "the device's own business: zeros that it does not skip save storage and traffic "
            "only."}},
          {"Selection",
           {"apply_to: {name: \"*.q_proj\", kind: matmul, first_layer: 0, last_layer: 3}; every "
            "given part must match; absent: all operators. Later schemes win. A scheme that "
            "selects nothing is an error."}}};
}

Notes tensorize_notes() {
  Notes notes = compression_notes();
  notes.push_back(
      {"Modes",
       {"Each side of the weight is cut into `modes` factors as equal as its divisors allow, or "
        "into input_modes and output_modes, whose products are the reduction and the width of "
        "every selected matmul."}});
  notes.push_back(
      {"Order",
       {"Fixed: right_to_left, bidirectional, reconstruct. Searched: flops; latency, energy or edp "
        "ask the study's own device about every step, reorderings between steps included."}});
  notes.push_back({"Quality", {"No source prices a tensorised weight."}});
  return notes;
}

Notes interconnect_notes() {
  return {
      {"Links", {"intra_node: {extends: ../links/nvlink3.yaml}; configs/links/ has the others."}},
      {"Software",
       {"What a library reaches of a link is in the device's stack: collectives.launch and "
        "collectives.bandwidth."}},
      {"Use",
       {"--tensor-parallel T of cairn model, tensor_parallel of a workload; a row all_reduce, "
        "all_gather, reduce_scatter, all_to_all, broadcast or point_to_point with elements and "
        "ranks of cairn cost."}}};
}

template <class T>
Fields fields_of() {
  return describe<T>();
}

constexpr auto kMakers = std::to_array<Maker>({
    {"study", "what is asked: the top level of a file in configs/studies/", study_fields,
     study_notes},
    {"refine", "the best points of a search once more at cycle level (a study's refine)",
     fields_of<RefineSpec>, refine_notes},
    {"workload", "one item of a study's workloads: a model, a phase and a size",
     fields_of<sim::WorkloadSpec>, no_notes},
    {"quantize", "number formats for selected operators (an item of compression)",
     fields_of<models::Quantize>, compression_notes},
    {"prune", "zeros in weights, unstructured or N:M (an item of compression)",
     fields_of<models::Prune>, compression_notes},
    {"low_rank", "two thin matrices in place of one (an item of compression)",
     fields_of<models::LowRank>, compression_notes},
    {"group_channels", "depthwise convolutions become grouped ones (an item of compression)",
     fields_of<models::GroupChannels>, compression_notes},
    {"tensorize", "a network of small cores in place of a matrix (an item of compression)",
     fields_of<models::Tensorize>, tensorize_notes},
    {"selector", "which operators a scheme applies to", fields_of<models::Selector>, no_notes},
    {"system", "devices, memories and links: a file of configs/hardware/, or a study's system",
     [] {
       return without(fields_of<hw::SystemSpec>(),
                      {"memories.<name>.", "devices.<name>(", "links[]."});
     },
     [] {
       return Notes{{"Parts",
                     {"cairn explain memory, link, interconnect, systolic_array, spatial, "
                      "contraction_array, gpu, microcontroller, pim, crossbar, technology"}}};
     }},
    {"systolic_array", "devices.<name> with kind: systolic_array", fields_of<hw::SystolicArraySpec>,
     systolic_notes},
    {"contraction_array",
     "devices.<name> with kind: contraction_array: engines between butterfly networks",
     fields_of<hw::ContractionArraySpec>, contraction_notes},
    {"crossbar", "devices.<name> with kind: crossbar", fields_of<hw::CrossbarSpec>, crossbar_notes},
    {"gpu", "devices.<name> with kind: gpu",
     [] { return without(fields_of<hw::GpuSpec>(), {"stack."}); }, gpu_notes},
    {"pim", "devices.<name> with kind: pim: multipliers in, beside or outside a memory",
     fields_of<hw::PimSpec>, pim_notes},
    {"pim_cores", "devices.<name> with kind: pim_cores: general cores beside the banks of a memory",
     fields_of<hw::PimCoresSpec>, pim_cores_notes},
    {"coprocessing", "coprocessing of a system: devices that share the work",
     fields_of<hw::CoprocessingSpec>, coprocessing_notes},
    {"gpu_stack", "software on a GPU: a file of configs/software/, devices.<name>.stack",
     fields_of<hw::GpuStackSpec>, no_notes},
    {"spatial", "devices.<name> with kind: spatial", fields_of<hw::SpatialArraySpec>,
     spatial_notes},
    {"microcontroller", "devices.<name> with kind: microcontroller",
     [] {
       return without(fields_of<hw::McuSpec>(), {"core.", "library."});
     },
     microcontroller_notes},
    {"core", "a processor core: a file of configs/cores/, devices.<name>.core",
     fields_of<hw::McuCoreSpec>, no_notes},
    {"library", "kernels of a microcontroller: a file of configs/software/, devices.<name>.library",
     fields_of<hw::McuLibrarySpec>, no_notes},
    {"memory", "memories.<name> of a system", fields_of<hw::MemorySpec>, memory_notes},
    {"link", "an item of a system's links", fields_of<hw::LinkSpec>, no_notes},
    {"interconnect", "interconnect of a system: links between devices that share a workload",
     fields_of<hw::InterconnectSpec>, interconnect_notes},
    {"mapping", "how a fused group is laid out on a device, and how mappings are chosen",
     fields_of<sim::MappingSpec>, mapping_notes},
    {"fusion", "which operators may run as one", fields_of<sim::FusionSpec>, no_notes},
    {"quality", "where the figure quality_loss comes from", fields_of<sim::QualitySpec>,
     quality_notes},
    {"format", "a number format: how a tensor is stored", no_fields, format_notes},
    {"space", "the knobs of a study; fields of one knob", search::describe_knob, space_notes},
    {"constraint", "constraints.<metric> of a study", fields_of<ConstraintSpec>, constraint_notes},
    {"objectives", "what a study minimises and maximises", fields_of<ObjectivesSpec>, no_notes},
    {"report", "what a study stores and writes", fields_of<ReportSpec>, no_notes},
    {"technology", "a file of configs/technology/", fields_of<hw::TechnologySpec>,
     technology_notes},
    {"arithmetic_table", "tables.arithmetic of a technology", fields_of<hw::ArithmeticSpec>,
     no_notes},
    {"dram_table", "tables.dram of a technology", fields_of<hw::DramSpec>, no_notes},
    {"scaling_table", "tables.node_scaling of a technology", fields_of<hw::NodeScalingSpec>,
     no_notes},
    {"on_chip_table", "tables.on_chip of a technology", fields_of<hw::OnChipSpec>, no_notes},
    {"model", "a convolutional network as a table of layers: a .yaml file of configs/models/",
     fields_of<models::CnnTable>, no_notes},
});

/// Other words for the same topic.
using Alias = std::pair<std::string_view, std::string_view>;
constexpr auto kAliases = std::to_array<Alias>({
    {"knob", "space"},
    {"compression", "quantize"},
    {"constraints", "constraint"},
    {"stack", "gpu_stack"},
    {"precision", "format"},
    {"hardware", "system"},
    {"workloads", "workload"},
    {"search", "exhaustive"},
});

}  // namespace

std::vector<std::string> topic_names() {
  std::vector<std::string> names;
  names.reserve(kMakers.size());
  for (const Maker& maker : kMakers) {
    names.emplace_back(maker.name);
  }
  const std::vector<std::string> algorithms = search::builtin_algorithms().names();
  names.insert(names.end(), algorithms.begin(), algorithms.end());
  return names;
}

std::optional<Topic> find_topic(std::string_view name) {
  for (const auto& [alias, meant] : kAliases) {
    name = name == alias ? meant : name;
  }
  for (const Maker& maker : kMakers) {
    if (maker.name == name) {
      return Topic{std::string{name}, std::string{maker.what}, maker.fields(), maker.notes()};
    }
  }
  const search::AlgorithmRegistry algorithms = search::builtin_algorithms();
  if (const search::AlgorithmEntry* entry = algorithms.find(name)) {
    return Topic{std::string{name},
                 entry->help + " (search: {algorithm: " + std::string{name} + "})",
                 entry->options,
                 {{"Limits", {entry->limits}}, {"Reference", {entry->citation}}}};
  }
  return std::nullopt;
}

}  // namespace cairn::app
