#include "search/space/requirement.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <string_view>

#include "core/text/did_you_mean.h"

namespace cairn::search {

namespace {

struct Mistake {
  std::size_t offset;
  std::string message;
  std::string hint;
};

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

/// Recursive descent; the units of every intermediate value are followed along.
class RequirementParser {
 public:
  RequirementParser(std::string_view text, std::span<const Knob> knobs)
      : text_(text), knobs_(knobs) {}

  Requirement parse() {
    Requirement result;
    const std::size_t start = skip_blanks();
    Dim first = parse_sum();
    result.sums_.push_back(std::move(steps_));
    skip_blanks();
    if (at_end()) {
      throw Mistake{start, "this is not a comparison",
                    "a requirement compares, for example: rows * cols <= 4096"};
    }
    while (!at_end()) {
      const std::size_t at = position_;
      result.comparisons_.push_back(parse_comparison());
      steps_.clear();
      depth_ = 0;
      const Dim next = parse_sum();
      if (next != first) {
        throw Mistake{at, "the two sides have different units", ""};
      }
      first = next;
      result.sums_.push_back(std::move(steps_));
      skip_blanks();
    }
    std::sort(used_.begin(), used_.end());
    used_.erase(std::unique(used_.begin(), used_.end()), used_.end());
    if (used_.empty()) {
      throw Mistake{start, "this speaks of no knob", ""};
    }
    result.knobs_ = used_;
    return result;
  }

 private:
  using Action = Requirement::Action;
  using Comparison = Requirement::Comparison;

  [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[position_]; }
  std::size_t skip_blanks() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n')) {
      ++position_;
    }
    return position_;
  }

  void emit(Requirement::Step step, int growth) {
    steps_.push_back(step);
    depth_ += growth;
    if (depth_ > static_cast<int>(Requirement::kDepth)) {
      throw Mistake{position_, "this expression is nested too deeply", ""};
    }
  }

  Comparison parse_comparison() {
    struct Spelling {
      std::string_view text;
      Comparison comparison;
    };
    static constexpr std::array kSpellings{
        Spelling{"<=", Comparison::at_most}, Spelling{">=", Comparison::at_least},
        Spelling{"==", Comparison::equal},   Spelling{"!=", Comparison::different},
        Spelling{"<", Comparison::less},     Spelling{">", Comparison::greater}};
    for (const Spelling& spelling : kSpellings) {
      if (text_.substr(position_).starts_with(spelling.text)) {
        position_ += spelling.text.size();
        return spelling.comparison;
      }
    }
    throw Mistake{position_, "expected an operator, found '" + word() + "'",
                  "one of: + - * / <= >= < > == !="};
  }

  Dim parse_sum() {
    Dim dim = parse_product();
    for (skip_blanks(); peek() == '+' || peek() == '-'; skip_blanks()) {
      const std::size_t at = position_;
      const Action action = text_[position_++] == '+' ? Action::add : Action::subtract;
      if (parse_product() != dim) {
        throw Mistake{at, "the two sides have different units", ""};
      }
      emit({action, 0.0, 0}, -1);
    }
    return dim;
  }

  Dim parse_product() {
    Dim dim = parse_factor();
    for (skip_blanks(); peek() == '*' || peek() == '/'; skip_blanks()) {
      const Action action = text_[position_++] == '*' ? Action::multiply : Action::divide;
      const Dim other = parse_factor();
      dim = action == Action::multiply ? dim + other : dim - other;
      emit({action, 0.0, 0}, -1);
    }
    return dim;
  }

  Dim parse_factor() {
    const std::size_t at = skip_blanks();
    if (++nesting_ > static_cast<int>(Requirement::kDepth)) {
      throw Mistake{at, "this expression is nested too deeply", ""};
    }
    Dim dim;
    if (peek() == '-') {
      ++position_;
      dim = parse_factor();
      emit({Action::negate, 0.0, 0}, 0);
    } else if (peek() == '(') {
      ++position_;
      dim = parse_sum();
      skip_blanks();
      if (peek() != ')') {
        throw Mistake{position_,
                      at_end() ? "')' is missing" : "expected ')', found '" + word() + "'", ""};
      }
      ++position_;
    } else if (is_digit(peek()) || peek() == '.') {
      dim = parse_number();
    } else if (is_letter(peek()) || peek() == '$') {
      dim = parse_knob();
    } else {
      throw Mistake{at,
                    at_end() ? "a number or a knob is missing"
                             : "expected a number or a knob, found '" + word() + "'",
                    ""};
    }
    --nesting_;
    return dim;
  }

  Dim parse_number() {
    const std::size_t at = position_;
    while (is_digit(peek()) || peek() == '.') {
      ++position_;
    }
    if ((peek() == 'e' || peek() == 'E') && position_ + 1 < text_.size() &&
        (is_digit(text_[position_ + 1]) || text_[position_ + 1] == '-')) {
      position_ += 2;
      while (is_digit(peek())) {
        ++position_;
      }
    }
    const std::size_t number_end = position_;
    skip_blanks();
    if (!is_letter(peek())) {
      position_ = number_end;
      return accept(at, text_.substr(at, number_end - at));
    }
    // A unit may hold divisions (`GB/s`): the longest text that is a quantity.
    std::size_t end = position_;
    std::vector<std::size_t> ends;
    while (end < text_.size() &&
           (is_letter(text_[end]) || is_digit(text_[end]) ||
            (text_[end] == '/' && end + 1 < text_.size() && is_letter(text_[end + 1])))) {
      if (text_[end] == '/') {
        ends.push_back(end);
      }
      ++end;
    }
    ends.push_back(end);
    for (std::size_t i = ends.size(); i-- > 0;) {
      const std::string_view quantity = text_.substr(at, ends[i] - at);
      if (parse_magnitude(quantity)) {
        position_ = ends[i];
        return accept(at, quantity);
      }
    }
    throw Mistake{position_,
                  "'" + std::string{text_.substr(position_, end - position_)} + "' is not a unit",
                  ""};
  }

