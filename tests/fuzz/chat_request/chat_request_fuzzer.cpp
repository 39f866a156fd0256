// A request is read as JSON is meant, and what is spliced from it can be read again.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "weir/wire/chat_request.hpp"

namespace {

using namespace weir::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

// The other parser refuses lone surrogates and numbers beyond double; JSON's grammar doesn't.
bool may_differ(std::string_view body) {
  if (body.find("\\ud") != std::string_view::npos || body.find("\\uD") != std::string_view::npos) return true;
  for (std::size_t i = 1; i < body.size(); ++i) {
    const bool after_digit = body[i - 1] >= '0' && body[i - 1] <= '9';
    if (after_digit && (body[i] == 'e' || body[i] == 'E')) return true;
  }
  return body.size() > 300;  // a number can be too large by its digits alone
}

void check_edits(std::string_view body, const ChatRequest& request) {
  const std::string model = "provider/\"new\"";
  const SplicedBody spliced(body, edits_for(request, body, model, true));
  std::string edited;
  for (const std::string_view piece : spliced.pieces()) edited += piece;
  require(edited.size() == spliced.size());
  ChatRequest again;
  require(!read_chat_request(edited, again));
  require(again.model == model);
  require(again.stream == request.stream &&
          again.asks_for_usage == (request.stream || request.asks_for_usage));
  require(again.messages == request.messages && again.texts.size() == request.texts.size());
  require(again.max_tokens == request.max_tokens);
  require(edits_for(again, edited, model, true).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> exact(data, data + size);  // so that a read behind it is seen
  const std::string_view body(exact.data(), exact.size());
  ChatRequest request;
  const auto failed = read_chat_request(body, request);
  if (!failed) {
    require(may_differ(body) || nlohmann::json::accept(body));
    check_edits(body, request);
  } else if (failed->error.message.starts_with("the request body is not valid JSON") &&
             failed->error.message.find("deeper than") == std::string::npos) {
    const bool has_nul = body.find('\0') != std::string_view::npos;  // where the other parser stops reading
    require(has_nul || !nlohmann::json::accept(body));
  }
  return 0;
}
