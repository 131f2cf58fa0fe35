/// \file
/// Modelled figures beside reference figures, and what a table of them says about a model.
///
/// A comparison is one table under one device and one stack. Rows of the same topic may compete:
/// the same work on several devices, formats or numbers of ranks is a contest, over which the error
/// of predicted ratios and the share of winners predicted right are taken.
///
/// Reference: M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33(3), 1945
///            (tau-b).
/// Checked by: tests/unit/app/comparison_test.cpp
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::app {

/// What the reference figures are; headline figures use silicon only.
enum class Truth : std::uint8_t {
  silicon,          ///< measured, and published as numbers
  published_model,  ///< what a paper's own model or simulator claims
  simulator,        ///< what another tool prints
  chart_read,       ///< measured, but read off a chart
  recalled,         ///< from memory or an unverified copy
};
constexpr auto enum_names(Truth /*tag*/) {
  using S = std::string_view;
  return std::array{std::pair{Truth::silicon, S{"silicon"}},
                    std::pair{Truth::published_model, S{"published_model"}},
                    std::pair{Truth::simulator, S{"simulator"}},
                    std::pair{Truth::chart_read, S{"chart_read"}},
                    std::pair{Truth::recalled, S{"recalled"}}};
}

struct ComparedRow {
  std::string name;        ///< `m 1 n 4096 k 4096`
  std::string group;       ///< line of a break-down, `1 to 9 tokens`; may be empty
  std::string contest;     ///< rows with the same text are the same work; empty: in no contest
  std::string contestant;  ///< who competes in it: `h100`, `tp 4`, `int4`
  double predicted{};      ///< in the unit of the comparison
  double measured{};       ///< > 0, in the same unit
  bool scored{true};       ///< false: printed, but in no figure
  std::string note;        ///< why it is not scored, or what stands out
  /// predicted / measured - 1
  [[nodiscard]] double error() const { return predicted / measured - 1; }
};

enum class Statistic : std::uint8_t {
  mean_absolute,  ///< mean of |error|
  signed_mean,    ///< |mean of error|
  worst,          ///< largest |error|
  total_error,    ///< |sum of predictions / sum of measurements - 1|
  kendall_tau,    ///< a lower bound
  ratio_error,    ///< mean |error| of predicted ratios, over the contests of the topic
  winner_share,   ///< share of contests whose winner is predicted right; a lower bound
};
constexpr auto enum_names(Statistic /*tag*/) {
  using S = std::string_view;
  return std::array{std::pair{Statistic::mean_absolute, S{"mean_absolute"}},
                    std::pair{Statistic::signed_mean, S{"signed_mean"}},
                    std::pair{Statistic::worst, S{"worst"}},
                    std::pair{Statistic::total_error, S{"total_error"}},
                    std::pair{Statistic::kendall_tau, S{"kendall_tau"}},
                    std::pair{Statistic::ratio_error, S{"ratio_error"}},
                    std::pair{Statistic::winner_share, S{"winner_share"}}};
}
[[nodiscard]] constexpr bool is_lower_bound(Statistic statistic) {
  return statistic == Statistic::kendall_tau || statistic == Statistic::winner_share;
}

/// What a figure has to be: at most `limit`, or at least where more is better.
struct Bar {
  Statistic statistic{};
  double limit{};
};

struct Comparison {
  std::string id;      ///< `gpu_linear_a100`: selects it on the command line
  std::string topic;   ///< heading; contests span a topic
  std::string family;  ///< kind of device whose model answers: `gpu`, `mcu`, ...
  std::string device;  ///< stem of a file in configs/hardware, or several
  std::string stack;   ///< stem of a file in configs/software; empty where there is none
  std::string table;   ///< file in configs/validation
  std::string metric;  ///< `latency`, `energy`, ...
  std::string unit;    ///< `s`, `J`, `TOP/s`; empty for pure numbers
  Truth truth{Truth::silicon};
  std::vector<ComparedRow> rows;
  std::vector<Bar> bars;
  std::string peers;  ///< what other tools reach on the same rows; may be empty
  std::string note;
};

/// Figures over some rows. All zero without a scored row.
struct Summary {
  std::size_t rows{};      ///< scored
  std::size_t unscored{};  ///< printed only
  double mean_absolute{};
  double mean_signed{};
  double total{};           ///< sum of predictions / sum of measurements - 1, with its sign
  double worst{};           ///< error of largest size, with its sign
  std::size_t worst_row{};  ///< index of that row
  double kendall_tau{};     ///< tau-b; 0 for fewer than two rows, or when all are alike
};
[[nodiscard]] Summary summary_of(const std::vector<ComparedRow>& rows);
/// The same over the rows of one group.
[[nodiscard]] Summary summary_of(const std::vector<ComparedRow>& rows, std::string_view group);
/// Groups in order of first appearance; empty ones left out.
[[nodiscard]] std::vector<std::string> groups_of(const std::vector<ComparedRow>& rows);

/// Predicted against measured ratios of one pair of contestants, over all contests that have both.
struct PairRatio {
  std::string first;
  std::string second;
  std::size_t contests{};
  double mean_absolute{};  ///< of (predicted ratio / measured ratio - 1)
  double mean_signed{};
};
struct ContestSummary {
  std::vector<PairRatio> pairs;
  std::size_t ratios{};
  double ratio_error{};    ///< mean |error| over all ratios
  std::size_t contests{};  ///< with at least two scored rows
  std::size_t winners{};   ///< contests whose smallest measurement is the smallest prediction
  [[nodiscard]] double winner_share() const {
    return contests == 0 ? 0.0 : static_cast<double>(winners) / static_cast<double>(contests);
  }
};
/// Contests over the scored rows of all comparisons given. Pairs stand in order of first appearance
/// of their contestants. The winner is the smallest figure, or the largest if \p more_is_better.
[[nodiscard]] ContestSummary contests_of(const std::vector<const Comparison*>& comparisons,
                                         bool more_is_better = false);
/// True for metrics of which more is better (throughput, TOPS, speed-up).
[[nodiscard]] bool more_is_better(const Comparison& comparison);

/// The figure that a bar limits, as it is compared with the limit.
[[nodiscard]] double figure_of(Statistic statistic, const Summary& summary,
                               const ContestSummary& contests);
/// Whether a bar holds; never without a scored row (or contest).
[[nodiscard]] bool holds(const Bar& bar, const Summary& summary, const ContestSummary& contests);

}  // namespace cairn::app
