#include "core/text/file_text.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace cairn {

namespace {

/// An open file that closes itself.
class OpenFile {
 public:
  // open() is variadic by POSIX.
  OpenFile(const std::string& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}  // NOLINT
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  OpenFile(OpenFile&&) = delete;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() { close(); }

  [[nodiscard]] int get() const { return descriptor_; }
  /// False if the system reports a late failure.
  bool close() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return descriptor < 0 || ::close(descriptor) == 0;
  }

 private:
  int descriptor_;
};

void write_all(int descriptor, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw IoError(path, "cannot write", errno);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string read_text_file(const std::string& path, std::int64_t most_bytes) {
  const OpenFile file{path, O_RDONLY};
  if (file.get() < 0) {
    throw IoError(path, "cannot read", errno);
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    throw IoError(path, "cannot read", errno);
  }
  if (S_ISDIR(info.st_mode)) {
    throw IoError(path, "cannot read", EISDIR);
  }
  std::string text;
  const std::string too_large = fmt::format("larger than {} bytes", most_bytes);
  if (info.st_size > most_bytes) {
    throw IoError(path, too_large, 0);
  }
  text.reserve(static_cast<std::size_t>(info.st_size) + 1);
  std::array<char, std::size_t{1} << 16U> buffer{};
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw IoError(path, "cannot read", errno);
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (static_cast<std::int64_t>(text.size()) > most_bytes) {
      throw IoError(path, too_large, 0);
    }
  }
}

void write_text_file(const std::string& path, std::string_view text) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  OpenFile file{temporary, O_WRONLY | O_CREAT | O_TRUNC};
  if (file.get() < 0) {
    throw IoError(path, "cannot write", errno);
  }
  try {
    write_all(file.get(), path, text);
    if (!file.close() || std::rename(temporary.c_str(), path.c_str()) != 0) {
      throw IoError(path, "cannot write", errno);
    }
  } catch (const IoError&) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace cairn
