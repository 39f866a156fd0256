#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/secret.hpp"
#include "weir/providers/preset.hpp"
#include "weir/quota/limit.hpp"

// Providers as configured: a preset with the user's words laid over it. Plain values.
namespace weir::providers {

struct Timeouts {
  Duration connect = std::chrono::seconds(5);
  Duration tls = std::chrono::seconds(10);
  Duration first_byte = std::chrono::seconds(60);
  Duration idle = std::chrono::seconds(120);
  Duration total = std::chrono::minutes(10);

  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

// An http(s) base URL taken apart. path has no slash at its end: "/openai/v1", or empty.
struct BaseUrl {
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;
  std::string path;
};

struct Key {
  std::string label;    // for people; never the secret
  Secret value;         // empty: no Authorization is sent
  std::string account;  // keys of one account share its quota
};

struct Model {
  std::string name;  // in provider/name
  std::string id;    // what the upstream calls it
  std::string family;
  std::uint64_t context = 0;     // tokens; 0: unknown
  std::uint64_t max_output = 0;  // tokens; 0: unknown
  Capabilities capabilities = 0;
  bool capabilities_known = false;  // false: nobody has said, and any may be there
  Billing billing = Billing::free;
  Training training = Training::unknown;
  double weight = 1;
  std::vector<quota::Limit> limits;  // of this model, in each account
};

struct Provider {
  std::string name;
  const Preset* preset = nullptr;  // never null in a valid configuration
  std::string plan;
  BaseUrl base_url;
  std::vector<Key> keys;  // at least one; api_key: none makes one with an empty value
  std::vector<Model> models;
  std::vector<quota::Limit> limits;  // of each account
  quota::ChargeRule charge;
  Timeouts timeouts;
  std::string proxy;  // "http://host:port", or empty
};

}  // namespace weir::providers
