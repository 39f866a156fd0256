#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "pretend/chat.hpp"
#include "pretend/manner.hpp"
#include "pretend/quotas.hpp"
#include "weir/transport/server.hpp"

namespace weir::pretend {

// Answers the requests of one provider. Its sessions must all be on one loop; counts() from any thread.
class Provider final : public transport::Handler {
 public:
  explicit Provider(ProviderSpec spec);

  net::Awaitable<void> serve(net::Loop& loop, transport::Request& request,
                             transport::Responder& responder) override;
  transport::Rejection reject(const net::Loop& loop, const http::RequestHead& head,
                              const Error& error) override;

  [[nodiscard]] const ProviderSpec& spec() const { return spec_; }
  [[nodiscard]] Counts counts() const;

 private:
  // An admitted request; its end settles it, however it comes.
  class UnderWay {
   public:
    UnderWay(Provider& provider, net::Loop& loop, ChatAsk ask, Answer answer);
    ~UnderWay();
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

    const ChatAsk ask;
    const Answer answer;
    std::uint64_t written = 0;  // tokens

   private:
    Provider& provider_;
    net::Loop& loop_;
  };
  using Decision = std::variant<Reply, std::unique_ptr<UnderWay>>;

  [[nodiscard]] Decision decide(net::Loop& loop, const transport::Request& request);
  [[nodiscard]] Decision admit(net::Loop& loop, Reading reading);
  [[nodiscard]] bool knows(const http::Fields& fields) const;
  void count(int status);
  [[nodiscard]] http::ResponseHead answer_head(const UnderWay& under_way, Instant now) const;

  net::Awaitable<void> answer_whole(net::Loop& loop, UnderWay& under_way, transport::Responder& responder);
  net::Awaitable<void> answer_stream(net::Loop& loop, UnderWay& under_way, transport::Responder& responder);

  const ProviderSpec spec_;
  const MannerParts& parts_;
  std::unique_ptr<Quotas> quotas_;
  std::uint64_t answers_ = 0;
  std::atomic<std::uint64_t> served_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
};

}  // namespace weir::pretend
