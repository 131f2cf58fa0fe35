#include "app/list_command.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/columns.h"
#include "app/output.h"
#include "app/paths.h"
#include "core/config/yaml_file.h"
#include "core/diagnostics.h"
#include "core/error.h"
#include "core/text/did_you_mean.h"
#include "models/compression/compression.h"
#include "models/importers/cnn.h"
#include "models/importers/hugging_face.h"
#include "search/algorithms/builtin_algorithms.h"
#include "sim/metrics.h"

namespace cairn::app {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// What one `cairn list WORD` prints: rows of text under titles, or the same as JSON.
struct Listing {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> right;
  std::string footer;
  Json json = Json::array();
};

std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const fs::path extension = entry.path().extension();
    if (extension == ".yaml" || extension == ".json") {
      files.push_back(entry.path());
    }
  }
  if (error) {
    throw IoError(directory.string(), "cannot list", error.value());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string scalar_of(const Node& root, std::string_view key) {
  const Node* node = root.find(key);
  return node != nullptr && node->is_scalar() ? node->scalar : std::string{};
}

Listing hardware() {
  Listing list;
  list.rows.push_back({"FILE", "DEVICES", "SOURCE"});
  for (const fs::path& file : files_in(configs_directory() / "hardware")) {
    Diagnostics diagnostics;
    const Node root = load_yaml(file.string(), diagnostics);
    diagnostics.throw_if_any();
    std::string devices;
    if (const Node* map = root.find("devices")) {
      for (const NodeEntry& device : map->entries) {
        devices += (devices.empty() ? "" : ", ") + scalar_of(device.value, "kind");
      }
    }
    const std::string source = scalar_of(root, "source");
    list.rows.push_back({file.filename().string(), devices, source});
    list.json.push_back({{"file", file.string()},
                         {"name", scalar_of(root, "name")},
                         {"devices", devices},
                         {"source", source}});
  }
  list.footer = fmt::format("in {}; use: --on FILE, or extends: FILE in a study",
                            (configs_directory() / "hardware").string());
  return list;
}

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (std::ptrdiff_t at = std::ssize(digits) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

Listing models() {
  Listing list;
  list.rows.push_back({"MODEL", "PARAMETERS", "FAMILY", "PHASES"});
  list.right = {1};
  for (const fs::path& file : files_in(configs_directory() / "models")) {
    Diagnostics diagnostics;
    std::int64_t parameters = 0;
    std::string family = "cnn";
    std::string phases = "forward";
    if (file.extension() == ".json") {
      const models::ModelConfig config = models::read_hugging_face(file, diagnostics);
      diagnostics.throw_if_any();
      parameters = models::parameter_count(config);
      family = to_text(config.architecture);
      phases = config.encoder_only() ? "forward" : "prefill, decode, forward";
    } else {
      const models::CnnTable table = models::read_cnn(file, diagnostics);
      diagnostics.throw_if_any();
      parameters = table.parameters;
    }
    list.rows.push_back({file.stem().string(), with_commas(parameters), family, phases});
    list.json.push_back({{"model", file.stem().string()},
                         {"parameters", parameters},
                         {"family", family},
                         {"phases", phases},
                         {"file", file.string()}});
  }
  list.footer = "a path of any config.json, .onnx or layer table (.yaml) is a model too";
  return list;
}

/// A number format and how many bits its example takes for each element, scales included.
struct FormatLine {
  std::string_view text;
  std::string_view help;
};
constexpr std::array<FormatLine, 16> kFormats{{
    {"fp32", "IEEE single precision"},
    {"fp16", "IEEE half precision"},
    {"bf16", "8 exponent bits, 7 mantissa bits"},
    {"fp8_e4m3", "floating point, exponent and mantissa bits as named"},
    {"fp8_e5m2", "the same with more range"},
    {"fp6_e3m2", "the same with 6 bits"},
    {"fp4_e2m1", "the same with 4 bits"},
    {"int8", "two's complement, 1 to 32 bits"},
    {"uint8", "unsigned"},
    {"int4/g128", "one 16-bit scale for each 128 elements"},
    {"int4/g32s8", "one 8-bit scale for each 32 elements"},
    {"mxfp4", "fp4_e2m1/g32s8"},
    {"cb2x8", "codebook: 2 elements share an 8-bit index"},
    {"cb8x8", "codebook: 8 elements share an 8-bit index"},
    {"tcq3", "trellis-coded, 3 bits an element"},
    {"tcq2.5", "trellis-coded, fractional bits"},
}};

template <class... Schemes>
void append_schemes(Listing& list, std::variant<Schemes...>*) {
  const auto one = [&](std::string_view kind, std::string_view example, std::string_view help) {
    list.rows.push_back({"scheme", std::string{kind}, "", fmt::format("{}: {}", help, example)});
    list.json.push_back({{"what", "scheme"}, {"name", kind}, {"example", example}, {"help", help}});
  };
  const auto describe_one = [&]<class S>(S*) {
    if constexpr (std::is_same_v<S, models::Quantize>) {
      one(S::kKind, "{kind: quantize, weights: int4/g128, kv_cache: int8}",
          "formats of weights, activations and KV cache");
    } else if constexpr (std::is_same_v<S, models::Prune>) {
      one(S::kKind, "{kind: prune, pattern: \"2:4\", storage: n_m}",
          "unstructured or N:M zeros in weights");
    } else if constexpr (std::is_same_v<S, models::LowRank>) {
      one(S::kKind, "{kind: low_rank, ratio: 0.25}", "two thin matrices in place of one");
    } else if constexpr (std::is_same_v<S, models::GroupChannels>) {
      one(S::kKind, "{kind: group_channels, channels: 8}",
          "depthwise convolutions become grouped ones");
    } else {
      static_assert(std::is_same_v<S, models::Tensorize>, "describe the new scheme here");
      one(S::kKind, "{kind: tensorize, decomposition: tensor_train, rank: 16, order: flops}",
          "a network of small cores in place of a matrix");
    }
  };
  (describe_one(static_cast<Schemes*>(nullptr)), ...);
}

Listing schemes() {
  Listing list;
  list.rows.push_back({"WHAT", "NAME", "BITS", "MEANING"});
  list.right = {2};
  append_schemes(list, static_cast<models::Scheme*>(nullptr));
  for (const FormatLine& line : kFormats) {
    std::string why;
    const std::optional<models::Precision> format = models::parse_precision(line.text, why);
    CAIRN_CHECK(format.has_value(), why);
    list.rows.push_back({"format", std::string{line.text},
                         fmt::format("{}", format->bits_per_element()), std::string{line.help}});
    list.json.push_back({{"what", "format"},
                         {"name", line.text},
                         {"bits_per_element", format->bits_per_element()},
                         {"help", line.help}});
  }
  list.footer =
      "short form on the command line: --scheme w<bits>[g<group>]a<bits>kv<bits>, such as "
      "w4g128a16kv8; any format may have a group; fields: cairn explain quantize";
  return list;
}

Listing algorithms() {
  Listing list;
  list.rows.push_back({"ALGORITHM", "WHAT IT DOES"});
  for (const auto& [name, entry] : search::builtin_algorithms()) {
    list.rows.push_back({name, entry.help});
    list.rows.push_back({"", "source: " + entry.citation});
    list.rows.push_back({"", "limits: " + entry.limits});
    list.json.push_back({{"name", name},
                         {"help", entry.help},
                         {"citation", entry.citation},
                         {"limits", entry.limits}});
  }
  list.footer = "options: cairn explain NAME";
  return list;
}

Listing metrics() {
  Listing list;
  list.rows.push_back({"METRIC", "UNIT", "BETTER", "MEANING"});
  for (const sim::MetricInfo& m : sim::metric_table()) {
    const std::string_view better = m.higher_is_better ? "higher" : "lower";
    list.rows.push_back(
        {std::string{m.name}, std::string{m.unit}, std::string{better}, std::string{m.help}});
    list.json.push_back({{"name", m.name},
                         {"unit", m.unit},
                         {"column", std::string{m.name} + std::string{m.csv_suffix}},
                         {"better", better},
                         {"per_workload", m.per_workload},
                         {"help", m.help}});
  }
  list.footer =
      "of a study with several workloads: WORKLOAD.METRIC is the figure of one, METRIC the "
      "weighted total";
  return list;
}

constexpr std::array<std::pair<std::string_view, Listing (*)()>, 5> kLists{
    {{"hardware", hardware},
     {"models", models},
     {"schemes", schemes},
     {"algorithms", algorithms},
     {"metrics", metrics}}};

}  // namespace

ExitCode run_list(const ListOptions& options) {
  const auto* found = std::find_if(kLists.begin(), kLists.end(),
                                   [&](const auto& l) { return l.first == options.what; });
  if (found == kLists.end()) {
    std::vector<std::string> names;
    names.reserve(kLists.size());
    for (const auto& [name, make] : kLists) {
      names.emplace_back(name);
    }
    Diagnostics diagnostics;
    diagnostics.error({"<command line>", 1, 1, ""}, "list",
                      fmt::format("there is no list of '{}'", options.what),
                      suggest(options.what, names));
    diagnostics.throw_if_any();
  }
  const Listing list = found->second();
  Output output{""};
  if (options.json) {
    output.text() = list.json.dump(2) + "\n";
  } else {
    output.text() = columns(list.rows, list.right) + "\n" + wrapped(list.footer, 0);
  }
  output.finish();
  return ExitCode::success;
}

}  // namespace cairn::app
