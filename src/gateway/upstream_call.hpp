#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/http/fields.hpp"
#include "weir/providers/dialect.hpp"
#include "weir/routing/route.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::gateway {

// Header lines that say who asks: the daemon's name and the target's key.
[[nodiscard]] std::string identity_lines(const routing::Target& target);

// A client's request turned into one for a target: path, header lines and body pieces, which must outlive the
// exchange. Headers are built from a closed list; the client's key stays here.
class UpstreamCall {
 public:
  // `max_tokens` as providers::translate has it.
  UpstreamCall(const routing::Target& target, const wire::ChatRequest& request, std::string_view body,
               const http::Fields& client_fields, std::optional<std::uint64_t> max_tokens);

  [[nodiscard]] std::string_view path() const { return path_; }
  [[nodiscard]] std::string_view fields() const { return fields_; }
  [[nodiscard]] std::span<const std::string_view> body() const { return body_.pieces(); }
  // What the provider's dialect changed, in words.
  [[nodiscard]] const std::vector<std::string>& changes() const { return translation_.changes; }

 private:
  [[nodiscard]] std::vector<wire::Edit> edits(const routing::Target& target, const wire::ChatRequest& request,
                                              std::string_view body);

  std::string path_;
  std::string fields_;
  providers::Translation translation_;
  wire::SplicedBody body_;
};

}  // namespace weir::gateway
