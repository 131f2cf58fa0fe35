#include "hw/memory/cycle/dram_channel.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <systemc>

#include "core/error.h"

// The SystemC library has a main of its own that calls this; our programs bring their own main.
[[gnu::weak]] int sc_main(int argc, char** argv);
int sc_main(int /*argc*/, char** /*argv*/) {
  return 0;
}

namespace cairn::hw::cycle {
namespace {

class Channel final : public sc_core::sc_module {
 public:
  Channel(const sc_core::sc_module_name& name, DramController& controller, DramClient& client)
      : sc_core::sc_module(name),
        controller_(controller),
        client_(client),
        tick_(static_cast<std::uint64_t>(std::llround(controller.tick_s() * 1e15))) {
    SC_METHOD(step);
  }

 private:
  SC_HAS_PROCESS(Channel);
  void step() {
    controller_.advance(now_);
    const std::int64_t wish = client_.serve(controller_, now_);
    if (client_.done()) {
      return;
    }
    const std::int64_t next = std::min(wish, controller_.next_event());
    CAIRN_CHECK(next != DramController::kNever, "requests wait and nothing can happen");
    // The kernel's clock counts femtoseconds; ours follows it without a division.
    next_trigger(sc_core::sc_time::from_value(static_cast<std::uint64_t>(next - now_) * tick_));
    now_ = next;
  }

  DramController& controller_;
  DramClient& client_;
  std::uint64_t tick_;  ///< femtoseconds
  std::int64_t now_{};
};

}  // namespace

struct DramChannels::Impl {
  std::vector<std::unique_ptr<Channel>> channels;
};

DramChannels::DramChannels() : impl_(std::make_unique<Impl>()) {
  CAIRN_CHECK(sc_core::sc_get_status() == sc_core::SC_ELABORATION,
              "a process can simulate one machine only");
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
}
DramChannels::~DramChannels() = default;

void DramChannels::add(const std::string& name, DramController& controller, DramClient& client) {
  impl_->channels.push_back(std::make_unique<Channel>(name.c_str(), controller, client));
}

void DramChannels::run() {
  sc_core::sc_start();
}

}  // namespace cairn::hw::cycle
