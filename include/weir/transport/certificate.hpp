#pragma once

#include <string>

#include "weir/base/result.hpp"

namespace weir::transport {

// Whether a listener could serve with them: both can be read, and the key is the certificate's. Fails with
// kind config, in words for people.
[[nodiscard]] Result<void> check_certificate(const std::string& cert_file, const std::string& key_file);

// SHA-256 of the first certificate in a PEM file, in hexadecimal. Fails with kind config.
[[nodiscard]] Result<std::string> certificate_fingerprint(const std::string& cert_file);

}  // namespace weir::transport
