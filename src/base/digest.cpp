#include "weir/base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <new>

namespace weir {
namespace {

struct Free {
  void operator()(EVP_MD* algorithm) const noexcept { ::EVP_MD_free(algorithm); }
  void operator()(EVP_MD_CTX* context) const noexcept { ::EVP_MD_CTX_free(context); }
};

}  // namespace

// OpenSSL looks an algorithm up by its name, under locks, unless it is handed one; that takes longer than a
// key.
Sha256 sha256(std::string_view text) {
  static const std::unique_ptr<EVP_MD, Free> algorithm(::EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(::EVP_MD_CTX_new());
  Sha256 digest{};
  if (context == nullptr || ::EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) != 1 ||
      ::EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1 ||
      ::EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
    throw std::bad_alloc();  // nothing else makes it fail
  return digest;
}

bool same_digest(const Sha256& a, const Sha256& b) noexcept {
  return ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace weir
