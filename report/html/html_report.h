/// \file
/// report.html: one page with everything inside (data, charts, style), which opens offline.
#pragma once

#include <filesystem>
#include <string_view>

namespace cairn::report {

/// Writes one self-contained page that shows \p data_json.
///
/// The page asks the network for nothing: the charting library and the page's own style and scripts
/// are part of this program (see CMakeLists.txt). It is written under a temporary name beside
/// \p file and renamed, so that no half-written page is ever seen.
///
/// \param file       the page; its folder exists. An older page is replaced.
/// \param data_json  UTF-8 JSON text, the document described in report/html/README.md. Text inside
///                   it needs no escaping for HTML.
/// \throws IoError if the file cannot be written.
void write_html_report(const std::filesystem::path& file, std::string_view data_json);

}  // namespace cairn::report
