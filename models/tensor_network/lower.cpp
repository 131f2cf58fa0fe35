#include "models/tensor_network/lower.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>

#include "core/error.h"

namespace cairn::models {
namespace {

/// Where all orders are not counted any more.
constexpr std::size_t kMany = std::size_t{1} << 20U;
/// Most orders of one part of an operand that are tried where not all are.
constexpr std::size_t kMostOrders = 6;
constexpr double kNever = std::numeric_limits<double>::infinity();

/// A layout, the last index first, so that what two layouts have in common at their contiguous end
/// is a common prefix. One character is an index of the tensor, by its place in `indices`.
using Key = std::u16string;

/// The layout that a product writes, and what it reads to do so.
struct Made {
  Key key;
  double price{};
  Key first;  ///< as read: of the operands' own indices
  Key second;
};

/// A tensor and every layout that is worth making it in.
struct Tensor {
  TensorIndices indices;  ///< those larger than 1
  TensorIndices ones;
  std::int64_t elements{1};
  bool free{};                                ///< lies as wanted
  std::vector<Made> made;                     ///< cheapest first
  std::unordered_map<Key, std::size_t> ends;  ///< of every end of a layout, the cheapest in `made`
  std::int32_t first{-1};                     ///< of the step that makes it
  std::int32_t second{-1};
};

TensorIndices indices_of(const Key& key) {
  return {key.rbegin(), key.rend()};
}
Key key_of(const TensorIndices& layout) {
  return {layout.rbegin(), layout.rend()};
}

Key joined(const Key& first, const Key& second, const Key& third) {
  Key key;
  key.reserve(first.size() + second.size() + third.size());
  return key.append(first).append(second).append(third);
}

std::size_t orders_of(std::size_t count) {
  std::size_t product = 1;
  for (std::size_t i = 2; i <= count && product <= kMany; ++i) {
    product *= i;
  }
  return product;
}

std::vector<Key> all_orders(Key part) {
  std::vector<Key> orders{part};
  const Key start = part;
  std::ranges::sort(part);
  do {
    if (part != start) {
      orders.push_back(part);
    }
  } while (std::ranges::next_permutation(part).found);
  return orders;
}

class Lowering {
 public:
  /// \param thorough tries all layouts, while there are not too many; else only the cheapest ones.
  Lowering(const TensorNetwork& network, const ContractionOrder& order, const LowerOptions& options,
           bool thorough);
  [[nodiscard]] LoweredOrder run();

 private:
  /// Where a tensor that is read as a layout comes from.
  struct Source {
    double price{kNever};
    std::size_t made{};
    bool reordered{};
  };
  /// The two layouts in which a product may read an operand, and the cheaper one.
  struct Reading {
    double price{kNever};
    Key key;
  };
  [[nodiscard]] Source source(const Tensor& tensor, const Key& key) const;
  [[nodiscard]] Reading reading(const Tensor& tensor, const Key& batch, const Key& summed,
                                const Key& own) const;
  [[nodiscard]] std::int64_t size_of(IndexId index) const {
    return steps_.sizes()[static_cast<std::size_t>(index)];
  }
  void contract(Tensor& result, const TensorIndices& kept);
  void keep(Tensor& tensor, std::unordered_map<Key, Made>& found) const;
  [[nodiscard]] std::vector<Key> orders(const Key& part, const Tensor& tensor, bool all) const;
  void demand(std::int32_t tensor, Key key);
  /// \returns the number of the tensor that lies as demanded.
  std::int32_t emit(std::int32_t tensor);

