#include "weir/http/guard.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {
namespace {

// --- The raw bytes of a head
// ------------------------------------------------------------------------------------

struct RawCase {
  const char* name;
  std::string head;
  std::optional<ErrorKind> refused;  // nothing: fine
};

std::ostream& operator<<(std::ostream& out, const RawCase& c) {
  return out << c.name;
}

class RawHead : public testing::TestWithParam<RawCase> {};

TEST_P(RawHead, IsJudgedTheSameHoweverTheBytesArrive) {
  const RawCase& c = GetParam();
  const auto whole = check_raw_head(c.head);
  ASSERT_EQ(whole.has_value(), !c.refused.has_value()) << (whole ? "" : whole.error().message);
  if (c.refused) {
    EXPECT_EQ(whole.error().kind, *c.refused) << whole.error().message;
  }

  HeadScanner scanner;
  std::optional<ErrorKind> refused;
  std::size_t end = 0;
  for (std::size_t size = 1; size <= c.head.size() && end == 0 && !refused; ++size) {
    const auto scanned = scanner.scan(std::string_view(c.head).substr(0, size));
    if (!scanned) {
      refused = scanned.error().kind;
    } else {
      end = *scanned;
    }
  }
  EXPECT_EQ(refused, c.refused);
  if (!c.refused) {
    EXPECT_EQ(end, c.head.size());
  }
}

std::string with_line(const std::string& line) {
  return "GET / HTTP/1.1\r\nHost: localhost\r\n" + line + "\r\n\r\n";
}

std::string with_request_line(const std::string& line) {
  return line + "\r\nHost: localhost\r\n\r\n";
}

std::string with_fields(std::size_t count) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < count; ++i) head += "a: b\r\n";
  return head + "\r\n";
}

constexpr auto kBad = ErrorKind::invalid_request;

