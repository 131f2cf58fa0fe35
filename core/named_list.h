/// \file
/// A short list of things with names, in the order in which a file gives them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace cairn {

/// Reads from a map `{name: thing, ...}`. Names are unique when it came from a file.
template <class T>
struct NamedList {
  std::vector<std::pair<std::string, T>> items;

  /// The thing of that name, or nullptr.
  [[nodiscard]] const T* find(std::string_view name) const {
    for (const auto& [key, value] : items) {
      if (key == name) {
        return &value;
      }
    }
    return nullptr;
  }
  [[nodiscard]] T* find(std::string_view name) {
    for (auto& [key, value] : items) {
      if (key == name) {
        return &value;
      }
    }
    return nullptr;
  }
  /// \throws InternalError if there is none.
  [[nodiscard]] const T& at(std::string_view name) const {
    const T* found = find(name);
    CAIRN_CHECK(found != nullptr, "a name that is not in the list");
    return *found;
  }
  [[nodiscard]] T& at(std::string_view name) {
    T* found = find(name);
    CAIRN_CHECK(found != nullptr, "a name that is not in the list");
    return *found;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    result.reserve(items.size());
    for (const auto& item : items) {
      result.push_back(item.first);
    }
    return result;
  }
  T& add(std::string name, T value) {
    return items.emplace_back(std::move(name), std::move(value)).second;
  }

  [[nodiscard]] bool empty() const { return items.empty(); }
  [[nodiscard]] std::size_t size() const { return items.size(); }
  [[nodiscard]] auto begin() const { return items.begin(); }
  [[nodiscard]] auto end() const { return items.end(); }
  [[nodiscard]] auto begin() { return items.begin(); }
  [[nodiscard]] auto end() { return items.end(); }

  friend bool operator==(const NamedList&, const NamedList&) = default;
};

}  // namespace cairn
