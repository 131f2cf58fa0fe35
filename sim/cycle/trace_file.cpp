#include "sim/cycle/trace_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"

namespace cairn::sim {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18U;
constexpr std::size_t kMostLanes = 16;
/// Of the limit: slices one by one, then also merged ones; the rest is for names and the footer.
constexpr double kDetailShare = 0.8;
constexpr double kMergedShare = 0.95;
constexpr std::uint64_t kFooterRoom = 512;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20U) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// Femtoseconds as microseconds, exactly.
std::string microseconds(hw::cycle::Femtoseconds time) {
  constexpr hw::cycle::Femtoseconds kPerMicrosecond = 1'000'000'000;
  std::string text = fmt::format("{}.{:09}", time / kPerMicrosecond, time % kPerMicrosecond);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

}  // namespace

TraceFile::TraceFile(std::string path, std::uint64_t limit)
    : path_(std::move(path)),
      limit_(std::max(limit, kLeastLimit)),
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): POSIX
      descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) {
    throw IoError(path_, "cannot write", errno);
  }
  buffer_ = R"({"displayTimeUnit":"ns","traceEvents":[)";
  static_cast<void>(track("operators", "operators"));
  write_block();
  share_out();
}

TraceFile::~TraceFile() {
  try {
    finish();
  } catch (const std::exception&) {  // reported by whoever calls finish()
    error_ = error_ != 0 ? error_ : EIO;
  }
}

std::uint64_t TraceFile::bytes() const {
  return flushed_ + buffer_.size() + footer().size();
}

std::string TraceFile::footer() const {
  return fmt::format(
      "\n],\"otherData\":{{\"slices\":{},\"slices_merged\":{},\"slices_dropped\":{},"
      "\"limit_bytes\":{}}}}}\n",
      written_, merged_, dropped_, limit_);
}

void TraceFile::write_block() {
  const std::string whole = buffer_ + footer();
  std::size_t done = 0;
  while (done < whole.size() && error_ == 0) {
    const std::string_view rest = std::string_view{whole}.substr(done);
    const ssize_t count =
        ::pwrite(descriptor_, rest.data(), rest.size(), static_cast<off_t>(flushed_ + done));
    if (count < 0 && errno != EINTR) {
      error_ = errno;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  flushed_ += buffer_.size();
  buffer_.clear();
}

void TraceFile::event(std::string_view text) {
  buffer_ += first_ ? "\n" : ",\n";
  first_ = false;
  buffer_ += text;
  if (buffer_.size() >= kBlock) {
    write_block();
  }
}

void TraceFile::share_out() {
  const std::uint64_t used = flushed_ + buffer_.size();
  const auto detail = static_cast<std::uint64_t>(kDetailShare * static_cast<double>(limit_));
  const std::uint64_t left = detail > used ? detail - used : 0;
  share_end_ = used + left / std::max<std::size_t>(operators_left_, 1);
}

std::int32_t TraceFile::process_of(const std::string& name) {
  const auto [found, added] =
      processes_.try_emplace(name, static_cast<std::int32_t>(processes_.size() + 1));
  if (added) {
    const std::int32_t process = found->second;
    event(fmt::format(R"({{"ph":"M","pid":{},"name":"process_name","args":{{"name":{}}}}})",
                      process, quoted(name)));
    event(fmt::format(
        R"({{"ph":"M","pid":{0},"name":"process_sort_index","args":{{"sort_index":{0}}}}})",
        process));
  }
  return found->second;
}

void TraceFile::name_thread(const Track& track, std::int32_t thread, const std::string& name) {
  event(fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":{}}}}})",
                    track.process, thread, quoted(name)));
  const std::int64_t place = (&track - tracks_.data()) * static_cast<std::int64_t>(kMostLanes) +
                             static_cast<std::int64_t>(track.lanes.size());
  event(fmt::format(
      R"({{"ph":"M","pid":{},"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}})",
      track.process, thread, place));
}

