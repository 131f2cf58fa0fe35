/// \file
/// `cairn contract`: the order in which a tensor network is contracted, and what it costs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/contraction_answer.h"
#include "app/exit_code.h"

namespace cairn::app {

struct ContractOptions {
  std::string network;             ///< an einsum, or a JSON file of one network or a list
  std::vector<std::string> sizes;  ///< `a=64,b=32`, of an einsum
  std::string minimize{"flops"};
  std::string on;       ///< hardware file: what the order costs there, or to search by that
  std::string weights;  ///< positions of terms that are stored weights: `1,2`, `rest`: all but 0
  bool training{};      ///< on a machine: gradients of all terms, too
  std::string method{"auto"};
  bool outer{};            ///< tensors that share no index may be contracted early
  std::string time{"5s"};  ///< CPU time of each network's search, all threads together
  std::string max_memory;  ///< of what is alive at once; empty: no limit
  std::int32_t element_bits{32};
  std::uint64_t seed{0};
  std::int32_t threads{1};
  bool explain{};  ///< with every step
  bool verify{};   ///< contract random tensors in this order and another one
  bool json{};
};

/// In the order of the file.
struct ContractionAnswers {
  std::vector<ContractionAnswer> answers;
  bool list{};  ///< the file held a list
};
/// Prints nothing but warnings. \throws as run_contract().
[[nodiscard]] ContractionAnswers contraction_answers(const ContractOptions& options);

/// \returns no_feasible_point if a network does not fit the memory, however it is sliced.
/// \throws ConfigError on a wrong network or flag, IoError on an unreadable file.
[[nodiscard]] ExitCode run_contract(const ContractOptions& options);

}  // namespace cairn::app
