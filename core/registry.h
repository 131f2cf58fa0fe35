/// \file
/// Things by name, registered by explicit calls from one list. A registry is an object that is
/// passed on, so that a test makes its own.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/named_list.h"
#include "core/text/did_you_mean.h"

namespace cairn {

template <class T>
class Registry {
 public:
  /// \p what names one of the things in messages: `search algorithm`.
  explicit Registry(std::string what) : what_(std::move(what)) {}

  /// \throws InternalError if the name is taken.
  void add(std::string name, T value) {
    CAIRN_CHECK(find(name) == nullptr, what_ + " '" + name + "' is registered twice");
    list_.add(std::move(name), std::move(value));
  }

  /// nullptr if there is none.
  [[nodiscard]] const T* find(std::string_view name) const { return list_.find(name); }

  /// For a Diagnostic about a name that was not found.
  [[nodiscard]] std::string unknown(std::string_view name) const {
    return "unknown " + what_ + " '" + std::string{name} + "'";
  }
  /// `did you mean 'x'?` or the list of names.
  [[nodiscard]] std::string hint(std::string_view name) const { return suggest(name, names()); }

  /// In the order of registration.
  [[nodiscard]] std::vector<std::string> names() const { return list_.names(); }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }

 private:
  std::string what_;
  NamedList<T> list_;
};

}  // namespace cairn
