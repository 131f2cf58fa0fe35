#include "app/output.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"

namespace cairn::app {
namespace {
constexpr std::size_t kLarge = 1U << 18U;
}

Output::Output(std::string path) : path_(std::move(path)) {
  if (path_.empty()) {
    file_ = stdout;
    return;
  }
  temporary_ = fmt::format("{}.{}.tmp", path_, ::getpid());
  file_ = std::fopen(temporary_.c_str(), "wb");  // NOLINT(cppcoreguidelines-owning-memory)
  if (file_ == nullptr) {
    throw IoError(path_, "cannot write", errno);
  }
}

Output::~Output() {
  if (file_ != nullptr && file_ != stdout) {
    std::fclose(file_);               // NOLINT(cppcoreguidelines-owning-memory,cert-err33-c)
    std::remove(temporary_.c_str());  // NOLINT(cert-err33-c): nothing more can be done
  }
}

void Output::flush() {
  if (std::fwrite(text_.data(), 1, text_.size(), file_) != text_.size() ||
      std::fflush(file_) != 0) {
    throw IoError(path_.empty() ? "standard output" : path_, "cannot write", errno);
  }
  text_.clear();
}

void Output::flush_if_large() {
  if (text_.size() > kLarge) {
    flush();
  }
}

void Output::finish() {
  flush();
  if (file_ == stdout) {
    return;
  }
  std::FILE* closing = file_;
  file_ = nullptr;
  if (std::fclose(closing) != 0 ||  // NOLINT(cppcoreguidelines-owning-memory)
      std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw IoError(path_, "cannot write", errno);
  }
}

}  // namespace cairn::app
