#include <utility>

#include <systemc>

#include "hw/systolic/cycle/pe_product.h"

// The kernel's library wants a main program of its own, which this one never calls. Weak: a program
// that links several simulations has it once.
[[gnu::weak]] int sc_main(int argc, char** argv);
int sc_main(int /*argc*/, char** /*argv*/) {
  return 1;
}

namespace cairn::hw {
namespace {

sc_core::sc_time of_femtoseconds(std::int64_t count) {
  return {static_cast<double>(count), sc_core::SC_FS};
}

/// One process, sensitive to the rising edge: a cycle of the whole array.
class ProductModule : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk{"clk"};

  ProductModule(const sc_core::sc_module_name& name, PeProduct product)
      : sc_module(name), product_(std::move(product)) {
    SC_HAS_PROCESS(ProductModule);
    SC_METHOD(rise);
    sensitive << clk.pos();
    dont_initialize();
  }
  [[nodiscard]] const PeProductRun& run() const { return product_.run(); }

 private:
  void rise() {
    if (product_.done() || product_.run().unsound > 0) {
      sc_core::sc_stop();
      return;
    }
    product_.clock();
  }
  PeProduct product_;
};

}  // namespace

PeProductRun run_product_in_systemc(const PeProductSpec& spec, const IntegerMatrix& activations,
                                    const IntegerMatrix& weights, std::int64_t period_fs,
                                    std::int64_t& elapsed_fs) {
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
  const sc_core::sc_time period = of_femtoseconds(period_fs);
  sc_core::sc_clock clock("clock", period);
  ProductModule module("product", PeProduct(spec, activations, weights));
  module.clk(clock);
  sc_core::sc_start();
  elapsed_fs = static_cast<std::int64_t>(sc_core::sc_time_stamp().value());
  return module.run();
}

}  // namespace cairn::hw
