#include "app/validation/cross_work.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace cairn::app {
namespace {

/// From \p low to \p high, every factor of two equally likely.
std::int64_t log_uniform(Rng& rng, std::int64_t low, std::int64_t high) {
  const double exponent =
      rng.uniform01() * std::log(static_cast<double>(high) / static_cast<double>(low));
  return std::clamp(
      static_cast<std::int64_t>(std::llround(static_cast<double>(low) * std::exp(exponent))), low,
      high);
}

models::MatMul random_product(Rng& rng, const CrossSubject& subject) {
  models::MatMul shape;
  do {
    // Decoding has few rows: half of the products have no more than sixteen.
    shape.m = log_uniform(rng, 1, rng.uniform_int(0, 1) == 0 ? 16 : subject.largest_extent);
    shape.n = log_uniform(rng, 16, subject.largest_extent);
    shape.k = log_uniform(rng, 16, subject.largest_extent);
  } while (static_cast<double>(shape.m) * static_cast<double>(shape.n) *
               static_cast<double>(shape.k) >
           static_cast<double>(subject.largest_macs));
  return shape;
}

models::Convolution random_convolution(Rng& rng, const CrossSubject& subject) {
  models::Convolution shape;
  do {
    const std::int64_t kernel = 1 + 2 * rng.uniform_int(0, 1);
    shape.height = log_uniform(rng, 7, 112);
    shape.width = shape.height;
    shape.channels = 4 * log_uniform(rng, 1, 64);
    shape.filters = 4 * log_uniform(rng, 1, 64);
    shape.kernel_height = shape.kernel_width = kernel;
    shape.stride_height = shape.stride_width = rng.uniform_int(1, 2);
    shape.pad_top = shape.pad_bottom = shape.pad_left = shape.pad_right = kernel / 2;
    shape.groups = 1;
    if (rng.uniform_int(0, 3) == 0) {
      shape.filters = shape.channels;
      shape.groups = shape.channels;
    }
  } while (models::multiply_accumulates(models::Shape{shape}) > subject.largest_macs);
  return shape;
}

models::Attention random_attention(Rng& rng, const CrossSubject& subject) {
  models::Attention shape;
  do {
    shape.batch = log_uniform(rng, 1, 8);
    shape.kv_heads = log_uniform(rng, 1, 16);
    shape.heads = shape.kv_heads * (std::int64_t{1} << rng.uniform_int(0, 2));
    shape.head_dim = std::int64_t{32} << rng.uniform_int(0, 2);
    shape.context = log_uniform(rng, 32, subject.largest_extent);
    shape.queries = rng.uniform_int(0, 1) == 0 ? 1 : shape.context;
  } while (models::multiply_accumulates(models::Shape{shape}) > subject.largest_macs);
  return shape;
}

models::Shape random_vector(Rng& rng, const CrossSubject& subject) {
  const std::int64_t rows = log_uniform(rng, 1, subject.largest_extent);
  const std::int64_t columns = log_uniform(rng, 16, subject.largest_extent);
  switch (rng.uniform_int(0, 2)) {
    case 0:
      return models::Softmax{.rows = rows, .columns = columns};
    case 1:
      return models::Elementwise{
          .kind = models::ElementwiseKind::add, .rows = rows, .columns = columns, .inputs = 2};
    default:
      return models::Normalization{
          .kind = models::NormalizationKind::layer_norm, .rows = rows, .columns = columns};
  }
}

void vary_array(Rng& rng, hw::SystolicArraySpec& array) {
  array.rows = std::int64_t{8} << rng.uniform_int(0, 4);
  array.cols = std::int64_t{8} << rng.uniform_int(0, 4);
  array.dataflow = static_cast<hw::Dataflow>(rng.uniform_int(0, 2));
  array.folds = static_cast<hw::FoldOverlap>(rng.uniform_int(0, 1));
}

/// Units elsewhere, faster or slower, with rows that hide their activation or do not, and a command
/// for all banks or for each.
void vary_pim(Rng& rng, hw::PimSpec& pim) {
  pim.peak.reset();
  pim.macs_per_unit = std::max<std::int64_t>(1, (pim.macs_per_unit << rng.uniform_int(0, 4)) / 4);
  pim.start = pim.start * rng.uniform01();
  if (!pim.rows) {
    return;
  }
  pim.bandwidth_multiplier.reset();
  pim.placement = static_cast<hw::PimPlacement>(rng.uniform_int(0, 2));
  pim.rows->hidden_activation = rng.uniform_int(0, 1) == 1;
  pim.rows->activate_interval = Seconds{1e-9 * static_cast<double>(rng.uniform_int(0, 2))};
  if (rng.uniform_int(0, 2) == 0) {
    pim.commands = hw::PimCommands::per_bank;
    pim.rows->command_interval = Seconds{1e-9 * rng.uniform01()};
  }
}

/// Macros of another size, with other converters, that are programmed before or as they run; a
/// buffer whose port may be the limit.
void vary_crossbar(Rng& rng, hw::CrossbarSpec& crossbar, hw::SystemSpec& spec) {
  crossbar.macros = std::max<std::int64_t>(1, crossbar.macros >> rng.uniform_int(0, 4));
  crossbar.rows = std::int64_t{64} << rng.uniform_int(0, 3);
  crossbar.cols = std::int64_t{64} << rng.uniform_int(0, 3);
  crossbar.active_rows = crossbar.rows >> rng.uniform_int(0, 2);
  crossbar.converter.per_macro = crossbar.cols >> rng.uniform_int(0, 5);
  crossbar.converter.overlapped = rng.uniform_int(0, 1) == 1;
  crossbar.residence = static_cast<hw::WeightResidence>(rng.uniform_int(0, 1));
  crossbar.copies = static_cast<hw::WeightCopies>(rng.uniform_int(0, 2));
  crossbar.vectors_per_copy = std::int64_t{1} << rng.uniform_int(0, 6);
  crossbar.vector_lanes = std::int64_t{8} << rng.uniform_int(0, 6);
  crossbar.cell.write_time = crossbar.cell.write_time * std::exp2(-12 * rng.uniform01());
  if (crossbar.activation_products == hw::ActivationProducts::refuse) {
    crossbar.activation_products = static_cast<hw::ActivationProducts>(rng.uniform_int(1, 2));
    crossbar.digital_macs = 256;
  }
  if (hw::MemorySpec* buffer = spec.memories.find(crossbar.buffer)) {
    buffer->bandwidth = Bandwidth{1e9 * std::exp2(8 + 6 * rng.uniform01())};
  }
}

}  // namespace