INSTANTIATE_TEST_SUITE_P(
    Lines, RawHead,
    testing::Values(
        RawCase{"Plain", with_line("Accept: */*"), std::nullopt},
        RawCase{"NoField", "GET / HTTP/1.1\r\n\r\n", std::nullopt},
        RawCase{"Version10", with_request_line("GET / HTTP/1.0"), std::nullopt},
        RawCase{"EmptyValue", with_line("X:"), std::nullopt},
        RawCase{"TabInValue", with_line("X:\ta\tb\t"), std::nullopt},
        RawCase{"HighByteInValue", with_line("X: \xc3\xa9"), std::nullopt},
        RawCase{"ColonInValue", with_line("X: a:b"), std::nullopt},
        RawCase{"HundredFields", with_fields(100), std::nullopt},

        RawCase{"TooManyFields", with_fields(101), ErrorKind::head_too_large},
        RawCase{"FoldBySpace", with_line("X: a\r\n b"), kBad},
        RawCase{"FoldByTab", with_line("X: a\r\n\tb"), kBad},
        RawCase{"FoldInTransferEncoding", with_line("Transfer-Encoding:\r\n chunked"), kBad},
        RawCase{"FoldBeforeTheFirstField", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", kBad},
        RawCase{"BareLf", "GET / HTTP/1.1\nHost: localhost\n\n", kBad},
        RawCase{"BareLfBehindAField", "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", kBad},
        RawCase{"BareLfAtTheEnd", "GET / HTTP/1.1\r\nHost: localhost\r\n\n", kBad},
        RawCase{"BareCr", with_line("X: a\rb"), kBad},
        RawCase{"BareCrOnly", "GET / HTTP/1.1\rHost: localhost\r\r", kBad},
        RawCase{"CrCrLf", with_line("X: a\r"), kBad},
        RawCase{"NulInValue", with_line(std::string("X: a\0b", 6)), kBad},
        RawCase{"NulInName", with_line(std::string("X\0: a", 5)), kBad},
        RawCase{"ControlInValue", with_line("X: a\x01"), kBad},
        RawCase{"DelInValue", with_line("X: \x7f"), kBad},
        RawCase{"VerticalTabInValue",
                with_line("Transfer-Encoding: \x0b"
                          "chunked"),
                kBad},
        RawCase{"SpaceBeforeColon", with_line("Content-Length : 3"), kBad},
        RawCase{"TabBeforeColon", with_line("Content-Length\t: 3"), kBad},
        RawCase{"SpaceInName", with_line("Content Length: 3"), kBad},
        RawCase{"NoName", with_line(": x"), kBad}, RawCase{"NoColon", with_line("X"), kBad},
        RawCase{"HighByteInName", with_line("X\xff: a"), kBad},
        RawCase{"ParenthesisInName", with_line("(X): a"), kBad},

        RawCase{"EmptyRequestLine", "\r\n\r\n", kBad}, RawCase{"OnlyMethod", with_request_line("GET"), kBad},
        RawCase{"Version09", with_request_line("GET /"), kBad},
        RawCase{"NoTarget", with_request_line("GET  HTTP/1.1"), kBad},
        RawCase{"TwoSpaces", with_request_line("GET  / HTTP/1.1"), kBad},
        RawCase{"SpaceInTarget", with_request_line("GET /a b HTTP/1.1"), kBad},
        RawCase{"SpaceBehindVersion", with_request_line("GET / HTTP/1.1 "), kBad},
        RawCase{"SpaceFirst", with_request_line(" GET / HTTP/1.1"), kBad},
        RawCase{"TabForSpace", with_request_line("GET\t/ HTTP/1.1"), kBad},
        RawCase{"LowerCaseVersion", with_request_line("GET / http/1.1"), kBad},
        RawCase{"ShortVersion", with_request_line("GET / HTTP/1"), kBad},
        RawCase{"LongVersion", with_request_line("GET / HTTP/1.10"), kBad},
        RawCase{"OtherProtocol", with_request_line("GET / ICAP/1.1"), kBad},
        RawCase{"Version12", with_request_line("GET / HTTP/1.2"), ErrorKind::version_not_supported},
        RawCase{"Version20", with_request_line("GET / HTTP/2.0"), ErrorKind::version_not_supported},
        RawCase{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ErrorKind::version_not_supported},
        RawCase{"MethodWithColon", with_request_line("GE:T / HTTP/1.1"), kBad},
        RawCase{"ControlInTarget", with_request_line("GET /\x01 HTTP/1.1"), kBad},
        RawCase{"HighByteInTarget", with_request_line("GET /\xff HTTP/1.1"), kBad},
        RawCase{"DelInTarget", with_request_line("GET /\x7f HTTP/1.1"), kBad},
        RawCase{"FragmentInTarget", with_request_line("GET /#x HTTP/1.1"), kBad},
        RawCase{"TlsHello", std::string("\x16\x03\x01\x02\x00\x01\x00", 7), kBad}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HeadScanner, WaitsForTheEndAndLeavesWhatFollows) {
  HeadScanner scanner;
  const std::string head = with_line("A: b");
  EXPECT_EQ(*scanner.scan(head.substr(0, head.size() - 1)), 0U);
  EXPECT_EQ(*scanner.scan(head + "POST / garbage \n\n"), head.size());
}

TEST(HeadScanner, AnEndlessLineIsRefusedBeforeItsEnd) {
  HeadScanner target;
  const auto long_target = target.scan("GET /" + std::string(kMaxRequestLine, 'a'));
  ASSERT_FALSE(long_target.has_value());
  EXPECT_EQ(long_target.error().kind, ErrorKind::uri_too_long);

  HeadScanner field;
  const auto long_field = field.scan("GET / HTTP/1.1\r\nX: " + std::string(kMaxRequestLine, 'a'));
  ASSERT_FALSE(long_field.has_value());
  EXPECT_EQ(long_field.error().kind, ErrorKind::head_too_large);
}

TEST(HeadScanner, ALineMayHave8KiBAndNoMore) {
  const auto line_of = [](std::size_t size) { return with_line("X: " + std::string(size - 5, 'a')); };
  EXPECT_TRUE(check_raw_head(line_of(kMaxRequestLine)).has_value());
  const auto field = check_raw_head(line_of(kMaxRequestLine + 1));
  ASSERT_FALSE(field.has_value());
  EXPECT_EQ(field.error().kind, ErrorKind::head_too_large);

  const auto target_of = [](std::size_t size) {
    return with_request_line("GET /" + std::string(size - 16, 'a') + " HTTP/1.1");
  };
  EXPECT_TRUE(check_raw_head(target_of(kMaxRequestLine)).has_value());
  const auto target = check_raw_head(target_of(kMaxRequestLine + 1));
  ASSERT_FALSE(target.has_value());
  EXPECT_EQ(target.error().kind, ErrorKind::uri_too_long);
}

TEST(HeadScanner, AHeadMayHave32KiBAndNoMore) {
  const auto head_of = [](std::size_t size) {
    std::string head = "GET / HTTP/1.1\r\n";
    while (head.size() + 6000 < size) head += "X: " + std::string(5000, 'a') + "\r\n";
    head += "X: " + std::string(size - head.size() - 7, 'a') + "\r\n\r\n";
    return head;
  };
  ASSERT_EQ(head_of(kMaxRequestHead).size(), kMaxRequestHead);
  EXPECT_TRUE(check_raw_head(head_of(kMaxRequestHead)).has_value());
  const auto larger = check_raw_head(head_of(kMaxRequestHead + 1));
  ASSERT_FALSE(larger.has_value());
  EXPECT_EQ(larger.error().kind, ErrorKind::head_too_large);

  HeadScanner unfinished;  // and no more is read where the end doesn't come
  EXPECT_FALSE(unfinished.scan(head_of(kMaxRequestHead + 1).substr(0, kMaxRequestHead)).has_value());
}

TEST(RawHead, WithoutAnEndIsRefused) {
  EXPECT_FALSE(check_raw_head("").has_value());
  EXPECT_FALSE(check_raw_head("GET / HTTP/1.1\r\nHost: x\r\n").has_value());
  EXPECT_FALSE(check_raw_head(with_line("A: b") + "x").has_value());
}

// --- The parsed head
// --------------------------------------------------------------------------------------------

using FieldList = std::vector<std::pair<std::string, std::string>>;

RequestHead request(const std::string& method, const std::string& target, const FieldList& fields,
                    int minor = 1) {
  RequestHead head;
  head.method = method;
  head.target = target;
  head.minor_version = minor;
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

const std::pair<std::string, std::string> kHost{"Host", "localhost:8484"};

struct HeadCase {
  const char* name;
  RequestHead head;
  std::optional<ErrorKind> refused;
};

std::ostream& operator<<(std::ostream& out, const HeadCase& c) {
  return out << c.name;
}

class ParsedHead : public testing::TestWithParam<HeadCase> {};

TEST_P(ParsedHead, IsJudgedByTheTable) {
  const HeadCase& c = GetParam();
  const auto checked = check_request(c.head);
  ASSERT_EQ(checked.has_value(), !c.refused.has_value()) << (checked ? "" : checked.error().message);
  if (c.refused) {
    EXPECT_EQ(checked.error().kind, *c.refused) << checked.error().message;
  }
}

HeadCase with_method(const char* name, const char* method, std::optional<ErrorKind> refused) {
  return {name, request(method, "/", {kHost}), refused};
}
HeadCase with_target(const char* name, const char* target, std::optional<ErrorKind> refused) {
  return {name, request("GET", target, {kHost}), refused};
}
HeadCase with_host(const char* name, const char* host, std::optional<ErrorKind> refused) {
  return {name, request("GET", "/", {{"Host", host}}), refused};
}
HeadCase with_length(const char* name, const char* length, std::optional<ErrorKind> refused) {
  return {name, request("POST", "/", {kHost, {"Content-Length", length}}), refused};
}
HeadCase with_coding(const char* name, const char* coding, std::optional<ErrorKind> refused) {
  return {name, request("POST", "/", {kHost, {"Transfer-Encoding", coding}}), refused};
}
HeadCase with(const char* name, const FieldList& fields, std::optional<ErrorKind> refused, int minor = 1) {
  FieldList all{kHost};
  all.insert(all.end(), fields.begin(), fields.end());
  return {name, request("POST", "/", all, minor), refused};
}

std::string case_name(const testing::TestParamInfo<HeadCase>& test) {
  return test.param.name;
}

INSTANTIATE_TEST_SUITE_P(Method, ParsedHead,
                         testing::Values(with_method("Get", "GET", std::nullopt),
                                         with_method("Head", "HEAD", std::nullopt),
                                         with_method("Post", "POST", std::nullopt),
                                         with_method("Put", "PUT", std::nullopt),
                                         with_method("Patch", "PATCH", std::nullopt),
                                         with_method("Delete", "DELETE", std::nullopt),
                                         with_method("Options", "OPTIONS", std::nullopt),
                                         with_method("Connect", "CONNECT", ErrorKind::not_implemented),
                                         with_method("Trace", "TRACE", ErrorKind::not_implemented),
                                         with_method("LowerCase", "post", ErrorKind::not_implemented),
                                         with_method("Unknown", "BREW", ErrorKind::not_implemented),
                                         with_method("Empty", "", ErrorKind::not_implemented)),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    Target, ParsedHead,
    testing::Values(
        with_target("Root", "/", std::nullopt), with_target("Query", "/v1/models?x=1&y=%20", std::nullopt),
        with_target("Absolute", "http://localhost:8484/v1/models", std::nullopt),
        with_target("AbsoluteWithoutPath", "HTTP://127.0.0.1", std::nullopt), with_target("Empty", "", kBad),
        with_target("NoSlash", "v1/models", kBad), with_target("Asterisk", "*", kBad),
        with_target("Authority", "localhost:8484", kBad), with_target("Fragment", "/a#b", kBad),
        with_target("Space", "/a b", kBad), with_target("Control", "/a\x1f", kBad),
        with_target("Del", "/a\x7f", kBad), with_target("HighByte", "/\xc3\xa9", kBad),
        with_target("OtherScheme", "ftp://localhost/", kBad),
        with_target("UserInfo", "http://a@localhost/", kBad), with_target("NoAuthority", "http:///v1", kBad)),
    case_name);

TEST(CheckRequest, AsteriskIsForOptions) {
  EXPECT_TRUE(check_request(request("OPTIONS", "*", {kHost})).has_value());
}

INSTANTIATE_TEST_SUITE_P(
    Host, ParsedHead,
    testing::Values(
        with_host("Name", "localhost", std::nullopt), with_host("NameAndPort", "a-b.example:1", std::nullopt),
        with_host("Underscore", "weir_1:8484", std::nullopt),
        with_host("EmptyPort", "localhost:", std::nullopt), with_host("Ipv4", "127.0.0.1:8484", std::nullopt),
        with_host("Ipv6", "[::1]:8484", std::nullopt), with_host("Ipv6WithoutPort", "[::1]", std::nullopt),
        with_host("Empty", "", kBad), with_host("OnlyPort", ":80", kBad), with_host("TwoNames", "a b", kBad),
        with_host("List", "a,b", kBad), with_host("Path", "localhost/", kBad),
        with_host("UserInfo", "a@localhost", kBad), with_host("BadPort", "localhost:80a", kBad),
        with_host("PortTooLarge", "localhost:65536", kBad), with_host("BareIpv6", "::1", kBad),
        with_host("OpenBracket", "[::1", kBad), with_host("NameInBrackets", "[localhost]", kBad),
        with_host("JunkBehindBracket", "[::1]x", kBad), with_host("HighByte", "loc\xc3\xa4lhost", kBad),
        with_host("Percent", "local%68ost", kBad), HeadCase{"None", request("GET", "/", {}), kBad},
        HeadCase{"NoneIn10", request("GET", "/", {}, 0), kBad},
        HeadCase{"Two", request("GET", "/", {kHost, kHost}), kBad},
        HeadCase{"TwoThatDiffer", request("GET", "/", {kHost, {"Host", "evil.example"}}), kBad}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Length, ParsedHead,
    testing::Values(with_length("Zero", "0", std::nullopt), with_length("Number", "3", std::nullopt),
                    with_length("LeadingZeros", "003", std::nullopt),
                    with_length("NineteenDigits", "9999999999999999999", std::nullopt),
                    with_length("TwentyDigits", "18446744073709551616", kBad), with_length("Empty", "", kBad),
                    with_length("Plus", "+3", kBad), with_length("Minus", "-3", kBad),
                    with_length("Hex", "0x3", kBad), with_length("List", "3, 3", kBad),
                    with_length("ListWithoutSpace", "3,3", kBad), with_length("Fraction", "3.0", kBad),
                    with_length("Exponent", "3e1", kBad), with_length("SpaceInside", "1 3", kBad),
                    with_length("Underscore", "1_3", kBad),
                    with("TwoEqual", {{"Content-Length", "3"}, {"content-length", "3"}}, kBad),
                    with("TwoThatDiffer", {{"Content-Length", "3"}, {"Content-Length", "4"}}, kBad)),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Coding, ParsedHead,
    testing::Values(
        with_coding("Chunked", "chunked", std::nullopt), with_coding("AnyCase", "Chunked", std::nullopt),
        with_coding("Unknown", "xchunked", kBad), with_coding("Identity", "identity", kBad),
        with_coding("Quoted", "\"chunked\"", kBad), with_coding("IdentityLast", "chunked, identity", kBad),
        with_coding("GzipFirst", "gzip, chunked", kBad), with_coding("Gzip", "gzip", kBad),
        with_coding("Twice", "chunked, chunked", kBad), with_coding("Parameter", "chunked;q=1", kBad),
        with_coding("Comma", "chunked,", kBad), with_coding("Empty", "", kBad),
        with("TwoLines", {{"Transfer-Encoding", "identity"}, {"Transfer-Encoding", "chunked"}}, kBad),
        with("TwoEqualLines", {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, kBad),
        with("ThenLength", {{"Transfer-Encoding", "chunked"}, {"Content-Length", "3"}}, kBad),
        with("LengthFirst", {{"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}}, kBad),
        with("GzipThenLength", {{"Transfer-Encoding", "gzip"}, {"Content-Length", "3"}}, kBad),
        with("In10", {{"Transfer-Encoding", "chunked"}}, kBad, 0)),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Content, ParsedHead,
    testing::Values(with("Continue", {{"Expect", "100-Continue"}}, std::nullopt),
                    with("OtherExpectation", {{"Expect", "200-ok"}}, ErrorKind::expectation_failed),
                    with("SecondExpectation", {{"Expect", "100-continue"}, {"Expect", "x"}},
                         ErrorKind::expectation_failed),
                    with("Identity", {{"Content-Encoding", "identity"}}, std::nullopt),
                    with("Gzip", {{"Content-Encoding", "gzip"}}, ErrorKind::unsupported_media_type),
                    with("SecondCoding", {{"Content-Encoding", "identity"}, {"Content-Encoding", "br"}},
                         ErrorKind::unsupported_media_type)),
    case_name);

TEST(CheckRequest, TellsHowTheBodyEnds) {
  EXPECT_EQ(check_request(request("GET", "/", {kHost}))->kind, Framing::Kind::none);
  const auto length = check_request(request("POST", "/", {kHost, {"Content-Length", "0042"}}));
  EXPECT_EQ(length->kind, Framing::Kind::length);
  EXPECT_EQ(length->length, 42U);
  EXPECT_EQ(check_request(request("POST", "/", {kHost, {"Transfer-Encoding", "chunked"}}))->kind,
            Framing::Kind::chunked);
}

TEST(OriginForm, AnAbsoluteTargetLosesItsAuthority) {
  const auto reduced = [](const char* method, const char* target) {
    RequestHead head = request(method, target, {});
    reduce_to_origin_form(head);
    return head.target;
  };
  EXPECT_EQ(reduced("GET", "http://localhost:8484/v1/models?x=1"), "/v1/models?x=1");
  EXPECT_EQ(reduced("GET", "HTTPS://localhost"), "/");
  EXPECT_EQ(reduced("GET", "http://localhost?x=1"), "/?x=1");
  EXPECT_EQ(reduced("OPTIONS", "http://localhost"), "*");
  EXPECT_EQ(reduced("GET", "/?next=http://evil.example/"), "/?next=http://evil.example/");
  EXPECT_EQ(reduced("OPTIONS", "*"), "*");
}

TEST(KeepAlive, IsTheDefaultOf11AndAWishIn10) {
  const auto keeps = [](int minor, const FieldList& fields) {
    return wants_keep_alive(request("GET", "/", fields, minor));
  };
  EXPECT_TRUE(keeps(1, {}));
  EXPECT_FALSE(keeps(1, {{"Connection", "close"}}));
  EXPECT_FALSE(keeps(1, {{"Connection", "foo, Close ,bar"}}));
  EXPECT_FALSE(keeps(1, {{"Connection", "keep-alive"}, {"Connection", "close"}}));
  EXPECT_TRUE(keeps(1, {{"Connection", "closed"}}));
  EXPECT_FALSE(keeps(0, {}));
  EXPECT_TRUE(keeps(0, {{"Connection", "Keep-Alive"}}));
  EXPECT_FALSE(keeps(0, {{"Connection", "keep-alive, close"}}));
  EXPECT_TRUE(keeps(1, {{"Connection", ",,"}}));
}

TEST(ExpectContinue, MeansNothingIn10) {
  EXPECT_TRUE(expects_continue(request("POST", "/", {{"Expect", "100-continue"}})));
  EXPECT_FALSE(expects_continue(request("POST", "/", {{"Expect", "100-continue"}}, 0)));
  EXPECT_FALSE(expects_continue(request("POST", "/", {})));
}

}  // namespace
}  // namespace weir::http
