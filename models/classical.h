/// \file
/// Machine learning without neural networks: six kernels as operation counts.
///
/// Assumes:    textbook algorithms on numbers of one format; exponentials, divisions and square
///             roots are single operations. Support vector machines score every class by one
///             product (no support vectors) or by Gaussian kernels over their support vectors;
///             nearest neighbours are kept in a sorted list; trees are complete and walked to
///             their leaves; naive Bayes adds logarithms of Gaussian densities; principal
///             components come from the covariance by power iteration with deflation.
/// Ignores:    early ends (convergence of k-means, shallow leaves), sparsity.
/// Reference:  T. Hastie, R. Tibshirani, J. Friedman, "The elements of statistical learning", 2nd
///             edition, 2009; E. Tabanelli, G. Tagliavini, L. Benini, "DNN is not all you need:
///             parallelizing non-neural ML algorithms on ultra-low-power IoT processors", ACM TECS
///             22(3), 2023 (which loops run in parallel).
/// Checked by: tests/unit/models/classical_test.cpp (by hand)
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace cairn::models {

enum class ClassicalMethod : std::uint8_t {
  support_vectors,
  k_means,
  nearest_neighbours,
  random_forest,
  naive_bayes,
  principal_components,
};
constexpr auto enum_names(ClassicalMethod /*tag*/) {
  using M = ClassicalMethod;
  using S = std::string_view;
  return std::array{std::pair{M::support_vectors, S{"support_vectors"}},
                    std::pair{M::k_means, S{"k_means"}},
                    std::pair{M::nearest_neighbours, S{"nearest_neighbours"}},
                    std::pair{M::random_forest, S{"random_forest"}},
                    std::pair{M::naive_bayes, S{"naive_bayes"}},
                    std::pair{M::principal_components, S{"principal_components"}}};
}

/// One kernel over `samples` vectors of `features` numbers.
struct ClassicalKernel {
  static constexpr std::string_view kKind = "classical";
  ClassicalMethod method{};
  std::int64_t samples{1};     ///< classified, clustered or projected
  std::int64_t features{1};    ///< numbers of one sample
  std::int64_t classes{1};     ///< classes, clusters or components
  std::int64_t references{0};  ///< stored samples of nearest neighbours, support vectors
  std::int64_t neighbours{1};  ///< that vote
  std::int64_t trees{1};
  std::int64_t depth{1};       ///< decisions from root to leaf
  std::int64_t iterations{1};  ///< of k-means, of power iteration for each component
  friend bool operator==(const ClassicalKernel&, const ClassicalKernel&) = default;
};

/// Operations by kind. Counts, not times: a device says what each costs.
struct OperationCounts {
  double multiply_adds{};
  double additions{};  ///< and subtractions, and products without a sum
  double compares{};
  double exponentials{};
  double divisions{};
  double square_roots{};
  double reads{};     ///< numbers (or nodes of trees) loaded
  double writes{};    ///< numbers stored
  double branches{};  ///< decisions that depend on data
  [[nodiscard]] double arithmetic() const {
    return multiply_adds + additions + compares + exponentials + divisions + square_roots;
  }
  OperationCounts& operator+=(const OperationCounts& o);
  [[nodiscard]] OperationCounts times(double n) const;
};

/// The work of a kernel as a parallel machine sees it.
struct ClassicalWork {
  OperationCounts shared;   ///< divided among cores
  OperationCounts alone;    ///< done by one core while the others wait
  OperationCounts merging;  ///< done once for each core's partial result
  std::int64_t chunks{1};   ///< equal pieces of the shared work that cores take
  std::int64_t sections{};  ///< parallel sections: each ends with a barrier
};
[[nodiscard]] ClassicalWork work_of(const ClassicalKernel& kernel);

/// Numbers that the trained model consists of; 0 for methods that train themselves.
[[nodiscard]] std::int64_t model_elements(const ClassicalKernel& kernel);
[[nodiscard]] std::int64_t result_elements(const ClassicalKernel& kernel);

}  // namespace cairn::models
