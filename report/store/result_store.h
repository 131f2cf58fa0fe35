/// \file
/// Every evaluation of a run, in one SQLite file.
///
/// Tables: `points` (id = place in the order of evaluation, status, fidelity, one column k<i> of
/// choice indices for each knob, NULL where the knob is inactive, one column m<i> for each metric,
/// NULL where unknown, limit_id, excess, reason_id), the names in `knobs`, `choices`, `metrics`,
/// `fidelities`, `limits`, `reasons`, the front in `front`, the rest in `meta`. The view
/// `points_view` shows all of it as readable text.
///
/// Durability: write-ahead log, one transaction a batch. A process that is killed at any moment
/// leaves whole batches; so does a machine that loses power, though perhaps not the last ones.
/// Readers never hold up the writer. The log needs a local file system.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "report/store/run_schema.h"
#include "search/scored.h"
#include "search/space/design_space.h"
#include "search/space/point_batch.h"

namespace cairn::report {

/// One stored evaluation. Views stay valid only for the call that hands it over.
struct StoredPoint {
  std::span<const std::uint32_t> choices;  ///< search::kInactive where a knob does not matter
  search::Scored scored;
};

/// The only writer of a run; for one thread at a time.
class ResultWriter {
 public:
  /// Creates the file, or continues the one that is there.
  /// \param space decides which knobs are inactive; must outlive the writer.
  /// \throws ConfigError if the file belongs to another study or another version of this format;
  ///         IoError if it cannot be written, is damaged, or is something else.
  ResultWriter(const std::string& path, const RunSchema& schema, const search::DesignSpace& space);
  ResultWriter(ResultWriter&&) noexcept;
  ResultWriter& operator=(ResultWriter&&) noexcept;
  ResultWriter(const ResultWriter&) = delete;
  ResultWriter& operator=(const ResultWriter&) = delete;
  ~ResultWriter();

  /// How many evaluations are stored: the id of the next one.
  [[nodiscard]] std::uint64_t size() const;

  /// Stores a batch, all or nothing. Its first id must be size().
  /// \throws IoError (disk full, ...); the store then still holds the batches before.
  void append(const search::PointBatch& batch, std::span<const search::Scored> rows);

  /// Stores the front, replacing an earlier one. \param ids ascending.
  void set_front(std::span<const std::uint64_t> ids);

  /// Marks the run as complete and folds the log into the file, which is then a single one.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads a run, also while it is being written; for one thread at a time.
class ResultReader {
 public:
  using Sink = std::function<void(const StoredPoint&)>;

  /// \throws IoError, ConfigError as ResultWriter.
  explicit ResultReader(const std::string& path);
  ResultReader(ResultReader&&) noexcept;
  ResultReader& operator=(ResultReader&&) noexcept;
  ResultReader(const ResultReader&) = delete;
  ResultReader& operator=(const ResultReader&) = delete;
  ~ResultReader();

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] const RunSchema& schema() const;
  /// How many evaluations are stored by now.
  [[nodiscard]] std::uint64_t size() const;
  /// True once finish() was called after the last append().
  [[nodiscard]] bool finished() const;

  /// Hands over the evaluations with ids from \p from to \p to - 1, in order, in memory that does
  /// not grow with their number.
  void replay(std::uint64_t from, std::uint64_t to, const Sink& sink) const;
  /// Hands over chosen evaluations, in the order given. \throws InternalError for an unknown id.
  void select(std::span<const std::uint64_t> ids, const Sink& sink) const;
  /// Ids of the stored front, ascending; empty when none was stored.
  [[nodiscard]] std::vector<std::uint64_t> front() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::report
