#include "sim/memory/order_search.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <queue>
#include <unordered_map>

#include "core/error.h"
#include "core/hash.h"

namespace cairn::sim {
namespace {

using Index = std::int32_t;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// A set of nodes of one piece.
class NodeSet {
 public:
  explicit NodeSet(std::size_t nodes) : words_((nodes + 63) / 64) {}
  [[nodiscard]] bool has(std::size_t i) const { return ((words_[i / 64] >> (i % 64)) & 1U) != 0; }
  void add(std::size_t i) { words_[i / 64] |= std::uint64_t{1} << (i % 64); }
  friend bool operator==(const NodeSet&, const NodeSet&) = default;
  [[nodiscard]] std::uint64_t hash() const {
    Hasher hasher;
    for (const std::uint64_t word : words_) {
      hasher.add(word);
    }
    return hasher.value();
  }

 private:
  std::vector<std::uint64_t> words_;
};

struct NodeSetHash {
  std::size_t operator()(const NodeSet& set) const { return set.hash(); }
};

/// Nodes between two cuts. `entry` is the tensor at the first cut: it has been made, and lives
/// until its last reader in the piece has run.
struct Piece {
  Index entry{-1};  ///< -1: the piece begins the graph
  Index first{};
  Index length{};
};

/// What a step from one set to the next costs.
struct Step {
  double during{};  ///< alive while the node runs
  double after{};   ///< alive once it has run
};

/// One piece with everything the searches ask.
class PieceSearch {
 public:
  PieceSearch(const ActivationGraph& graph, const std::vector<std::vector<Index>>& readers,
              const Piece& piece)
      : graph_(graph), readers_(readers), piece_(piece) {}

  [[nodiscard]] std::size_t size() const { return at(piece_.length); }
  [[nodiscard]] Index node(std::size_t i) const { return piece_.first + static_cast<Index>(i); }
  [[nodiscard]] double entry_bits() const {
    return piece_.entry < 0 ? 0.0 : graph_.node(piece_.entry).output_bits;
  }

  /// All inputs have run, and the node has not.
  [[nodiscard]] bool ready(const NodeSet& done, std::size_t i) const {
    if (done.has(i)) {
      return false;
    }
    const auto inputs = graph_.inputs(node(i));
    return std::all_of(inputs.begin(), inputs.end(), [&](Index input) {
      const std::optional<std::size_t> place = place_of(input);
      return !place || done.has(*place);
    });
  }

  /// Running node \p i when \p alive bits are held and \p done have run.
  [[nodiscard]] Step step(const NodeSet& done, double alive, std::size_t i) const {
    const ActivationNode& now = graph_.node(node(i));
    double dying = 0;
    double overwritten = 0;
    for (const Index input : graph_.inputs(node(i))) {
      if (dies(done, input, i)) {
        const double bits = graph_.node(input).output_bits;
        dying += bits;
        overwritten = std::max(overwritten, bits);
      }
    }
    const double reused = now.overwrites ? std::min(overwritten, now.output_bits) : 0.0;
    return {alive + now.output_bits - reused + now.scratch_bits, alive + now.output_bits - dying};
  }

 private:
  /// \p input has no reader left once node \p running has run.
  [[nodiscard]] bool dies(const NodeSet& done, Index input, std::size_t running) const {
    for (const Index reader : readers_[at(input)]) {
      const std::optional<std::size_t> place = place_of(reader);
      if (!place || (*place != running && !done.has(*place))) {
        return false;
      }
    }
    return true;
  }

  /// Pieces are runs of consecutive nodes.
  [[nodiscard]] std::optional<std::size_t> place_of(Index n) const {
    const Index place = n - piece_.first;
    return place >= 0 && place < piece_.length ? std::optional{at(place)} : std::nullopt;
  }

