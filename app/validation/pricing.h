/// \file
/// Single operators priced for a comparison, on machines that are each read once.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "app/hardware_file.h"
#include "hw/cost.h"
#include "hw/system.h"
#include "models/operator.h"

namespace cairn::app {

/// One operator alone, fastest mapping.
[[nodiscard]] hw::Estimate price_operator(const hw::Machine& machine, const models::Operator& op);
/// A matrix product in the machine's own formats.
[[nodiscard]] hw::Estimate price_product(const hw::Machine& machine, const models::MatMul& shape);
/// The same, of something that every machine of the comparison can run.
/// \throws InternalError if it cannot.
[[nodiscard]] hw::OperatorCost cost_of(const hw::Machine& machine, const models::Operator& op);

/// Machines by the stem of their file in configs/hardware.
class MachineShelf {
 public:
  /// \throws ConfigError, IoError if the file is wrong or absent.
  /// \param stack a stem in configs/software in place of the file's own software.
  const hw::Machine& get(std::string_view stem, const std::string& stack = {});

 private:
  std::map<std::string, LoadedSystem, std::less<>> systems_;
};

}  // namespace cairn::app