  Dim accept(std::size_t at, std::string_view text) {
    const auto magnitude = parse_magnitude(text);
    if (!magnitude) {
      throw Mistake{at, "'" + std::string{text} + "' is not a number", ""};
    }
    emit({Action::number, magnitude->value, 0}, 1);
    return magnitude->dim;
  }

  Dim parse_knob() {
    const std::size_t at = position_;
    if (peek() == '$') {
      ++position_;
    }
    const std::size_t begin = position_;
    while (is_letter(peek()) || is_digit(peek())) {
      ++position_;
    }
    const std::string name{text_.substr(begin, position_ - begin)};
    const auto knob =
        std::find_if(knobs_.begin(), knobs_.end(), [&](const Knob& k) { return k.name == name; });
    if (knob == knobs_.end()) {
      std::vector<std::string> names;
      std::transform(knobs_.begin(), knobs_.end(), std::back_inserter(names),
                     [](const Knob& k) { return k.name; });
      throw Mistake{at, "unknown knob '" + name + "'", suggest(name, names)};
    }
    if (!knob->is_number()) {
      throw Mistake{at, "the choices of '" + name + "' are not all numbers of one unit", ""};
    }
    const auto index = static_cast<std::size_t>(knob - knobs_.begin());
    used_.push_back(index);
    emit({Action::knob, 0.0, index}, 1);
    return knob->magnitudes.front().dim;
  }

  /// What stands here, for messages.
  [[nodiscard]] std::string word() const {
    std::size_t end = position_ + 1;
    while (end < text_.size() && is_letter(peek()) && is_letter(text_[end])) {
      ++end;
    }
    return std::string{text_.substr(position_, end - position_)};
  }

  std::string_view text_;
  std::span<const Knob> knobs_;
  std::size_t position_{};
  std::vector<Requirement::Step> steps_;
  std::vector<std::size_t> used_;
  int depth_{};
  int nesting_{};
};

std::optional<Requirement> Requirement::parse(const Node& text, std::span<const Knob> knobs,
                                              Diagnostics& diagnostics) {
  if (!text.is_scalar()) {
    diagnostics.error(text.at, "space.require",
                      "expected a comparison, found " + describe_found(text),
                      "for example: rows * cols <= 4096");
    return std::nullopt;
  }
  try {
    Requirement result = RequirementParser{text.scalar, knobs}.parse();
    result.text_ = text.scalar;
    result.at_ = text.at;
    return result;
  } catch (const Mistake& mistake) {
    SourceSpan at = text.at;
    const int shift = static_cast<int>(mistake.offset) + (text.quoted ? 1 : 0);
    at.column += shift;
    at.caret += at.caret == 0 ? 0 : shift;
    diagnostics.error(at, "space.require", mistake.message, mistake.hint);
    return std::nullopt;
  }
}

bool Requirement::compare(double a, Comparison comparison, double b) {
  constexpr double kSame = 1e-12;
  const bool same = std::abs(a - b) <= kSame * std::max(std::abs(a), std::abs(b));
  switch (comparison) {
    case Comparison::at_most:
      return a < b || same;
    case Comparison::at_least:
      return a > b || same;
    case Comparison::less:
      return a < b && !same;
    case Comparison::greater:
      return a > b && !same;
    case Comparison::equal:
      return same;
    case Comparison::different:
      return !same;
  }
  return false;
}

double Requirement::value(std::span<const Step> steps, PointView point,
                          std::span<const std::vector<double>> numbers) {
  std::array<double, kDepth + 1> storage{};
  const std::span<double> stack{storage};
  std::size_t top = 0;  // stack[top] is the last value; stack[0] stays unused
  for (const Step& step : steps) {
    switch (step.action) {
      case Action::number:
        stack[++top] = step.number;
        break;
      case Action::knob:
        stack[++top] = numbers[step.knob][point[step.knob]];
        break;
      case Action::negate:
        stack[top] = -stack[top];
        break;
      case Action::add:
        --top;
        stack[top] += stack[top + 1];
        break;
      case Action::subtract:
        --top;
        stack[top] -= stack[top + 1];
        break;
      case Action::multiply:
        --top;
        stack[top] *= stack[top + 1];
        break;
      case Action::divide:
        --top;
        stack[top] /= stack[top + 1];
        break;
    }
  }
  return stack[top];
}

bool Requirement::holds(PointView point, std::span<const std::vector<double>> numbers) const {
  double left = value(sums_[0], point, numbers);
  for (std::size_t i = 0; i < comparisons_.size(); ++i) {
    const double right = value(sums_[i + 1], point, numbers);
    if (!compare(left, comparisons_[i], right)) {
      return false;
    }
    left = right;
  }
  return true;
}

}  // namespace cairn::search
