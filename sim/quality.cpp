#include "sim/quality.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "core/diagnostics.h"
#include "models/quality/gaussian_error.h"
#include "models/quality/quality.h"

namespace cairn::sim {
namespace {

[[noreturn]] void nobody_knows(const models::Precision& format) {
  Diagnostics diagnostics;
  diagnostics.error({}, "quality",
                    fmt::format("nobody measured format {}, and there is no formula for it",
                                models::to_text(format)),
                    "give a table that has it, or quality: {source: none}");
  diagnostics.throw_if_any();
  throw InternalError("an error was reported but not thrown");
}

/// Operators whose weights a proxy prices: stored matrices.
bool has_weights(const models::Operator& op) {
  const auto* matmul = std::get_if<models::MatMul>(&op.shape);
  return op.parameters > 0 && ((matmul != nullptr && matmul->weight) ||
                               std::holds_alternative<models::Convolution>(op.shape));
}

}  // namespace

struct QualityModel::State {
  QualitySource source{QualitySource::none};
  models::QualityTable table;
  std::mutex mutex;
  std::map<std::string, models::FormatError> errors;  // by format: a proxy costs a millisecond

  models::FormatError error(const models::Precision& format) {
    const std::string name = models::to_text(format);
    const std::scoped_lock lock(mutex);
    const auto found = errors.find(name);
    if (found != errors.end()) {
      return found->second;
    }
    std::optional<models::FormatError> known;
    if (source == QualitySource::published) {
      known = models::format_error(table, format);
    } else if (const std::optional<double> proxy = models::gaussian_error(format)) {
      known = models::FormatError{*proxy, models::QualitySource::proxy};
    }
    if (!known) {
      nobody_knows(format);
    }
    return errors.emplace(name, *known).first->second;
  }
};

QualityModel::QualityModel() : state_(std::make_shared<State>()) {}

QualityModel::QualityModel(const QualitySpec& spec) : QualityModel() {
  state_->source = spec.source;
  if (spec.source == QualitySource::published) {
    Diagnostics diagnostics;
    state_->table = models::load_quality(spec.table.value_or(""), diagnostics);
    diagnostics.throw_if_any();
  }
}

QualityFigure QualityModel::figure(const models::Workload& compressed) const {
  QualityFigure figure;
  if (state_->source == QualitySource::none) {
    return figure;
  }
  double weights = 0;
  for (const models::Operator& op : compressed.operators) {
    double share = 0;
    if (state_->source == QualitySource::published) {
      const std::optional<double> coefficient = state_->table.coefficient(op);
      if (!coefficient) {
        continue;
      }
      share = *coefficient;
    } else if (has_weights(op)) {
      share = static_cast<double>(op.parameters);
      weights += share;
    } else {
      continue;
    }
    const models::FormatError error = state_->error(op.formats.weights);
    figure.loss += share * error.error;
    figure.published = figure.published || error.source != models::QualitySource::proxy;
    figure.proxy = figure.proxy || error.source == models::QualitySource::proxy;
  }
  if (weights > 0) {
    figure.loss /= weights;
  }
  return figure;
}

std::vector<std::string> QualityModel::unpriced(const models::Workload& compressed) const {
  if (state_->source == QualitySource::published) {
    return models::unpriced(state_->table, compressed);
  }
  if (state_->source == QualitySource::none) {
    return {};
  }
  std::vector<std::string> list = models::tensorised(compressed);
  const auto add = [&](std::string text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) {
      list.push_back(std::move(text));
    }
  };
  for (const models::Operator& op : compressed.operators) {
    const std::string group = models::weight_group(op);
    if (std::holds_alternative<models::Attention>(op.shape)) {
      add(fmt::format("{}: KV cache {}", group, models::to_text(op.formats.weights)));
    }
    if (has_weights(op)) {
      add(fmt::format("{}: activations {}", group, models::to_text(op.formats.activations)));
      if (op.sparsity.density < 1) {
        add(fmt::format("{}: pruned to {}", group, op.sparsity.density));
      }
    }
  }
  return list;
}

std::string QualityModel::source() const {
  return state_->table.source;
}

std::string QualityModel::label(bool published, bool proxy) const {
  if (state_->source == QualitySource::none) {
    return {};
  }
  if (state_->source == QualitySource::proxy) {
    return "proxy (normalised squared error of the weight formats on a unit Gaussian, weighted by "
           "stored weights; not perplexity)";
  }
  std::string text = published && proxy ? "published and proxy" : proxy ? "proxy" : "published";
  text += fmt::format(" ({})", state_->table.unit);
  if (proxy) {
    text += "; formats that the table did not measure take their error on a unit Gaussian";
  }
  return text;
}

}  // namespace cairn::sim
