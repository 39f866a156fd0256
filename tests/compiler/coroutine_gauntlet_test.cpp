// Every coroutine idiom that weir relies on, run under each compiler: docs/coroutine-rules.md lists them, and
// a new one gets its case here first. The shapes that g++ 12.2 breaks are not here; tools/check_coroutines.py
// keeps them out.

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/gauntlet.hpp"
#include "weir/base/result.hpp"

namespace weir::test {
namespace {

// ---- the four statements

class Statements : public Gauntlet {
 public:
  // No local but the named result: with the await in the condition itself g++ takes the wrong branch.
  Awaitable<int> branch_on(bool answer) {
    const bool ok = co_await say(answer);
    if (ok) co_return 1;
    co_return 2;
  }

  Awaitable<int> count_to(int end) {
    int n = 0;
    bool more = true;
    while (more) {
      co_await turn();
      ++n;
      more = co_await say(n < end);
    }
    co_return n;
  }

  Awaitable<std::string> name_of(int number) {
    const int doubled = co_await twice(number);
    switch (doubled) {
      case 2:
        co_return "one";
      case 4: {
        const Witness two = co_await make("two");
        co_return two.text();
      }
      default:
        break;
    }
    co_return "many";
  }

  Awaitable<int> twice(int number) {
    co_await turn();
    co_return number * 2;
  }

