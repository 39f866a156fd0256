#include "weir/base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace weir {

Sha256 sha256(std::string_view text) {
  Sha256 digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

bool same_digest(const Sha256& a, const Sha256& b) noexcept {
  return ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace weir
