#include "report/html/html_report.h"

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "core/error.h"

// The page without its data, put into the program by embedded_page.s.in: its bytes, their number.
extern "C" {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-c-arrays,modernize-avoid-c-arrays): the type of a label
extern const char cairn_report_page[];
extern const std::size_t cairn_report_page_size;
}

namespace cairn::report {
namespace {

/// Stands in the page where the document goes.
constexpr std::string_view kDataMark = "{{data}}";

std::string_view embedded_page() {
  return {static_cast<const char*>(cairn_report_page), cairn_report_page_size};
}

/// JSON may hold any text, and inside a script element `</script>` or `<!--` would end or confuse
/// it. In JSON a `<` stands only inside strings, where \u003c means the same.
void write_json(std::ostream& out, std::string_view json) {
  while (true) {
    const std::size_t at = json.find('<');
    out << json.substr(0, at);
    if (at == std::string_view::npos) {
      return;
    }
    out << "\\u003c";
    json.remove_prefix(at + 1);
  }
}

/// A name beside the wanted file; what is written there disappears unless it is put in place.
class TemporaryFile final {
 public:
  explicit TemporaryFile(std::filesystem::path target)
      : target_{std::move(target)}, path_{target_.string() + ".part"} {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  TemporaryFile(TemporaryFile&&) = delete;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// After this, nothing is left under path().
  [[nodiscard]] std::error_code put_in_place() const {
    std::error_code failure;
    std::filesystem::rename(path_, target_, failure);
    return failure;
  }

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
};

}  // namespace

void write_html_report(const std::filesystem::path& file, std::string_view data_json) {
  const std::string_view page = embedded_page();
  const std::size_t mark = page.find(kDataMark);
  CAIRN_CHECK(mark != std::string_view::npos, "the page has no place for its data");

  const TemporaryFile temporary{file};
  errno = 0;
  std::ofstream out{temporary.path(), std::ios::binary | std::ios::trunc};
  if (!out) {
    throw IoError(file.string(), "cannot create the report", errno);
  }
  out << page.substr(0, mark);
  write_json(out, data_json);
  out << page.substr(mark + kDataMark.size());
  out.close();
  if (!out) {
    throw IoError(file.string(), "cannot write the report", errno);
  }
  if (const std::error_code failure = temporary.put_in_place()) {
    throw IoError(file.string(), "cannot put the report in place", failure.value());
  }
}

}  // namespace cairn::report
