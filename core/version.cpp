#include "core/version.h"

namespace cairn {

std::string_view version() {
  return CAIRN_VERSION;
}

std::string_view compiler_text() {
  return CAIRN_COMPILER;
}

std::string version_text() {
  return "cairn " + std::string{version()} + " (" + std::string{compiler_text()} + ")";
}

}  // namespace cairn
