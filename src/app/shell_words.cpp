#include "app/shell_words.hpp"

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

#include "weir/base/version.hpp"

namespace weir::app {
namespace {

// One command with all that stands before it: "quota show".
struct Command {
  std::string words;  // empty: weir itself
  std::string about;
  std::vector<std::pair<std::string, std::string>> below;    // subcommands and what they are
  std::vector<std::pair<std::string, std::string>> options;  // "--json" and what it is
  std::vector<const CLI::Option*> all_options;
};

bool is_hidden(const CLI::App& app) {
  return app.get_group().empty();
}

void collect(const CLI::App& app, const std::string& words, std::vector<Command>& commands) {
  const std::size_t place = commands.size();
  commands.push_back(
      {.words = words, .about = app.get_description(), .below = {}, .options = {}, .all_options = {}});
  for (const CLI::Option* option : app.get_options()) {
    commands[place].all_options.push_back(option);
    for (const std::string& name : option->get_lnames())
      commands[place].options.emplace_back("--" + name, option->get_description());
    for (const std::string& name : option->get_snames())
      commands[place].options.emplace_back("-" + name, option->get_description());
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (is_hidden(*sub)) continue;
    commands[place].below.emplace_back(sub->get_name(), sub->get_description());
    collect(*sub, words.empty() ? sub->get_name() : words + " " + sub->get_name(), commands);
  }
}

std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> commands;
  collect(app, "", commands);
  return commands;
}

std::string words_of(const Command& command) {
  std::string text;
  for (const auto& [word, about] : command.below) text += (text.empty() ? "" : " ") + word;
  for (const auto& [word, about] : command.options) text += (text.empty() ? "" : " ") + word;
  return text;
}

// The branches of a case over "$command $word", by which the words so far choose the command.
std::string command_branches(const std::vector<Command>& commands) {
  std::string text;
  for (const Command& command : commands)
    if (!command.words.empty()) {
      const auto space = command.words.rfind(' ');
      const std::string before = space == std::string::npos ? "" : command.words.substr(0, space);
      const std::string last = space == std::string::npos ? command.words : command.words.substr(space + 1);
      text += "      '" + before + " " + last + "') command='" + command.words + "' ;;\n";
    }
  return text;
}

// Files are what else may stand there.
std::string bash(const std::vector<Command>& commands) {
  std::string text =
      "_weir() {\n"
      "  local word command='' words=''\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$command $word\" in\n" +
      command_branches(commands) +
      "    esac\n"
      "  done\n"
      "  case \"$command\" in\n";
  for (const Command& command : commands)
    text += "    '" + command.words + "') words='" + words_of(command) + "' ;;\n";
  return text +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
         "}\n"
         "complete -o default -F _weir weir\n";
}

// "word:what it is", as _describe takes it.
std::string zsh_list(const std::vector<std::pair<std::string, std::string>>& words) {
  std::string text;
  for (const auto& [word, about] : words) {
    std::string item = word + ":" + about;
    for (auto at = item.find('\''); at != std::string::npos; at = item.find('\'', at + 4))
      item.replace(at, 1, "'\\''");
    text += (text.empty() ? "'" : " '") + item + "'";
  }
  return text;
}

// Both as a file that zsh loads when it is first needed, which then is the function, and as a text that is
// sourced.
std::string zsh(const std::vector<Command>& commands) {
  std::string text =
      "#compdef weir\n"
      "_weir() {\n"
      "  local word command=''\n"
      "  local -a below options\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    case \"$command $word\" in\n" +
      command_branches(commands) +
      "    esac\n"
      "  done\n"
      "  case \"$command\" in\n";
  for (const Command& command : commands)
    text += "    '" + command.words + "')\n      below=(" + zsh_list(command.below) + ")\n      options=(" +
            zsh_list(command.options) + ") ;;\n";
  return text +
         "  esac\n"
         "  if [[ $PREFIX == -* ]]; then\n"
         "    _describe -o option options\n"
         "  elif (( ${#below} )); then\n"
         "    _describe command below\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "if [[ \"${funcstack[1]}\" == _weir ]]; then _weir \"$@\"; else compdef _weir weir; fi\n";
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish(const std::vector<Command>& commands) {
  std::string text;
  for (const Command& command : commands) {
    std::string when = "__fish_use_subcommand";
    if (!command.words.empty()) {
      when.clear();
      std::string_view rest = command.words;
      while (!rest.empty()) {
        const auto space = std::min(rest.find(' '), rest.size());
        when += (when.empty() ? "" : "; and ") +
                ("__fish_seen_subcommand_from " + std::string(rest.substr(0, space)));
        rest.remove_prefix(std::min(space + 1, rest.size()));
      }
    }
    for (const auto& [word, about] : command.below)
      text +=
          "complete -c weir -f -n " + fish_quoted(when) + " -a " + word + " -d " + fish_quoted(about) + "\n";
    for (const auto& [word, about] : command.options) {
      const bool is_long = word.starts_with("--");
      text += "complete -c weir -n " + fish_quoted(when) + (is_long ? " -l " : " -s ") +
              word.substr(is_long ? 2 : 1) + " -d " + fish_quoted(about) + "\n";
    }
  }
  return text;
}

// A line that begins with a dot or a quote would be an order; a dash would be a hyphen.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '-') out += '\\';
    out += c;
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string roff_options(const Command& command) {
  std::string text;
  for (const CLI::Option* option : command.all_options) {
    std::string names;
    for (const std::string& name : option->get_snames()) names += (names.empty() ? "" : ", ") + ("-" + name);
    for (const std::string& name : option->get_lnames()) names += (names.empty() ? "" : ", ") + ("--" + name);
    if (names.empty()) names = option->get_name(true);
    text += ".TP\n.B " + roff(names) + "\n" + roff(option->get_description()) + "\n";
    if (!option->get_envname().empty()) text += "Environment: " + roff(option->get_envname()) + ".\n";
  }
  return text;
}

}  // namespace

std::string completion_for(const CLI::App& app, const std::string& shell) {
  const std::vector<Command> commands = commands_of(app);
  if (shell == "fish") return fish(commands);
  return shell == "zsh" ? zsh(commands) : bash(commands);
}

std::string manual_of(const CLI::App& app) {
  const std::vector<Command> commands = commands_of(app);
  std::string text = ".TH WEIR 1 \"\" \"weir " + roff(version()) +
                     "\" \"User Commands\"\n.SH NAME\nweir \\- " +
                     roff(commands.front().about.substr(commands.front().about.find(": ") + 2)) +
                     "\n.SH SYNOPSIS\n.B weir\n.I command\n[options]\n.SH COMMANDS\n";
  for (const Command& command : commands) {
    if (command.words.empty()) continue;
    text += ".SS weir " + roff(command.words) + "\n" + roff(command.about) + "\n" + roff_options(command);
  }
  return text +
         ".SH EXIT STATUS\n0 fine, 1 failed at run time, 2 usage, 78 configuration.\n"
         ".SH SIGNALS\nSIGTERM and SIGINT drain, a second one ends at once; SIGHUP reloads the "
         "configuration, and a bad file changes nothing; SIGUSR1 opens the log again.\n"
         ".SH FILES\n" +
         roff("./weir.yaml, ~/.config/weir/weir.yaml, /etc/weir/weir.yaml: the first that is there.") + "\n";
}

}  // namespace weir::app
