#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "weir/config/config.hpp"
#include "weir/config/environment.hpp"
#include "weir/providers/preset.hpp"

namespace weir::app {
namespace {

using providers::Preset;

// The first of its variables that is set; empty: none.
std::string variable_of(const Preset& preset) {
  const config::SystemEnvironment environment;
  for (const std::string_view name : preset.key_variables) {
    const auto value = environment.variable(name);
    if (value && !value->empty()) return std::string(name);
  }
  return {};
}

bool can_be_offered(const Preset& preset) {
  return !preset.key_variables.empty() && !preset.base_url.empty();
}

std::string padded(std::string text) {
  constexpr std::size_t kComment = 36;
  text.resize(std::max(text.size() + 2, kComment), ' ');
  return text;
}

std::string providers_section(std::size_t& found) {
  std::string with_key;
  std::string without;
  for (const Preset& preset : providers::builtin_presets()) {
    if (!can_be_offered(preset)) continue;
    const std::string name(preset.name);
    if (const std::string variable = variable_of(preset); !variable.empty()) {
      ++found;
      with_key += padded("  " + name + ": {}") + "# key: " + variable + "\n";
    } else {
      without += padded("  # " + name + ": {}") + "# set " + std::string(preset.key_variables.front()) + "\n";
    }
  }
  return "# Each is a preset: its address, its models and its limits are known (weir presets show NAME).\n"
         "# Keys are read from the environment, or from a file .env beside this one; none stands here.\n"
         "providers:" +
         std::string(with_key.empty() ? " {}\n" : "\n" + with_key) + without +
         "  # A server of your own that speaks the OpenAI API:\n"
         "  # local: {preset: openai_compatible, base_url: \"http://127.0.0.1:11434/v1\", api_key: none,\n"
         "  #         models: {qwen3-8b: {id: \"qwen3:8b\"}}}\n";
}

std::string text_of_file(std::size_t& found) {
  return "# weir: one OpenAI-compatible endpoint in front of many rate-limited providers.\n"
         "# Clients use base_url http://127.0.0.1:8484/v1 and any key. weir check looks for mistakes,\n"
         "# weir serve runs it.\n\n"
         "server:\n"
         "  listen: 127.0.0.1:8484\n\n" +
         providers_section(found) +
         "\n# Names that clients may ask for, beside provider/model, a model's family such as gpt-oss-120b, "
         "and\n"
         "# auto, which is every model that costs nothing.\n"
         "models: {}\n"
         "  # smart:\n"
         "  #   strategy: headroom          # headroom | priority | weighted | fastest\n"
         "  #   targets:\n"
         "  #     - provider/model\n"
         "  #     - {target: provider/model, tier: 2}   # where tier 1 has nothing to give\n\n"
         "aliases: {}                         # gpt-4o: smart\n";
}

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

int init(const std::string& path) {
  std::size_t found = 0;
  const std::string text = text_of_file(found);
  if (const int code = write_new(path, text); code != kFine) return code;
  std::printf("%s is written, with %zu %s whose key is set\n", path.c_str(), found,
              found == 1 ? "provider" : "providers");
  if (found == 0) std::printf("set a key such as GROQ_API_KEY, and take the # off its provider\n");
  return kFine;
}

}  // namespace weir::app
