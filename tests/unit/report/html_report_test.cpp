#include "report/html/html_report.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "core/error.h"

namespace {

namespace fs = std::filesystem;

/// A folder that is empty at first and gone at the end.
class Folder final {
 public:
  Folder() : path_{fs::temp_directory_path() / ("cairn_html_" + std::to_string(::getpid()))} {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string read_text(const fs::path& file) {
  const std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// What stands between the opening and the closing tag of the data element.
std::string data_element(const std::string& page) {
  const std::string open = R"(<script type="application/json" id="data">)";
  const std::size_t begin = page.find(open) + open.size();
  return page.substr(begin, page.find("</script", begin) - begin);
}

std::size_t files_in(const fs::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator{folder}) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("text in the data cannot end the element that holds it") {
  const Folder folder;
  const fs::path file = folder.path() / "report.html";
  cairn::report::write_html_report(file, R"({"a":"</script><!--","b":"x < y"})");
  // Each of the three '<' becomes \u003c, which is the same character in a JSON string.
  CHECK(data_element(read_text(file)) == R"({"a":"\u003c/script>\u003c!--","b":"x \u003c y"})");
}

TEST_CASE("a page holds the charting library and every script, and no mark is left") {
  const Folder folder;
  const fs::path file = folder.path() / "report.html";
  cairn::report::write_html_report(file, "{}");
  const std::string page = read_text(file);
  CHECK(page.find("Apache Software Foundation") != std::string::npos);  // licence header of ECharts
  CHECK(page.find("window.cairn = {") != std::string::npos);            // main.js, the last script
  for (const char* mark : {"{{style}}", "{{data}}", "{{echarts}}", "{{scripts}}"}) {
    CHECK(page.find(mark) == std::string::npos);
  }
  CHECK(page.find("default-src 'none'") != std::string::npos);  // the browser loads nothing else
  CHECK(page.substr(page.size() - 8) == "</html>\n");
}

TEST_CASE("a page replaces an older one and leaves nothing else in the folder") {
  const Folder folder;
  const fs::path file = folder.path() / "report.html";
  cairn::report::write_html_report(file, R"({"run":1})");
  cairn::report::write_html_report(file, R"({"run":2})");
  CHECK(data_element(read_text(file)) == R"({"run":2})");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a page that cannot be written is an IoError and leaves nothing") {
  const Folder folder;
  CHECK_THROWS_AS(cairn::report::write_html_report(folder.path() / "absent" / "report.html", "{}"),
                  cairn::IoError);
  // A folder in the place of the page cannot be replaced by a file.
  fs::create_directories(folder.path() / "report.html" / "inside");
  CHECK_THROWS_AS(cairn::report::write_html_report(folder.path() / "report.html", "{}"),
                  cairn::IoError);
  CHECK(files_in(folder.path()) == 1);
}