  const TensorNetwork& network_;
  const ContractionOrder& order_;
  std::size_t most_pairs_;
  PermutePrice price_;
  GemmSteps steps_;
  std::vector<Tensor> tensors_;
  std::vector<Key> demanded_;      // by tensor: how its use reads it
  std::vector<std::size_t> used_;  // by tensor: the layout in `made` that it is made in
  std::vector<std::int32_t> numbers_;
  LoweredOrder lowered_;
};

Lowering::Lowering(const TensorNetwork& network, const ContractionOrder& order,
                   const LowerOptions& options, bool thorough)
    : network_(network),
      order_(order),
      most_pairs_(thorough ? options.most_pairs : 0),
      price_(options.permute_price
                 ? options.permute_price
                 : [](std::int64_t elements,
                      std::int64_t /*run*/) { return static_cast<double>(elements); }),
      steps_(network),
      tensors_(network.terms.size() + order.size()) {
  CAIRN_CHECK(options.free_layout.empty() || options.free_layout.size() == network.terms.size(),
              "every term is free or not");
  check(order, network.terms.size());
  const std::vector<TensorIndices> all = tensors_of(network, order);
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    Tensor& tensor = tensors_[t];
    for (const IndexId index : t < network.terms.size() ? network.terms[t] : all[t]) {
      (size_of(index) == 1 ? tensor.ones : tensor.indices).push_back(index);
      tensor.elements *= size_of(index);
    }
    if (t < network.terms.size()) {
      tensor.free = !options.free_layout.empty() && options.free_layout[t];
      std::unordered_map<Key, Made> found;
      const Key key = key_of(tensor.indices);
      found.emplace(key, Made{.key = key, .price = 0, .first = {}, .second = {}});
      keep(tensor, found);
    } else {
      tensor.first = order[t - network.terms.size()].first;
      tensor.second = order[t - network.terms.size()].second;
      contract(tensor, all[t]);
    }
  }
}

Lowering::Source Lowering::source(const Tensor& tensor, const Key& key) const {
  if (tensor.free) {
    return {.price = 0, .made = 0, .reordered = false};
  }
  // The cheapest among those that share an end of this length; a longer common end is priced when
  // its turn comes, and never dearer.
  Source best;
  std::int64_t run = 1;
  for (std::size_t length = 0; length <= key.size(); ++length) {
    if (length > 0) {
      run *= size_of(static_cast<IndexId>(key[length - 1]));
    }
    const auto found = tensor.ends.find(key.substr(0, length));
    if (found == tensor.ends.end()) {
      break;
    }
    const bool same = length == key.size();
    const double price =
        tensor.made[found->second].price + (same ? 0.0 : price_(tensor.elements, run));
    if (price < best.price || (same && price <= best.price)) {
      best = {.price = price, .made = found->second, .reordered = !same};
    }
  }
  return best;
}

Lowering::Reading Lowering::reading(const Tensor& tensor, const Key& batch, const Key& summed,
                                    const Key& own) const {
  Reading best;
  for (const Key& key : {joined(summed, own, batch), joined(own, summed, batch)}) {
    const double price = source(tensor, key).price;
    if (price < best.price) {
      best = {.price = price, .key = key};
    }
  }
  return best;
}

/// Orders of some indices of \p tensor: all, or those of its cheapest layouts.
std::vector<Key> Lowering::orders(const Key& part, const Tensor& tensor, bool all) const {
  if (all || tensor.free) {
    constexpr std::size_t kMostFree = 3;
    return all || part.size() <= kMostFree ? all_orders(part) : std::vector<Key>{part};
  }
  std::vector<Key> found;
  for (const Made& made : tensor.made) {
    Key order;
    std::ranges::copy_if(made.key, std::back_inserter(order),
                         [&](char16_t index) { return part.find(index) != Key::npos; });
    if (std::ranges::find(found, order) == found.end()) {
      found.push_back(std::move(order));
    }
    if (found.size() == kMostOrders) {
      break;
    }
  }
  return found;
}

void Lowering::contract(Tensor& result, const TensorIndices& kept) {
  const Tensor& first = tensors_[static_cast<std::size_t>(result.first)];
  const Tensor& second = tensors_[static_cast<std::size_t>(result.second)];
  const auto part = [&](const Tensor& tensor, bool shared, bool in_result) {
    const TensorIndices& other = (&tensor == &first ? second : first).indices;
    Key key;
    for (const IndexId index : tensor.indices) {
      const bool both = std::ranges::find(other, index) != other.end();
      const bool stays = std::ranges::find(kept, index) != kept.end();
      if (both == shared && stays == in_result) {
        key.insert(key.begin(), static_cast<char16_t>(index));
      }
    }
    return key;
  };
  const Key batch = part(first, true, true);
  const Key summed = part(first, true, false);
  const Key m = part(first, false, true);
  const Key n = part(second, false, true);
  const std::size_t shared = orders_of(batch.size()) * orders_of(summed.size());
  const bool all = shared <= most_pairs_ && orders_of(m.size()) <= most_pairs_ / shared &&
                   orders_of(n.size()) <= most_pairs_ / shared / orders_of(m.size());
  // Where not all are tried, a shared part stands as the operand that is not free wants it.
  const Tensor& leading = first.free ? second : first;
  const Tensor& other = first.free ? first : second;
  const auto shared_orders = [&](const Key& which) {
    std::vector<Key> list = orders(which, leading, all);
    if (!all && !other.free) {
      for (Key& order : orders(which, other, false)) {
        if (std::ranges::find(list, order) == list.end()) {
          list.push_back(std::move(order));
        }
      }
    }
    return list;
  };
  const std::vector<Key> orders_of_m = orders(m, first, all);
  const std::vector<Key> orders_of_n = orders(n, second, all);
  // No layout that costs more than the cheapest one and a reordering is worth making.
  double most = kNever;
  std::unordered_map<Key, Made> found;
  for (const Key& b : shared_orders(batch)) {
    for (const Key& k : shared_orders(summed)) {
      std::vector<Reading> seconds;
      seconds.reserve(orders_of_n.size());
      for (const Key& order : orders_of_n) {
        seconds.push_back(reading(second, b, k, order));
      }
      for (const Key& order_of_m : orders_of_m) {
        const Reading left = reading(first, b, k, order_of_m);
        for (std::size_t j = 0; j < orders_of_n.size(); ++j) {
          const double price = left.price + seconds[j].price;
          if (price > most) {
            continue;
          }
          most = std::min(most, price + price_(result.elements, 1));
          for (const Key& key :
               {joined(orders_of_n[j], order_of_m, b), joined(order_of_m, orders_of_n[j], b)}) {
            Made& made =
                found.try_emplace(key, Made{.key = key, .price = kNever, .first = {}, .second = {}})
                    .first->second;
            if (price < made.price) {
              made.price = price;
              made.first = left.key;
              made.second = seconds[j].key;
            }
          }
        }
      }
    }
  }
  keep(result, found);
}

/// Keeps the layouts that are not better made by reordering the cheapest one.
void Lowering::keep(Tensor& tensor, std::unordered_map<Key, Made>& found) const {
  double cheapest = kNever;
  for (const auto& [key, made] : found) {
    cheapest = std::min(cheapest, made.price);
  }
  const double most = cheapest + price_(tensor.elements, 1);
  for (auto& [key, made] : found) {
    if (made.price == cheapest || made.price < most) {
      tensor.made.push_back(std::move(made));
    }
  }
  std::ranges::sort(tensor.made, [](const Made& a, const Made& b) {
    return a.price != b.price ? a.price < b.price : a.key < b.key;
  });
  for (std::size_t i = 0; i < tensor.made.size(); ++i) {
    for (std::size_t length = 0; length <= tensor.made[i].key.size(); ++length) {
      tensor.ends.try_emplace(tensor.made[i].key.substr(0, length), i);
    }
  }
}

void Lowering::demand(std::int32_t tensor, Key key) {
  const auto at = static_cast<std::size_t>(tensor);
  const Tensor& wanted = tensors_[at];
  used_[at] = source(wanted, key).made;
  demanded_[at] = std::move(key);
  if (wanted.first >= 0) {
    demand(wanted.first, wanted.made[used_[at]].first);
    demand(wanted.second, wanted.made[used_[at]].second);
  }
}

std::int32_t Lowering::emit(std::int32_t tensor) {
  const auto at = static_cast<std::size_t>(tensor);
  const Tensor& wanted = tensors_[at];
  const Key& key = demanded_[at];
  if (wanted.free || wanted.made[used_[at]].key == key) {
    return numbers_[at];
  }
  LoweredStep step;
  step.first = numbers_[at];
  step.elements = wanted.elements;
  step.layout = wanted.ones;
  const TensorIndices to = indices_of(key);
  step.run = contiguous_run(indices_of(wanted.made[used_[at]].key), to, steps_.sizes());
  step.layout.insert(step.layout.end(), to.begin(), to.end());
  lowered_.permute_price += price_(step.elements, step.run);
  lowered_.steps.push_back(std::move(step));
  return static_cast<std::int32_t>(network_.terms.size() + lowered_.steps.size() - 1);
}

LoweredOrder Lowering::run() {
  used_.resize(tensors_.size());
  demanded_.resize(tensors_.size());
  const auto root = static_cast<std::int32_t>(tensors_.size()) - 1;
  TensorIndices output;
  for (const IndexId index : network_.output) {
    if (size_of(index) > 1) {
      output.push_back(index);
    }
  }
  demand(root, key_of(output));
  for (std::size_t t = 0; t < network_.terms.size(); ++t) {
    TensorIndices layout = network_.terms[t];
    if (tensors_[t].free) {
      layout = tensors_[t].ones;
      const TensorIndices wanted = indices_of(demanded_[t]);
      layout.insert(layout.end(), wanted.begin(), wanted.end());
    }
    lowered_.terms.push_back(std::move(layout));
    numbers_.push_back(static_cast<std::int32_t>(t));
  }
  for (std::size_t t = network_.terms.size(); t < tensors_.size(); ++t) {
    const Tensor& result = tensors_[t];
    LoweredStep step;
    step.first = emit(result.first);
    step.second = emit(result.second);
    const TensorIndices made = indices_of(result.made[used_[t]].key);
    TensorIndices kept = result.ones;
    kept.insert(kept.end(), made.begin(), made.end());
    const auto read = [this](std::int32_t tensor) {
      TensorIndices layout = tensors_[static_cast<std::size_t>(tensor)].ones;
      const TensorIndices rest = indices_of(demanded_[static_cast<std::size_t>(tensor)]);
      layout.insert(layout.end(), rest.begin(), rest.end());
      return layout;
    };
    bool is_product = false;
    for (const GemmStep& way : steps_.ways(read(result.first), read(result.second), kept)) {
      const TensorIndices without{way.result.end() - static_cast<std::ptrdiff_t>(made.size()),
                                  way.result.end()};
      if (without == made) {
        step.product = way;
        is_product = true;
        break;
      }
    }
    CAIRN_CHECK(is_product, "a layout that was found is one of a product's");
    CAIRN_CHECK(!step.product.permute_first && !step.product.permute_second,
                "operands lie as the product reads them");
    step.elements = result.elements;
    step.run = result.elements;
    step.layout = std::move(kept);
    lowered_.steps.push_back(std::move(step));
    numbers_.push_back(
        static_cast<std::int32_t>(network_.terms.size() + lowered_.steps.size() - 1));
  }
  emit(root);
  return std::move(lowered_);
}

}  // namespace

LoweredOrder lower(const TensorNetwork& network, const ContractionOrder& order,
                   const LowerOptions& options) {
  LoweredOrder quick = Lowering(network, order, options, false).run();
  return quick.permute_price == 0 ? quick : Lowering(network, order, options, true).run();
}

}  // namespace cairn::models
