#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::app {

// Which daemon a command speaks with: the one at `url`, else the one that daemon.json in the state directory
// names.
struct DaemonAddress {
  std::optional<std::filesystem::path> state_directory;
  std::string url;
};

// Where the daemon at such a URL is asked. Fails with kind config for what is no such URL.
[[nodiscard]] Result<transport::Endpoint> daemon_endpoint(const std::string& url);

struct DaemonAnswer {
  int status = 0;
  std::string body;
  std::string date;  // of its head
};

// One request, whoever is asked. `fields`: whole header lines; `certificate`: as in UpstreamSharedConfig.
// Blocks at most ten seconds; an answer of any status is none that fails, and no more than 8 MiB of it is
// read.
[[nodiscard]] Result<DaemonAnswer> fetch(transport::Endpoint endpoint, std::string_view method,
                                         std::string path, std::string fields, std::string body = {},
                                         std::string certificate = {});

// The words of an error answer, else what came.
[[nodiscard]] std::string words_of(const DaemonAnswer& answer);

// One request to a path under /admin/, with the key of WEIR_ADMIN_KEY where that is set, or under /v1/, with
// that of WEIR_CLIENT_KEY; else with the one that --generate-keys left in the state directory where
// daemon.json is. A daemon that is found by daemon.json is known by the certificate that stands there. Blocks
// at most ten seconds. Fails with kind io or config, in words for people; an answer of any status is none.
[[nodiscard]] Result<DaemonAnswer> ask_daemon(const DaemonAddress& address, std::string_view method,
                                              std::string path, std::string body = {});

}  // namespace weir::app