const std::vector<CrossSubject>& cross_subjects() {
  static const std::vector<CrossSubject> subjects{
      {.family = "systolic_array",
       .hardware = {"edge_npu", "edge_npu_ddr4"},
       .largest_macs = 2'000'000'000,
       .largest_extent = 4096},
      {.family = "spatial",
       .hardware = {"spatial_small", "row_stationary_64x64"},
       .largest_macs = 200'000'000,
       .largest_extent = 1024},
      {.family = "gpu",
       .hardware = {"a100", "h100", "t4", "rtx4090", "orin", "mi300x"},
       .largest_macs = 200'000'000'000,
       .largest_extent = 16384},
      {.family = "microcontroller",
       .hardware = {"stm32l4r5", "stm32h743", "stm32f746", "rp2040", "gap9", "gap8"},
       .largest_macs = 20'000'000,
       .largest_extent = 1024},
      {.family = "pim",
       .hardware = {"hbm_pim", "gddr6_aim", "h100_roofline"},
       .largest_macs = 2'000'000'000,
       .largest_extent = 8192,
       .convolutions = false},
      {.family = "pim_cores",
       .hardware = {"upmem"},
       .largest_macs = 200'000'000,
       .largest_extent = 4096,
       .convolutions = false,
       .attention = false},
      {.family = "crossbar",
       .hardware = {"sram_cim_22nm", "isaac", "neurram"},
       .largest_macs = 200'000'000,
       .largest_extent = 1024}};
  return subjects;
}

models::Operator random_operator(Rng& rng, const CrossSubject& subject,
                                 const models::Formats& formats) {
  models::Operator op;
  op.name = "op";
  op.formats = formats;
  const std::int64_t draw = rng.uniform_int(0, 9);
  if (draw < 2 && subject.convolutions) {
    op.shape = random_convolution(rng, subject);
  } else if (draw < 4 && subject.attention) {
    op.shape = random_attention(rng, subject);
  } else if (draw < 5 && subject.vector) {
    op.shape = random_vector(rng, subject);
  } else {
    op.shape = random_product(rng, subject);
  }
  return op;
}

void vary_memories(Rng& rng, hw::SystemSpec& spec) {
  for (auto& [name, memory] : spec.memories) {
    const double faster = std::exp2(2 * rng.uniform01() - 1);
    const std::int64_t larger = rng.uniform_int(4, 8);
    if (memory.bandwidth && !memory.part) {
      memory.bandwidth = Bandwidth{memory.bandwidth->count() * faster};
    }
    if (memory.capacity && !memory.part) {
      memory.capacity = Bits{memory.capacity->count() / 4 * larger};
    }
  }
  for (auto& [name, device] : spec.devices) {
    if (auto* array = std::get_if<hw::SystolicArraySpec>(&device)) {
      vary_array(rng, *array);
    } else if (auto* crossbar = std::get_if<hw::CrossbarSpec>(&device)) {
      vary_crossbar(rng, *crossbar, spec);
    } else if (auto* pim = std::get_if<hw::PimSpec>(&device)) {
      vary_pim(rng, *pim);
    } else if (auto* cores = std::get_if<hw::PimCoresSpec>(&device)) {
      cores->tasklets = rng.uniform_int(1, cores->most_tasklets);
      cores->cores = std::int64_t{32} << rng.uniform_int(0, 6);
      cores->block = Bits{cores->block.count() >> rng.uniform_int(0, 3)};
      cores->launch = cores->launch * rng.uniform01();
    }
  }
}

}  // namespace cairn::app
