/// \file
/// What one operator asks of multipliers in, beside or outside a memory: bits and operations before
/// they become time, common to the closed form and the cycle level.
#pragma once

#include <cstdint>

namespace cairn::hw {

struct PimWork {
  double weights{};    ///< bits that are read where they lie, one pass
  double passes{1};    ///< times that is done
  double inputs{};     ///< bits brought to the units
  double outputs{};    ///< bits taken from them
  double macs{};       ///< multiply-accumulates of the units, operand passes included
  double vector{};     ///< vector operations
  double scattered{};  ///< bits of one gathered piece; 0: a stream
  double pieces{};     ///< gathered
  double useful_macs{};
  std::int64_t rows_of_read{1};  ///< input rows that one pass serves
  std::int64_t columns{1};       ///< of the weights
  std::int64_t depth{1};         ///< of the reduction
};

/// Where the time of the units goes. They stream in chunks: arithmetic that does not keep step with
/// the columns, and vector work, follow one chunk behind.
struct PimBusy {
  double seconds{};
  double stream_s{};   ///< rows and columns alone
  double compute_s{};  ///< multiply-accumulates alone
  double vector_s{};
};

}  // namespace cairn::hw
