/// \file
/// Which bank, row and column an address lies in, said as a readable string.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "hw/memory/cycle/dram_protocol.h"

namespace cairn::hw::cycle {

/// An order names the parts of an address from its most significant end, such as
/// `row column rank bank bankgroup pseudochannel`: the last changes fastest, access by access. A
/// part may be split: `row column bank column:2` puts the two lowest bits of the column below the
/// bank. Parts of one value (a single rank) may be left out.
///
/// In the default order streams rotate over pseudo-channels and bank groups, so that no
/// column command waits for the one before, then over banks, ranks and columns; a row is left when
/// it is used up.
[[nodiscard]] std::string_view default_address_order();

struct DramAddress {
  std::int32_t flat_bank{};
  std::uint32_t row{};
  std::uint32_t column{};  ///< in accesses of a burst
};

class DramAddressMap {
 public:
  /// \param problems what is wrong with \p order, if it is; the map is then not usable.
  DramAddressMap(const DramPartSpec& part, std::string_view order,
                 std::vector<FieldProblem>& problems);

  [[nodiscard]] DramAddress decode(std::uint64_t address) const {
    std::array<std::uint32_t, kFields> value{};
    std::uint64_t rest = address >> access_shift_;
    for (const Piece& p : pieces_) {
      value[p.field] |= static_cast<std::uint32_t>(rest & p.mask) << p.shift;
      rest >>= p.bits;
    }
    return {static_cast<std::int32_t>(
                ((value[5] * ranks_ + value[4]) * groups_ + value[3]) * banks_ + value[2]),
            value[0], value[1]};
  }
  /// Bytes moved by one access.
  [[nodiscard]] std::uint64_t access_bytes() const { return std::uint64_t{1} << access_shift_; }
  /// Addresses at and above it come round again.
  [[nodiscard]] std::uint64_t capacity_bytes() const { return capacity_; }
  /// Accesses of a row.
  [[nodiscard]] std::uint64_t columns() const { return columns_; }
  [[nodiscard]] const std::string& order() const { return order_; }

 private:
  static constexpr std::size_t kFields = 6;
  struct Piece {
    std::size_t field{};
    std::uint32_t bits{};
    std::uint32_t shift{};
    std::uint64_t mask{};
  };
  std::string order_;
  std::vector<Piece> pieces_;  ///< from the least significant
  std::uint32_t access_shift_{};
  std::uint32_t ranks_{1};
  std::uint32_t groups_{1};
  std::uint32_t banks_{1};
  std::uint64_t columns_{1};
  std::uint64_t capacity_{};
};

}  // namespace cairn::hw::cycle
