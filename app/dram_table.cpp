#include "app/dram_table.h"

#include <array>

#include <fmt/format.h>

#include "app/dram_parts.h"
#include "app/output.h"
#include "hw/memory/cycle/run_sharing.h"

namespace cairn::app {
namespace {

constexpr std::array<std::uint64_t, 10> kRunBytes = {32,   64,   128,  256,   512,
                                                     1024, 2048, 4096, 16384, 65536};
constexpr std::array<double, 3> kWriteFractions = {0, 1.0 / 3, 0.5};
constexpr std::array<std::int64_t, 3> kStreams = {1, 4, 16};

void add_part(std::string& text, const hw::DramPartSpec& part) {
  const auto access = static_cast<std::uint64_t>(part.organisation.channel_width.count() *
                                                 part.organisation.burst_length / 8);
  for (const std::uint64_t bytes : kRunBytes) {
    if (bytes < access) {
      continue;
    }
    for (const double writes : kWriteFractions) {
      for (const std::int64_t streams : kStreams) {
        text += fmt::format("{},{},{:.4g},{},{:.4f}\n", part.name, bytes, writes, streams,
                            hw::cycle::share_of_peak(part, {bytes, writes, streams}));
      }
    }
  }
}

}  // namespace

ExitCode run_dram_table(const DramOptions& options) {
  Output output{""};
  output.text() +=
      "# Share of the peak bandwidth that contiguous runs at random places reach, refreshes "
      "included,\n# as the cycle level has it: cairn dram --table\n"
      "# Reads and writes at random; streams take turns, access by access; 256 requests in "
      "flight.\n"
      "part,run_bytes,write_fraction,streams,share\n";
  if (!options.part.empty()) {
    add_part(output.text(), find_dram_part(options.part));
  } else {
    for (const std::filesystem::path& file : dram_part_files()) {
      add_part(output.text(), find_dram_part(file.stem().string()));
    }
  }
  output.finish();
  return ExitCode::success;
}

}  // namespace cairn::app