  Awaitable<Witness> passed_on(std::string text) { co_return co_await make(std::move(text)); }
};

TEST_F(Statements, NamedResultDecidesTheBranch) {
  const auto scenario = [](Statements* self) -> Awaitable<void> {
    const int yes = co_await self->branch_on(true);
    const int no = co_await self->branch_on(false);
    EXPECT_EQ(yes, 1);
    EXPECT_EQ(no, 2);
  };
  run(scenario(this));
}

TEST_F(Statements, AssignedResultEndsTheLoop) {
  const auto scenario = [](Statements* self) -> Awaitable<void> {
    const int once = co_await self->count_to(1);
    const int often = co_await self->count_to(1000);
    EXPECT_EQ(once, 1);
    EXPECT_EQ(often, 1000);
  };
  run(scenario(this));
}

TEST_F(Statements, NamedResultDecidesTheCase) {
  const auto scenario = [](Statements* self) -> Awaitable<void> {
    const std::string one = co_await self->name_of(1);
    const std::string two = co_await self->name_of(2);
    const std::string nine = co_await self->name_of(9);
    EXPECT_EQ(one + two + nine, "onetwomany");
  };
  run(scenario(this));
}

TEST_F(Statements, ResultsAreBuiltAndDestroyedOnce) {
  const auto scenario = [](Statements* self) -> Awaitable<void> {
    co_await self->make("dropped");
    const auto named = co_await self->make("a text that is too long for the string's own storage");
    auto assigned = co_await self->make("old");
    assigned = co_await self->passed_on("new");
    (void)co_await self->passed_on("dropped too");
    EXPECT_EQ(named.text(), "a text that is too long for the string's own storage");
    EXPECT_EQ(assigned.text(), "new");
  };
  run(scenario(this));
}

TEST_F(Statements, EitherBranchMayAwait) {
  const auto scenario = [](Statements* self) -> Awaitable<void> {
    for (const bool first : {true, false}) {
      std::optional<Witness> chosen;
      if (first)
        chosen = co_await self->make("first");
      else
        chosen = co_await self->make("second");
      EXPECT_EQ(chosen->text(), first ? "first" : "second");
    }
  };
  run(scenario(this));
}

// ---- what goes in and what comes out

struct Parcel {  // an aggregate with non-trivial members: by name only
  std::string label;
  std::vector<std::string> items;
  std::function<void()> on_sent;
};

class Values : public Gauntlet {
 public:
  Awaitable<std::size_t> by_value(Witness witness, int times, std::string text) {
    co_await turn();
    co_return witness.text().size() * static_cast<std::size_t>(times) + text.size();
  }
  Awaitable<std::size_t> by_reference(const Witness& witness) {
    co_await turn();
    co_return witness.text().size();
  }
  Awaitable<std::size_t> by_view(std::string_view text) {
    co_await turn();
    co_return text.size();
  }
  Awaitable<std::unique_ptr<Witness>> through(std::unique_ptr<Witness> witness) {
    co_await turn();
    co_return witness;
  }
  Awaitable<std::size_t> deliver(Parcel parcel) {
    co_await turn();
    parcel.on_sent();
    co_return parcel.items.size();
  }
  Awaitable<void> call(std::function<void()> work) {
    co_await turn();
    work();
  }
  Awaitable<Result<Witness>> result(bool good) {
    co_await turn();
    if (!good) co_return Error{ErrorKind::io, "no luck"};
    co_return Witness(tally_, "luck");
  }
  Awaitable<Result<void>> result_of_nothing(bool good) {
    co_await turn();
    if (good) co_return Result<void>();
    co_return Error{ErrorKind::io, "no luck"};
  }
  Awaitable<std::variant<Witness, int>> either(bool first) {
    co_await turn();
    if (first) co_return Witness(tally_, "first");
    co_return 2;
  }
  Awaitable<int> depth(int levels, Witness witness) {
    if (levels == 0) {
      co_await turn();
      co_return 0;
    }
    const int below = co_await depth(levels - 1, witness);
    co_return below + 1;
  }
};

TEST_F(Values, ArgumentsByValueByReferenceAndByView) {
  const auto scenario = [](Values* self) -> Awaitable<void> {
    const Witness named(self->tally_, "seven77");
    Witness moved(self->tally_, "ten1010101");
    const std::string prefix = "ab";
    const std::size_t first = co_await self->by_value(named, 2, "xyz");
    const std::size_t second = co_await self->by_value(std::move(moved), 1, prefix + "c");
    const std::size_t third = co_await self->by_reference(named);
    const std::size_t fourth = co_await self->by_view(prefix);
    const std::size_t fifth = co_await self->by_value(Witness(self->tally_, "built in place"), 1, prefix);
    EXPECT_EQ(first, 17U);
    EXPECT_EQ(second, 13U);
    EXPECT_EQ(third, 7U);
    EXPECT_EQ(fourth, 2U);
    EXPECT_EQ(fifth, 16U);
  };
  run(scenario(this));
}

TEST_F(Values, OwnershipGoesInAndComesBack) {
  const auto scenario = [](Values* self) -> Awaitable<void> {
    auto owned = std::make_unique<Witness>(self->tally_, "owned");
    for (int i = 0; i < 3; ++i) owned = co_await self->through(std::move(owned));
    EXPECT_EQ(owned->text(), "owned");
    auto fresh = co_await self->through(std::make_unique<Witness>(self->tally_, "fresh"));
    EXPECT_EQ(fresh->text(), "fresh");
  };
  run(scenario(this));
}

TEST_F(Values, AggregatesAndCallbacksByName) {
  const auto scenario = [](Values* self) -> Awaitable<void> {
    const Witness captured(self->tally_, "captured");
    std::string seen;
    Parcel parcel;
    parcel.label = "a label that is too long for the string's own storage";
    parcel.items = {"one", "two"};
    parcel.on_sent = [captured, &seen] { seen = captured.text(); };
    const std::size_t items = co_await self->deliver(std::move(parcel));
    EXPECT_EQ(items, 2U);
    EXPECT_EQ(seen, "captured");

    std::function<void()> work = [captured, &seen] { seen += " twice"; };
    co_await self->call(work);
    co_await self->call(std::move(work));
    EXPECT_EQ(seen, "captured twice twice");
  };
  run(scenario(this));
}

TEST_F(Values, ResultsOfEitherKind) {
  const auto scenario = [](Values* self) -> Awaitable<void> {
    auto good = co_await self->result(true);
    const auto bad = co_await self->result(false);
    EXPECT_TRUE(good);
    EXPECT_EQ(std::move(good).value().text(), "luck");
    EXPECT_FALSE(bad);
    EXPECT_EQ(bad.error().message, "no luck");
    const auto fine = co_await self->result_of_nothing(true);
    const auto refused = co_await self->result_of_nothing(false);
    EXPECT_TRUE(fine);
    EXPECT_EQ(refused.error().kind, ErrorKind::io);
    const auto first = co_await self->either(true);
    const auto second = co_await self->either(false);
    EXPECT_EQ(std::get<Witness>(first).text(), "first");
    EXPECT_EQ(std::get<int>(second), 2);
  };
  run(scenario(this));
}

TEST_F(Values, DeepRecursionKeepsEachFramesOwn) {
  const auto scenario = [](Values* self) -> Awaitable<void> {
    const Witness witness(self->tally_, "at every level");
    const int levels = co_await self->depth(200, witness);
    EXPECT_EQ(levels, 200);
  };
  run(scenario(this));
}

// ---- interfaces

class Source {
 public:
  virtual ~Source() = default;
  virtual Awaitable<Result<Witness>> next() = 0;
};

class Interfaces : public Gauntlet {
 public:
  class Counting final : public Source {
   public:
    Counting(Interfaces& test, int left)
        : test_(test), left_(left), owned_(test.tally_, "the source's own") {}
    Awaitable<Result<Witness>> next() override {
      co_await test_.turn();
      if (left_-- == 0) co_return Error{ErrorKind::upstream_closed, "over"};
      co_return Witness(test_.tally_, std::to_string(left_));
    }

