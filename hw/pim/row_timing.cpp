#include "hw/pim/row_timing.h"

#include <algorithm>
#include <cmath>

namespace cairn::hw {
namespace {

/// Forgives the rounding of a division that should give a whole number.
double whole_up(double value) {
  return std::ceil(value * (1.0 - 1e-12));
}

}  // namespace

RowTiming::RowTiming(const RowTimingSpec& spec, bool per_bank)
    : banks_(static_cast<double>(spec.streams) * static_cast<double>(spec.banks)),
      access_(static_cast<double>(spec.access.count())),
      row_(static_cast<double>(spec.row.count())),
      column_(spec.column_interval.count()),
      least_(spec.row_active.count() + spec.precharge.count()),
      hidden_(spec.hidden_activation) {
  const auto banks = static_cast<double>(spec.banks);
  if (per_bank) {
    column_ = std::max(column_, banks * spec.command_interval.count());
  }
  lead_ = (banks - 1) * spec.activate_interval.count() + spec.activate_to_read.count();
  // The last column of a row begins one interval before the next row could begin its first.
  open_close_ = lead_ + spec.read_to_precharge.count() + spec.precharge.count() - column_;
  if (spec.refresh_interval.count() > 0) {
    available_ = 1.0 - spec.refresh.count() / spec.refresh_interval.count();
  }
  peak_ = banks_ * access_ / column_;
}

double RowTiming::sustained() const {
  const double columns = whole_up(row_ / access_) * column_;
  const double period = hidden_ ? columns : std::max(columns + open_close_, least_);
  return banks_ * row_ / period * available_;
}

double RowTiming::seconds(double bits) const {
  if (bits <= 0) {
    return 0;
  }
  const double share = bits / banks_;  // of one bank
  const double columns = whole_up(share / access_) * column_;
  const double rows = whole_up(share / row_);
  if (hidden_) {
    return (lead_ + columns) / available_;
  }
  return std::max(columns + rows * open_close_ + column_, rows * least_) / available_;
}

double RowTiming::gather_seconds(double pieces, double bits) const {
  const double rows = whole_up(bits / row_);
  const double columns = whole_up(bits / access_) * column_;
  const double one = hidden_ ? columns : std::max(columns + rows * open_close_, rows * least_);
  return whole_up(pieces / banks_) * one / available_;
}

double RowTiming::activations(double bits) const {
  return whole_up(bits / row_);
}

}  // namespace cairn::hw
