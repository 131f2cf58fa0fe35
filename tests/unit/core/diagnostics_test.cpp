#include "core/diagnostics.h"

#include <cerrno>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"

namespace cairn {
namespace {

TEST_CASE("a diagnostic shows the line, a caret and a hint") {
  const Diagnostic diagnostic{Severity::error,
                              {"hw/bad.yaml", 4, 5, "    colums: 16", 0},
                              "device.array.colums",
                              "unknown key",
                              "did you mean 'cols'?"};
  CHECK(render(diagnostic) ==
        "hw/bad.yaml:4:5: error: device.array.colums: unknown key\n"
        "      colums: 16\n"
        "      ^\n"
        "  hint: did you mean 'cols'?");
}

TEST_CASE("a caret stands under the character in lines with tabs and wide characters") {
  CHECK(render({Severity::warning, {"f", 1, 3, "\tax", 0}, "", "m", ""}) ==
        "f:1:3: warning: m\n"
        "  \tax\n"
        "  \t ^");
  // ü is one column wide, 日 is two.
  CHECK(render({Severity::error, {"f", 1, 3, "ü日x", 0}, "", "m", ""}) ==
        "f:1:3: error: m\n"
        "  ü日x\n"
        "     ^");
}

TEST_CASE("a diagnostic about a whole file has no line") {
  CHECK(render({Severity::error, {"f.yaml", 0, 0, "", 0}, "", "the file is empty", ""}) ==
        "f.yaml: error: the file is empty");
  CHECK(render({Severity::error, {}, "a.b", "wrong", ""}) == "error: a.b: wrong");
}

TEST_CASE("diagnostics are sorted by position and equal ones shown once") {
  Diagnostics diagnostics;
  diagnostics.error({"b", 1, 1, "", 0}, "", "fourth");
  diagnostics.error({"a", 10, 1, "", 0}, "", "third");
  diagnostics.error({"a", 2, 9, "", 0}, "", "second");
  diagnostics.error({"a", 2, 1, "", 0}, "", "first");
  diagnostics.error({"a", 2, 1, "", 0}, "", "first");
  CHECK(diagnostics.error_count() == 5);
  try {
    diagnostics.throw_if_any();
    FAIL("nothing was thrown");
  } catch (const ConfigError& error) {
    CHECK(error.what() == std::string{"a:2:1: error: first\n"
                                      "a:2:9: error: second\n"
                                      "a:10:1: error: third\n"
                                      "b:1:1: error: fourth"});
    CHECK(error.diagnostics().size() == 4);
  }
}

TEST_CASE("warnings alone throw nothing") {
  Diagnostics diagnostics;
  diagnostics.warning({}, "", "odd");
  CHECK(diagnostics.ok());
  CHECK_NOTHROW(diagnostics.throw_if_any());
  CHECK(diagnostics.items().size() == 1);
}

TEST_CASE("at most a hundred diagnostics are shown") {
  Diagnostics diagnostics;
  for (int i = 1; i <= 101; ++i) {
    diagnostics.error({"f", i, 1, "", 0}, "", "m");
  }
  try {
    diagnostics.throw_if_any();
    FAIL("nothing was thrown");
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    CHECK(text.ends_with("f:100:1: error: m\n... and 1 more"));
    CHECK(error.diagnostics().size() == 101);
  }
}

TEST_CASE("a failure of the outside world names the path and the reason") {
  const IoError error{"/out/x", "cannot write", ENOSPC};
  CHECK(error.what() == std::string{"/out/x: cannot write: No space left on device"});
  CHECK(error.path() == "/out/x");
  CHECK(error.error_number() == ENOSPC);
  CHECK(IoError("w", "worker died", 0).what() == std::string{"w: worker died"});
}

TEST_CASE("a check that fails is an internal error with its place") {
  const int cycles = -1;
  CHECK_NOTHROW([&] { CAIRN_CHECK(cycles < 0, "fine"); }());
  try {
    CAIRN_CHECK(cycles >= 0, "negative cycles");
    FAIL("nothing was thrown");
  } catch (const InternalError& error) {
    const std::string text = error.what();
    CHECK(text.find("diagnostics_test.cpp:") != std::string::npos);
    CHECK(text.ends_with("negative cycles (not true: cycles >= 0)"));
  }
}

}  // namespace
}  // namespace cairn
