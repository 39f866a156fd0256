#include "weir/dashboard/dashboard.hpp"

#include <algorithm>
#include <string>

#include "dashboard/assets.hpp"
#include "weir/base/text.hpp"

namespace weir::dashboard {
namespace {

// Nothing but our own files, no frame around them, and no form that goes anywhere.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Whether a list like "text/html, */*;q=0.8" names the value, and not with a weight of 0.
bool names(std::string_view list, std::string_view value) {
  while (!list.empty()) {
    const std::string_view item = trim(list.substr(0, list.find(',')));
    list.remove_prefix(std::min(list.find(','), list.size() - 1) + 1);
    const auto semicolon = std::min(item.find(';'), item.size());
    if (!equals_ignoring_case(trim(item.substr(0, semicolon)), value)) continue;
    const std::string_view weight = trim(item.substr(std::min(semicolon + 1, item.size())));
    return !weight.starts_with("q=0") || weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

// A comparison for caches is a weak one.
bool has_it(std::string_view if_none_match, std::string_view tag) {
  return if_none_match == "*" || names(if_none_match, tag) || names(if_none_match, "W/" + std::string(tag));
}

}  // namespace

bool is_built_in() noexcept {
  return !built_in_assets().empty();
}

std::optional<Page> answer(const http::RequestHead& asked) {
  return answer_from(built_in_assets(), asked);
}

std::optional<Page> answer_from(std::span<const Asset> assets, const http::RequestHead& asked) {
  if (asked.method != "GET" && asked.method != "HEAD") return std::nullopt;
  const auto asset = std::ranges::find(assets, asked.path(), &Asset::path);
  if (asset == assets.end()) return std::nullopt;
  const bool is_page = asset->path == "/";
  if (is_page && !names(asked.fields.get("accept"), "text/html")) return std::nullopt;

  const bool zipped = names(asked.fields.get("accept-encoding"), "gzip");
  const std::string tag = "\"" + std::string(asset->hash) + (zipped ? "-gzip\"" : "\"");
  const bool unchanged = has_it(asked.fields.get("if-none-match"), tag);
  Page page{.head = {.status = unchanged ? 304 : 200}, .body = zipped ? asset->gzip : asset->bytes};
  if (unchanged) page.body = {};
  http::Fields& fields = page.head.fields;
  fields.add("etag", tag);
  // The page is asked for anew each time; what it names never changes under its name.
  fields.add("cache-control", is_page ? "no-cache" : "public, max-age=31536000, immutable");
  fields.add("vary", is_page ? "accept, accept-encoding" : "accept-encoding");
  if (unchanged) return page;
  fields.add("content-type", asset->type);
  if (zipped) fields.add("content-encoding", "gzip");
  fields.add("content-security-policy", kPolicy);
  fields.add("x-content-type-options", "nosniff");
  fields.add("referrer-policy", "no-referrer");
  return page;
}

}  // namespace weir::dashboard
