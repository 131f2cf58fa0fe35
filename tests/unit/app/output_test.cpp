#include "app/output.h"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/text/file_text.h"
#include "tests/unit/core/scratch_folder.h"

namespace cairn::app {
namespace {

std::size_t files_in(const std::string& folder) {
  const std::filesystem::directory_iterator all{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_CASE("an output file appears when it is finished and not before") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("out.csv");
  Output output{path};
  output.text() = std::string(1U << 20U, 'x');  // enough to be written in part
  output.flush_if_large();
  CHECK(!std::filesystem::exists(path));
  output.text() += "end\n";
  output.finish();
  const std::string text = read_text_file(path);
  CHECK(text.size() == (1U << 20U) + 4);
  CHECK(text.ends_with("xend\n"));
  CHECK(files_in(folder.path("")) == 1);
}

TEST_CASE("an output that is given up leaves nothing, and an older file as it was") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("out.csv", "old\n");
  {
    Output output{path};
    output.text() = "new";
  }
  CHECK(read_text_file(path) == "old\n");
  CHECK(files_in(folder.path("")) == 1);
}

TEST_CASE("a folder that does not exist is an error of the outside world") {
  const test::ScratchFolder folder;
  CHECK_THROWS_AS(Output{folder.path("none/out.csv")}, IoError);
}

}  // namespace
}  // namespace cairn::app
