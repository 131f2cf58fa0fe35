#include "hw/gpu/gpu_area.h"

namespace cairn::hw {
namespace {

constexpr Bits kWordWidth{256};   // of one bank of a register file or shared memory
constexpr Bits kLineWidth{1024};  // of one slice of an L2
constexpr Bits kBank{131072};     // 16 KiB: register files and L1s are many small banks
constexpr Bits kSlice{4194304};   // 512 KiB of L2

double mm2(Area area) {
  return area.count() * kSquareMillimetresPerSquareMetre;
}

/// \p capacity built of banks.
double banked_mm2(const Technology& technology, Bits capacity, Bits bank, Bits width) {
  const double banks = static_cast<double>(capacity.count()) / static_cast<double>(bank.count());
  return banks * mm2(technology.sram(bank, width).area);
}

}  // namespace

std::vector<AreaPart> die_parts(const GpuDieSpec& die, const Technology& technology) {
  using models::kFp16;
  using models::kFp32;
  using models::kInt32;
  constexpr models::Precision kFp64 = models::floating_format(11, 64);
  const auto lanes = [&](std::int64_t count, const models::Precision& format) {
    return static_cast<double>(count) * mm2(technology.multiply_accumulate(format, format).area);
  };
  const LayoutFactors& layout = technology.layout();
  const auto sms = static_cast<double>(die.sms);
  const double vector = lanes(die.fp32_lanes, kFp32) + lanes(die.int32_lanes, kInt32) +
                        lanes(die.fp64_lanes, kFp64) + lanes(die.special_lanes, kFp32);
  const double tensor = lanes(die.tensor_products, kFp16);
  const double registers =
      layout.second_port * banked_mm2(technology, die.register_file, kBank, kWordWidth);
  const double shared =
      banked_mm2(technology, die.shared_memory + die.instruction_memory, kBank, kWordWidth);
  const double control =
      (vector + tensor + registers + shared) * layout.core_control / (1 - layout.core_control);
  std::vector<AreaPart> parts{
      {"vector lanes", sms * vector, Confidence::assumed},
      {"tensor cores", sms * tensor, Confidence::assumed},
      {"register files", sms * registers, Confidence::assumed},
      {"shared memory and instruction caches", sms * shared, Confidence::assumed},
      {"schedulers, load and store units", sms * control, Confidence::assumed},
      {"L2", layout.second_port * banked_mm2(technology, die.l2, kSlice, kLineWidth),
       Confidence::assumed}};
  if (const std::optional<DramFigures>& dram = technology.dram(die.memory)) {
    parts.push_back(
        {"memory interfaces", mm2(dram->phy_for(die.memory_bandwidth)), Confidence::assumed});
  }
  if (die.device_links) {
    parts.push_back(
        {"device links", mm2(layout.device_link_phy(*die.device_links)), Confidence::assumed});
  }
  parts.push_back({"host link", mm2(layout.host_link_phy(die.host_link)), Confidence::assumed});
  return parts;
}

}  // namespace cairn::hw
