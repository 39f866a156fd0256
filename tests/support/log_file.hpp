#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "weir/base/log.hpp"

namespace weir::test {

// The process's log, into a file of this test's own for as long as this lives.
class LogFile {
 public:
  LogFile() { log::open({.level = log::Level::info, .format = log::Format::json, .file = path_.string()}); }
  ~LogFile() {
    log::open({});
    std::filesystem::remove(path_);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  [[nodiscard]] std::string text() const {
    log::flush();
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::size_t count(std::string_view what) const {
    const std::string all = text();
    std::size_t times = 0;
    for (std::size_t at = all.find(what); at != std::string::npos; at = all.find(what, at + 1)) ++times;
    return times;
  }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("weir-log-" + std::to_string(::getpid()) + "-" +
                                 ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".log");
};

}  // namespace weir::test
