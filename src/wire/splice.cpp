#include <algorithm>
#include <cassert>
#include <utility>

#include "weir/base/json_text.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::wire {
namespace {

constexpr std::string_view kIncludeUsage = R"("include_usage":true)";
constexpr std::string_view kWithUsage = R"({"include_usage":true})";

// The edit that makes a request ask for usage: stream_options, or one more member in those that are there.
Edit usage_edit(const ChatRequest& request, std::string_view body) {
  if (!request.stream_options) {
    // The request has a model at least, so a member follows the comma.
    return {{request.first_member, 0}, R"("stream_options":)" + std::string(kWithUsage) + ","};
  }
  if (request.include_usage) return {*request.include_usage, "true"};
  const Span options = *request.stream_options;
  if (body[options.at] != '{') return {options, std::string(kWithUsage)};  // null
  const bool is_empty = body[body.find_first_not_of(" \t\r\n", options.at + 1)] == '}';
  return {{options.at + 1, 0}, std::string(kIncludeUsage) + (is_empty ? "" : ",")};
}

}  // namespace

SplicedBody::SplicedBody(std::string_view body, std::vector<Edit> edits) : edits_(std::move(edits)) {
  pieces_.reserve(2 * edits_.size() + 1);
  const auto add = [this](std::string_view piece) {
    if (piece.empty()) return;
    pieces_.push_back(piece);
    size_ += piece.size();
  };
  std::size_t done = 0;
  for (const Edit& edit : edits_) {
    assert(edit.span.at >= done && edit.span.at + edit.span.size <= body.size());
    add(body.substr(done, edit.span.at - done));
    add(edit.text);
    done = edit.span.at + edit.span.size;
  }
  add(body.substr(done));
}

std::vector<Edit> edits_for(const ChatRequest& request, std::string_view body,
                            std::string_view upstream_model, bool ask_for_usage) {
  std::vector<Edit> edits;
  std::string model;
  append_json_string(model, upstream_model);
  if (model != body.substr(request.model_value.at, request.model_value.size)) {
    edits.push_back({request.model_value, std::move(model)});
  }
  if (ask_for_usage && request.stream && !request.asks_for_usage) edits.push_back(usage_edit(request, body));
  std::ranges::sort(edits, {}, [](const Edit& edit) { return edit.span.at; });
  return edits;
}

}  // namespace weir::wire
