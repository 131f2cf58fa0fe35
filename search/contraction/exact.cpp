#include "search/contraction/exact.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <utility>
#include <vector>

#include "core/error.h"
#include "search/contraction/bit_network.h"
#include "search/contraction/bits.h"
#include "search/contraction/cpu_budget.h"

namespace cairn::search {
namespace {

using models::ContractionOrder;
using models::TensorNetwork;

/// What a step costs, and how costs add up. `least` bounds the cost of any step with an operand of
/// \p operand elements from below.
struct Flops {
  static double step(double first, double second, double shared, double /*result*/) {
    return first * second / shared;
  }
  static double least(double operand) { return operand; }
  static double join(double a, double b) { return a + b; }
  static constexpr bool kSum = true;
};
struct Write {
  static double step(double /*first*/, double /*second*/, double /*shared*/, double result) {
    return result;
  }
  static double least(double /*operand*/) { return 0; }
  static double join(double a, double b) { return a + b; }
  static constexpr bool kSum = true;
};
struct Traffic {
  static double step(double first, double second, double /*shared*/, double result) {
    return first + second + result;
  }
  static double least(double operand) { return operand; }
  static double join(double a, double b) { return a + b; }
  static constexpr bool kSum = true;
};
struct Size {
  static double step(double /*first*/, double /*second*/, double /*shared*/, double result) {
    return result;
  }
  static double least(double /*operand*/) { return 0; }
  static double join(double a, double b) { return std::max(a, b); }
  static constexpr bool kSum = false;
};

/// Exact search over one network whose tensors are all joined by indices (or, with outer products,
/// over any network).
template <class Cost, std::size_t TensorWords, std::size_t IndexWords>
class Search {
 public:
  using Tensors = Bits<TensorWords>;
  using Indices = Bits<IndexWords>;

  Search(const BitNetwork& network, const ExactOptions& options)
      : options_(options),
        count_(network.terms),
        bound_(options.upper_bound),
        sizes_(network.size),
        holders_(network.indices()),
        table_(kFirstPlaces, kEmpty),
        lists_(options.outer_products ? 1 : network.terms) {
    for_bits(network.output, [&](std::size_t index) { kept_.set(index); });
    for (std::size_t t = 0; t < count_; ++t) {
      all_.set(t);
      Entry entry;
      entry.tensors.set(t);
      for_bits(network.legs_of(t), [&](std::size_t index) {
        holders_[index].set(t);
        entry.indices.set(index);
      });
      entry.size = network.term_size[t];
      insert(entry);
    }
  }

  ExactResult run();

 private:
  struct Entry {
    Tensors tensors;
    Indices indices;
    double cost{};
    double size{};
    std::int32_t first{-1};
    std::int32_t second{-1};
    bool final{};
  };
  /// Final sets that hold one tensor, in the order in which they became final: of rising cost.
  struct List {
    std::vector<Tensors> tensors;
    std::vector<double> costs;
    std::vector<std::int32_t> entries;
  };
  struct Waiting {
    double cost{};
    std::int32_t entry{};
    friend bool operator<(const Waiting& a, const Waiting& b) {  // the queue gives the largest
      return a.cost != b.cost ? a.cost > b.cost : a.entry > b.entry;
    }
  };
  static constexpr std::int32_t kEmpty = -1;
  static constexpr std::size_t kFirstPlaces = 256;  // a power of two

  [[nodiscard]] double elements(const Indices& indices) const {
    double product = 1;
    indices.for_each([&](std::size_t index) { product *= sizes_[index]; });
    return product;
  }
  [[nodiscard]] std::size_t place_of(const Tensors& tensors) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t place = (tensors.hash() >> 20U) & mask;
    while (table_[place] != kEmpty &&
           !(entries_[static_cast<std::size_t>(table_[place])].tensors == tensors)) {
      place = (place + 1) & mask;
    }
    return place;
  }
  void insert(const Entry& entry) {
    if (2 * (entries_.size() + 1) > table_.size()) {
      table_.assign(2 * table_.size(), kEmpty);
      for (std::size_t e = 0; e < entries_.size(); ++e) {
        table_[place_of(entries_[e].tensors)] = static_cast<std::int32_t>(e);
      }
    }
    table_[place_of(entry.tensors)] = static_cast<std::int32_t>(entries_.size());
    queue_.push({entry.cost, static_cast<std::int32_t>(entries_.size())});
    entries_.push_back(entry);
  }
  void pair_with_all(std::int32_t number);
  void scan(const List& list, std::int32_t number, const Tensors& avoid);
  void pair(std::int32_t a, std::int32_t b);
  /// Whether the work that is left will pass the limit, by its growth over the last doubling.
  [[nodiscard]] bool hopeless(double cost);
  void append_steps(std::int32_t number, ContractionOrder& order,
                    std::vector<std::int32_t>& names) const;

