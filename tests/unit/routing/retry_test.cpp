#include "weir/routing/retry.hpp"

#include <gtest/gtest.h>

#include "support/fake_random.hpp"

namespace weir::routing {
namespace {

using providers::AnswerClass;
using test::FakeRandom;
using namespace std::chrono_literals;

// One test a row of the retry table.

TEST(RetryTable, WhatWasNeverSentCostsNothingAndMayGoAnywhere) {
  for (const ErrorKind kind : {ErrorKind::dns_failed, ErrorKind::connect_failed, ErrorKind::tls_failed}) {
    EXPECT_EQ(rule_for(kind).next, Next::other_or_same);
    EXPECT_EQ(rule_for(kind).settlement, Settlement::refund);
  }
}

TEST(RetryTable, WhatWasPerhapsBilledGoesToAnotherAndKeepsItsEstimate) {
  for (const ErrorKind kind :
       {ErrorKind::upstream_closed, ErrorKind::upstream_protocol, ErrorKind::upstream_timeout}) {
    EXPECT_EQ(rule_for(kind).next, Next::other_target);
    EXPECT_EQ(rule_for(kind).settlement, Settlement::keep);
  }
}

TEST(RetryTable, AClientThatHasGoneIsNeverRetriedFor) {
  EXPECT_EQ(rule_for(ErrorKind::cancelled).next, Next::give_up);
  EXPECT_EQ(rule_for(ErrorKind::cancelled).settlement, Settlement::keep);
}

TEST(RetryTable, ARefusalForQuotaGoesToAnotherTarget) {
  for (const AnswerClass answer : {AnswerClass::rate_limited, AnswerClass::quota_exhausted}) {
    EXPECT_EQ(rule_for(answer).next, Next::other_target);
    EXPECT_EQ(rule_for(answer).settlement, Settlement::refuse);
  }
}

TEST(RetryTable, AnOverloadedOrBrokenProviderMayBeTriedOnceMore) {
  for (const AnswerClass answer : {AnswerClass::capacity, AnswerClass::server_error}) {
    EXPECT_EQ(rule_for(answer).next, Next::other_or_same);
    EXPECT_EQ(rule_for(answer).settlement, Settlement::refuse);
  }
}

TEST(RetryTable, ARefusedKeyAModelThatIsGoneAndASizeGoToAnotherTarget) {
  for (const AnswerClass answer :
       {AnswerClass::auth, AnswerClass::payment_required, AnswerClass::model_unavailable,
        AnswerClass::request_too_large, AnswerClass::not_on_plan, AnswerClass::concurrency,
        AnswerClass::upstream_rate_limited, AnswerClass::auth_or_quota_ambiguous,
        AnswerClass::auth_or_client_blocked, AnswerClass::client_blocked, AnswerClass::provider_gone}) {
    EXPECT_EQ(rule_for(answer).next, Next::other_target);
    EXPECT_EQ(rule_for(answer).settlement, Settlement::refuse);
  }
}

TEST(RetryTable, TheClientsOwnMistakeIsPassedOn) {
  EXPECT_EQ(rule_for(AnswerClass::invalid_request).next, Next::deliver);
  EXPECT_EQ(rule_for(AnswerClass::invalid_request).settlement, Settlement::refuse);
}

TEST(RetryTable, AGoodAnswerIsDelivered) {
  EXPECT_EQ(rule_for(AnswerClass::ok).next, Next::deliver);
  EXPECT_EQ(rule_for(AnswerClass::ok).settlement, Settlement::settle);
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
