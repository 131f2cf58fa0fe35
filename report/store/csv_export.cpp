#include "report/store/csv_export.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "core/csv.h"
#include "core/error.h"
#include "core/text/enum_names.h"
#include "core/text/numbers.h"
#include "search/space/knob.h"

namespace cairn::report {

namespace {

/// A file that takes its name only when it is complete.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path),
        temporary_(path + ".part"),
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): POSIX
        descriptor_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) {
      throw IoError(path_, "cannot write", errno);
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  NewFile(NewFile&&) = delete;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
      ::unlink(temporary_.c_str());
    }
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) {
        throw IoError(path_, "cannot write", errno);
      }
      bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
  }

  void complete() {
    if (::fsync(descriptor_) != 0 && errno != EINVAL) {  // EINVAL: no ordinary file
      throw IoError(path_, "cannot write", errno);
    }
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      throw IoError(path_, "cannot write", errno);
    }
    ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  std::string path_;
  std::string temporary_;
  int descriptor_;
};

class CsvExport {
 public:
  CsvExport(const RunSchema& schema, const std::string& path) : schema_(schema), file_(path) {
    for (const KnobColumn& knob : schema.knobs) {
      add_cell(knob.name);
      std::vector<std::string>& cells = choices_.emplace_back();
      for (const std::string& choice : knob.choices) {
        append_csv_cell(cells.emplace_back(), choice);
      }
    }
    for (const MetricColumn& metric : schema.metrics) {
      add_cell(metric.csv_name);
    }
    buffer_ += ",status,fidelity,limit,excess,reason\n";
  }

  void add(const StoredPoint& point) {
    append_int(buffer_, static_cast<std::int64_t>(point.scored.id));
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      buffer_ += ',';
      if (point.choices[i] != search::kInactive) {
        buffer_ += choices_[i].at(point.choices[i]);
      }
    }
    for (const double metric : point.scored.metrics) {
      buffer_ += ',';
      if (!std::isnan(metric)) {
        append_double(buffer_, metric);
      }
    }
    buffer_ += ',';
    buffer_ += to_text(point.scored.status);
    add_cell(schema_.fidelities.at(point.scored.fidelity));
    if (point.scored.status == search::Status::feasible) {
      buffer_ += ",,,\n";
    } else {
      add_cell(point.scored.limit);
      buffer_ += ',';
      append_double(buffer_, point.scored.excess);
      add_cell(point.scored.reason);
      buffer_ += '\n';
    }
    constexpr std::size_t kFlush = 1U << 20U;
    if (buffer_.size() >= kFlush) {
      file_.write(buffer_);
      buffer_.clear();
    }
  }

  void complete() {
    file_.write(buffer_);
    file_.complete();
  }

 private:
  void add_cell(std::string_view text) {
    buffer_ += ',';
    append_csv_cell(buffer_, text);
  }

  const RunSchema& schema_;
  NewFile file_;
  std::vector<std::vector<std::string>> choices_;  ///< as cells
  std::string buffer_{"id"};
};

}  // namespace

void write_points_csv(const ResultReader& results, const std::string& path) {
  CsvExport csv{results.schema(), path};
  results.replay(0, results.size(), [&csv](const StoredPoint& point) { csv.add(point); });
  csv.complete();
}

void write_pareto_csv(const ResultReader& results, std::span<const std::uint64_t> ids,
                      const std::string& path) {
  CsvExport csv{results.schema(), path};
  results.select(ids, [&csv](const StoredPoint& point) { csv.add(point); });
  csv.complete();
}

}  // namespace cairn::report
