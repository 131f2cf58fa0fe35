#include "search/space/range.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "core/text/numbers.h"
#include "search/space/magnitude.h"

namespace cairn::search {

namespace {

/// Rounds away what the arithmetic added: 0.1 x 7 is 0.7.
double significant(double value, int digits) {
  return std::strtod(fmt::format("{:.{}e}", value, digits - 1).c_str(), nullptr);
}

bool is_power_of_two(double value) {
  int exponent = 0;
  return value > 0.0 && std::frexp(value, &exponent) == 0.5;
}

class RangeExpander {
 public:
  RangeExpander(const RangeSpec& spec, const std::string& path, Diagnostics& diagnostics)
      : spec_(spec), path_(path), diagnostics_(diagnostics) {}

  std::vector<Node> expand() {
    if (!read_ends()) {
      return {};
    }
    switch (spec_.scale) {
      case Scale::linear:
        linear();
        break;
      case Scale::powers_of_two:
        powers_of_two();
        break;
      case Scale::log:
        logarithmic();
        break;
    }
    return std::move(result_);
  }

 private:
  void fail(const SourceSpan& at, std::string message, std::string hint = {}) {
    diagnostics_.error(at, path_, std::move(message), std::move(hint));
    result_.clear();
  }

  [[nodiscard]] std::optional<Magnitude> number(const Node& node) {
    auto magnitude = node.is_scalar() ? parse_magnitude(node.scalar) : std::nullopt;
    if (!magnitude) {
      fail(node.at, "expected a number, with or without a unit, found " + describe_found(node));
    }
    return magnitude;
  }

  bool read_ends() {
    if (!spec_.range.is_sequence() || spec_.range.items.size() != 2) {
      fail(spec_.range.at,
           "expected a list of two numbers, [from, to], found " +
               (spec_.range.is_sequence() ? fmt::format("a list of {}", spec_.range.items.size())
                                          : describe_found(spec_.range)));
      return false;
    }
    const Node& low = spec_.range.items[0];
    const Node& high = spec_.range.items[1];
    const auto a = number(low);
    const auto b = number(high);
    if (!a || !b) {
      return false;
    }
    if (a->dim != b->dim) {
      fail(high.at, fmt::format("'{}' and '{}' have different units", low.scalar, high.scalar));
      return false;
    }
    if (a->value > b->value) {
      fail(low.at,
           fmt::format("the range is upside down: {} is more than {}", low.scalar, high.scalar),
           fmt::format("[{}, {}]", high.scalar, low.scalar));
      return false;
    }
    low_ = a->value;
    high_ = b->value;
    dim_ = a->dim;
    whole_ =
        dim_ == Dim{} ? parse_int(low.scalar) && parse_int(high.scalar) : counts_whole_units(dim_);
    return true;
  }

  void put(double value) {
    Node node = Node::make_scalar(dim_ == Dim{} && whole_ ? fmt::format("{}", std::llround(value))
                                                          : print_magnitude({value, dim_}));
    node.at = spec_.range.at;
    result_.push_back(std::move(node));
  }

  bool few_enough(double count, const SourceSpan& at) {
    if (count > static_cast<double>(kMostChoices)) {
      fail(at, fmt::format("{:.0f} choices are too many", count),
           fmt::format("at most {}", kMostChoices));
      return false;
    }
    return true;
  }

  void linear() {
    if (spec_.step && spec_.steps) {
      fail(spec_.step->at, "step and steps exclude each other");
      return;
    }
    if (spec_.steps) {
      if (!steps_fit()) {
        return;
      }
      spread(static_cast<double>(*spec_.steps - 1), spec_.steps_at);
      return;
    }
    double step = 1.0;
    SourceSpan at = spec_.range.at;
    if (spec_.step) {
      const auto given = number(*spec_.step);
      if (!given) {
        return;
      }
      at = spec_.step->at;
      if (given->dim != dim_) {
        fail(at, fmt::format("step '{}' has another unit than the range", spec_.step->scalar));
        return;
      }
      if (!(given->value > 0.0)) {
        fail(at, fmt::format("step must be more than 0, found {}", spec_.step->scalar));
        return;
      }
      step = given->value;
      whole_ = whole_ && step == std::floor(step);
    } else if (!whole_ || dim_ != Dim{}) {
      fail(at, "a linear range of numbers that are not whole needs a step",
           "step: the difference between neighbours, or steps: how many values");
      return;
    }
    const double intervals = (high_ - low_) / step;
    if (!few_enough(intervals + 1.0, at)) {
      return;
    }
    if (std::abs(intervals - std::round(intervals)) > 1e-9 * std::max(1.0, intervals)) {
      fail(at,
           fmt::format("step {} does not divide the range from {} to {}", print(step), print(low_),
                       print(high_)),
           fmt::format("the last value below the end is {}",
                       print(low_ + std::floor(intervals) * step)));
      return;
    }
    spread(std::round(intervals), at);
  }