std::int32_t TraceFile::track(const std::string& process, const std::string& name) {
  if (bytes() + kFooterRoom > limit_) {
    return -1;  // no room even for its name: its slices are dropped
  }
  const std::int32_t number = process_of(process);
  tracks_.push_back({.process = number, .name = name, .lanes = {}, .rest = {}});
  Track& made = tracks_.back();
  name_thread(made, ++threads_, name);
  made.lanes.push_back({threads_, 0});
  return static_cast<std::int32_t>(tracks_.size()) - 1;
}

TraceFile::Lane& TraceFile::lane_for(Track& track, Femtoseconds start) {
  const auto free = std::find_if(track.lanes.begin(), track.lanes.end(),
                                 [start](const Lane& lane) { return lane.end <= start; });
  if (free != track.lanes.end()) {
    return *free;
  }
  if (track.lanes.size() < kMostLanes && bytes() + kFooterRoom < limit_) {
    name_thread(track, ++threads_, fmt::format("{} ({})", track.name, track.lanes.size() + 1));
    return track.lanes.emplace_back(Lane{threads_, 0});
  }
  return *std::min_element(track.lanes.begin(), track.lanes.end(),
                           [](const Lane& a, const Lane& b) { return a.end < b.end; });
}

void TraceFile::put(Track& track, std::string_view name, Femtoseconds start, Femtoseconds end,
                    const Rest* rest) {
  Lane& lane = lane_for(track, start);
  start = std::max(start, lane.end);
  if (start > end) {
    dropped_ += rest != nullptr ? rest->slices : 1;  // hidden behind those of every lane
    return;
  }
  lane.end = end;
  // Viewers add start and length as floating-point numbers: a femtosecond less keeps slices that
  // touch from overlapping there.
  const Femtoseconds length = std::max<Femtoseconds>(end - start - 1, 0);
  std::string text =
      fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":{})", track.process,
                  lane.thread, microseconds(start), microseconds(length), quoted(name));
  if (rest != nullptr) {
    text += fmt::format(R"(,"args":{{"slices":{},"busy_us":{}}})", rest->slices,
                        microseconds(rest->busy));
    merged_ += rest->slices;
  } else {
    ++written_;
  }
  event(text + '}');
}

void TraceFile::slice(std::int32_t track, const std::string& name, Femtoseconds start,
                      Femtoseconds end) {
  operator_start_ = operator_seen_ ? std::min(operator_start_, start) : start;
  operator_end_ = operator_seen_ ? std::max(operator_end_, end) : end;
  operator_seen_ = true;
  if (track < 0) {
    ++dropped_;
    return;
  }
  Track& on = tracks_.at(static_cast<std::size_t>(track));
  if (flushed_ + buffer_.size() < share_end_) {
    put(on, name, start, end, nullptr);
    return;
  }
  Rest& rest = on.rest;
  rest.start = rest.slices == 0 ? start : std::min(rest.start, start);
  rest.end = std::max(rest.end, end);
  rest.busy += end - start;
  ++rest.slices;
}

void TraceFile::begin_operator(const std::string& name) {
  operator_ = name;
  in_operator_ = true;
  operator_seen_ = false;
  share_out();
}

void TraceFile::end_operator() {
  const auto room = static_cast<std::uint64_t>(kMergedShare * static_cast<double>(limit_));
  for (Track& track : tracks_) {
    if (track.rest.slices == 0) {
      continue;
    }
    if (bytes() < room) {
      put(track, fmt::format("{} slices", track.rest.slices), track.rest.start, track.rest.end,
          &track.rest);
    } else {
      dropped_ += track.rest.slices;
    }
    track.rest = {};
  }
  if (in_operator_ && operator_seen_ && bytes() + kFooterRoom < limit_) {
    put(tracks_.front(), operator_, operator_start_, operator_end_, nullptr);
  }
  in_operator_ = false;
  operator_seen_ = false;
  operators_left_ -= operators_left_ > 1 ? 1 : 0;
}

void TraceFile::finish() {
  if (!finished_) {
    finished_ = true;
    end_operator();
    write_block();
    if (::close(descriptor_) != 0 && error_ == 0) {
      error_ = errno;
    }
  }
  if (error_ != 0) {
    throw IoError(path_, "cannot write", error_);
  }
}

}  // namespace cairn::sim
