#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/starter_file.hpp"
#include "weir/config/config.hpp"
#include "weir/config/environment.hpp"
#include "weir/config/problem.hpp"

namespace weir::app {
namespace {

int fail(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return kFailed;
}

// Never over a file that is there.
int write_new(const std::string& path, const std::string& text) {
  constexpr mode_t kMode = 0600;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  if (fd < 0 && errno == EEXIST) return fail(path + " is there already, and is left as it is");
  if (fd < 0) return fail("can't write " + path + ": " + std::strerror(errno));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(fd) == 0 && written) return kFine;
  const int why = errno;
  ::unlink(path.c_str());
  return fail("can't write " + path + ": " + std::strerror(why));
}

}  // namespace

int init(const std::string& path, const std::optional<std::filesystem::path>& env_file) {
  const config::SystemEnvironment environment;
  config::LoadOptions load;
  load.file = path;
  load.env_file = env_file;
  std::vector<config::Problem> problems;
  const StarterFile starter = starter_file(*config::environment_of(load, environment, problems));
  std::fputs(config::format_problems(problems).c_str(), stderr);
  if (const int code = write_new(path, starter.text); code != kFine) return code;
  std::printf("%s is written, with %zu %s whose key is set\n", path.c_str(), starter.found,
              starter.found == 1 ? "provider" : "providers");
  if (starter.found == 0) std::printf("set a key such as GROQ_API_KEY, and take the # off its provider\n");
  return kFine;
}

}  // namespace weir::app
