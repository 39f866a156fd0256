#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

// What can be told of the command line from the one table of commands and options that it is read by.
namespace weir::app {

// A completion script for bash, zsh or fish.
[[nodiscard]] std::string completion_for(const CLI::App& app, const std::string& shell);
// The man page weir(1), as roff.
[[nodiscard]] std::string manual_of(const CLI::App& app);

}  // namespace weir::app
