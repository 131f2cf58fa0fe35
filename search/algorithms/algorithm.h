/// \file
/// What a search algorithm is: something that is asked for points and told what became of them.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/describe.h"
#include "core/config/fields.h"
#include "core/config/node.h"
#include "core/config/reader.h"
#include "core/diagnostics.h"
#include "core/registry.h"
#include "search/objective.h"
#include "search/rank.h"
#include "search/scored.h"
#include "search/space/design_space.h"
#include "search/space/point_batch.h"

namespace cairn::search {

/// What every algorithm starts from. The space must outlive the algorithm.
struct SearchProblem {
  const DesignSpace* space{};
  std::vector<Objective> objectives;
  std::uint64_t seed{};  ///< of the study; algorithms derive their own streams from it
};

/// An algorithm in the plain: a class with these members.
///
/// Which points ask() returns may depend on the problem, the options, and all that was told before;
/// never on time, threads or addresses. ask(a) then ask(b) may differ from ask(a + b) only for an
/// algorithm that learns, so a run always asks for the same number.
template <class T>
concept AlgorithmModel = std::move_constructible<T> && HasFields<typename T::Options> &&
    requires(T& t, const T& c, const typename T::Options& options, const SearchProblem& problem,
             std::size_t n, const PointBatch& batch, std::span<const Scored> rows) {
  { T::kName } -> std::convertible_to<std::string_view>;      // in the study: `exhaustive`
  { T::kHelp } -> std::convertible_to<std::string_view>;      // one sentence
  { T::kCitation } -> std::convertible_to<std::string_view>;  // where it comes from
  { T::kLimits } -> std::convertible_to<std::string_view>;    // what it cannot handle
  // What speaks against this problem, before the first evaluation.
  { T::preflight(options, problem) } -> std::same_as<std::vector<FieldProblem>>;
  T{options, problem};
  { t.ask(n) } -> std::same_as<PointBatch>;  // at most n points; none only when finished
  t.tell(batch, rows);                       // a row for each point of the batch, in its order
  { c.finished() } -> std::convertible_to<bool>;
  { c.planned() } -> std::convertible_to<Rank>;  // points in all, at most; for the time left
};

/// Any algorithm, as a value that moves.
class Algorithm {
 public:
  template <class T>
  requires(!std::same_as<T, Algorithm>) && AlgorithmModel<T>  // in this order: no recursion
      explicit Algorithm(T model) : self_(std::make_unique<Model<T>>(std::move(model))) {}

  [[nodiscard]] std::string_view name() const { return self_->name(); }
  /// The next points to evaluate, at most \p n, their ids in sequence.
  [[nodiscard]] PointBatch ask(std::size_t n) { return self_->ask(n); }
  void tell(const PointBatch& batch, std::span<const Scored> rows) { self_->tell(batch, rows); }
  [[nodiscard]] bool finished() const { return self_->finished(); }
  [[nodiscard]] Rank planned() const { return self_->planned(); }

  /// To resume: continues as if \p points had been asked for and told. \returns false if the
  /// algorithm learns from what it is told; then the stored rows must be asked for and told again.
  [[nodiscard]] bool skip(std::uint64_t points) { return self_->skip(points); }

 private:
  struct Concept {
    Concept() = default;
    Concept(const Concept&) = delete;
    Concept& operator=(const Concept&) = delete;
    Concept(Concept&&) = delete;
    Concept& operator=(Concept&&) = delete;
    virtual ~Concept() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual PointBatch ask(std::size_t n) = 0;
    virtual void tell(const PointBatch& batch, std::span<const Scored> rows) = 0;
    [[nodiscard]] virtual bool finished() const = 0;
    [[nodiscard]] virtual Rank planned() const = 0;
    [[nodiscard]] virtual bool skip(std::uint64_t points) = 0;
  };
  template <class T>
  struct Model final : Concept {
    explicit Model(T m) : model(std::move(m)) {}
    [[nodiscard]] std::string_view name() const override { return T::kName; }
    [[nodiscard]] PointBatch ask(std::size_t n) override { return model.ask(n); }
    void tell(const PointBatch& batch, std::span<const Scored> rows) override {
      model.tell(batch, rows);
    }
    [[nodiscard]] bool finished() const override { return model.finished(); }
    [[nodiscard]] Rank planned() const override { return model.planned(); }
    [[nodiscard]] bool skip(std::uint64_t points) override {
      if constexpr (requires { model.skip(points); }) {
        model.skip(points);
        return true;
      } else {
        return points == 0;
      }
    }
    T model;
  };
  std::unique_ptr<Concept> self_;
};

/// What `cairn list algorithms` prints, and how to make one.
struct AlgorithmEntry {
  std::string help;
  std::string citation;
  std::string limits;
  std::vector<FieldDoc> options;
  /// Reads the `search:` map (which names the algorithm itself too), checks the problem and makes
  /// the algorithm. \returns nothing after an error.
  std::function<std::optional<Algorithm>(const Node& search, const SearchProblem& problem,
                                         Diagnostics& diagnostics)>
      make;
};

using AlgorithmRegistry = Registry<AlgorithmEntry>;

template <AlgorithmModel T>
void register_algorithm(AlgorithmRegistry& registry) {
  AlgorithmEntry entry;
  entry.help = T::kHelp;
  entry.citation = T::kCitation;
  entry.limits = T::kLimits;
  entry.options = describe<typename T::Options>();
  entry.make = [](const Node& search, const SearchProblem& problem,
                  Diagnostics& diagnostics) -> std::optional<Algorithm> {
    typename T::Options options;
    const std::size_t errors = diagnostics.error_count();
    cairn::read(search, options, diagnostics, {nullptr, "search"});
    if (diagnostics.error_count() != errors) {
      return std::nullopt;
    }
    for (const FieldProblem& trouble : T::preflight(options, problem)) {
      const Node* field = search.find(trouble.field);
      diagnostics.error(field != nullptr ? field->at : search.at,
                        trouble.field.empty() ? "search" : "search." + trouble.field,
                        trouble.message, trouble.hint);
    }
    if (diagnostics.error_count() != errors) {
      return std::nullopt;
    }
    return Algorithm{T{options, problem}};
  };
  registry.add(std::string{T::kName}, std::move(entry));
}

/// Makes the algorithm that `search: {algorithm: ...}` names.
/// \returns nothing after an error.
[[nodiscard]] std::optional<Algorithm> make_algorithm(const AlgorithmRegistry& registry,
                                                      const Node& search,
                                                      const SearchProblem& problem,
                                                      Diagnostics& diagnostics);

}  // namespace cairn::search
