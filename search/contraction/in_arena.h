/// \file
/// Private: parallel loops on a given number of threads, however many the machine has.
#pragma once

#include <cstddef>
#include <cstdint>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

namespace cairn::search {

/// Calls \p work where its TBB loops use \p threads threads, this one among them.
template <class Work>
void in_arena(std::int32_t threads, Work&& work) {
  const oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                          static_cast<std::size_t>(threads));
  oneapi::tbb::task_arena arena(threads);
  arena.execute(work);
}

}  // namespace cairn::search