   private:
    Interfaces& test_;
    int left_;
    Witness owned_;
  };

  Awaitable<Result<std::unique_ptr<Source>>> open(int pieces) {
    co_await turn();
    if (pieces < 0) co_return Error{ErrorKind::connect_failed, "closed"};
    co_return std::make_unique<Counting>(*this, pieces);
  }

  Awaitable<std::string> read_all(std::unique_ptr<Source> source) {
    std::string out;
    while (true) {
      const auto piece = co_await source->next();
      if (!piece) break;
      if (piece->text() == "3") continue;
      out += piece->text();
    }
    co_return out;
  }
};

TEST_F(Interfaces, VirtualCoroutineIsPulledToItsEnd) {
  const auto scenario = [](Interfaces* self) -> Awaitable<void> {
    auto opened = co_await self->open(5);
    const auto refused = co_await self->open(-1);
    EXPECT_FALSE(refused);
    const std::string all = co_await self->read_all(std::move(opened).value());
    EXPECT_EQ(all, "4210");
  };
  run(scenario(this));
}

TEST_F(Interfaces, SourceMayBeDroppedHalfway) {
  const auto scenario = [](Interfaces* self) -> Awaitable<void> {
    auto opened = co_await self->open(5);
    std::unique_ptr<Source> source = std::move(opened).value();
    const auto first = co_await source->next();
    source.reset();
    EXPECT_EQ(first->text(), "4");
  };
  run(scenario(this));
}

// ---- exceptions

class Exceptions : public Gauntlet {
 public:
  Awaitable<Witness> fail_at(int level, Witness witness) {
    const Witness local(tally_, "local " + std::to_string(level));
    co_await turn();
    if (level == 0) throw std::runtime_error(witness.text());
    co_return co_await fail_at(level - 1, std::move(witness));
  }
};

TEST_F(Exceptions, PassThroughAwaitsAndDestroyEveryFrameOnce) {
  const auto scenario = [](Exceptions* self) -> Awaitable<void> {
    std::string caught;
    try {
      const Witness never = co_await self->fail_at(5, Witness(self->tally_, "as planned"));
      caught = never.text();
    } catch (const std::runtime_error& e) {
      caught = e.what();  // no await in here: what is needed is copied out
    }
    const Witness after = co_await self->make("goes on");
    EXPECT_EQ(caught, "as planned");
    EXPECT_EQ(after.text(), "goes on");
  };
  run(scenario(this));
}

TEST_F(Exceptions, TryBodyMayLoopOverAwaits) {
  const auto scenario = [](Exceptions* self) -> Awaitable<void> {
    int failures = 0;
    for (int i = 0; i < 100; ++i) {
      try {
        const bool fails = co_await self->say(i % 2 == 0);
        if (fails) co_await self->fail_at(1, Witness(self->tally_, "even"));
      } catch (const std::runtime_error&) {
        ++failures;
      }
    }
    EXPECT_EQ(failures, 50);
  };
  run(scenario(this));
}

}  // namespace
}  // namespace weir::test
