#include "hw/pim/row_timing.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw {
namespace {

/// Forgives the rounding of a division that should give a whole number.
double whole_up(double value) {
  return std::ceil(value * (1.0 - 1e-12));
}

constexpr double kMostRefresh = 0.99;  ///< of the time

}  // namespace

RowTiming::RowTiming(const RowTimingSpec& spec, bool per_bank)
    : banks_(static_cast<double>(spec.streams) * static_cast<double>(spec.banks)),
      access_(static_cast<double>(spec.access.count())),
      row_(static_cast<double>(spec.row.count())),
      column_(spec.column_interval.count()),
      stagger_(static_cast<double>(spec.banks - 1) * spec.activate_interval.count()),
      activate_to_read_(spec.activate_to_read.count()),
      read_to_precharge_(spec.read_to_precharge.count()),
      precharge_(spec.precharge.count()),
      row_active_(spec.row_active.count()),
      hidden_(spec.hidden_activation) {
  if (per_bank) {
    column_ = std::max(column_, static_cast<double>(spec.banks) * spec.command_interval.count());
    trail_ = static_cast<double>(spec.banks - 1) * spec.command_interval.count();
  }
  refresh_ = spec.refresh.count();
  refresh_interval_ = spec.refresh_interval.count();
  activates_ = static_cast<double>(spec.banks) * spec.activate_interval.count();
  peak_ = banks_ * access_ / column_;
}

double RowTiming::cycle(double columns, double interval) const {
  return std::max(activate_to_read_ + (columns - 1) * interval + trail_ + read_to_precharge_,
                  row_active_) +
         stagger_ + precharge_;
}

double RowTiming::first_period(double columns, double interval) const {
  const double reading = columns * interval;
  return std::max(reading, hidden_ ? activates_ : cycle(columns, interval));
}

double RowTiming::period(double columns, double interval) const {
  const double first = first_period(columns, interval);
  return hidden_ ? std::max(first, cycle(columns, interval) / 2) : first;
}

double RowTiming::available(double columns, double interval) const {
  if (refresh_interval_ <= 0) {
    return 1;
  }
  // Arithmetic of the last column goes on while banks close.
  double lost = cycle(columns, interval) + refresh_ - period(columns, interval);
  if (hidden_) {
    // Both sets close and open again; then the second row comes sooner than in a steady turn.
    lost += 0.5 * (first_period(columns, interval) - period(columns, interval));
  }
  return 1.0 - std::clamp(lost / refresh_interval_, 0.0, kMostRefresh);
}

double RowTiming::columns_of_row() const {
  return whole_up(row_ / access_);
}

double RowTiming::columns_of_bank(double bits) const {
  return whole_up(bits / banks_ / access_);
}

double RowTiming::rows_of_bank(double bits) const {
  return whole_up(columns_of_bank(bits) / columns_of_row());
}

double RowTiming::sustained() const {
  return banks_ * row_ / period(columns_of_row(), column_) * available(columns_of_row(), column_);
}

double RowTiming::seconds(double bits, double compute_s, double passes) const {
  if (bits <= 0) {
    return compute_s;
  }
  const double columns = columns_of_bank(bits);
  const double before = rows_of_bank(bits) - 1;  // the last row
  const double of_row = columns_of_row();
  const double interval = std::max(column_, compute_s / (columns * passes));
  const double lead = stagger_ + activate_to_read_;
  if (before == 0) {  // one row that stays open but for refreshes
    const double longest = passes * columns;
    return (lead + longest * interval) / available(longest, interval);
  }
  const double last = columns - before * of_row;
  double opened =
      passes * before * period(of_row, interval) + (passes - 1) * period(last, interval);
  if (hidden_ && std::fmod(passes * (before + 1), 2.0) == 0) {
    // The last row has an even place, and comes as soon after the one before as the second does.
    opened += first_period(of_row, interval) - period(of_row, interval);
  }
  return (opened + lead + last * interval) / available(of_row, interval);
}

double RowTiming::gather_seconds(double pieces, double bits) const {
  const double columns = whole_up(bits / access_);
  const double rows = whole_up(columns / columns_of_row());
  const double one = rows * period(columns / rows, column_);
  return whole_up(pieces / banks_) * one / available(columns / rows, column_);
}

double RowTiming::activations(double bits) const {
  return whole_up(bits / row_);
}

}  // namespace cairn::hw
