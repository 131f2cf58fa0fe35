#include "models/zoo.h"

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "core/error.h"

using namespace cairn;          // NOLINT(google-build-using-namespace)
using namespace cairn::models;  // NOLINT(google-build-using-namespace)

namespace {
std::filesystem::path folder() {
  return std::filesystem::path{CAIRN_SOURCE_DIR} / "configs/models";
}
}  // namespace

TEST_CASE("every file in configs/models is a model that builds") {
  const std::vector<std::string> names = list_models(folder());
  CHECK(names.size() >= 25);
  CHECK(std::ranges::find(names, "llama-3.1-8b") != names.end());
  for (const std::string& name : names) {
    CAPTURE(name);
    Diagnostics diagnostics;
    const auto path = find_model(name, folder(), diagnostics);
    REQUIRE(path.has_value());
    const auto model = load_model(*path, diagnostics);
    diagnostics.throw_if_any();
    REQUIRE(model.has_value());
    const Workload workload =
        build(*model, {.phase = Phase::forward, .size = {.batch = 2, .context = 16}});
    check(workload);
    CHECK(workload.parameters > 0);
    CHECK(workload.name == name);
  }
}

TEST_CASE("a model that is not there is reported with the nearest name") {
  Diagnostics diagnostics;
  CHECK_FALSE(find_model("lama-3.1-8b", folder(), diagnostics).has_value());
  CHECK_THAT(render(diagnostics.items().front()), Catch::Contains("did you mean 'llama-3.1-8b'?"));
  CHECK_FALSE(find_model("missing.onnx", folder(), diagnostics).has_value());
  CHECK_THAT(render(diagnostics.items().back()), Catch::Contains("there is no such file"));
  CHECK_FALSE(load_model("model.txt", diagnostics).has_value());
}

TEST_CASE("a path is taken as it is, and a CNN has one phase") {
  Diagnostics diagnostics;
  const auto path = find_model((folder() / "vgg16.yaml").string(), "/nowhere", diagnostics);
  REQUIRE(path.has_value());
  const auto model = load_model(*path, diagnostics);
  REQUIRE(model.has_value());
  CHECK_THROWS_AS(build(*model, {.phase = Phase::decode}), ConfigError);
}
