#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/providers.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/route.hpp"

namespace weir::routing {
namespace {

using test::make_model;
using test::make_provider;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> targets_of(const Route* route) {
  std::vector<std::string> names;
  for (const Candidate& candidate : route->candidates) names.push_back(candidate.target->name());
  return names;
}

providers::Model paid(providers::Model model) {
  model.billing = providers::Billing::paid;
  return model;
}

Catalogue::Parts two_providers() {
  Catalogue::Parts parts;
  parts.providers.push_back(
      make_provider("groq", {make_model("openai/gpt-oss-120b", "gpt-oss-120b"), make_model("small")}));
  parts.providers.push_back(
      make_provider("cerebras", {make_model("gpt-oss-120b", "gpt-oss-120b"), paid(make_model("big"))}));
  return parts;
}

TEST(Catalogue, FindsAModelByProviderAndNameEvenWithSlashesInTheName) {
  quota::Ledger ledger;
  const Catalogue catalogue(two_providers(), ledger);
  EXPECT_THAT(targets_of(catalogue.find("groq/openai/gpt-oss-120b")),
              ElementsAre("groq/openai/gpt-oss-120b"));
  EXPECT_EQ(catalogue.find("groq/nothing"), nullptr);
}

TEST(Catalogue, AFamilyIsEveryProviderThatHasIt) {
  quota::Ledger ledger;
  const Catalogue catalogue(two_providers(), ledger);
  EXPECT_THAT(targets_of(catalogue.find("gpt-oss-120b")),
              UnorderedElementsAre("groq/openai/gpt-oss-120b", "cerebras/gpt-oss-120b"));
}

TEST(Catalogue, AutoNeverSpendsMoneyUnlessAllowed) {
  quota::Ledger ledger;
  const Catalogue frugal(two_providers(), ledger);
  EXPECT_THAT(targets_of(frugal.find("auto")),
              UnorderedElementsAre("groq/openai/gpt-oss-120b", "groq/small", "cerebras/gpt-oss-120b"));
  Catalogue::Parts parts = two_providers();
  parts.allow_paid = true;
  const Catalogue generous(std::move(parts), ledger);
  EXPECT_EQ(targets_of(generous.find("auto")).size(), 4U);
}

TEST(Catalogue, APaidModelIsReachedByItsExactName) {
  quota::Ledger ledger;
  const Catalogue catalogue(two_providers(), ledger);
  EXPECT_THAT(targets_of(catalogue.find("cerebras/big")), ElementsAre("cerebras/big"));
}

TEST(Catalogue, AConfiguredRouteWinsOverAFamilyOfThatName) {
  quota::Ledger ledger;
  Catalogue::Parts parts = two_providers();
  parts.routes.push_back({.name = "gpt-oss-120b", .targets = {{.provider = "groq", .model = "small"}}});
  const Catalogue catalogue(std::move(parts), ledger);
  EXPECT_THAT(targets_of(catalogue.find("gpt-oss-120b")), ElementsAre("groq/small"));
}

TEST(Catalogue, CandidatesStandTierByTierInTheOrderWritten) {
  quota::Ledger ledger;
  Catalogue::Parts parts = two_providers();
  parts.routes.push_back({.name = "smart",
                          .targets = {{.provider = "groq", .model = "small", .tier = 2},
                                      {.provider = "cerebras", .model = "big"},
                                      {.provider = "cerebras", .model = "gpt-oss-120b"}}});
  const Catalogue catalogue(std::move(parts), ledger);
  EXPECT_THAT(targets_of(catalogue.find("smart")),
              ElementsAre("cerebras/big", "cerebras/gpt-oss-120b", "groq/small"));
}

TEST(Catalogue, AnAliasStandsForARouteAModelOrAFamily) {
  quota::Ledger ledger;
  Catalogue::Parts parts = two_providers();
  parts.routes.push_back({.name = "smart", .targets = {{.provider = "groq", .model = "small"}}});
  parts.aliases = {{"gpt-4o", "smart"}, {"gpt-4o-mini", "cerebras/big"}, {"oss", "gpt-oss-120b"}};
  const Catalogue catalogue(std::move(parts), ledger);
  EXPECT_THAT(targets_of(catalogue.find("gpt-4o")), ElementsAre("groq/small"));
  EXPECT_THAT(targets_of(catalogue.find("gpt-4o-mini")), ElementsAre("cerebras/big"));
  EXPECT_EQ(targets_of(catalogue.find("oss")).size(), 2U);
}

TEST(Catalogue, ListsRoutesThenAliasesThenModels) {
  quota::Ledger ledger;
  Catalogue::Parts parts = two_providers();
  parts.routes.push_back({.name = "smart", .targets = {{.provider = "groq", .model = "small"}}});
  parts.aliases = {{"gpt-4o", "smart"}, {"lost", "no/such"}};
  const Catalogue catalogue(std::move(parts), ledger);
  std::vector<std::string> ids;
  for (const auto& listed : catalogue.listed()) ids.push_back(listed.id);
  EXPECT_THAT(ids, ElementsAre("smart", "gpt-4o", "groq/openai/gpt-oss-120b", "groq/small",
                               "cerebras/gpt-oss-120b", "cerebras/big"));
  EXPECT_EQ(catalogue.model_count(), 4U);
}

TEST(Catalogue, AnAliasGoesBeforeAModelAFamilyAndAuto) {
  quota::Ledger ledger;
  Catalogue::Parts parts = two_providers();
  parts.aliases = {{"auto", "groq/small"},
                   {"cerebras/big", "groq/small"},
                   {"gpt-oss-120b", "groq/small"},
                   {"groq/small", "auto"}};
  const Catalogue catalogue(std::move(parts), ledger);
  for (const std::string_view alias : {"auto", "cerebras/big", "gpt-oss-120b"})
    EXPECT_THAT(targets_of(catalogue.find(alias)), ElementsAre("groq/small")) << alias;
  // What an alias means is no alias.
  EXPECT_EQ(targets_of(catalogue.find("groq/small")).size(), 3U);
}

TEST(Catalogue, ARouteGoesBeforeAnAliasAndAModel) {
  quota::Ledger ledger;
  Catalogue::Parts parts = two_providers();
  parts.routes = {{.name = "cerebras/big", .targets = {{.provider = "groq", .model = "small"}}}};
  parts.aliases = {{"cerebras/big", "auto"}};
  const Catalogue catalogue(std::move(parts), ledger);
  EXPECT_THAT(targets_of(catalogue.find("cerebras/big")), ElementsAre("groq/small"));
}

TEST(Catalogue, ListsEachNameOnce) {
  quota::Ledger ledger;
  Catalogue::Parts parts = two_providers();
  parts.routes = {{.name = "cerebras/big", .targets = {{.provider = "groq", .model = "small"}}}};
  parts.aliases = {{"groq/small", "cerebras/gpt-oss-120b"}};
  const Catalogue catalogue(std::move(parts), ledger);
  std::vector<std::string> ids;
  for (const auto& listed : catalogue.listed()) ids.push_back(listed.id + " of " + listed.owner);
  EXPECT_THAT(ids, ElementsAre("cerebras/big of weir", "groq/small of weir",
                               "groq/openai/gpt-oss-120b of groq", "cerebras/gpt-oss-120b of cerebras"));
  EXPECT_EQ(catalogue.model_count(), 4U);
}

// The provider counts by its own id, whatever else the model is called.
TEST(Catalogue, NamesOfOneModelShareTheLimitsOfAll) {
  quota::Ledger ledger;
  Catalogue::Parts parts;
  providers::Model limited = make_model("limited");
  limited.limits = {test::requests_per_minute(2)};
  providers::Model counted = make_model("counted");
  counted.limits = {test::requests_per_minute(5), test::tokens_per_minute(100)};
  limited.id = counted.id = "m";
  parts.providers.push_back(make_provider("groq", {limited, counted, make_model("m")}));
  const Catalogue catalogue(std::move(parts), ledger);
  for (const Target& target : catalogue.targets()) {
    std::vector<std::uint64_t> amounts;
    for (const quota::MeterView& meter : target.pool.view({})) amounts.push_back(meter.limit.amount);
    EXPECT_THAT(amounts, UnorderedElementsAre(2, 100)) << target.name();
    EXPECT_TRUE(target.pool.shares_with(catalogue.targets()[0].pool));
  }
}

TEST(Catalogue, KeysOfOneAccountShareItsWeightAndOtherAccountsBringTheirOwn) {
  quota::Ledger ledger;
  Catalogue::Parts parts;
  providers::Provider provider = make_provider("groq", {make_model("m")});
  provider.keys = {{.label = "a", .value = Secret(), .account = "one"},
                   {.label = "b", .value = Secret(), .account = "one"},
                   {.label = "c", .value = Secret(), .account = "two"}};
  parts.providers.push_back(provider);
  const Catalogue catalogue(std::move(parts), ledger);
  std::vector<double> weights;
  for (const Candidate& candidate : catalogue.find("groq/m")->candidates) weights.push_back(candidate.weight);
  EXPECT_THAT(weights, ElementsAre(0.5, 0.5, 1.0));
}

TEST(Catalogue, TargetsAreKnownAgainAfterAReload) {
  quota::Ledger ledger;
  const auto with_keys = [](std::string_view second) {
    Catalogue::Parts parts;
    providers::Provider provider = make_provider("groq", {make_model("m"), make_model("n")});
    provider.keys = {{.label = "a", .value = Secret("one"), .account = "main"},
                     {.label = "b", .value = Secret(std::string(second)), .account = "main"}};
    parts.providers.push_back(provider);
    return parts;
  };
  const auto ids = [](const Catalogue& catalogue) {
    std::vector<std::uint64_t> out;
    for (const Target& target : catalogue.targets()) out.push_back(target.id);
    return out;
  };
  const auto before = ids(Catalogue(with_keys("two"), ledger));
  EXPECT_EQ(ids(Catalogue(with_keys("two"), ledger)), before);
  EXPECT_EQ(std::set<std::uint64_t>(before.begin(), before.end()).size(), 4U);
  const auto after = ids(Catalogue(with_keys("three"), ledger));
  EXPECT_EQ(after[0], before[0]);
  EXPECT_NE(after[2], before[2]);  // another key stands in its place
}

TEST(Catalogue, SuggestsWhatWasProbablyMeant) {
  quota::Ledger ledger;
  const Catalogue catalogue(two_providers(), ledger);
  EXPECT_THAT(catalogue.similar("groq/smal"), ElementsAre("groq/small"));
  EXPECT_THAT(catalogue.similar("small"), ElementsAre("groq/small"));
  EXPECT_THAT(catalogue.similar("something-else-entirely"), IsEmpty());
}

}  // namespace
}  // namespace weir::routing
