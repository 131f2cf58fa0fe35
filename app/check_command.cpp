#include "app/check_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "app/hardware_file.h"
#include "app/study.h"
#include "core/config/reader.h"
#include "core/config/yaml_file.h"
#include "core/error.h"
#include "models/importers/cnn.h"
#include "models/importers/hugging_face.h"
#include "models/quality/quality.h"

namespace cairn::app {
namespace {

/// Any of these makes a file a study, perhaps a wrong one.
constexpr std::array<const char*, 5> kStudyKeys{"workloads", "system", "objectives", "space",
                                                "search"};

/// Reads one file as what its keys say it is. \throws as the reader of that kind does.
std::string read_one(const std::string& file) {
  Diagnostics diagnostics;
  if (std::filesystem::path(file).extension() == ".json") {
    static_cast<void>(models::read_hugging_face(file, diagnostics));
    diagnostics.throw_if_any();
    return "model";
  }
  const Node root = load_yaml(file, diagnostics);
  diagnostics.throw_if_any();
  if (root.find("layers") != nullptr) {
    static_cast<void>(models::read_cnn(root, diagnostics));
    diagnostics.throw_if_any();
    return "model";
  }
  if (root.find("devices") != nullptr || root.find("memories") != nullptr) {
    static_cast<void>(load_system(file, {}));
    return "hardware";
  }
  if (root.find("node") != nullptr) {
    static_cast<void>(hw::load_technology(file, diagnostics));
    diagnostics.throw_if_any();
    return "technology";
  }
  if (root.find("organisation") != nullptr) {
    hw::DramPartSpec part;
    read(root, part, diagnostics);
    diagnostics.throw_if_any();
    return "DRAM part";
  }
  if (root.find("coefficients") != nullptr) {
    static_cast<void>(models::load_quality(file, diagnostics));
    diagnostics.throw_if_any();
    return "quality table";
  }
  if (root.find("gemm") != nullptr) {
    hw::GpuStackSpec stack;
    read(root, stack, diagnostics);
    diagnostics.throw_if_any();
    return "software stack";
  }
  const bool study_like = root.entries.empty() ||
                          std::any_of(kStudyKeys.begin(), kStudyKeys.end(),
                                      [&](const char* key) { return root.find(key) != nullptr; });
  if (!study_like) {
    diagnostics.error(root.at, "",
                      "this is no study, hardware, technology, quality, model or stack file",
                      fmt::format("a study has {}", fmt::join(kStudyKeys, ", ")));
    diagnostics.throw_if_any();
  }
  const Study study(file, {});
  const search::Rank points = study.space().size();
  return fmt::format("study, {} point{}", search::rank_text(points), points == 1 ? "" : "s");
}

}  // namespace

ExitCode run_check(const CheckOptions& options) {
  ExitCode code = ExitCode::success;
  for (const std::string& file : options.files) {
    try {
      const std::string kind = read_one(file);
      fmt::print("{}: good ({})\n", file, kind);
    } catch (const ConfigError& e) {
      for (const Diagnostic& d : e.diagnostics()) {
        fmt::print(stderr, "{}\n", render(d));
      }
      code = ExitCode::user_error;
    }
  }
  return code;
}

}  // namespace cairn::app
