#include "config/key_reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace weir::config {
namespace {

using providers::Key;

constexpr std::string_view kMainLabel = "main";

class KeyReader {
 public:
  KeyReader(MapReader& provider, const providers::Preset& preset, bool required)
      : provider_(provider), reading_(provider.reading()), preset_(preset), required_(required) {}

  ProviderKeys run() {
    SecretField single = read_secret(provider_, "api_key");
    const auto list = provider_.take("keys");
    const bool listed = list && list->node->kind != Node::Kind::null;
    if (listed && single.state != SecretField::State::absent) {
      report_error(reading_, *list, "give api_key or keys, not both");
    } else if (listed) {
      read_list(*list);
    } else if (single.state != SecretField::State::absent) {
      read_single(std::move(single));
    } else {
      read_variables();
    }
    return std::move(out_);
  }

 private:
  // Whether a secret can be used; and if not, why, unless it was reported.
  struct Judgement {
    bool usable = false;
    std::string missing;
  };

  struct LeftOut {
    Field field;
    std::string why;
    bool by_choice = false;  // empty, as ${KEY:-} is
  };

  void read_single(SecretField secret) {
    Key key = make_key(kMainLabel);
    if (secret.state != SecretField::State::given || secret.value != "none") {
      Judgement judgement = judge(secret);
      if (!judgement.usable) return miss(secret.field, std::move(judgement.missing));
      key.value = Secret(std::move(secret.value));
    }
    out_.keys.push_back(std::move(key));
  }

  void read_variables() {
    auto key = key_from_variables(preset_, reading_.environment);
    if (!key) {
      const std::vector<std::string_view> names(preset_.key_variables.begin(), preset_.key_variables.end());
      return miss(provider_.field(), one_of(names) + " is not set");
    }
    reading_.report.mask(key->value.reveal());
    if (check_header_text(provider_.field(), key->value.reveal())) out_.keys.push_back(std::move(*key));
  }

  void read_list(const Field& list) {
    const auto items = read_items(reading_, list, "a list of maps like {value: \"${KEY}\"}");
    if (!items) return;
    if (items->empty()) return report_error(reading_, list, "expected at least one key, or api_key: none");
    std::set<std::string, std::less<>> labels;
    std::vector<LeftOut> left_out;
    for (const Field& item : *items) read_item(item, labels, left_out);
    if (out_.keys.empty()) {
      for (LeftOut& key : left_out) miss(key.field, std::move(key.why));
      return;
    }
    for (const LeftOut& key : left_out)
      if (!key.by_choice)
        reading_.report.warning(key.field.node->place, key.field.path + ": left out: " + key.why);
  }

  void read_item(const Field& item, std::set<std::string, std::less<>>& labels,
                 std::vector<LeftOut>& left_out) {
    MapReader map(reading_, item, "a map like {value: \"${KEY}\"}");
    Key key = make_key(labels.empty() ? std::string(kMainLabel) : "key" + std::to_string(labels.size() + 1));
    read_label(map, "name", key.label);
    read_label(map, "account", key.account);
    SecretField secret = read_secret(map, "value");
    map.finish();
    if (secret.state == SecretField::State::absent && item.node->kind == Node::Kind::map)
      report_error(reading_, item, "expected value or value_file, got neither");
    if (!labels.insert(key.label).second)
      report_error(reading_, item, "another key is named " + in_quotes(key.label) + " already");
    Judgement judgement = judge(secret);
    if (judgement.usable) {
      key.value = Secret(std::move(secret.value));
      out_.keys.push_back(std::move(key));
    } else if (!judgement.missing.empty()) {
      left_out.push_back({.field = secret.field,
                          .why = std::move(judgement.missing),
                          .by_choice = secret.state == SecretField::State::given});
    }
  }

  void read_label(MapReader& map, std::string_view key, std::string& out) {
    const auto field = map.take(key);
    if (!field) return;
    auto text = read_text(reading_, *field, "a name");
    if (!text) return;
    if (is_plain_name(*text)) {
      out = std::move(*text);
    } else {
      report_unexpected(reading_, *field, kPlainName);
    }
  }

  Judgement judge(const SecretField& secret) {
    if (secret.state == SecretField::State::unset) return {.missing = secret.variable + " is not set"};
    if (secret.state != SecretField::State::given) return {};
    if (secret.value.empty()) return {.missing = "its key is empty"};
    return {.usable = check_header_text(secret.field, secret.value), .missing = {}};
  }

  bool check_header_text(const Field& field, std::string_view secret) {
    if (is_header_text(secret)) return true;
    report_error(reading_, field, "the key holds a space or a character that can't stand in a header");
    return false;
  }

  void miss(const Field& field, std::string why) {
    if (why.empty()) return;
    if (required_) report_error(reading_, field, why + ", and required is true");
    if (!required_ && out_.missing.empty()) out_.missing = std::move(why);
  }

  [[nodiscard]] static Key make_key(std::string_view label) {
    return {.label = std::string(label), .value = {}, .account = std::string(kDefaultAccount)};
  }

  MapReader& provider_;
  Reading& reading_;
  const providers::Preset& preset_;
  bool required_;
  ProviderKeys out_;
};

}  // namespace

ProviderKeys read_keys(MapReader& provider, const providers::Preset& preset, bool required) {
  return KeyReader(provider, preset, required).run();
}

std::optional<Key> key_from_variables(const providers::Preset& preset, const Environment& environment) {
  Key key{.label = std::string(kMainLabel), .value = {}, .account = std::string(kDefaultAccount)};
  if (preset.key_variables.empty()) return key;
  for (const std::string_view variable : preset.key_variables) {
    auto value = environment.variable(variable);
    while (value && (value->ends_with('\n') || value->ends_with('\r'))) value->pop_back();
    if (!value || value->empty()) continue;
    key.value = Secret(std::move(*value));
    return key;
  }
  return std::nullopt;
}

bool is_header_text(std::string_view secret) noexcept {
  return std::ranges::all_of(secret, [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace weir::config
