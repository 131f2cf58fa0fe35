#include "models/quality/quality.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "models/quality/gaussian_error.h"

namespace cairn::models {
namespace {

/// The format that published losses are relative to.
bool is_reference(const Precision& format) {
  return format.is_floating() && format.element_bits() >= 16;
}

bool has_stored_weights(const Shape& shape) {
  const auto* matmul = std::get_if<MatMul>(&shape);
  return (matmul != nullptr && matmul->weight) || std::holds_alternative<Convolution>(shape) ||
         std::holds_alternative<Embedding>(shape);
}

/// `mlp.up_proj` of `mlp.up_proj.step3`; empty if it is no step of a tensorised weight.
std::string_view without_step(std::string_view name) {
  constexpr std::string_view kStep = ".step";
  const std::size_t dot = name.rfind(kStep);
  const bool numbered =
      dot != std::string_view::npos && dot + kStep.size() < name.size() &&
      name.find_first_not_of("0123456789", dot + kStep.size()) == std::string_view::npos;
  return numbered ? name.substr(0, dot) : std::string_view{};
}

/// format_error() with a memory, for workloads of hundreds of operators with few formats.
class Errors {
 public:
  explicit Errors(const QualityTable& table) : table_(table) {}
  const std::optional<FormatError>& of(const Precision& format) {
    const auto key = std::tuple{format.kind,       format.exponent_bits, format.vector_length,
                                format.scale_bits, format.group_size,    format.milli_bits};
    const auto known = known_.find(key);
    return known != known_.end() ? known->second
                                 : known_.emplace(key, format_error(table_, format)).first->second;
  }

 private:
  using Key =
      std::tuple<NumberKind, std::uint8_t, std::uint8_t, std::uint8_t, std::int32_t, std::int32_t>;
  const QualityTable& table_;
  std::map<Key, std::optional<FormatError>> known_;
};

}  // namespace

std::vector<FieldProblem> QualityTable::problems() const {
  std::vector<FieldProblem> found;
  if (coefficients.empty()) {
    found.push_back({"coefficients", "a table prices at least one operator group", {}});
  }
  for (const auto& [group, layers] : coefficients) {
    if (layers.size() != coefficients.begin()->second.size()) {
      found.push_back(
          {"coefficients",
           fmt::format("'{}' has {} layers, '{}' has {}", group, layers.size(),
                       coefficients.begin()->first, coefficients.begin()->second.size()),
           {}});
    }
  }
  return found;
}

std::optional<double> QualityTable::coefficient(const Operator& op) const {
  const std::vector<double>* layers = coefficients.find(op.group);
  if (layers == nullptr || op.layer < 0 || static_cast<std::size_t>(op.layer) >= layers->size()) {
    return std::nullopt;
  }
  return (*layers)[static_cast<std::size_t>(op.layer)];
}

QualityTable load_quality(const std::filesystem::path& path, Diagnostics& diagnostics) {
  QualityTable table;
  const std::size_t before = diagnostics.error_count();
  const Node node = load_yaml(path.string(), diagnostics);
  if (diagnostics.error_count() == before) {
    read(node, table, diagnostics);
  }
  return table;
}

std::optional<FormatError> format_error(const QualityTable& table, const Precision& format) {
  if (is_reference(format)) {
    return FormatError{.error = 0.0, .source = QualitySource::published};
  }
  const auto entry = std::ranges::find(table.quantizers, format, &PublishedQuantizer::format);
  if (entry != table.quantizers.end()) {
    return FormatError{.error = entry->error, .source = QualitySource::published};
  }
  const std::optional<double> proxy = gaussian_error(format);
  if (!proxy) {
    return std::nullopt;
  }
  return FormatError{.error = *proxy, .source = QualitySource::proxy};
}

std::optional<FormatError> quality_term(const QualityTable& table, const Operator& op,
                                        const Precision& format) {
  const std::optional<double> coefficient = table.coefficient(op);
  std::optional<FormatError> term = coefficient ? format_error(table, format) : std::nullopt;
  if (term) {
    term->error *= *coefficient;
  }
  return term;
}

QualityLoss quality_loss(const QualityTable& table, const Workload& workload) {
  Errors errors(table);
  QualityLoss result;
  bool first = true;
  for (const Operator& op : workload.operators) {
    const std::optional<double> coefficient = table.coefficient(op);
    if (!coefficient || is_reference(op.formats.weights)) {
      continue;
    }
    if (const std::optional<FormatError>& term = errors.of(op.formats.weights)) {
      result.loss += *coefficient * term->error;
      result.source = first ? term->source : both(result.source, term->source);
      first = false;
    }
  }
  return result;
}

std::vector<std::string> unpriced(const QualityTable& table, const Workload& workload) {
  Errors errors(table);
  std::vector<std::string> found;
  const auto note = [&found](std::string what) {
    if (std::ranges::find(found, what) == found.end()) {
      found.push_back(std::move(what));
    }
  };
  for (const Operator& op : workload.operators) {
    const Precision& weights = op.formats.weights;
    if (std::holds_alternative<Attention>(op.shape)) {
      if (!is_reference(weights)) {
        note(fmt::format("{}: KV cache {}", op.group, to_text(weights)));
      }
      continue;
    }
    if (!has_stored_weights(op.shape)) {
      continue;
    }
    const std::string group = weight_group(op);
    const bool priced = table.coefficient(op).has_value();
    if (!is_reference(weights) && (!priced || !errors.of(weights))) {
      note(fmt::format("{}: weights {}", group, to_text(weights)));
    }
    if (!is_reference(op.formats.activations)) {
      note(fmt::format("{}: activations {}", group, to_text(op.formats.activations)));
    }
    if (op.sparsity.density < 1.0) {
      note(fmt::format("{}: pruned", group));
    }
    if (op.group.ends_with(".u") || op.group.ends_with(".v")) {
      note(fmt::format("{}: low rank", op.group));
    }
  }
  for (std::string& what : tensorised(workload)) {
    note(std::move(what));
  }
  return found;
}

std::string weight_group(const Operator& op) {
  const std::string& named = op.group.empty() ? op.name : op.group;
  const std::string_view whole = without_step(named);
  return whole.empty() ? named : std::string{whole};
}

std::vector<std::string> tensorised(const Workload& workload) {
  std::vector<std::string> found;
  std::string_view last;  // name of the weight that the operators before are steps of
  std::string group;
  std::int64_t parameters = 0;
  const auto close = [&] {
    if (!last.empty()) {
      std::string what = fmt::format("{}: tensorised to {} parameters", group, parameters);
      if (std::ranges::find(found, what) == found.end()) {
        found.push_back(std::move(what));
      }
    }
    parameters = 0;
  };
  for (const Operator& op : workload.operators) {
    const std::string_view whole = without_step(op.name);
    if (whole != last) {
      close();
      last = whole;
      group = weight_group(op);
    }
    parameters += op.parameters;
  }
  close();
  return found;
}

}  // namespace cairn::models
