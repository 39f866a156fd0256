#pragma once

#include <string>

#include "weir/base/result.hpp"

namespace weir::transport {

// Whether a listener could serve with them: both can be read, and the key is the certificate's. Fails with
// kind config, in words for people.
[[nodiscard]] Result<void> check_certificate(const std::string& cert_file, const std::string& key_file);

}  // namespace weir::transport
