#include "transport/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <limits>

namespace weir::transport {
namespace {

namespace beast = boost::beast;

// Beast's parser, used for the head alone. What it says of the body is not asked: framing is ours.
class BeastHeadParser final : public beast::http::basic_parser<true> {
 public:
  explicit BeastHeadParser(http::RequestHead& into) : into_(into) {
    // The scanner has measured the head, and our own limit on bodies comes with its own answer.
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code&) override {
    into_.method.assign(method.data(), method.size());
    into_.target.assign(target.data(), target.size());
    into_.minor_version = version - 10;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    into_.fields.add({name.data(), name.size()}, {value.data(), value.size()});
  }

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}

  http::RequestHead& into_;
};

Result<void> parse_with_beast(std::string_view bytes, http::RequestHead& head) {
  BeastHeadParser parser(head);
  beast::error_code ec;
  const std::size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (!ec && parser.is_header_done() && used == bytes.size()) return {};
  return Error{ErrorKind::invalid_request, "the head is not well-formed HTTP/1.1"};
}

}  // namespace

Result<std::size_t> RequestParser::parse(std::string_view bytes) {
  auto size = scanner_.scan(bytes);
  if (!size || *size == 0) return size;
  auto read = read_whole(bytes.substr(0, *size));
  if (!read) return std::move(read).error();
  return size;
}

Result<void> RequestParser::read_whole(std::string_view bytes) {
  http::RequestHead& head = parsed_.head;
  auto parsed = parse_with_beast(bytes, head);
  if (!parsed) return parsed;
  auto framing = http::check_request(head);
  if (!framing) return std::move(framing).error();
  auto welcome = guard_.check(head);
  if (!welcome) return welcome;
  http::reduce_to_origin_form(head);
  parsed_.framing = *framing;
  parsed_.keep_alive = http::wants_keep_alive(head);
  parsed_.expects_continue = http::expects_continue(head);
  return {};
}

void RequestParser::reset() {
  scanner_ = {};
  parsed_.head.method.clear();
  parsed_.head.target.clear();
  parsed_.head.fields.clear();
}

}  // namespace weir::transport
