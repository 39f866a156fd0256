#include "component/gateway/fault_catalogue.hpp"

#include <array>
#include <charconv>
#include <ostream>
#include <utility>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

using routing::Point;
using Asked = Fault::Asked;
using Reach = Fault::Reach;

constexpr std::size_t kMiB = 1U << 20U;

const std::string kJsonHead = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const std::string kChunkedJsonHead = kJsonHead + "transfer-encoding: chunked\r\n\r\n";
const std::string kChunkedStreamHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

std::string chunk(std::string_view bytes) {
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  return std::string(size.data(), end).append("\r\n").append(bytes).append("\r\n");
}

std::string with_length(std::size_t length, std::string_view body) {
  return kJsonHead + "content-length: " + std::to_string(length) + "\r\n\r\n" + std::string(body);
}

// A good body behind a head with these lines.
std::string good_body_behind(std::string_view status_line, std::string_view fields) {
  return std::string(status_line) + "\r\ncontent-type: application/json\r\n" + std::string(fields) + "\r\n" +
         std::string(kGoodAnswer);
}

// What becomes of the connection once all has been said.
enum class Then : std::uint8_t { end, reset, hang, repeat };

RawProvider::Script says(std::string bytes, Then then = Then::end, std::string again = {}) {
  const auto first = std::make_shared<const std::string>(std::move(bytes));  // some are large, and copied
  return [first, then, again = std::move(again)](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(*first);
    if (then == Then::reset) peer.reset();
    if (then == Then::hang) (void)peer.wait_for_close();
    while (then == Then::repeat && peer.send(again)) {
    }
  };
}

// Each byte by itself.
RawProvider::Script drips(std::string bytes) {
  return [bytes = std::move(bytes)](RawConnection& peer) {
    if (!peer.read_request()) return;
    for (std::size_t i = 0; i < bytes.size(); ++i) peer.send(std::string_view(bytes).substr(i, 1));
  };
}

// Refuses with the key that it was sent, in every place that has one.
RawProvider::Script echoes_key(int status, std::string_view type) {
  return [status, type = std::string(type)](RawConnection& peer) {
    while (const auto request = peer.read_request()) {
      const std::string key = request->field("authorization").value_or("none");
      peer.send(RawProvider::answer(status,
                                    R"({"error":{"message":"not with )" + key + R"(","type":")" + key +
                                        R"(","code":")" + key + R"("}})",
                                    "content-type: " + type + "\r\nx-key: " + key + "\r\n"));
    }
  };
}

Fault lost(std::string name, std::string bytes, Then then = Then::end) {
  return {.name = std::move(name), .script = says(std::move(bytes), then), .point = Point::lost};
}

Fault broken(std::string name, std::string bytes, Then then = Then::end, Asked asked = Asked::either) {
  return {.name = std::move(name),
          .script = says(std::move(bytes), then),
          .point = Point::broken_answer,
          .asked = asked};
}

Fault hangs(std::string name, std::string bytes, Asked asked = Asked::either) {
  return {.name = std::move(name),
          .script = says(std::move(bytes), Then::hang),
          .point = Point::timed_out,
          .status = 504,
          .code = "upstream_timeout",
          .asked = asked,
          .hangs = true};
}

Fault refuses(int status, Point point, int told = 502, std::string code = "upstream_error") {
  return {.name = "Status" + std::to_string(status),
          .script = answers(status, R"({"error":{"message":"no"}})"),
          .point = point,
          .status = told,
          .code = std::move(code)};
}

Fault odd(std::string name, std::string bytes, Asked asked) {
  return {.name = std::move(name), .script = says(std::move(bytes)), .point = Point::served, .asked = asked};
}

