/// \file
/// A GPU under a software stack: analytical model.
///
/// Matrix products and convolutions (as implicit GEMM) by gpu_gemm.h, fused attention by
/// gpu_attention.h; attention that is not fused is a product, a softmax kernel and a product. All
/// else streams, by gpu_stream.h.
///
/// Formats: the operands are multiplied in the narrowest tensor-core format that holds both. A
/// weight stored otherwise (4-bit integers under fp16 activations, a codebook, a trellis) is
/// decoded by every block that loads it, on the CUDA cores: it saves traffic, and costs time once
/// tensor work is what limits. Pruning saves stored bits; only 2:4 on a device that says so runs
/// faster.
///
/// Energy: while a kernel runs `active_power` for instructions and clocks; multiply-accumulates by
/// format, operand collectors and shared memory by the bits that warps move, L2 and DRAM by
/// traffic, decode and vector work by operation. A kernel whose arithmetic and traffic alone would
/// pass the board's limit is stretched until they do not; what instructions and clocks would add
/// beyond the limit is saved by the lower voltage of the lower clock, which the stack's `sustained`
/// share already has in the time.
///
/// Assumes:    the fused epilogue reads its further inputs once; a warp computes 64 x 64 outputs.
/// Ignores:    host time between kernels unless the stack says some, clocks other than the given
///             one, contention of concurrent kernels, data-dependent power.
/// Reference:  see gpu_gemm.h and gpu_attention.h; energy of movement: configs/technology/.
/// Checked by: tests/unit/hw/gpu/gpu_test.cpp, tests/validation/gpu_gemm_test.cpp
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "hw/device.h"
#include "hw/gpu/gpu_attention.h"
#include "hw/gpu/gpu_gemm.h"
#include "hw/gpu/gpu_kernels.h"
#include "hw/gpu/gpu_spec.h"
#include "hw/gpu/gpu_stream.h"

namespace cairn::hw {

class Gpu {
 public:
  using Spec = GpuSpec;
  static constexpr std::string_view kModelVersion = "3";  ///< bump when any number changes

  /// Why no GPU can be built so: no bandwidth behind it, a clock above the technology's curve, no
  /// tile that fits its shared memory.
  [[nodiscard]] static std::optional<Infeasible> problem(const Spec& spec,
                                                         const DeviceContext& context);

  /// Precondition: the memories it names exist, and problem() is empty.
  Gpu(const Spec& spec, const DeviceContext& context);

  /// Any objective: the library picks its kernels by time.
  [[nodiscard]] Estimate price(const GroupView& group, const MappingConstraint& constraint,
                               MappingObjective objective) const;
  [[nodiscard]] double peak_macs_per_second(const models::Formats& formats) const;
  [[nodiscard]] const ResolvedMemory& backing() const { return dram_; }
  [[nodiscard]] double clock() const { return machine_.clock; }
  [[nodiscard]] double static_power() const { return spec_.idle_power.count(); }
  /// W beyond it while a kernel runs, whatever it does.
  [[nodiscard]] double active_power() const { return active_power_; }
  void append_area(std::vector<AreaPart>& parts) const;
  [[nodiscard]] std::vector<std::string> assumptions() const;
  [[nodiscard]] models::Precision default_format() const { return models::kFp16; }

  /// The kernels of a group in their order, with the tiles and the split that \p price() chose.
  [[nodiscard]] std::vector<GpuKernel> kernels(const GroupView& group,
                                               const OperatorCost& price) const;
  [[nodiscard]] const Spec& spec() const { return spec_; }
  [[nodiscard]] const GpuGemmMachine& gemm_machine() const { return machine_; }
  [[nodiscard]] const GpuStreamMachine& stream_machine() const { return streams_; }

 private:
  Gpu(const Spec& spec, const ResolvedMemory& dram, const ResolvedMemory& l2,
      const Technology& technology);

  /// How a pair of stored formats is multiplied.
  struct Arithmetic {
    models::Precision operand{models::kFp16};
    double peak{};           ///< multiply-accumulates per second, dense
    double operand_bits{};   ///< of one element as multiplied
    double weight_decode{};  ///< CUDA-core operations per weight element
  };
  [[nodiscard]] Arithmetic arithmetic(const models::Precision& weights,
                                      const models::Precision& activations) const;
  [[nodiscard]] double decode_operations(const models::Precision& stored,
                                         const models::Precision& operand) const;
  /// A matrix product with its epilogue, before a kernel is chosen.
  struct GemmWork {
    GpuGemmShape shape;
    Arithmetic how;
    models::Formats formats;
    double stored_weight_bits{};  ///< of one element
    double vector_operations{};   ///< of the epilogue
    bool sparse{};
    bool decode_first{};
    std::uint8_t fused{};
    [[nodiscard]] double macs() const { return shape.instances * shape.m * shape.n * shape.k; }
  };
  [[nodiscard]] GemmWork gemm_work(const GroupView& group) const;
  [[nodiscard]] bool takes_gemv(const GemmWork& work) const;
  [[nodiscard]] GpuGemmTime gemv_time(const GemmWork& work) const;
  [[nodiscard]] OperatorCost gemm_cost(const GemmWork& work, const GpuGemmTime& time) const;
  [[nodiscard]] GpuStreamShape decode_shape(const GemmWork& work) const;
  [[nodiscard]] Estimate price_gemm(const GroupView& group,
                                    const MappingConstraint& constraint) const;
  [[nodiscard]] GpuAttentionFormats attention_formats(const models::Operator& op,
                                                      const Arithmetic& how) const;
  [[nodiscard]] Estimate price_attention(const models::Operator& op) const;
  /// Scores, softmax and values as operators of their own.
  [[nodiscard]] static std::array<models::Operator, 3> parts_of_attention(
      const models::Operator& op);
  [[nodiscard]] static GpuStreamShape stream_shape(const models::Operator& op, double& weights);
  void add_gemm_kernels(std::vector<GpuKernel>& kernels, const GroupView& group,
                        const OperatorCost* price) const;
  void add_stream_kernel(std::vector<GpuKernel>& kernels, const GpuKernelSpec& kernel,
                         const GpuStreamShape& shape, const OperatorCost& cost) const;
  /// s: what the closed form's kernel does not explain.
  [[nodiscard]] double least_time(const OperatorCost& cost, double total) const;
  [[nodiscard]] Estimate price_unfused_attention(const models::Operator& op,
                                                 const MappingConstraint& constraint) const;
  [[nodiscard]] OperatorCost price_stream(const models::Operator& op) const;
  /// A streaming kernel of one class, with its energy.
  [[nodiscard]] OperatorCost stream(const GpuKernelSpec& kernel, const GpuStreamShape& shape,
                                    const models::Precision& format) const;
  /// Adds what the power limit and a late host cost. \p host: seconds to launch the operator.
  [[nodiscard]] OperatorCost finish(OperatorCost cost, double host) const;
  void add_gemm_energy(OperatorCost& cost, const GpuGemmTime& time, const Arithmetic& how,
                       const models::Formats& formats, double macs) const;

  Spec spec_;
  ResolvedMemory dram_;
  Technology technology_;
  GpuGemmMachine machine_;
  GpuStreamMachine streams_;
  double active_power_{};
  double memory_power_{};   ///< W of DRAM and L2 without traffic
  double voltage_scale_{};  ///< dynamic energy relative to nominal voltage (V^2)
};

}  // namespace cairn::hw
