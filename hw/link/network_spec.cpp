#include "hw/link/network_spec.h"

#include <fmt/format.h>

namespace cairn::hw {

std::vector<FieldProblem> NetworkSpec::problems() const {
  std::vector<FieldProblem> found;
  const auto needs = [&](const char* field, bool there, const char* what) {
    if (!there) {
      found.push_back({field, fmt::format("a {} needs it", what), "", true});
    }
  };
  const auto refuses = [&](const char* field, bool there, const char* what, const char* instead) {
    if (there) {
      found.push_back({field, fmt::format("a {} has none", what), instead});
    }
  };
  if (kind == NetworkKind::mesh) {
    needs("columns", columns.has_value(), "mesh");
    needs("rows", rows.has_value(), "mesh");
    refuses("ports", ports.has_value(), "mesh", "give columns and rows");
    if (nodes() > kMostNodes) {
      found.push_back({"rows",
                       fmt::format("{} x {} = {} routers, {} more than the {} that are simulated",
                                   *columns, *rows, nodes(), nodes() - kMostNodes, kMostNodes),
                       ""});
    } else if (columns && rows && nodes() < 2) {
      found.push_back({"rows", "1 x 1 router connects nothing", "leave the network out"});
    }
  } else {
    needs("ports", ports.has_value(), "crossbar");
    refuses("columns", columns.has_value(), "crossbar", "give ports");
    refuses("rows", rows.has_value(), "crossbar", "give ports");
  }
  return found;
}

}  // namespace cairn::hw
