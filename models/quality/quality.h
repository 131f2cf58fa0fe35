/// \file
/// Quality lost by weight formats: published sensitivities of layers times the error of a
/// quantiser.
///
/// loss = sum over matmuls of coefficient(layer, group) x error(format)
///
/// Assumes:    losses of layers add up, in proportion to the normalised squared error of their
///             weights (the linearity theorem: V. Malinovskii et al., NAACL 2025,
///             arXiv:2411.17525).
/// Ignores:    activations, the KV cache, embeddings and the head: a table prices the weights of
///             the operators that it names and nothing else, and unpriced() says what it leaves
///             out.
/// Checked by: tests/unit/models/quality_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/diagnostics.h"
#include "core/named_list.h"
#include "models/workload.h"

namespace cairn::models {

/// Where a number comes from; `mixed` when a sum has both kinds of terms.
enum class QualitySource : std::uint8_t { published, proxy, mixed };
constexpr auto enum_names(QualitySource /*tag*/) {
  return std::array{std::pair{QualitySource::published, std::string_view{"published"}},
                    std::pair{QualitySource::proxy, std::string_view{"proxy"}},
                    std::pair{QualitySource::mixed, std::string_view{"mixed"}}};
}

/// A measured quantiser: normalised squared error on Gaussian weights.
struct PublishedQuantizer {
  Precision format{};
  std::string name;  ///< as its source calls it
  double error{};
  template <class Archive>
  void fields(Archive& a) {
    a("format", format, "number format that it stores");
    a("name", name, "its name in the source");
    a("error", error, "normalised squared error on Gaussian weights", Positive{});
  }
};

/// One published table (configs/quality/*.yaml).
struct QualityTable {
  std::string model;
  std::string source;
  std::string unit;
  std::vector<PublishedQuantizer> quantizers;
  NamedList<std::vector<double>> coefficients;  ///< by operator group, then by layer

  template <class Archive>
  void fields(Archive& a) {
    a("model", model, "model whose layers these are, a file in configs/models");
    a("source", source, "who measured it");
    a("unit", unit, "what the loss means");
    a("quantizers", quantizers, "measured quantisers");
    a("coefficients", coefficients, "loss for an error of 1, by operator group and layer");
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;

  /// Loss for an error of 1 in the weights of \p op; nothing if the table does not price it.
  [[nodiscard]] std::optional<double> coefficient(const Operator& op) const;
};

/// \throws IoError if the file cannot be read.
[[nodiscard]] QualityTable load_quality(const std::filesystem::path& path,
                                        Diagnostics& diagnostics);

/// Error of a format and where it comes from: 0, published, for floats of 16 bits and more (the
/// table's own reference); the table's entry; or gaussian_error() as a proxy. Nothing if neither
/// knows it. Costs up to a millisecond for a proxy: ask once for each format.
struct FormatError {
  double error{};
  QualitySource source{QualitySource::published};
};
[[nodiscard]] std::optional<FormatError> format_error(const QualityTable& table,
                                                      const Precision& format);

/// Loss of one operator stored in one format: the term of a sum. Nothing if the table does not
/// price the operator or nobody knows the format's error.
[[nodiscard]] std::optional<FormatError> quality_term(const QualityTable& table, const Operator& op,
                                                      const Precision& format);

/// Loss of a whole workload as its operators' formats are, in the table's unit.
struct QualityLoss {
  double loss{};
  QualitySource source{QualitySource::published};
};
[[nodiscard]] QualityLoss quality_loss(const QualityTable& table, const Workload& workload);

/// What compression did that the table does not price, each once: `lm_head: weights int4`,
/// `self_attn.attention: KV cache int8`, `mlp.up_proj: pruned`. A loss is only comparable when this
/// is empty or the same.
[[nodiscard]] std::vector<std::string> unpriced(const QualityTable& table,
                                                const Workload& workload);

/// The group of \p op (its name, where it has none), of a step of a tensorised weight that of the
/// whole weight: what compression did to it does not depend on the order of its contraction.
[[nodiscard]] std::string weight_group(const Operator& op);

/// Weights held as cores, each kind once with its stored parameters: no source prices them.
[[nodiscard]] std::vector<std::string> tensorised(const Workload& workload);

/// The source of a sum of two terms.
[[nodiscard]] constexpr QualitySource both(QualitySource a, QualitySource b) {
  return a == b ? a : QualitySource::mixed;
}

}  // namespace cairn::models