  /// Values at equal distances, the ends exact.
  void spread(double intervals, const SourceSpan& at) {
    for (double i = 0.0; i <= intervals; i += 1.0) {
      const double value = i == 0.0         ? low_
                           : i == intervals ? high_
                                            : low_ + (high_ - low_) * (i / intervals);
      const double tidy = i == 0.0 || i == intervals ? value : significant(value, 12);
      if (whole_ && std::abs(tidy - std::round(tidy)) > 1e-6) {
        fail(at, fmt::format("{} values do not fall on whole numbers between {} and {}",
                             intervals + 1.0, print(low_), print(high_)));
        return;
      }
      put(whole_ ? std::round(tidy) : tidy);
    }
  }

  void powers_of_two() {
    if (spec_.step || spec_.steps) {
      fail(spec_.step ? spec_.step->at : spec_.steps_at,
           "a range of powers of two has no step and no steps");
      return;
    }
    if (!is_power_of_two(low_) || !is_power_of_two(high_)) {
      const bool first = !is_power_of_two(low_);
      fail(spec_.range.items[first ? 0 : 1].at,
           fmt::format("{} is not a power of two", spec_.range.items[first ? 0 : 1].scalar),
           "scale: log with steps takes any ends");
      return;
    }
    for (double value = low_; value <= high_; value *= 2.0) {
      put(value);
    }
  }

  void logarithmic() {
    if (spec_.step) {
      fail(spec_.step->at, "a log range has no step", "steps: how many values, both ends included");
      return;
    }
    if (!spec_.steps) {
      fail(spec_.range.at, "a log range needs steps", "steps: how many values, both ends included");
      return;
    }
    if (!(low_ > 0.0)) {
      fail(spec_.range.items[0].at, "a log range starts above 0");
      return;
    }
    if (!steps_fit()) {
      return;
    }
    constexpr double kByte = 8.0;
    const bool bytes =
        dim_ == Bits::kDim && std::fmod(low_, kByte) == 0.0 && std::fmod(high_, kByte) == 0.0;
    const double unit = bytes ? kByte : 1.0;
    const std::int64_t last = *spec_.steps - 1;
    double before = 0.0;
    for (std::int64_t i = 0; i <= last; ++i) {
      const double share = last == 0 ? 0.0 : static_cast<double>(i) / static_cast<double>(last);
      double value = low_ * std::pow(high_ / low_, share);
      value = whole_ ? unit * std::round(value / unit) : significant(value, 6);
      value = i == 0 ? low_ : i == last ? high_ : value;
      if (i > 0 && !(value > before)) {
        fail(spec_.steps_at,
             fmt::format("{} steps from {} to {} give {} twice", *spec_.steps, print(low_),
                         print(high_), print(value)),
             "use fewer steps");
        return;
      }
      before = value;
      put(value);
    }
  }

  bool steps_fit() {
    const std::int64_t least = low_ == high_ ? 1 : 2;
    if (*spec_.steps < least || (low_ == high_ && *spec_.steps > 1)) {
      fail(spec_.steps_at,
           low_ == high_
               ? fmt::format("a range of one value has 1 step, found {}", *spec_.steps)
               : fmt::format("steps counts both ends: at least 2, found {}", *spec_.steps));
      return false;
    }
    return few_enough(static_cast<double>(*spec_.steps), spec_.steps_at);
  }

  [[nodiscard]] std::string print(double value) const {
    return print_magnitude({whole_ ? std::round(value) : significant(value, 12), dim_});
  }

  const RangeSpec& spec_;
  const std::string& path_;
  Diagnostics& diagnostics_;
  std::vector<Node> result_;
  double low_{};
  double high_{};
  Dim dim_;
  bool whole_{};
};

}  // namespace

std::vector<Node> expand_range(const RangeSpec& spec, const std::string& path,
                               Diagnostics& diagnostics) {
  return RangeExpander{spec, path, diagnostics}.expand();
}

}  // namespace cairn::search
