/// \file
/// Several devices of one system that share its work: who may take part, and by which rule.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "hw/device.h"

namespace cairn::hw {

/// How a device is chosen for a group of operators.
enum class CoprocessingRule : std::uint8_t {
  fastest,              ///< devices are chosen so that the whole pass ends soonest
  operations_per_byte,  ///< groups below a threshold run on the second device, the rest on the
                        ///< first
};
constexpr auto enum_names(CoprocessingRule /*tag*/) {
  using R = CoprocessingRule;
  return std::array{std::pair{R::fastest, std::string_view{"fastest"}},
                    std::pair{R::operations_per_byte, std::string_view{"operations_per_byte"}}};
}

/// The `coprocessing` section of a system.
struct CoprocessingSpec {
  std::vector<std::string> devices;
  CoprocessingRule rule{CoprocessingRule::fastest};
  std::optional<double> threshold{};
  bool concurrent{true};

  template <class Archive>
  void fields(Archive& a) {
    a("devices", devices, "devices that take part; the first is the host");
    a("rule", rule, "fastest or operations_per_byte", kOptional);
    a("threshold", threshold,
      "operations_per_byte: below it a group runs on the second device (one MAC is two operations)",
      Positive{});
    a("concurrent", concurrent,
      "groups that do not depend on each other may run at the same time on several devices",
      kOptional);
  }
  [[nodiscard]] std::vector<FieldProblem> problems() const;
};

/// The same with devices by number.
struct Coprocessing {
  std::vector<std::size_t> devices;  ///< indices into Machine::devices(), the host first
  std::vector<std::string> names;    ///< theirs
  std::vector<double> mode_switch;   ///< s, each way; 0 for the host
  CoprocessingRule rule{CoprocessingRule::fastest};
  double threshold{};
  bool concurrent{true};
};

/// Operations of a group over the bytes of its operands, each counted once. Vector operators have
/// no operations in this sense: 0.
[[nodiscard]] double operations_per_byte(const GroupView& group);

}  // namespace cairn::hw
