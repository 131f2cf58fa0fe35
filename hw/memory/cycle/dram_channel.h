/// \file
/// DRAM channels in SystemC: one process for each, which goes from command to command.
///
/// Assumes:    a channel's client answers in no time.
/// Ignores:    nothing between commands happens: idle time costs nothing.
/// Reference:  IEEE 1666-2011 (SystemC).
/// Checked by: tests/unit/hw/memory_cycle/dram_channel_test.cpp (the same as without a kernel)
#pragma once

#include <memory>
#include <string>

#include "hw/memory/cycle/dram_traffic.h"

namespace cairn::hw::cycle {

class DramChannels {
 public:
  DramChannels();
  DramChannels(const DramChannels&) = delete;
  DramChannels& operator=(const DramChannels&) = delete;
  DramChannels(DramChannels&&) = delete;
  DramChannels& operator=(DramChannels&&) = delete;
  ~DramChannels();

  /// Both must outlive run().
  void add(const std::string& name, DramController& controller, DramClient& client);
  /// Until every client is done. Once for each process.
  void run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::hw::cycle
