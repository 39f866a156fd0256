#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/attempt.hpp"
#include "gateway/refusal.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/stream_relay.hpp"
#include "gateway/tries.hpp"
#include "gateway/truncation.hpp"
#include "gateway/turn.hpp"
#include "gateway/visit.hpp"
#include "weir/gateway/gateway.hpp"
#include "weir/routing/planner.hpp"
#include "weir/telemetry/live_requests.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::gateway {

// One chat request from its arrival to its settlement. run() is its life, top to bottom;
// docs/life-of-a-request.md tells the same in prose. Session's thread only; the references outlive run().
class ProxyRequest {
 public:
  // All outlive it.
  ProxyRequest(Visit& visit, routing::AdmissionQueue& queue, const transport::Request& request,
               transport::Responder& responder);

  [[nodiscard]] net::Awaitable<void> run();
  // Whether a provider refused a model as one that it doesn't have.
  [[nodiscard]] bool found_model_gone() const noexcept { return found_model_gone_; }

 private:
  [[nodiscard]] net::Awaitable<std::unique_ptr<Attempt>> reach_answer();
  [[nodiscard]] Refused know_client();
  [[nodiscard]] Refused read_ask();
  [[nodiscard]] Refused resolve();
  void recall_conversation();

  [[nodiscard]] net::Awaitable<Refused> admit(std::unique_ptr<Attempt>& attempt);
  [[nodiscard]] std::unique_ptr<Attempt> begin_attempt(routing::Choice choice);
  [[nodiscard]] Refused refuse_or_shorten(const Turn::Outcome& outcome);
  [[nodiscard]] bool needs_count(const Turn::Outcome& outcome) const;
  [[nodiscard]] net::Awaitable<void> count_prompt();
  [[nodiscard]] net::Awaitable<void> begin_with_count(Turn::Outcome& outcome);
  [[nodiscard]] bool drop_turns(Instant now);
  [[nodiscard]] net::Awaitable<void> wait_for_turn(Turn::Outcome& outcome, BootTime until);
  [[nodiscard]] net::Awaitable<void> back_off(Turn::Outcome& outcome);
  [[nodiscard]] net::Awaitable<void> forward(Attempt& attempt);
  [[nodiscard]] net::Awaitable<void> listen(Attempt& attempt);
  [[nodiscard]] net::Awaitable<void> hold_until_commit(Attempt& attempt);
  [[nodiscard]] net::Awaitable<void> read_whole(Attempt& attempt);
  [[nodiscard]] Refused fall_back(Attempt& attempt);

  [[nodiscard]] net::Awaitable<void> deliver(Attempt& attempt);
  [[nodiscard]] net::Awaitable<void> pass_on(const Attempt& attempt);
  [[nodiscard]] net::Awaitable<void> respond(const Attempt& attempt, Instant at);
  [[nodiscard]] net::Awaitable<void> relay(Attempt& attempt, Instant at);
  void drop_request(Attempt& attempt);
  [[nodiscard]] net::Awaitable<bool> begin_stream(StreamRelay& relay, const Attempt& attempt, Instant at);
  [[nodiscard]] net::Awaitable<void> refuse(const Refusal& refusal);
  void settle(Attempt& attempt);

  [[nodiscard]] Instant now() const { return lane_.loop->now(); }
  // What is asked for: the client's own words, or without the oldest turns.
  [[nodiscard]] std::string_view body() const {
    return cut_ && !cut_->body.empty() ? std::string_view(cut_->body) : request_.body_text();
  }
  [[nodiscard]] bool client_gone() const { return responder_.cancellation().client_gone(); }
  // Nothing more is to be tried: the client has gone, or weir stops.
  [[nodiscard]] bool is_cancelled() const { return responder_.cancellation().requested(); }
  [[nodiscard]] Refusal cancelled() const;
  // Of the deadline.
  [[nodiscard]] Duration left(Instant now) const { return deadline_ + written_ - (now.boot - began_.boot); }
  void allow_time(Attempt& attempt, Instant now) const;
  void give_back_time(const Attempt& attempt);
  [[nodiscard]] routing::AdmissionQueue::Want want(std::vector<const routing::Target*> excluded) const;
  [[nodiscard]] BootTime last_start() const;
  [[nodiscard]] Duration usual_time(const routing::Target& target) const;
  [[nodiscard]] BootTime queue_until() const;
  [[nodiscard]] Refusal out_of_targets(const routing::NoRoom& none, Instant now) const;
  void write_answer_lines(const Attempt& attempt, Instant at, http::FieldLines& lines) const;
  void write_own_lines(Instant at, http::FieldLines& lines) const;
  void note_attempt(const Attempt& attempt);
  void remember(const Attempt& attempt, Instant now) const;

  Lane& lane_;
  const Snapshot* const snapshot_;
  const transport::Request& request_;
  transport::Responder& responder_;
  http::FieldLines& common_lines_;
  telemetry::RequestRecord& record_;

  const Instant began_;
  telemetry::LiveRequest live_;
  Turn turn_;
  const ClientKey* client_ = nullptr;
  wire::ChatRequest chat_;
  // What tokens.overflow: truncate makes of it; rare.
  struct Cut {
    std::string body;
    Dropped dropped;   // what it has less
    Refused overflow;  // what the client is told where it can't be made to fit
  };
  std::unique_ptr<Cut> cut_;
  routing::Ask ask_;
  const routing::Route* route_ = nullptr;
  routing::Priority priority_ = routing::Priority::normal;
  std::optional<routing::ConversationId> conversation_;  // that may stay with its target
  Duration deadline_{};                                  // from began_
  Duration clients_deadline_{};                          // its own, max() without one: not below deadline_
  Duration written_{};  // what failed attempts had for writing: not of the deadline
  Duration waited_{};   // for others, before the commit event
  Tries tries_;
  bool found_model_gone_ = false;
  bool only_quota_failed_ = true;            // every failed attempt was a provider saying "no room"
  std::optional<routing::Point> failed_at_;  // where every attempt so far failed, if all did at the same
  std::unique_ptr<const providers::Verdict> too_large_;  // of a target, where that was all that failed
};

}  // namespace weir::gateway
