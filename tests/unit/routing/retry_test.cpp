#include "weir/routing/retry.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/fake_random.hpp"

namespace weir::routing {
namespace {

using providers::AnswerClass;
using quota::Health;
using test::FakeRandom;
using namespace std::chrono_literals;

providers::Verdict verdict(AnswerClass answer, int status, std::optional<Duration> wait = std::nullopt) {
  providers::Verdict verdict;
  verdict.answer_class = answer;
  verdict.status = status;
  verdict.wait = wait;
  return verdict;
}

void expect_row(Point point, Next next, Settlement settlement, Health health) {
  EXPECT_EQ(rule_for(point).next, next);
  EXPECT_EQ(rule_for(point).settlement, settlement);
  EXPECT_EQ(rule_for(point).health, health);
}

// One test a row of the retry table; what each comes to over real sockets is in the component test of that
// name.

TEST(RetryTable, HasARowForEachPointAndANameForEachRow) {
  std::set<std::string_view> names;
  for (const RetryRow& row : retry_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(rule_for(row.point).next, row.rule.next);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Point::served) + 1);
}

TEST(RetryTable, OwnShortage) {
  EXPECT_EQ(point_of(ErrorKind::overloaded, Heard::nothing), Point::own_shortage);
  expect_row(Point::own_shortage, Next::other_or_same, Settlement::refund, Health::untold);
}

TEST(RetryTable, Unreachable) {
  for (const ErrorKind kind : {ErrorKind::dns_failed, ErrorKind::connect_failed, ErrorKind::tls_failed})
    EXPECT_EQ(point_of(kind, Heard::nothing), Point::unreachable);
  expect_row(Point::unreachable, Next::other_or_same, Settlement::refund, Health::unreachable);
}

TEST(RetryTable, Lost) {
  for (const ErrorKind kind : {ErrorKind::upstream_closed, ErrorKind::upstream_protocol})
    EXPECT_EQ(point_of(kind, Heard::nothing), Point::lost);
  expect_row(Point::lost, Next::other_target, Settlement::keep, Health::failing);
}

TEST(RetryTable, TimedOut) {
  for (const Heard heard : {Heard::nothing, Heard::head})
    EXPECT_EQ(point_of(ErrorKind::upstream_timeout, heard), Point::timed_out);
  expect_row(Point::timed_out, Next::other_target, Settlement::keep, Health::failing);
}

TEST(RetryTable, Failed) {
  for (const int status : {500, 502, 504, 302})
    EXPECT_EQ(point_of(verdict(AnswerClass::server_error, status)), Point::failed);
  for (const int status : {503, 529})
    EXPECT_EQ(point_of(verdict(AnswerClass::capacity, status)), Point::failed);
  expect_row(Point::failed, Next::other_or_same, Settlement::refuse, Health::failing);
}

TEST(RetryTable, Busy) {
  for (const int status : {408, 409, 425})
    EXPECT_EQ(point_of(verdict(AnswerClass::server_error, status)), Point::busy);
  EXPECT_EQ(point_of(verdict(AnswerClass::capacity, 503, 2s)), Point::busy);
  EXPECT_EQ(point_of(verdict(AnswerClass::server_error, 500, 2s)), Point::busy);
  EXPECT_EQ(point_of(verdict(AnswerClass::capacity, 429)), Point::busy);
  expect_row(Point::busy, Next::other_or_same, Settlement::refuse, Health::refusing);
}

TEST(RetryTable, NoRoom) {
  for (const AnswerClass answer : {AnswerClass::rate_limited, AnswerClass::quota_exhausted,
                                   AnswerClass::concurrency, AnswerClass::upstream_rate_limited})
    EXPECT_EQ(point_of(verdict(answer, 429)), Point::no_room);
  expect_row(Point::no_room, Next::other_target, Settlement::refuse, Health::refusing);
}

TEST(RetryTable, KeyRefused) {
  for (const AnswerClass answer :
       {AnswerClass::auth, AnswerClass::payment_required, AnswerClass::auth_or_quota_ambiguous,
        AnswerClass::auth_or_client_blocked, AnswerClass::client_blocked})
    EXPECT_EQ(point_of(verdict(answer, 403)), Point::key_refused);
  expect_row(Point::key_refused, Next::other_target, Settlement::refuse, Health::refusing);
}

TEST(RetryTable, ModelRefused) {
  for (const AnswerClass answer :
       {AnswerClass::model_unavailable, AnswerClass::not_on_plan, AnswerClass::provider_gone})
    EXPECT_EQ(point_of(verdict(answer, 404)), Point::model_refused);
  expect_row(Point::model_refused, Next::other_target, Settlement::refuse, Health::refusing);
}

TEST(RetryTable, TooLarge) {
  EXPECT_EQ(point_of(verdict(AnswerClass::request_too_large, 413)), Point::too_large);
  expect_row(Point::too_large, Next::other_target, Settlement::refuse, Health::refusing);
}

TEST(RetryTable, TooLong) {
  EXPECT_EQ(point_of(verdict(AnswerClass::context_too_long, 400)), Point::too_long);
  expect_row(Point::too_long, Next::larger_context, Settlement::refuse, Health::refusing);
}

TEST(RetryTable, ClientFault) {
  for (const int status : {400, 422})
    EXPECT_EQ(point_of(verdict(AnswerClass::invalid_request, status)), Point::client_fault);
  expect_row(Point::client_fault, Next::deliver, Settlement::refuse, Health::refusing);
}

TEST(RetryTable, BrokenAnswer) {
  for (const ErrorKind kind : {ErrorKind::upstream_closed, ErrorKind::upstream_protocol})
    EXPECT_EQ(point_of(kind, Heard::head), Point::broken_answer);
  expect_row(Point::broken_answer, Next::other_target, Settlement::keep, Health::failing);
}

TEST(RetryTable, BrokenStream) {
  expect_row(Point::broken_stream, Next::deliver, Settlement::settle, Health::failing);
}

TEST(RetryTable, ClientGone) {
  for (const Heard heard : {Heard::nothing, Heard::head})
    EXPECT_EQ(point_of(ErrorKind::cancelled, heard), Point::client_gone);
  expect_row(Point::client_gone, Next::give_up, Settlement::settle, Health::untold);
}

TEST(RetryTable, Served) {
  EXPECT_EQ(point_of(verdict(AnswerClass::ok, 200)), Point::served);
  expect_row(Point::served, Next::deliver, Settlement::settle, Health::served);
}

TEST(Backoff, IsFullJitterUnderACeilingThatDoublesAndStops) {
  FakeRandom least({0.0});
  FakeRandom half({0.5});
  EXPECT_EQ(backoff(3, least), 0ms);
  EXPECT_EQ(backoff(0, half), 125ms);
  EXPECT_EQ(backoff(1, half), 250ms);
  EXPECT_EQ(backoff(5, half), 4s);
  EXPECT_EQ(backoff(1000, half), 4s);
}

}  // namespace
}  // namespace weir::routing
