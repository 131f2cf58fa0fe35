#include "search/pareto/archive.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"

namespace cairn::search {

namespace {

/// The number of objectives as a constant where it is known (D > 0): the loops unroll.
template <std::size_t D>
constexpr std::size_t width(std::size_t dims) {
  return D == 0 ? dims : D;
}

struct Order {
  bool le;  ///< a <= b in every objective
  bool ge;  ///< a >= b in every objective
};

template <std::size_t D>
Order compare(std::span<const double> a, std::span<const double> b) {
  Order order{true, true};
  const std::size_t dims = width<D>(a.size());
  for (std::size_t i = 0; i < dims; ++i) {
    order.le &= a[i] <= b[i];
    order.ge &= a[i] >= b[i];
  }
  return order;
}

}  // namespace

bool dominates(std::span<const double> a, std::span<const double> b) {
  const Order order = compare<0>(a, b);
  return order.le && !order.ge;
}

ParetoArchive::ParetoArchive(std::size_t objectives) : dims_(objectives), scale_(objectives, 1.0) {
  CAIRN_CHECK(objectives > 0, "a front needs an objective");
}

bool ParetoArchive::insert(std::uint64_t id, std::span<const double> point) {
  CAIRN_CHECK(point.size() == dims_, "the point has another number of objectives");
  CAIRN_CHECK(std::none_of(point.begin(), point.end(), [](double x) { return std::isnan(x); }),
              "NaN cannot be compared");
  if (recently_dominated(point)) {
    return false;
  }
  if (root_ != kNone) {
    switch (walk(point, id)) {
      case Verdict::dominated:
        return false;
      case Verdict::tied:
        ++size_;
        return true;
      case Verdict::emptied:
        root_ = kNone;
        break;
      case Verdict::open:
        break;
    }
  }
  std::uint32_t member = 0;
  if (free_members_.empty()) {
    member = static_cast<std::uint32_t>(ids_.size());
    ids_.emplace_back();
  } else {
    member = free_members_.back();
    free_members_.pop_back();
  }
  ids_[member].assign(1, id);
  ++size_;
  place(member, point);
  return true;
}

bool ParetoArchive::recently_dominated(Row point) {
  for (std::size_t at = 0; at < recent_.size(); at += dims_) {
    if (dominates(std::span{recent_}.subspan(at, dims_), point)) {
      // Move to front: neighbours in a sweep tend to fall to the same member.
      const auto begin = recent_.begin();
      const auto row = begin + static_cast<std::ptrdiff_t>(at);
      std::rotate(begin, row, row + static_cast<std::ptrdiff_t>(dims_));
      return true;
    }
  }
  return false;
}

void ParetoArchive::remember(Row dominator) {
  if (recent_.size() < kRecent * dims_) {
    recent_.resize(recent_.size() + dims_);
  }
  std::copy_backward(recent_.begin(), recent_.end() - static_cast<std::ptrdiff_t>(dims_),
                     recent_.end());
  std::copy(dominator.begin(), dominator.end(), recent_.begin());
}

ParetoArchive::Verdict ParetoArchive::walk(Row point, std::uint64_t id) {
  switch (dims_) {
    case 2:
      return visit<2>(root_, point, id);
    case 3:
      return visit<3>(root_, point, id);
    case 4:
      return visit<4>(root_, point, id);
    case 5:
      return visit<5>(root_, point, id);
    default:
      return visit<0>(root_, point, id);
  }
}

template <std::size_t D>
ParetoArchive::Verdict ParetoArchive::visit(std::uint32_t node, Row point, std::uint64_t id) {
  const std::size_t dims = width<D>(dims_);
  const Row corners = box(node);
  const Order to_low = compare<D>(point, corners.first(dims));
  const Order to_high = compare<D>(point, corners.last(dims));
  if (to_high.ge && !to_high.le) {
    return Verdict::dominated;  // everything here is at most `high`, which dominates the point
  }
  if (to_low.le && !to_low.ge) {
    drop_tree(node);
    return Verdict::emptied;
  }
  if (!to_low.ge && !to_high.le) {
    return Verdict::open;  // nothing here can be below the point, and nothing above it
  }
  const std::uint32_t left = nodes_[node].left;
  const std::uint32_t right = nodes_[node].right;
  if (left == kNone) {
    return visit_leaf<D>(node, point, id);
  }
  const Verdict first = visit<D>(left, point, id);
  if (first == Verdict::dominated || first == Verdict::tied) {
    return first;
  }
  const Verdict second = visit<D>(right, point, id);
  if (second == Verdict::dominated || second == Verdict::tied) {
    // A point that is dominated (or equal to a member) dominates no member, so `first` is open.
    return second;
  }
  if (first == Verdict::emptied && second == Verdict::emptied) {
    free_nodes_.push_back(node);
    return Verdict::emptied;
  }
  if (first == Verdict::emptied || second == Verdict::emptied) {
    // The child that is left takes this place.
    const std::uint32_t child = first == Verdict::emptied ? right : left;
    std::swap(nodes_[node], nodes_[child]);
    const Row kept = box(child);
    std::copy(kept.begin(), kept.end(), box(node).begin());
    free_nodes_.push_back(child);
  }
  return Verdict::open;
}

template <std::size_t D>
ParetoArchive::Verdict ParetoArchive::visit_leaf(std::uint32_t node, Row point, std::uint64_t id) {
  const std::size_t dims = width<D>(dims_);
  Node& leaf = nodes_[node];
  std::size_t i = 0;
  while (i < leaf.members.size()) {
    const std::span row = std::span{leaf.rows}.subspan(i * dims, dims);
    const Order order = compare<D>(point, row);
    if (order.ge) {
      if (order.le) {
        ids_[leaf.members[i]].push_back(id);
        return Verdict::tied;
      }
      remember(row);
      return Verdict::dominated;
    }
    if (order.le) {
      drop_member(leaf.members[i]);
      leaf.members[i] = leaf.members.back();
      leaf.members.pop_back();
      const Row last = std::span{leaf.rows}.last(dims);
      std::copy(last.begin(), last.end(), row.begin());
      leaf.rows.resize(leaf.members.size() * dims);
    } else {
      ++i;
    }
  }
  if (leaf.members.empty()) {
    free_nodes_.push_back(node);
    return Verdict::emptied;
  }
  return Verdict::open;
}

bool ParetoArchive::covers(std::span<const double> point) const {
  // Depth first with an explicit stack; its depth is that of the tree.
  std::vector<std::uint32_t> stack;
  if (root_ != kNone) {
    stack.push_back(root_);
  }
  while (!stack.empty()) {
    const std::uint32_t node = stack.back();
    stack.pop_back();
    if (compare<0>(box(node).last(dims_), point).le) {
      return true;
    }
    if (!compare<0>(box(node).first(dims_), point).le) {
      continue;
    }
    const Node& here = nodes_[node];
    if (here.left != kNone) {
      stack.push_back(here.right);
      stack.push_back(here.left);
    }
    for (std::size_t at = 0; at < here.rows.size(); at += dims_) {
      if (compare<0>(Row{here.rows}.subspan(at, dims_), point).le) {
        return true;
      }
    }
  }
  return false;
}

std::uint32_t ParetoArchive::new_node() {
  std::uint32_t node = 0;
  if (free_nodes_.empty()) {
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    bounds_.resize(bounds_.size() + 2 * dims_);
  } else {
    node = free_nodes_.back();
    free_nodes_.pop_back();
    nodes_[node].left = kNone;
    nodes_[node].right = kNone;
    nodes_[node].members.clear();
    nodes_[node].rows.clear();
  }
  const std::span low = box(node).first(dims_);
  const std::span high = box(node).last(dims_);
  std::fill(low.begin(), low.end(), std::numeric_limits<double>::infinity());
  std::fill(high.begin(), high.end(), -std::numeric_limits<double>::infinity());
  return node;
}

void ParetoArchive::drop_tree(std::uint32_t node) {
  if (nodes_[node].left != kNone) {
    drop_tree(nodes_[node].left);
    drop_tree(nodes_[node].right);
  } else {
    for (const std::uint32_t member : nodes_[node].members) {
      drop_member(member);
    }
  }
  free_nodes_.push_back(node);
}

void ParetoArchive::drop_member(std::uint32_t member) {
  size_ -= ids_[member].size();
  ids_[member].clear();
  free_members_.push_back(member);
}

void ParetoArchive::grow_bounds(std::uint32_t node, Row point) {
  const std::span low = box(node).first(dims_);
  const std::span high = box(node).last(dims_);
  for (std::size_t i = 0; i < dims_; ++i) {
    low[i] = std::min(low[i], point[i]);
    high[i] = std::max(high[i], point[i]);
  }
}

double ParetoArchive::distance(std::uint32_t node, Row point) const {
  const Row low = box(node).first(dims_);
  const Row high = box(node).last(dims_);
  double sum = 0.0;
  for (std::size_t i = 0; i < dims_; ++i) {
    const double off = (0.5 * (low[i] + high[i]) - point[i]) * scale_[i];
    sum += off * off;
  }
  return sum;
}

void ParetoArchive::place(std::uint32_t member, Row point) {
  if (root_ == kNone) {
    root_ = new_node();
  }
  std::uint32_t node = root_;
  grow_bounds(node, point);
  while (nodes_[node].left != kNone) {
    const std::uint32_t left = nodes_[node].left;
    const std::uint32_t right = nodes_[node].right;
    node = distance(left, point) <= distance(right, point) ? left : right;
    grow_bounds(node, point);
  }
  nodes_[node].members.push_back(member);
  nodes_[node].rows.insert(nodes_[node].rows.end(), point.begin(), point.end());
  if (nodes_[node].members.size() > kLeafRows) {
    split(node);
  }
}

void ParetoArchive::split(std::uint32_t leaf) {
  const Row root = box(root_);
  for (std::size_t i = 0; i < dims_; ++i) {
    const double side = root[dims_ + i] - root[i];
    scale_[i] = side > 0.0 && std::isfinite(side) ? 1.0 / side : 0.0;
  }
  const std::vector<std::uint32_t> members = std::move(nodes_[leaf].members);
  const std::vector<double> rows = std::move(nodes_[leaf].rows);
  nodes_[leaf].members.clear();
  nodes_[leaf].rows.clear();

  // Members that were dropped may have been the corners: the widest side is that of the rows.
  std::size_t axis = 0;
  double widest = -1.0;
  for (std::size_t i = 0; i < dims_; ++i) {
    double low = rows[i];
    double high = rows[i];
    for (std::size_t row = 1; row < members.size(); ++row) {
      low = std::min(low, rows[row * dims_ + i]);
      high = std::max(high, rows[row * dims_ + i]);
    }
    const double side = (high - low) * scale_[i];
    if (side > widest) {
      widest = side;
      axis = i;
    }
  }
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
  std::nth_element(order.begin(), middle, order.end(), [&](std::size_t a, std::size_t b) {
    return rows[a * dims_ + axis] < rows[b * dims_ + axis];
  });
  const auto fill = [&](auto first, auto last) {
    const std::uint32_t node = new_node();
    for (auto it = first; it != last; ++it) {
      const auto row = std::span{rows}.subspan(*it * dims_, dims_);
      grow_bounds(node, row);
      nodes_[node].members.push_back(members[*it]);
      nodes_[node].rows.insert(nodes_[node].rows.end(), row.begin(), row.end());
    }
    return node;
  };
  const std::uint32_t left = fill(order.begin(), middle);
  const std::uint32_t right = fill(middle, order.end());
  nodes_[leaf].left = left;
  nodes_[leaf].right = right;
}

Front ParetoArchive::front() const {
  struct Place {
    std::uint64_t id;
    Row row;
  };
  std::vector<Place> places;
  places.reserve(size_);
  std::vector<std::uint32_t> stack;
  if (root_ != kNone) {
    stack.push_back(root_);
  }
  while (!stack.empty()) {
    const Node& node = nodes_[stack.back()];
    stack.pop_back();
    if (node.left != kNone) {
      stack.push_back(node.left);
      stack.push_back(node.right);
    }
    for (std::size_t i = 0; i < node.members.size(); ++i) {
      for (const std::uint64_t id : ids_[node.members[i]]) {
        places.push_back({id, Row{node.rows}.subspan(i * dims_, dims_)});
      }
    }
  }
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.id < b.id; });
  Front front{dims_, {}, {}};
  front.ids.reserve(places.size());
  front.values.reserve(places.size() * dims_);
  for (const Place& place : places) {
    front.ids.push_back(place.id);
    front.values.insert(front.values.end(), place.row.begin(), place.row.end());
  }
  return front;
}

}  // namespace cairn::search
