#include "support/test_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace weir::test {
namespace {

constexpr long kDay = 24L * 3600;

void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("test certificate: ") + what);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  check(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

template <class Write>
void write_pem(const std::string& path, Write write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  check(file != nullptr, "open");
  const bool written = write(file) == 1;
  std::fclose(file);
  check(written, "write");
}

}  // namespace

TestCertificates::TestCertificates() {
  std::string name = (std::filesystem::temp_directory_path() / "weir-certificates-XXXXXX").string();
  check(::mkdtemp(name.data()) != nullptr, "mkdtemp");
  folder_ = name;
}

TestCertificates::~TestCertificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TestCertificates::next_file(const char* what) {
  return (folder_ / (std::to_string(++files_) + "-" + what + ".pem")).string();
}

Certificate TestCertificates::issue(const std::string& common_name, const CertificateWish& wish,
                                    const Certificate* issuer) {
  Certificate made;
  made.x509.reset(X509_new(), X509_free);
  made.key.reset(EVP_EC_gen("P-256"), EVP_PKEY_free);
  check(made.x509 != nullptr && made.key != nullptr, "key");
  X509* x509 = made.x509.get();
  X509* signer = issuer == nullptr ? x509 : issuer->x509.get();

  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++files_);
  X509_gmtime_adj(X509_getm_notBefore(x509), wish.valid_from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(x509), wish.valid_until_days * kDay);
  X509_set_pubkey(x509, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(signer));

  add_extension(x509, signer, NID_basic_constraints, wish.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(x509, signer, NID_subject_key_identifier, "hash");
  if (wish.is_ca) {
    add_extension(x509, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    std::string names;
    for (const std::string& name : wish.names) names += (names.empty() ? "" : ",") + name;
    add_extension(x509, signer, NID_subject_alt_name, names);
  }
  check(X509_sign(x509, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256()) > 0, "sign");

  made.file = next_file("certificate");
  write_pem(made.file, [&](std::FILE* file) { return PEM_write_X509(file, x509); });
  made.key_file = next_file("key");
  write_pem(made.key_file, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

std::string TestCertificates::chain(const std::vector<const Certificate*>& certificates) {
  std::ostringstream all;
  for (const Certificate* certificate : certificates) all << std::ifstream(certificate->file).rdbuf();
  const std::string path = next_file("chain");
  std::ofstream(path) << all.str();
  return path;
}

}  // namespace weir::test
