#include "component/server/server_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <future>
#include <stdexcept>

#include "support/loop_turns.hpp"

namespace weir::test {
namespace {

transport::ServerConfig on_free_port(transport::ServerConfig config) {
  config.port = 0;
  return config;
}

http::ResponseHead head_of(int status, std::string_view content_type = "text/plain") {
  http::ResponseHead head;
  head.status = status;
  head.fields.add("content-type", content_type);
  return head;
}

}  // namespace

net::Awaitable<void> EchoHandler::serve(net::Loop& loop, transport::Request& request,
                                        transport::Responder& responder) {
  ++calls_;
  Seen seen{request.head->method,
            request.head->target,
            std::string(request.body_text()),
            std::string(request.peer),
            {}};
  for (std::size_t i = 0; i < request.head->fields.size(); ++i) {
    const auto field = request.head->fields[i];
    seen.fields.emplace_back(field.name, field.value);
  }
  // A reader may look behind the end.
  if (!request.body.empty()) {
    const std::string_view padded(request.body.data(), request.body.size() + transport::kBodyPadding);
    padding_seen_ += static_cast<std::size_t>(std::ranges::count(padded.substr(request.body.size()), '\0'));
  }
  std::string echo = seen.method + " " + seen.target + "\n" + seen.body;
  const std::string path(request.head->path());
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(seen));
  }
  if (path == "/drop") request.drop();
  if (path == "/stream") co_return co_await stream(responder);
  if (path == "/flood") co_return co_await flood(responder);
  if (path == "/wait") co_return co_await wait(loop, responder);
  if (path == "/inject") co_return co_await inject(responder);
  if (path == "/silent") co_return;
  if (path == "/abort") co_return responder.abort();
  if (path == "/throw") throw std::runtime_error("thrown on purpose");
  if (path == "/throw-number") throw 42;
  if (path == "/throw-late" || path == "/abort-late" || path == "/leave-late") {
    const http::ResponseHead head = head_of(200);
    const bool sent = co_await responder.begin(head, "begun");
    if (path == "/throw-late") throw std::runtime_error("thrown on purpose");
    if (sent && path == "/abort-late") responder.abort();
    co_return;
  }
  int status = 200;
  if (path == "/no-content") {
    status = 204;
    echo.clear();
  }
  if (path == "/large") echo.assign(3'000'000, 'x');
  co_await answer(responder, status, std::move(echo));
}

transport::Rejection EchoHandler::reject(const net::Loop& /*loop*/, const http::RequestHead& /*head*/,
                                         const Error& error) {
  return {.lines = {}, .body = R"({"error":{"message":")" + error.message + R"("}})", .request_id = {}};
}

std::vector<EchoHandler::Seen> EchoHandler::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

net::Awaitable<void> EchoHandler::answer(transport::Responder& responder, int status, std::string body) {
  const http::ResponseHead head = head_of(status);
  const bool sent = co_await responder.respond(head, body);
  if (!sent) ++cut_off_;
}

net::Awaitable<void> EchoHandler::stream(transport::Responder& responder) {
  const http::ResponseHead head = head_of(200, "text/event-stream");
  bool open = co_await responder.begin(head, "data: 1\n\n");
  if (open) open = co_await responder.write("");
  if (open) open = co_await responder.write("data: 2\n\n");
  if (open) open = co_await responder.finish();
  if (!open) ++cut_off_;
}

