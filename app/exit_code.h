/// \file
/// What the program tells the shell.
#pragma once

namespace cairn::app {

enum class ExitCode : int {
  success = 0,
  no_feasible_point = 1,
  user_error = 2,     ///< a file or flag is wrong
  outside_error = 3,  ///< disk full, file unreadable, worker died
  interrupted = 130,  ///< Ctrl-C: the run is readable and can be resumed
  our_bug = 70,
};

}  // namespace cairn::app
