#include "hw/memory/run_shares.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "core/csv.h"
#include "core/diagnostics.h"
#include "core/text/numbers.h"

namespace cairn::hw {
namespace {

std::vector<DramRunShare> read_run_shares(const std::filesystem::path& path,
                                          const std::string& part) {
  constexpr double kBitsPerByte = 8;
  CsvReader csv = CsvReader::from_file(path.string());
  Diagnostics diagnostics;
  const auto column = [&](const char* name) {
    const std::optional<std::size_t> at = csv.column(name);
    if (!at) {
      diagnostics.error({path.string(), 1, 1, ""}, name, "the table lacks this column", "");
    }
    return at.value_or(0);
  };
  const std::size_t name = column("part");
  const std::size_t run = column("run_bytes");
  const std::size_t writes = column("write_fraction");
  const std::size_t streams = column("streams");
  const std::size_t share = column("share");
  diagnostics.throw_if_any();
  std::vector<DramRunShare> rows;
  while (csv.next()) {
    if (csv.cell(name) != part || parse_double(csv.cell(writes)) != 0.0 ||
        parse_int(csv.cell(streams)) != 1) {
      continue;
    }
    const std::optional<double> bytes = parse_double(csv.cell(run));
    const std::optional<double> reached = parse_double(csv.cell(share));
    if (!bytes || !reached || *bytes <= 0 || *reached <= 0 || *reached > 1) {
      diagnostics.error(csv.at(share), "share", "a run and its share of the peak are positive", "");
      continue;
    }
    rows.push_back({*bytes * kBitsPerByte, *reached});
  }
  if (rows.empty()) {
    diagnostics.error({path.string(), 1, 1, ""}, "part",
                      fmt::format("the table has no reads of one stream of '{}'", part),
                      "write it anew: cairn dram --table");
  }
  diagnostics.throw_if_any();
  std::sort(rows.begin(), rows.end(),
            [](const DramRunShare& a, const DramRunShare& b) { return a.run_bits < b.run_bits; });
  return rows;
}

}  // namespace

std::vector<DramRunShare> load_run_shares(const std::filesystem::path& path,
                                          const std::string& part) {
  // A machine is built for every design point of a search: the file is read once for each part.
  static std::mutex guard;
  static std::map<std::pair<std::string, std::string>, std::vector<DramRunShare>> known;
  const std::lock_guard<std::mutex> lock(guard);
  const auto key = std::pair{path.string(), part};
  auto found = known.find(key);
  if (found == known.end()) {
    found = known.emplace(key, read_run_shares(path, part)).first;
  }
  return found->second;
}

}  // namespace cairn::hw