// More than any buffer holds.
net::Awaitable<void> EchoHandler::flood(transport::Responder& responder) {
  const http::ResponseHead head = head_of(200);
  const std::string piece(100'000, 'x');
  bool open = co_await responder.begin(head, piece);
  for (int i = 0; i < 200 && open; ++i) open = co_await responder.write(piece);
  if (open) open = co_await responder.finish();
  if (!open) ++cut_off_;
}

net::Awaitable<void> EchoHandler::wait(net::Loop& loop, transport::Responder& responder) {
  ++waiting_;
  const BootTime until = loop.now().boot + std::chrono::hours(1);
  co_await loop.sleep_until(until, responder.cancellation());
  --waiting_;
  if (responder.cancellation().client_gone()) {
    ++cancelled_;
    co_return;
  }
  std::string body = responder.cancellation().requested() ? "ended" : "waited";
  co_await answer(responder, 200, std::move(body));
}

net::Awaitable<void> EchoHandler::inject(transport::Responder& responder) {
  http::ResponseHead head = head_of(200);
  head.fields.add("x-good", "kept");
  head.fields.add("x-crlf", "a\r\nset-cookie: evil=1");
  head.fields.add("x-lf", "a\nset-cookie: evil=2");
  head.fields.add("x-nul", std::string_view("a\0b", 3));
  head.fields.add("x-na\r\nme", "a");
  head.fields.add("x-colon: y", "a");
  head.fields.add("", "a");
  head.fields.add("Content-Length", "3");
  head.fields.add("Transfer-Encoding", "chunked");
  head.fields.add("Connection", "upgrade");
  head.fields.add("Date", "never");
  const bool sent = co_await responder.respond(head, "body");
  if (!sent) ++cut_off_;
}

bool becomes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 15'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}

TestServer::TestServer(transport::ServerConfig config, std::size_t loops)
    : guard_({"127.0.0.1"}, {"weir.lan"}, {"https://app.example"}),
      server_(on_free_port(std::move(config)), guard_, handler_) {
  std::signal(SIGPIPE, SIG_IGN);  // as the daemon does: OpenSSL writes without MSG_NOSIGNAL
  std::vector<net::Loop*> all;
  for (std::size_t i = 0; i < loops; ++i) {
    loops_.push_back(std::make_unique<net::Loop>(clock_, std::chrono::milliseconds(2)));
    all.push_back(loops_.back().get());
  }
  const auto started = server_.start(all);
  if (!started) throw std::runtime_error(started.error().message);
  for (net::Loop* loop : all) threads_.emplace_back([loop] { loop->run(); });
}

TestServer::~TestServer() {
  server_.close_all();
  const bool closed = becomes_true([this] { return server_.connections() == 0; });
  if (!closed) std::fputs("a session did not end\n", stderr);
  settle();
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<void> TestServer::hold_loops() {
  auto end = std::make_shared<std::promise<void>>();
  const std::shared_future<void> ended = end->get_future().share();
  for (const auto& loop : loops_) loop->post([ended] { ended.wait(); });
  return {nullptr, [end](std::nullptr_t) { end->set_value(); }};
}

RawClient TestServer::connect_and_settle() {
  const std::size_t before = server_.connections();
  RawClient client(port());
  if (!becomes_true([&] { return server_.connections() > before; })) throw std::runtime_error("not accepted");
  settle();
  return client;
}

void TestServer::settle() {
  for (const auto& loop : loops_) take_turns(*loop);
}

void TestServer::advance(Duration by) {
  clock_.advance(by);
  for (const auto& loop : loops_) {
    // Deadlines fire in their order: when one for "now" has fired, all before it have.
    std::promise<void> reached;
    net::Deadline now(loop->timers(), [&reached] { reached.set_value(); });
    loop->post([&] { now.arm_after(Duration::zero()); });
    reached.get_future().wait();
    settle();  // and the callback has returned
  }
}

std::size_t TestServer::escaped_exceptions() {
  std::size_t escaped = 0;
  for (const auto& loop : loops_) {
    std::promise<std::size_t> counted;
    loop->post([&] { counted.set_value(loop->escaped_exceptions()); });
    escaped += counted.get_future().get();
  }
  return escaped;
}

std::string get(std::string_view target, std::string_view more_fields) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more_fields) +
         "\r\n";
}

std::string post(std::string_view target, std::string_view body, std::string_view more_fields) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n" + std::string(more_fields) + "\r\n" +
         std::string(body);
}

}  // namespace weir::test
