/// \file
/// A SystemC process that is called at times it asked for: what units and memories are made of.
/// Private to this folder: it includes SystemC.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include <systemc>

#include "core/error.h"
#include "hw/cycle/program.h"

namespace cairn::sim::kernel {

using hw::cycle::Femtoseconds;

/// Simulated time. The time resolution of the kernel is one femtosecond.
[[nodiscard]] inline Femtoseconds now() {
  return static_cast<Femtoseconds>(sc_core::sc_time_stamp().value());
}

/// Something with one process. The process runs at the earliest of the times asked for; asking for
/// a later one while an earlier is pending changes nothing, so run() asks again for what is left.
class Waker : public sc_core::sc_module {
 public:
  explicit Waker(const std::string& name) : sc_module(sc_core::sc_module_name(name.c_str())) {
    SC_HAS_PROCESS(Waker);
    SC_METHOD(run);
    sensitive << wake_;
    dont_initialize();
  }

  void wake_at(Femtoseconds time) {
    const Femtoseconds delay = time - now();
    CAIRN_CHECK(delay >= 0, "a process asks to be called in the past");
    if (delay == 0) {
      wake_.notify(sc_core::SC_ZERO_TIME);
    } else {
      wake_.notify(sc_core::sc_time::from_value(static_cast<sc_core::sc_time::value_type>(delay)));
    }
  }

 protected:
  virtual void run() = 0;

 private:
  sc_core::sc_event wake_;
};

}  // namespace cairn::sim::kernel
