#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace weir {

// Lines on their way to a file: whoever has one never waits for the disk. A thread of its own writes the
// first one at once and what comes meanwhile together, a few milliseconds later; while there is nothing it
// sleeps. What comes faster than the disk takes it is lost beyond some megabytes, and so is what a full disk
// doesn't take; the file says how many lines as soon as it takes one again. Threads: any.
class LineWriter {
 public:
  // `lost` makes the line that says how many are. The writer closes `fd` where it `owns` it.
  LineWriter(int fd, bool owns, std::function<std::string(std::uint64_t)> lost);
  // Writes what is left.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // A whole line, with its end.
  void write(std::string_view line);
  // Returns once the lines so far have been written.
  void flush();

 private:
  void run();
  [[nodiscard]] std::uint64_t put(std::string_view bytes);
  [[nodiscard]] std::size_t write_some(std::string_view bytes) const;  // 0 where nothing is taken

  const int fd_;
  const bool owns_;
  const std::function<std::string(std::uint64_t)> lost_;
  std::mutex mutex_;  // guards all below but the thread
  std::condition_variable news_;
  std::condition_variable written_;
  std::string pending_;
  std::uint64_t dropped_ = 0;  // lines, not told yet
  bool is_idle_ = true;        // the thread waits for the first line
  bool is_writing_ = false;
  bool ends_ = false;
  bool is_cut_ = false;  // the file ends within a line; the thread's alone
  std::thread thread_;
};

}  // namespace weir
