#pragma once

#include <filesystem>
#include <string_view>

#include "weir/base/result.hpp"

namespace weir::app {

// What lies in a state directory is for its owner alone: it says which keys there are and what they do, and
// whoever may write there may set what has been used. All of these fail with kind io and a message that has
// the remedy.

// Of a directory that was there already. One that holds nothing but state gets mode 0700; one that holds
// other things too stays as it is, with a warning in the log, unless others may write in it or it belongs to
// another user: then it fails. `database` is the name of the database in it.
[[nodiscard]] Result<void> make_directory_private(const std::filesystem::path& directory,
                                                  std::string_view database);

// Fails where the one above would, and changes and logs nothing.
[[nodiscard]] Result<void> check_directory(const std::filesystem::path& directory, std::string_view database);

// Gives a file mode 0600 where it has another. Fails where it belongs to another user; no file is as good.
[[nodiscard]] Result<void> make_file_private(const std::filesystem::path& file);

}  // namespace weir::app
