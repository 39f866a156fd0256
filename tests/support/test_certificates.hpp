#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

// Certificates made while the test runs, so that none can expire in the tree.
namespace weir::test {

// A certificate with its key, in memory and as PEM files.
struct Certificate {
  std::shared_ptr<x509_st> x509;
  std::shared_ptr<evp_pkey_st> key;
  std::string file;  // itself alone
  std::string key_file;
};

struct CertificateWish {
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};  // as OpenSSL writes subjectAltName
  bool is_ca = false;
  int valid_from_days = -1;  // from today
  int valid_until_days = 30;
};

// A folder of certificates, gone with the object. Throws std::runtime_error where OpenSSL fails.
class TestCertificates {
 public:
  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  // Signed by `issuer`, or by itself where that is null.
  [[nodiscard]] Certificate issue(const std::string& common_name, const CertificateWish& wish,
                                  const Certificate* issuer = nullptr);
  // A file with these certificates one after the other.
  [[nodiscard]] std::string chain(const std::vector<const Certificate*>& certificates);

 private:
  [[nodiscard]] std::string next_file(const char* what);

  std::filesystem::path folder_;
  int files_ = 0;
};

}  // namespace weir::test
