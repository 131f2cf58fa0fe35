/// \file
/// cairn_report_page_tool DATA.json PAGE.html: makes a page from a data document. For developing
/// the page and for its tests; a run writes its page itself.
#include <cerrno>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <sstream>
#include <string>

#include "core/error.h"
#include "report/html/html_report.h"

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    throw cairn::IoError(path, "cannot read", errno);
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kUserMistake = 2;
  constexpr int kOutsideFailure = 3;
  try {
    const std::span arguments{argv, static_cast<std::size_t>(argc)};
    if (arguments.size() != 3) {
      std::cerr << "usage: cairn_report_page_tool DATA.json PAGE.html\n";
      return kUserMistake;
    }
    cairn::report::write_html_report(arguments[2], read_file(arguments[1]));
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << "cairn_report_page_tool: " << failure.what() << '\n';
    return kOutsideFailure;
  }
}