  ExactOptions options_;
  std::size_t count_;
  double bound_;
  const std::vector<double>& sizes_;
  std::vector<Tensors> holders_;  ///< of each index
  Indices kept_;                  ///< in the output
  Tensors all_;
  std::vector<Entry> entries_;
  std::vector<std::int32_t> table_;  ///< open addressing, by set of tensors
  std::vector<List> lists_;
  std::priority_queue<Waiting> queue_;
  std::vector<std::int32_t> hits_;
  double work_{};
  double half_cost_{};  ///< at each doubling of the cost reached: that cost, and the work so far
  double half_work_{};
  double quarter_cost_{};  ///< and at the one before
  double quarter_work_{};
};

template <class Cost, std::size_t TensorWords, std::size_t IndexWords>
void Search<Cost, TensorWords, IndexWords>::pair(std::int32_t a, std::int32_t b) {
  const Entry& first = entries_[static_cast<std::size_t>(a)];
  const Entry& second = entries_[static_cast<std::size_t>(b)];
  const double children = Cost::join(first.cost, second.cost);
  // The indices of a set do not depend on how it was made, so a known set is found before its
  // result is worked out.
  const double shared = elements(first.indices & second.indices);
  const Tensors tensors = first.tensors | second.tensors;
  if constexpr (std::is_same_v<Cost, Flops>) {
    if (Cost::join(children, Cost::step(first.size, second.size, shared, 0)) >= bound_) {
      return;
    }
  }
  const std::int32_t known = table_[place_of(tensors)];
  if (known != kEmpty) {
    Entry& entry = entries_[static_cast<std::size_t>(known)];
    const double cost =
        Cost::join(children, Cost::step(first.size, second.size, shared, entry.size));
    if (!entry.final && cost < entry.cost) {
      entry.cost = cost;
      entry.first = a;
      entry.second = b;
      queue_.push({cost, known});
    }
    return;
  }
  Entry entry;
  entry.tensors = tensors;
  entry.indices = first.indices | second.indices;
  Indices summed;
  entry.indices.for_each([&](std::size_t index) {
    if (!kept_.test(index) && holders_[index].within(tensors)) {
      summed.set(index);
    }
  });
  entry.indices = entry.indices.without(summed);
  entry.size = elements(entry.indices);
  entry.cost = Cost::join(children, Cost::step(first.size, second.size, shared, entry.size));
  entry.first = a;
  entry.second = b;
  if (entry.cost < bound_) {
    if (tensors == all_) {
      bound_ = std::nextafter(entry.cost, std::numeric_limits<double>::infinity());
    }
    insert(entry);
  }
}

template <class Cost, std::size_t TensorWords, std::size_t IndexWords>
void Search<Cost, TensorWords, IndexWords>::scan(const List& list, std::int32_t number,
                                                 const Tensors& avoid) {
  const Entry& entry = entries_[static_cast<std::size_t>(number)];
  // Costs rise along the list: what is too dear for the bound stands at its end.
  const double least = Cost::least(entry.size);
  const auto end = std::partition_point(list.costs.begin(), list.costs.end(), [&](double cost) {
    return Cost::join(Cost::join(entry.cost, cost), least) < bound_;
  });
  const auto length = static_cast<std::size_t>(end - list.costs.begin());
  work_ += static_cast<double>(length);
  for (std::size_t i = 0; i < length; ++i) {
    if (!list.tensors[i].meets(avoid)) {
      hits_.push_back(list.entries[i]);
    }
  }
}

template <class Cost, std::size_t TensorWords, std::size_t IndexWords>
void Search<Cost, TensorWords, IndexWords>::pair_with_all(std::int32_t number) {
  hits_.clear();
  const Tensors tensors = entries_[static_cast<std::size_t>(number)].tensors;
  if (options_.outer_products) {
    scan(lists_[0], number, tensors);
  } else {
    Tensors neighbours;
    entries_[static_cast<std::size_t>(number)].indices.for_each(
        [&](std::size_t index) { neighbours = neighbours | holders_[index]; });
    // Each partner is met at the first of its tensors that is a neighbour.
    Tensors avoid = tensors;
    neighbours.without(tensors).for_each([&](std::size_t tensor) {
      scan(lists_[tensor], number, avoid);
      avoid.set(tensor);
    });
  }
  constexpr double kWorkOfPair = 10;  // against looking at one that overlaps
  work_ += kWorkOfPair * static_cast<double>(hits_.size());
  for (const std::int32_t hit : hits_) {
    pair(number, hit);
  }
  // Of two sets that cost half of the bound each, no pair is below it.
  if (Cost::kSum && 2 * entries_[static_cast<std::size_t>(number)].cost >= bound_) {
    return;
  }
  const auto add = [&](List& list) {
    list.tensors.push_back(tensors);
    list.costs.push_back(entries_[static_cast<std::size_t>(number)].cost);
    list.entries.push_back(number);
  };
  if (options_.outer_products) {
    add(lists_[0]);
  } else {
    tensors.for_each([&](std::size_t tensor) { add(lists_[tensor]); });
  }
}

template <class Cost, std::size_t TensorWords, std::size_t IndexWords>
void Search<Cost, TensorWords, IndexWords>::append_steps(std::int32_t number,
                                                         ContractionOrder& order,
                                                         std::vector<std::int32_t>& names) const {
  const Entry& entry = entries_[static_cast<std::size_t>(number)];
  if (entry.first < 0) {
    names[static_cast<std::size_t>(number)] = number;  // terms were inserted in order
    return;
  }
  append_steps(entry.first, order, names);
  append_steps(entry.second, order, names);
  names[static_cast<std::size_t>(number)] = static_cast<std::int32_t>(count_ + order.size());
  order.push_back({.first = names[static_cast<std::size_t>(entry.first)],
                   .second = names[static_cast<std::size_t>(entry.second)]});
}

template <class Cost, std::size_t TensorWords, std::size_t IndexWords>
bool Search<Cost, TensorWords, IndexWords>::hopeless(double cost) {
  constexpr double kLeastWork = 1e7;  // before which growth says little, and costs nothing
  constexpr double kDoubt = 1.5;      // forecasts were right to a half
  if (work_ > options_.most_work) {
    return true;
  }
  if (cost < 2 * half_cost_) {
    return false;
  }
  bool result = false;
  if (quarter_work_ > 0 && work_ > kLeastWork && bound_ < std::numeric_limits<double>::infinity()) {
    const double power = std::log(work_ / quarter_work_) / std::log(cost / quarter_cost_);
    // Sets beyond half of the bound pair with few others.
    const double last = std::max((Cost::kSum ? bound_ / 2 : bound_) / cost, 1.0);
    result = work_ * std::pow(last, power) > kDoubt * options_.most_work;
  }
  quarter_cost_ = half_cost_;
  quarter_work_ = half_work_;
  half_cost_ = cost;
  half_work_ = work_;
  return result;
}

template <class Cost, std::size_t TensorWords, std::size_t IndexWords>
ExactResult Search<Cost, TensorWords, IndexWords>::run() {
  constexpr std::size_t kLookAtTime = 256;
  ExactResult result;
  const std::int64_t start = thread_cpu_nanoseconds();
  while (!queue_.empty()) {
    const Waiting next = queue_.top();
    queue_.pop();
    Entry& entry = entries_[static_cast<std::size_t>(next.entry)];
    if (entry.final || next.cost > entry.cost) {
      continue;
    }
    entry.final = true;
    ++result.sets;
    result.lower_bound = entry.cost;
    if (entry.tensors == all_) {
      result.finished = true;
      result.cost = entry.cost;
      result.order.emplace();
      std::vector<std::int32_t> names(entries_.size(), -1);
      append_steps(next.entry, *result.order, names);
      return result;
    }
    if (entries_.size() > options_.most_sets || hopeless(entry.cost) ||
        (result.sets % kLookAtTime == 0 &&
         1e-9 * static_cast<double>(thread_cpu_nanoseconds() - start) > options_.cpu_seconds)) {
      return result;
    }
    pair_with_all(next.entry);
  }
  result.finished = true;
  result.cost = options_.upper_bound;
  result.lower_bound = options_.upper_bound;
  return result;
}

template <class Cost>
ExactResult search_of_size(const BitNetwork& network, const ExactOptions& options) {
  const std::size_t tensors = network.terms;
  const std::size_t indices = network.indices();
  if (tensors <= 64 && indices <= 64) {
    return Search<Cost, 1, 1>(network, options).run();
  }
  if (tensors <= 64 && indices <= 192) {
    return Search<Cost, 1, 3>(network, options).run();
  }
  if (tensors <= 128 && indices <= 256) {
    return Search<Cost, 2, 4>(network, options).run();
  }
  return Search<Cost, kMostExactTensors / 64, kMostExactIndices / 64>(network, options).run();
}

ExactResult search_connected(const BitNetwork& network, const ExactOptions& options) {
  switch (options.objective) {
    case OrderObjective::flops:
      return search_of_size<Flops>(network, options);
    case OrderObjective::size:
      return search_of_size<Size>(network, options);
    case OrderObjective::write:
      return search_of_size<Write>(network, options);
    case OrderObjective::traffic:
      return search_of_size<Traffic>(network, options);
  }
  return {};
}

}  // namespace

ExactResult exact_order(const TensorNetwork& network, const ExactOptions& options) {
  CAIRN_CHECK(
      network.terms.size() <= kMostExactTensors && network.indices.size() <= kMostExactIndices,
      "callers keep to the limits of exact search");
  return search_connected(bit_network(network), options);
}

}  // namespace cairn::search
