#include "core/diagnostics.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace cairn {

namespace {

auto order_of(const Diagnostic& d) {
  return std::tie(d.at.file, d.at.line, d.at.column);
}

auto content_of(const Diagnostic& d) {
  return std::tie(d.at.file, d.at.line, d.at.column, d.severity, d.path, d.message, d.hint);
}

}  // namespace

void Diagnostics::error(SourceSpan at, std::string path, std::string message, std::string hint) {
  items_.push_back(
      {Severity::error, std::move(at), std::move(path), std::move(message), std::move(hint)});
  ++errors_;
}

void Diagnostics::warning(SourceSpan at, std::string path, std::string message, std::string hint) {
  items_.push_back(
      {Severity::warning, std::move(at), std::move(path), std::move(message), std::move(hint)});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> result = items_;
  std::stable_sort(result.begin(), result.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return order_of(a) < order_of(b);
  });
  const auto last = std::unique(
      result.begin(), result.end(),
      [](const Diagnostic& a, const Diagnostic& b) { return content_of(a) == content_of(b); });
  result.erase(last, result.end());
  return result;
}

void Diagnostics::throw_if_any() const {
  if (!ok()) {
    throw ConfigError(sorted());
  }
}

}  // namespace cairn
