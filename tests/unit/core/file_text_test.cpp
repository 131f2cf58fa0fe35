#include "core/text/file_text.h"

#include <cerrno>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "core/error.h"
#include "scratch_folder.h"

namespace cairn {
namespace {

int errno_of(const std::string& path, std::int64_t most = 1000) {
  try {
    static_cast<void>(read_text_file(path, most));
  } catch (const IoError& error) {
    return error.error_number();
  }
  return -1;
}

TEST_CASE("a file is read whole") {
  const test::ScratchFolder folder;
  CHECK(read_text_file(folder.write("a", std::string("x\0\r\ny", 5))).size() == 5);
  CHECK(read_text_file(folder.write("empty", "")).empty());
}

TEST_CASE("what cannot be read is a failure of the outside world") {
  const test::ScratchFolder folder;
  CHECK(errno_of(folder.path("none")) == ENOENT);
  CHECK(errno_of(folder.path("")) == EISDIR);
  CHECK(errno_of(folder.write("file", "x") + "/below") == ENOTDIR);
  const std::string closed = folder.write("closed", "x");
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  if (::geteuid() != 0) {  // root may read everything
    CHECK(errno_of(closed) == EACCES);
  }
}

TEST_CASE("a file over the limit is refused, endless ones too") {
  const test::ScratchFolder folder;
  CHECK(errno_of(folder.write("at", std::string(1000, 'x'))) == -1);
  CHECK(errno_of(folder.write("over", std::string(1001, 'x'))) == 0);
  CHECK(errno_of("/dev/zero") == 0);
}

TEST_CASE("a file is written whole or not at all") {
  const test::ScratchFolder folder;
  const std::string path = folder.write("a", "old");
  write_text_file(path, "new");
  CHECK(read_text_file(path) == "new");
  CHECK_THROWS_AS(write_text_file(folder.path("none/a"), "x"), IoError);
  std::filesystem::create_directory(folder.path("taken"));
  CHECK_THROWS_AS(write_text_file(folder.path("taken"), "x"), IoError);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{folder.path("")}) {
    ++files;
  }
  CHECK(files == 2);  // no temporary file is left
}

}  // namespace
}  // namespace cairn
