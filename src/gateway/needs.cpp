#include "gateway/needs.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/text.hpp"

namespace weir::gateway {
namespace {

using providers::Capabilities;
using providers::Capability;

Capabilities capabilities_for(const wire::ChatRequest& chat) {
  unsigned out = 0;
  if (chat.uses_tools) out |= static_cast<unsigned>(Capability::tools);
  if (chat.uses_images) out |= static_cast<unsigned>(Capability::images);
  if (chat.needs_json_schema) out |= static_cast<unsigned>(Capability::json_schema);
  return static_cast<Capabilities>(out);
}

// Who sends the header wants what it says; only a plain no means that it isn't wanted. It can't loosen what
// the configuration demands.
bool asks_for_no_training(const http::Fields& fields) {
  const auto value = fields.find("x-weir-no-training");
  return value && !equals_ignoring_case(*value, "false") && *value != "0";
}

Refusal unknown_provider(std::string_view asked, std::span<const providers::Provider> known) {
  constexpr std::size_t kLongestEcho = 64;
  asked = asked.substr(0, kLongestEcho);
  std::vector<std::string_view> names;
  for (const providers::Provider& provider : known) names.push_back(provider.name);
  std::string message = "x-weir-provider: no provider \"" + std::string(asked) + "\" is in use";
  if (const std::string_view near = closest(asked, names); !near.empty()) {
    message.append("; did you mean \"").append(near).append("\"?");
  } else if (!names.empty()) {
    message += "; there is";
    for (std::size_t i = 0; i < names.size(); ++i) message.append(i == 0 ? " " : ", ").append(names[i]);
  }
  return {.error = {ErrorKind::invalid_request, std::move(message)},
          .param = "x-weir-provider",
          .should_retry = false};
}

}  // namespace

Refused read_needs(const Snapshot& snapshot, const http::Fields& fields, const wire::ChatRequest& chat,
                   routing::Needs& needs) {
  needs.capabilities = capabilities_for(chat);
  needs.no_training = snapshot.routing.no_training || asks_for_no_training(fields);
  const std::string_view pinned = fields.get("x-weir-provider");
  if (pinned.empty()) return nullptr;
  const auto known = snapshot.catalogue.providers();
  const auto found = std::ranges::find(known, pinned, &providers::Provider::name);
  if (found == known.end()) return because(unknown_provider(pinned, known));
  needs.provider = &*found;
  return nullptr;
}

}  // namespace weir::gateway
