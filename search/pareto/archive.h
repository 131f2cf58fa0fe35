/// \file
/// The unbounded archive of non-dominated points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cairn::search {

/// A set of mutually non-dominated points: ids ascending, one row of objectives for each.
struct Front {
  std::size_t objectives{};
  std::vector<std::uint64_t> ids;
  std::vector<double> values;  ///< ids.size() rows of `objectives` numbers, all to be minimised

  [[nodiscard]] std::size_t size() const { return ids.size(); }
  [[nodiscard]] std::span<const double> operator[](std::size_t row) const {
    return std::span{values}.subspan(row * objectives, objectives);
  }
};

/// True if \p a is nowhere larger than \p b and somewhere smaller.
[[nodiscard]] bool dominates(std::span<const double> a, std::span<const double> b);

/// Keeps the points that no other point dominates; every objective is minimised.
///
/// The result depends on the set of points only, never on their order. Points with equal
/// objectives do not dominate each other: all are kept.
///
/// Members sit in a binary tree of bounding boxes (after the ND-tree, but split at the median of
/// the widest side). A new point is compared with the few points that dominated others last, then
/// walks the boxes: one that lies wholly below it rejects it, one that lies wholly above it is
/// dropped in one step, one that can do neither is skipped.
///
/// Reference:  A. Jaszkiewicz and T. Lust, "ND-Tree-based update: a fast algorithm for the dynamic
///             non-dominance problem", IEEE Trans. Evolutionary Computation 22(5), 2018.
/// Checked by: tests/unit/search/archive_test.cpp; rates: bench/search_bench.cpp.
class ParetoArchive {
 public:
  /// \param objectives how many numbers a point has, at least 1.
  explicit ParetoArchive(std::size_t objectives);

  /// Offers a point. \param id its place in the order of evaluation; no id is offered twice.
  /// \param point `objectives` numbers, none of them NaN (InternalError).
  /// \returns true if it is part of the front now.
  bool insert(std::uint64_t id, std::span<const double> point);

  /// True if a member is nowhere larger than \p point.
  [[nodiscard]] bool covers(std::span<const double> point) const;

  [[nodiscard]] std::size_t objectives() const { return dims_; }
  /// Points in the front, those with equal objectives included.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Front front() const;

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  static constexpr std::size_t kLeafRows = 24;
  static constexpr std::size_t kRecent = 6;

  struct Node {
    std::uint32_t left{kNone};  ///< kNone: a leaf
    std::uint32_t right{kNone};
    std::vector<std::uint32_t> members;  ///< of a leaf: indices into ids_
    std::vector<double> rows;            ///< of a leaf: members.size() rows
  };
  enum class Verdict : std::uint8_t {
    open,       ///< nothing here decides about the point
    dominated,  ///< something here dominates it
    tied,       ///< something here is equal to it: its id was added there
    emptied,    ///< it dominates everything that was here
  };

  using Row = std::span<const double>;

  template <std::size_t D>
  Verdict visit(std::uint32_t node, Row point, std::uint64_t id);
  template <std::size_t D>
  Verdict visit_leaf(std::uint32_t node, Row point, std::uint64_t id);
  [[nodiscard]] Verdict walk(Row point, std::uint64_t id);
  /// Both corners of a node's box, the least first.
  [[nodiscard]] Row box(std::uint32_t node) const {
    return Row{bounds_}.subspan(std::size_t{2} * node * dims_, 2 * dims_);
  }
  [[nodiscard]] std::span<double> box(std::uint32_t node) {
    return std::span{bounds_}.subspan(std::size_t{2} * node * dims_, 2 * dims_);
  }
  [[nodiscard]] bool recently_dominated(Row point);
  void remember(Row dominator);
  std::uint32_t new_node();
  void drop_tree(std::uint32_t node);
  void drop_member(std::uint32_t member);
  void grow_bounds(std::uint32_t node, Row point);
  void place(std::uint32_t member, Row point);
  void split(std::uint32_t leaf);
  [[nodiscard]] double distance(std::uint32_t node, Row point) const;

  std::size_t dims_;
  std::size_t size_{};
  std::uint32_t root_{kNone};
  std::vector<Node> nodes_;
  std::vector<double> bounds_;  ///< two rows a node: least and greatest corner
  std::vector<std::uint32_t> free_nodes_;
  std::vector<std::vector<std::uint64_t>>
      ids_;  ///< of each member: the points that share its place
  std::vector<std::uint32_t> free_members_;
  std::vector<double> scale_;   ///< 1 / side of the root box
  std::vector<double> recent_;  ///< rows that dominated something lately, latest first
};

}  // namespace cairn::search
