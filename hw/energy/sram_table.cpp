#include "hw/energy/sram_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/csv.h"
#include "core/error.h"
#include "hw/energy/csv_columns.h"

namespace cairn::hw {
namespace {

// Divisors, not factors: 22 / 1e9 is the same double as the `22 nm` of a YAML file.
constexpr double kNanometresPerMetre = 1e9;
constexpr double kSquareMillimetresPerSquareMetre = 1e6;
constexpr double kBitsPerByte = 8.0;

std::vector<double> distinct(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<double> logs(const std::vector<double>& values) {
  std::vector<double> result;
  result.reserve(values.size());
  for (const double value : values) {
    result.push_back(std::log2(value));
  }
  return result;
}

/// The segment of \p axis to use for \p at: the last one whose lower end is not above it.
std::size_t segment(const std::vector<double>& axis, double at) {
  std::size_t low = 0;
  while (low + 2 < axis.size() && axis[low + 1] <= at) {
    ++low;
  }
  return low;
}

}  // namespace

std::vector<SramPoint> load_sram_points(const std::filesystem::path& path,
                                        Diagnostics& diagnostics) {
  CsvReader csv = CsvReader::from_file(path.string());
  std::vector<SramPoint> points;
  if (!has_columns(csv, path.string(),
                   {"node_nm", "cell", "capacity_bytes", "word_bits", "access_s", "read_j",
                    "write_j", "leakage_w", "area_mm2", "source", "confidence"},
                   diagnostics)) {
    return points;
  }
  const std::size_t errors_before = diagnostics.error_count();
  while (csv.next()) {
    const CsvRow row{csv, diagnostics};
    SramPoint point;
    point.node = row.positive("node_nm") / kNanometresPerMetre;
    point.cell = row.name<CellType>("cell");
    point.capacity = row.positive("capacity_bytes") * kBitsPerByte;
    point.width = row.positive("word_bits");
    point.read = row.positive("read_j");
    point.write = row.positive("write_j");
    point.leakage = row.positive("leakage_w");
    point.area = row.positive("area_mm2") / kSquareMillimetresPerSquareMetre;
    point.access = row.positive("access_s");
    point.source = row.text("source");
    point.confidence = row.name<Confidence>("confidence");
    points.push_back(std::move(point));
  }
  if (diagnostics.error_count() > errors_before) {
    return points;
  }
  // Each cell type needs a grid with at least two capacities and widths to interpolate in.
  for (const auto& [cell, name] : enum_names(CellType{})) {
    std::vector<double> capacities;
    std::vector<double> widths;
    for (const SramPoint& point : points) {
      if (point.cell == cell) {
        capacities.push_back(point.capacity);
        widths.push_back(point.width);
      }
    }
    if (distinct(capacities).size() < 2 || distinct(widths).size() < 2) {
      diagnostics.error(
          SourceSpan{path.string(), 1, 1, "", 1}, "",
          fmt::format("needs at least two capacities and two widths of cell '{}'", name));
    }
  }
  return points;
}

SramTable::SramTable(const std::vector<SramPoint>& points, CellType cell,
                     const NodeScaling& scaling, double node) {
  for (const SramPoint& point : points) {
    if (point.cell == cell) {
      capacities_.push_back(point.capacity);
      widths_.push_back(point.width);
    }
  }
  capacities_ = distinct(std::move(capacities_));
  widths_ = distinct(std::move(widths_));
  CAIRN_CHECK(capacities_.size() >= 2 && widths_.size() >= 2, "the SRAM table is a grid");
  log_capacities_ = logs(capacities_);
  log_widths_ = logs(widths_);
  grid_.resize(capacities_.size() * widths_.size());

  const std::array<const LogCurve*, kQuantities> functions{
      &scaling.sram_energy(), &scaling.sram_energy(), &scaling.sram_leakage(), &scaling.sram_area(),
      &scaling.sram_delay()};
  std::vector<bool> known(grid_.size(), false);
  for (std::size_t w = 0; w < widths_.size(); ++w) {
    for (std::size_t c = 0; c < capacities_.size(); ++c) {
      std::array<std::vector<NodeValue>, kQuantities> values;
      double smallest_node = std::numeric_limits<double>::infinity();
      double largest_node = 0.0;
      for (const SramPoint& point : points) {
        if (point.cell != cell || point.capacity != capacities_[c] || point.width != widths_[w]) {
          continue;
        }
        const std::array<double, kQuantities> row{point.read, point.write, point.leakage,
                                                  point.area, point.access};
        for (std::size_t q = 0; q < kQuantities; ++q) {
          values.at(q).push_back({point.node, row.at(q), point.confidence});
        }
        smallest_node = std::min(smallest_node, point.node);
        largest_node = std::max(largest_node, point.node);
      }
      if (values[0].empty()) {
        continue;  // CACTI finds no layout for a few small and wide memories; filled below
      }
      known[w * capacities_.size() + c] = true;
      GridPoint& target = grid(w, c);
      for (std::size_t q = 0; q < kQuantities; ++q) {
        const Sample sample = at_node(values.at(q), *functions.at(q), node);
        target.logs.at(q) = std::log2(sample.value);
        target.confidence = weakest(target.confidence, sample.confidence);
      }
      if (node < smallest_node || node > largest_node) {
        target.confidence = Confidence::extrapolated;
      }
    }
  }
  // Missing corners continue the slope of the same width.
  for (std::size_t w = 0; w < widths_.size(); ++w) {
    for (std::size_t c = capacities_.size(); c-- > 0;) {
      if (known[w * capacities_.size() + c]) {
        continue;
      }
      CAIRN_CHECK(c + 2 < capacities_.size(), "the SRAM table has its large memories");
      const double step = (log_capacities_[c] - log_capacities_[c + 1]) /
                          (log_capacities_[c + 2] - log_capacities_[c + 1]);
      for (std::size_t q = 0; q < kQuantities; ++q) {
        const double near = grid(w, c + 1).logs.at(q);
        grid(w, c).logs.at(q) = near + step * (grid(w, c + 2).logs.at(q) - near);
      }
      grid(w, c).confidence = Confidence::extrapolated;
    }
  }
}

SramFigures SramTable::at(Bits capacity, Bits width) const {
  CAIRN_CHECK(capacity.count() > 0 && width.count() > 0, "a memory holds and moves something");
  const auto asked_width = static_cast<double>(width.count());
  const auto asked_capacity = static_cast<double>(capacity.count());

  // Wider than the table: narrower memories side by side.
  const double parallel = std::max(1.0, asked_width / widths_.back());
  // Narrower than the table: a part of the narrowest word.
  const double access_width = std::max(asked_width / parallel, widths_.front());
  const double bank_capacity = asked_capacity / parallel;
  // Larger than the table: banks for what is spread over them.
  const double banks = std::max(1.0, bank_capacity / capacities_.back());

  const double x = std::log2(bank_capacity);
  const double y = std::log2(access_width);
  const std::size_t c = segment(log_capacities_, x);
  const std::size_t w = segment(log_widths_, y);
  const double tx = (x - log_capacities_[c]) / (log_capacities_[c + 1] - log_capacities_[c]);
  const double ty = (y - log_widths_[w]) / (log_widths_[w + 1] - log_widths_[w]);
  const GridPoint& low_low = grid(w, c);
  const GridPoint& low_high = grid(w, c + 1);
  const GridPoint& high_low = grid(w + 1, c);
  const GridPoint& high_high = grid(w + 1, c + 1);
  const auto value = [&](std::size_t q, double along) {
    const double low = low_low.logs.at(q) + along * (low_high.logs.at(q) - low_low.logs.at(q));
    const double high = high_low.logs.at(q) + along * (high_high.logs.at(q) - high_low.logs.at(q));
    return std::exp2(low + ty * (high - low));
  };

  // Only grid points with a share in the answer decide how far it can be trusted.
  Confidence confidence = Confidence::measured;
  const auto uses = [&](const GridPoint& point, double share) {
    if (share != 0.0) {
      confidence = weakest(confidence, point.confidence);
    }
  };
  uses(low_low, (1.0 - tx) * (1.0 - ty));
  uses(low_high, tx * (1.0 - ty));
  uses(high_low, (1.0 - tx) * ty);
  uses(high_high, tx * ty);
  if (parallel > 1.0 || banks > 1.0 || bank_capacity < capacities_.front() ||
      asked_width < widths_.front()) {
    confidence = Confidence::extrapolated;
  }

  const double within = std::min(tx, 1.0);  // a bank is never larger than the largest
  const double used_width = asked_width / parallel;
  return {.read = EnergyPerBit{value(0, tx) / used_width},
          .write = EnergyPerBit{value(1, tx) / used_width},
          .leakage = Watts{value(2, within) * banks * parallel},
          .area = Area{value(3, within) * banks * parallel},
          .access = Seconds{value(4, tx)},
          .confidence = confidence};
}

}  // namespace cairn::hw