// Sends these first bytes, and the others once the client has had content.
Fault breaks(std::string name, const std::string& begun, std::string more, Then then = Then::end) {
  const auto go_on = std::make_shared<std::atomic<bool>>(false);
  const auto script = [begun, more = std::move(more), then, go_on](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(begun);
    if (!eventually([&go_on] { return go_on->load(); })) return;
    peer.send(more);
    if (then == Then::reset) peer.reset();
    if (then == Then::hang) (void)peer.wait_for_close();
    while (then == Then::repeat && peer.send(more)) {
    }
  };
  return {.name = std::move(name),
          .script = script,
          .point = Point::broken_stream,
          .status = 200,
          .asked = Asked::stream,
          .hangs = then == Then::hang,
          .go_on = go_on};
}

void add_connections(std::vector<Fault>& all) {
  all.push_back({.name = "Refuses", .point = Point::unreachable, .reach = Reach::nobody_listens});
  all.push_back({.name = "SpeaksNoTls",
                 .script =
                     [](RawConnection& peer) {
                       peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
                       (void)peer.wait_for_close();
                     },
                 .point = Point::unreachable,
                 .reach = Reach::tls});
  all.push_back({.name = "EndsInTheHandshake",
                 .script = [](RawConnection&) {},
                 .point = Point::unreachable,
                 .reach = Reach::tls});
  all.push_back(lost("EndsBeforeHead", ""));
  all.push_back(lost("ResetsBeforeHead", "", Then::reset));
  all.push_back(hangs("HangsBeforeHead", ""));
  all.push_back(lost("EndsInHead", "HTTP/1.1 200 OK\r\ncontent-ty"));
  all.push_back(lost("ResetsInHead", "HTTP/1.1 200 OK\r\ncontent-ty", Then::reset));
  all.push_back(hangs("HangsInHead", "HTTP/1.1 200 OK\r\ncontent-ty"));
  all.push_back(hangs("HangsBehindInterimHead", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"));
}

void add_heads(std::vector<Fault>& all) {
  const auto with_fields = [](std::string_view fields) {
    return good_body_behind("HTTP/1.1 200 OK", fields);
  };
  const std::string length = "content-length: " + std::to_string(kGoodAnswer.size()) + "\r\n";
  std::string many;
  for (int i = 0; i < 300; ++i) many += "x-" + std::to_string(i) + ": y\r\n";
  std::string interim;
  for (int i = 0; i < 1000; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";

  all.push_back(lost("Garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n"));
  all.push_back(lost("BinaryGarbage", std::string("\x15\x03\x01\x00\x02\x02\x28", 7)));
  all.push_back(lost("BodyWithoutHead", std::string(kGoodAnswer)));
  all.push_back(lost("Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  all.push_back(lost("Version20", good_body_behind("HTTP/2.0 200 OK", length)));
  all.push_back(lost("StatusWithoutDigits", good_body_behind("HTTP/1.1 abc OK", length)));
  all.push_back(lost("StatusOfFourDigits", good_body_behind("HTTP/1.1 2000 OK", length)));
  all.push_back(lost("StatusThatDoesntExist", good_body_behind("HTTP/1.1 999 OK", length)));
  all.push_back(lost("BareLineFeeds", "HTTP/1.1 200 OK\ncontent-length: 2\n\n{}"));
  all.push_back(lost("FoldedLine", with_fields("x-a: b\r\n c\r\n" + length)));
  all.push_back(lost("NulInHead", with_fields(std::string("x-a: b\0c\r\n", 10) + length)));
  all.push_back(lost("SpaceBeforeColon", with_fields("content-length : 5\r\n")));
  all.push_back(lost("LineWithoutColon", with_fields("nonsense\r\n" + length)));
  all.push_back(lost("HeadBomb", with_fields("x-bomb: " + std::string(100'000, 'b') + "\r\n" + length)));
  all.push_back(
      lost("HugeStatusLine", good_body_behind("HTTP/1.1 200 " + std::string(100'000, 'k'), length)));
  all.push_back(lost("LineWithoutEnd", "HTTP/1.1 200 OK\r\nx: " + std::string(200'000, 'x')));
  all.push_back(lost("ManyFields", with_fields(many + length)));
  all.push_back({.name = "EndlessHead",
                 .script = says("HTTP/1.1 200 OK\r\n", Then::repeat, "x-more: and more\r\n"),
                 .point = Point::lost});
  all.push_back(lost("InterimFlood", interim + with_fields(length)));
  all.push_back(lost("SwitchesProtocols", "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"));
  all.push_back(lost("LengthsThatDiffer", with_fields("content-length: 5\r\ncontent-length: 6\r\n")));
  all.push_back(lost("NegativeLength", with_fields("content-length: -1\r\n")));
  all.push_back(lost("HexLength", with_fields("content-length: 0x10\r\n")));
  all.push_back(lost("LengthBeyondRange", with_fields("content-length: 99999999999999999999\r\n")));
  all.push_back(lost("LengthAndChunked", with_fields(length + "transfer-encoding: chunked\r\n")));
  all.push_back(lost("UnknownTransferCoding", with_fields("transfer-encoding: zip\r\n")));
  all.push_back(lost("GzipChunked", with_fields("transfer-encoding: gzip, chunked\r\n")));
  all.push_back(lost("ChunkedIn10", good_body_behind("HTTP/1.0 200 OK", "transfer-encoding: chunked\r\n")));
  all.push_back(lost("GzipUnasked", with_fields("content-encoding: gzip\r\n" + length)));
  all.push_back(lost("BrotliUnasked", with_fields("content-encoding: br\r\n" + length)));
  all.push_back(
      odd("SomeInterimHeads",
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + with_fields(length),
          Asked::plain));
}

void add_bodies(std::vector<Fault>& all) {
  const std::string good(kGoodAnswer);
  const std::string half = good.substr(0, good.size() / 2);
  const std::string until_close = kJsonHead + "connection: close\r\n\r\n";

  all.push_back(broken("LengthTooLong", with_length(good.size() + 1000, good)));
  all.push_back(broken("LengthTooShort", with_length(good.size() - 10, good)));
  all.push_back(broken("LengthZero", with_length(0, good)));
  all.push_back(broken("ResetsInBody", with_length(good.size(), half), Then::reset));
  all.push_back(broken("EndsInBody", with_length(good.size(), half)));
  all.push_back(broken("EndsUndelimitedBody", until_close + half));
  all.push_back(hangs("HangsInBody", with_length(good.size(), half)));
  all.push_back(hangs("HangsBehindHead", with_length(good.size(), "")));
  all.push_back(broken("BadChunkSize", kChunkedJsonHead + "zz\r\n" + good + "\r\n0\r\n\r\n"));
  all.push_back(broken("NegativeChunkSize", kChunkedJsonHead + "-5\r\nhello\r\n0\r\n\r\n"));
  all.push_back(broken("ChunkSizeBeyondRange", kChunkedJsonHead + "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"));
  all.push_back(broken("ChunkLongerThanItsSize", kChunkedJsonHead + "5\r\n" + good + "\r\n0\r\n\r\n"));
  all.push_back(
      broken("ChunkLineBomb", kChunkedJsonHead + "5;" + std::string(100'000, 'x') + "\r\nhello\r\n"));
  all.push_back(broken("ChunkCut", kChunkedJsonHead + chunk(good).substr(0, 50)));
  all.push_back(broken("LastChunkMissing", kChunkedJsonHead + chunk(good)));
  all.push_back(broken("TrailerBomb",
                       kChunkedJsonHead + chunk(good) + "0\r\nx: " + std::string(100'000, 'x') + "\r\n\r\n"));
}

void add_contents(std::vector<Fault>& all) {
  const std::string good(kGoodAnswer);
  const std::string half = good.substr(0, good.size() / 2);
  const std::string until_close = kJsonHead + "connection: close\r\n\r\n";

  all.push_back(broken("Html", RawProvider::answer(200, "<html><body>It works!</body></html>")));
  all.push_back(broken("Empty", RawProvider::answer(200, "")));
  all.push_back(broken("Blank", RawProvider::answer(200, "  \n ")));
  all.push_back(broken("InvalidJson", RawProvider::answer(200, "{\"choices\":[}")));
  all.push_back(broken("JsonCutShort", RawProvider::answer(200, half)));
  all.push_back(broken("JsonString", RawProvider::answer(200, "\"hello\"")));
  all.push_back(broken("JsonNull", RawProvider::answer(200, "null")));
  all.push_back(broken("JsonArray", RawProvider::answer(200, "[]")));
  all.push_back(broken("JsonWithoutChoices", RawProvider::answer(200, R"({"id":"c1","choices":null})")));
  all.push_back(broken("JsonDeep", RawProvider::answer(200, std::string(100'000, '['))));
  all.push_back(broken("NoContent", "HTTP/1.1 204 No Content\r\n\r\n"));
  all.push_back(broken("EventsUnasked", std::string(kStreamHead) + good_stream(), Then::end, Asked::plain));
  all.push_back({.name = "BodyOverTheCap",
                 .script = says(with_length(65 * kMiB, "") + std::string(65 * kMiB, ' ')),
                 .point = Point::broken_answer,
                 .heavy = true});
  all.push_back({.name = "EndlessBody",
                 .script = says(kChunkedJsonHead, Then::repeat, chunk(std::string(kMiB, ' '))),
                 .point = Point::broken_answer,
                 .heavy = true});
  all.push_back({.name = "ErrorObject",
                 .script = answers(200, R"({"error":{"message":"upstream down","code":502}})"),
                 .point = Point::failed});
  all.push_back({.name = "ErrorObjectOfTheClients",
                 .script = answers(200, R"({"error":{"message":"temperature is too high","code":400}})"),
                 .point = Point::client_fault,
                 .status = 400,
                 .code = ""});
  all.push_back({.name = "Drips",
                 .script = drips(with_length(good.size(), good)),
                 .point = Point::served,
                 .asked = Asked::plain});
  all.push_back(odd("UntilClose", until_close + good, Asked::plain));
  all.push_back(odd(
      "ChunksOfAByte",
      [&] {
        std::string bytes = kChunkedJsonHead;
        for (const char c : good) bytes += chunk(std::string_view(&c, 1));
        return bytes + "0\r\n\r\n";
      }(),
      Asked::plain));
  all.push_back(odd("BytesBehindItsEnd", with_length(good.size(), good + "HTTP/1.1 200 OK\r\n\r\npoison"),
                    Asked::plain));
}

void add_statuses(std::vector<Fault>& all) {
  for (const int status : {301, 302, 303, 304, 307, 308}) {
    all.push_back(refuses(status, Point::failed));
    all.back().script = answers(status, "", "location: http://127.0.0.1:1/v1/chat/completions\r\n");
  }
  for (const int status : {400, 422}) all.push_back(refuses(status, Point::client_fault, status, ""));
  for (const int status : {401, 402, 403}) all.push_back(refuses(status, Point::key_refused));
  all.push_back(refuses(404, Point::model_refused));
  all.push_back(refuses(410, Point::model_refused));
  for (const int status : {408, 409, 425}) all.push_back(refuses(status, Point::busy));
  all.push_back(refuses(413, Point::too_large, 413, "request_too_large"));
  all.push_back(refuses(429, Point::no_room, 429, "rate_limit_exceeded"));
  for (const int status : {500, 501, 502, 503, 504, 520, 529, 599})
    all.push_back(refuses(status, Point::failed));
  for (const auto& [status, point] : {std::pair{401, Point::key_refused}, std::pair{403, Point::key_refused},
                                      std::pair{500, Point::failed}})
    for (const auto& [type, name] :
         {std::pair{"application/json", "InJson"}, std::pair{"text/html", "InHtml"}}) {
      all.push_back(refuses(status, point));
      all.back().name = "KeyEcho" + std::to_string(status) + name;
      all.back().script = echoes_key(status, type);
    }
  all.push_back(refuses(400, Point::client_fault, 400, ""));
  all.back().name = "KeyEcho400";
  all.back().script = echoes_key(400, "application/json");
  all.push_back(refuses(500, Point::failed));
  all.back().name = "EndlessErrorBody";
  all.back().script = says("HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n", Then::repeat,
                           chunk(std::string(100'000, 'e')));
  all.push_back(refuses(500, Point::failed));
  all.back().name = "ErrorBodyCut";
  all.back().script = says("HTTP/1.1 500 No\r\ncontent-length: 1000\r\n\r\n{\"error\":");
  all.push_back(refuses(500, Point::failed));
  all.back().name = "DeepErrorBody";
  all.back().script = answers(500, std::string(60'000, '['));
}

void add_streams_before_content(std::vector<Fault>& all) {
  const std::string head(kStreamHead);
  const std::string comment = ": PROCESSING\n\n";
  std::string comments;
  for (int i = 0; i < 10'000; ++i) comments += comment;
  const auto stream = [](Fault fault) {
    fault.asked = Asked::stream;
    return fault;
  };

  all.push_back(stream({.name = "ErrorFirst",
                        .script = says(head + "data: {\"error\":{\"message\":\"no\",\"code\":502}}\n\n"),
                        .point = Point::failed}));
  all.push_back(
      stream({.name = "RateLimitFirst",
              .script = says(head + comment + "data: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n"),
              .point = Point::no_room,
              .status = 429,
              .code = "rate_limit_exceeded"}));
  all.push_back(
      stream({.name = "NamedErrorFirst",
              .script = says(head + "event: error\ndata: {\"error\":{\"message\":\"no\",\"code\":500}}\n\n"),
              .point = Point::failed}));
  all.push_back(broken("StreamEmpty", head, Then::end, Asked::stream));
  all.push_back(broken("DoneAtOnce", head + std::string(kDoneEvent), Then::end, Asked::stream));
  all.push_back(broken("EndsBehindComments", head + comment, Then::end, Asked::stream));
  all.push_back(broken("EndsBehindCommentFlood", head + comments, Then::end, Asked::stream));
  all.push_back(
      broken("EndsInFirstEvent", head + std::string(kTextEvent.substr(0, 40)), Then::end, Asked::stream));
  all.push_back(
      broken("ResetsBeforeContent", kChunkedStreamHead + chunk(comment), Then::reset, Asked::stream));
  all.push_back(broken("BadChunkBeforeContent", kChunkedStreamHead + chunk(comment) + "zz\r\n", Then::end,
                       Asked::stream));
  all.push_back(
      broken("PageAsStream", head + "<html><body>It works!</body></html>", Then::end, Asked::stream));
  all.push_back(hangs("HangsBeforeContent", head + comment, Asked::stream));
  all.push_back(hangs("HangsBehindCommentFlood", head + comments, Asked::stream));
  all.push_back(hangs("EndlessComments", head, Asked::stream));
  all.back().script = says(head, Then::repeat, comment);
  all.push_back(stream({.name = "EventOverTheCap",
                        .script = says(head + "data: ", Then::repeat, std::string(kMiB, 'x')),
                        .point = Point::broken_answer,
                        .heavy = true}));
}

void add_streams_after_content(std::vector<Fault>& all) {
  const std::string begun = std::string(kStreamHead) + std::string(kTextEvent);
  const std::string begun_in_chunks = kChunkedStreamHead + chunk(kTextEvent);
  const std::string error =
      "data: {\"error\":{\"message\":\"lost with " + std::string(kPlantedKey) + "\",\"code\":502}}\n\n";
  all.push_back(breaks("EndsAfterContent", begun, ""));
  all.push_back(breaks("ResetsAfterContent", begun_in_chunks, "", Then::reset));
  all.push_back(breaks("HangsAfterContent", begun, "", Then::hang));
  all.push_back(breaks("ErrorAfterContent", begun, error));
  all.push_back(breaks("NamedErrorAfterContent", begun, "event: error\n" + error));
  all.push_back(breaks("RateLimitAfterContent", begun,
                       "data: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n"));
  all.push_back(breaks("BadChunkAfterContent", begun_in_chunks, "zz\r\n"));
  all.push_back(breaks("ChunkLineBombAfterContent", begun_in_chunks, "5;" + std::string(100'000, 'x')));
  all.push_back(breaks("LastChunkMissingAfterContent", begun_in_chunks, chunk(": more\n\n")));
  all.push_back(
      breaks("EventOverTheCapAfterContent", begun + "data: ", std::string(kMiB, 'x'), Then::repeat));
  all.back().heavy = true;
  all.push_back(breaks("EndsInEventAfterContent", begun, std::string(kStopEvent.substr(0, 60))));
  all.push_back(breaks("GarbageAfterContent", begun, "data: {\"choices\":[\n\n\x01\x02\xff\n\n"));
  all.push_back(breaks("PageAfterContent", begun, "<html>502 Bad Gateway</html>"));
  // The client has nothing of it yet.
  all.push_back({.name = "ErrorRightBehindContent",
                 .script = says(begun + error),
                 .point = Point::failed,
                 .asked = Asked::stream});
}

void add_odd_streams(std::vector<Fault>& all) {
  const std::string head(kStreamHead);
  const std::string good = good_stream();
  const auto with_ends = [&good](std::string_view end) {
    std::string bytes;
    for (const char c : good) c == '\n' ? bytes.append(end) : bytes.append(1, c);
    return bytes;
  };
  const auto replaced = [](std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
    return text;
  };
  const auto add = [&all](std::string name, std::string bytes) {
    all.push_back(odd(std::move(name), std::move(bytes), Asked::stream));
  };
  add("LinesEndInCr", head + with_ends("\r"));
  add("LinesEndInCrLf", head + with_ends("\r\n"));
  add("LineEndsAreMixed", head + std::string(kTextEvent.substr(0, kTextEvent.size() - 2)) + "\r\n\n" +
                              std::string(kStopEvent.substr(0, kStopEvent.size() - 2)) + "\r\r" +
                              std::string(kDoneEvent));
  add("ByteOrderMark", head + "\xef\xbb\xbf" + good);
  add("NoSpaceBehindColon", head + replaced(good, "data: ", "data:"));
  add("DataInSeveralLines", head + replaced(good, "\"choices\"", "\ndata: \"choices\""));
  add("NoBlankLineAtTheEnd", head + good.substr(0, good.size() - 2));
  add("NoDone", head + std::string(kTextEvent) + std::string(kStopEvent));
  add("CommentsBetween", head + ": a\n\n" + std::string(kTextEvent) + ":\n\n: b\n" + std::string(kStopEvent) +
                             std::string(kDoneEvent));
  add("OtherFields", head + "id: 1\nretry: 5\nevent: message\n" + good);
  add("EventsBehindDone", head + good + "data: {\"error\":{\"message\":\"late\"}}\n\n");
  add("ChunkedStream",
      kChunkedStreamHead + chunk(kTextEvent) + chunk(kStopEvent) + chunk(kDoneEvent) + "0\r\n\r\n");
  all.push_back(
      {.name = "StreamDrips", .script = drips(head + good), .point = Point::served, .asked = Asked::stream});
  add("CommentFloodThenContent", [&] {
    std::string bytes = head;
    for (int i = 0; i < 10'000; ++i) bytes += ": PROCESSING\n\n";
    return bytes + good;
  }());
}

}  // namespace

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

std::vector<Fault> all_faults() {
  std::vector<Fault> all;
  add_connections(all);
  add_heads(all);
  add_bodies(all);
  add_contents(all);
  add_statuses(all);
  add_streams_before_content(all);
  add_streams_after_content(all);
  add_odd_streams(all);
  return all;
}

RawProvider::Script serves_both() {
  return [](RawConnection& peer) {
    while (const auto request = peer.read_request()) {
      if (request->body.find(R"("stream":true)") == std::string::npos) {
        peer.send(RawProvider::answer(200, kGoodAnswer));
        continue;
      }
      peer.send(std::string(kStreamHead) + good_stream());
      return;
    }
  };
}

const std::string& good_stream() {
  static const std::string bytes =
      std::string(kTextEvent) + std::string(kStopEvent) + std::string(kDoneEvent);
  return bytes;
}

}  // namespace weir::test