  const ActivationGraph& graph_;
  const std::vector<std::vector<Index>>& readers_;
  const Piece& piece_;
};

struct PieceOrder {
  std::vector<Index> order;  ///< nodes of the graph
  double peak{std::numeric_limits<double>::infinity()};
  std::size_t states{};
};

/// One set of nodes that have run, on a way of least peak to it.
struct State {
  NodeSet done;
  double alive{};
  double peak{};
  std::int32_t parent{-1};
  Index ran{-1};  ///< local index of the node that led here
  std::int32_t count{};
};

PieceOrder order_of(const std::vector<State>& states, std::size_t end, const PieceSearch& search) {
  PieceOrder found;
  found.peak = states[end].peak;
  for (auto s = static_cast<std::int32_t>(end); states[at(s)].parent >= 0;
       s = states[at(s)].parent) {
    found.order.push_back(search.node(at(states[at(s)].ran)));
  }
  std::reverse(found.order.begin(), found.order.end());
  found.states = states.size();
  return found;
}

/// Best first over downsets: the first complete set that leaves the queue has the least peak.
/// \returns an infinite peak when there are more than \p most_states sets.
PieceOrder exact_search(const PieceSearch& search, std::size_t most_states) {
  std::vector<State> states{
      {NodeSet(search.size()), search.entry_bits(), search.entry_bits(), -1, -1, 0}};
  std::unordered_map<NodeSet, std::int32_t, NodeSetHash> known;
  known.emplace(states.front().done, 0);
  using Entry = std::pair<double, std::int32_t>;
  // Ties: the set with more nodes first, so that a chain is not explored breadth first.
  const auto later = [&states](const Entry& a, const Entry& b) {
    if (a.first != b.first) {
      return a.first > b.first;
    }
    if (states[at(a.second)].count != states[at(b.second)].count) {
      return states[at(a.second)].count < states[at(b.second)].count;
    }
    return a.second > b.second;
  };
  std::priority_queue<Entry, std::vector<Entry>, decltype(later)> queue(later);
  queue.push({states.front().peak, 0});
  std::vector<bool> closed{false};
  while (!queue.empty()) {
    const auto [peak, index] = queue.top();
    queue.pop();
    if (closed[at(index)] || peak > states[at(index)].peak) {
      continue;
    }
    closed[at(index)] = true;
    if (states[at(index)].count == static_cast<std::int32_t>(search.size())) {
      return order_of(states, at(index), search);
    }
    for (std::size_t i = 0; i < search.size(); ++i) {
      if (!search.ready(states[at(index)].done, i)) {
        continue;
      }
      const Step step = search.step(states[at(index)].done, states[at(index)].alive, i);
      State next = states[at(index)];
      next.done.add(i);
      next.alive = step.after;
      next.peak = std::max(next.peak, step.during);
      next.parent = index;
      next.ran = static_cast<Index>(i);
      ++next.count;
      const auto [found, added] =
          known.try_emplace(next.done, static_cast<std::int32_t>(states.size()));
      if (added) {
        if (states.size() >= most_states) {
          return {};
        }
        closed.push_back(false);
        states.push_back(std::move(next));
      } else if (next.peak < states[at(found->second)].peak) {
        states[at(found->second)] = std::move(next);
      } else {
        continue;
      }
      queue.push({states[at(found->second)].peak, found->second});
    }
  }
  throw InternalError("a graph has no complete order");
}

/// Level by level, keeping the sets of lowest peak (of equals, those that hold least).
PieceOrder beam_search(const PieceSearch& search, std::size_t width) {
  std::vector<State> states{
      {NodeSet(search.size()), search.entry_bits(), search.entry_bits(), -1, -1, 0}};
  std::vector<std::int32_t> level{0};
  for (std::size_t n = 0; n < search.size(); ++n) {
    std::unordered_map<NodeSet, std::size_t, NodeSetHash> known;
    std::vector<State> next;
    for (const std::int32_t index : level) {
      for (std::size_t i = 0; i < search.size(); ++i) {
        if (!search.ready(states[at(index)].done, i)) {
          continue;
        }
        const Step step = search.step(states[at(index)].done, states[at(index)].alive, i);
        State made = states[at(index)];
        made.done.add(i);
        made.alive = step.after;
        made.peak = std::max(made.peak, step.during);
        made.parent = index;
        made.ran = static_cast<Index>(i);
        ++made.count;
        const auto [found, added] = known.try_emplace(made.done, next.size());
        if (added) {
          next.push_back(std::move(made));
        } else if (made.peak < next[found->second].peak) {
          next[found->second] = std::move(made);
        }
      }
    }
    std::stable_sort(next.begin(), next.end(), [](const State& a, const State& b) {
      return a.peak != b.peak ? a.peak < b.peak : a.alive < b.alive;
    });
    next.erase(next.begin() + static_cast<std::ptrdiff_t>(std::min(next.size(), width)),
               next.end());
    level.clear();
    for (State& state : next) {
      level.push_back(static_cast<std::int32_t>(states.size()));
      states.push_back(std::move(state));
    }
  }
  return order_of(states, at(level.front()), search);
}

/// Nodes that every path passes: nothing before jumps over them, no result lies before, nothing
/// after begins by itself. They stand at the same position in every order.
std::vector<Piece> cut(const ActivationGraph& graph,
                       const std::vector<std::vector<Index>>& readers) {
  const Index count = graph.size();
  Index last_source = -1;
  Index first_sink = count;
  for (Index i = 0; i < count; ++i) {
    if (graph.inputs(i).empty()) {
      last_source = i;
    }
    if (readers[at(i)].empty()) {
      first_sink = std::min(first_sink, i);
    }
  }
  std::vector<Piece> pieces(1);
  Index reach = 0;  // the furthest reader of all nodes before
  for (Index i = 0; i < count; ++i) {
    ++pieces.back().length;
    if (reach <= i && i >= last_source && i <= first_sink && i + 1 < count) {
      pieces.push_back({i, i + 1, 0});
    }
    for (const Index reader : readers[at(i)]) {
      reach = std::max(reach, reader);
    }
  }
  return pieces;
}

/// Equal for pieces of the same shape, sizes and places of inputs.
std::uint64_t hash_of(const ActivationGraph& graph, const Piece& piece) {
  Hasher hasher;
  hasher.add(piece.entry < 0 ? 0.0 : graph.node(piece.entry).output_bits);
  for (Index i = piece.first; i < piece.first + piece.length; ++i) {
    const ActivationNode& node = graph.node(i);
    hasher.add(node.output_bits);
    hasher.add(node.scratch_bits);
    hasher.add(node.overwrites);
    hasher.add(node.input_count);
    for (const Index input : graph.inputs(i)) {
      hasher.add(input - piece.first);
    }
  }
  return hasher.value();
}

void find_peak(const ActivationGraph& graph, ExecutionOrder& order) {
  const std::vector<double> live = live_bits(graph, order.order);
  for (std::size_t p = 0; p < live.size(); ++p) {
    if (live[p] > order.peak_bits) {
      order.peak_bits = live[p];
      order.peak_node = order.order[p];
    }
  }
}

}  // namespace

ExecutionOrder best_order(const ActivationGraph& graph, const OrderLimits& limits) {
  ExecutionOrder best;
  // Blocks of a network repeat: a piece like one before is ordered like it.
  std::unordered_map<std::uint64_t, std::vector<Index>> known;
  const std::vector<std::vector<Index>> readers = graph.readers();
  const std::vector<Piece> pieces = cut(graph, readers);
  for (const Piece& piece : pieces) {
    if (piece.length == 1) {
      best.order.push_back(piece.first);
      ++best.states;
      continue;
    }
    const std::uint64_t hash = hash_of(graph, piece);
    if (const auto like = known.find(hash); like != known.end()) {
      for (const Index offset : like->second) {
        best.order.push_back(piece.first + offset);
      }
      continue;
    }
    const PieceSearch search(graph, readers, piece);
    PieceOrder found = exact_search(search, limits.most_states);
    if (found.order.size() != search.size()) {
      found = beam_search(search, limits.beam_width);
      best.search = OrderSearch::beam;
    }
    best.states += found.states;
    best.order.insert(best.order.end(), found.order.begin(), found.order.end());
    std::vector<Index>& offsets = known[hash];
    for (const Index node : found.order) {
      offsets.push_back(node - piece.first);
    }
  }
  find_peak(graph, best);
  return best;
}

ExecutionOrder written_order(const ActivationGraph& graph) {
  ExecutionOrder written;
  written.search = OrderSearch::none;
  written.order.resize(at(graph.size()));
  std::iota(written.order.begin(), written.order.end(), 0);
  find_peak(graph, written);
  return written;
}

std::int32_t overwritten_input(const ActivationGraph& graph, std::int32_t node,
                               std::int32_t position, const std::vector<std::int32_t>& last_use) {
  const ActivationNode& now = graph.node(node);
  Index taken = -1;
  for (const Index input : graph.inputs(node)) {
    if (now.overwrites && last_use[at(input)] == position &&
        (taken < 0 || graph.node(input).output_bits > graph.node(taken).output_bits)) {
      taken = input;
    }
  }
  return taken;
}

std::vector<std::int32_t> last_uses(const ActivationGraph& graph,
                                    const std::vector<std::int32_t>& order) {
  // A result lives to the end.
  std::vector<Index> last(at(graph.size()), static_cast<Index>(order.size()));
  for (std::size_t p = 0; p < order.size(); ++p) {
    for (const Index input : graph.inputs(order[p])) {
      last[at(input)] = static_cast<Index>(p);
    }
  }
  return last;
}

std::vector<double> live_bits(const ActivationGraph& graph,
                              const std::vector<std::int32_t>& order) {
  const std::vector<Index> last_use = last_uses(graph, order);
  std::vector<double> live;
  double alive = 0;
  for (std::size_t p = 0; p < order.size(); ++p) {
    const ActivationNode& now = graph.node(order[p]);
    const Index taken = overwritten_input(graph, order[p], static_cast<Index>(p), last_use);
    const double reused =
        taken < 0 ? 0.0 : std::min(graph.node(taken).output_bits, now.output_bits);
    alive += now.output_bits;
    live.push_back(alive - reused + now.scratch_bits);
    for (const Index input : graph.inputs(order[p])) {
      if (last_use[at(input)] == static_cast<Index>(p)) {
        alive -= graph.node(input).output_bits;
      }
    }
  }
  return live;
}

}  // namespace cairn::sim
