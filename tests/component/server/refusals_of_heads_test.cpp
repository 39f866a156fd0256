// Heads that no decent client sends: request lines, names and values, hosts, origins and types. What is asked
// of each stands in refusals_test.cpp.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "component/server/refused.hpp"
#include "component/server/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::string_view_literals;
using Named = std::vector<std::pair<std::string, std::string_view>>;

template <class Make>
std::vector<Refusal> all_of(const Named& cases, int status, Make bytes_of) {
  std::vector<Refusal> all;
  for (const auto& [name, text] : cases) all.push_back({name, status, bytes_of(text)});
  return all;
}

std::string hex_name(unsigned char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[c >> 4U], kDigits[c & 15U]};
}

// --- the request line

const Named kMalformedLines{
    {"SpaceBehind", "GET / HTTP/1.1 "},
    {"TabBehind", "GET / HTTP/1.1\t"},
    {"SpaceBefore", " GET / HTTP/1.1"},
    {"TabBefore", "\tGET / HTTP/1.1"},
    {"NulBefore", "\0GET / HTTP/1.1"sv},
    {"ByteOrderMark", "\xef\xbb\xbfGET / HTTP/1.1"},
    {"VersionOfThreeParts", "GET / HTTP/1.1.1"},
    {"VersionOfTwoDigits", "GET / HTTP/1.10"},
    {"VersionWithLeadingZero", "GET / HTTP/01.1"},
    {"VersionWithoutPoint", "GET / HTTP/11"},
    {"VersionWithoutMinor", "GET / HTTP/1"},
    {"VersionWithComma", "GET / HTTP/1,1"},
    {"VersionWithSign", "GET / HTTP/-1.1"},
    {"VersionWithSpace", "GET / HTTP/ 1.1"},
    {"VersionWithLetter", "GET / HTTP/1.x"},
    {"VersionOfOtherProtocol", "GET / RTSP/1.0"},
    {"VersionMisspelt", "GET / HTTQ/1.1"},
    {"VersionTwice", "GET / HTTP/1.1 HTTP/1.1"},
    {"VersionMissing", "GET /"},
    {"MethodOnly", "GET"},
    {"MethodMissing", "/ HTTP/1.1"},
    {"TargetMissing", "GET HTTP/1.1"},
    {"VerticalTabs", "GET\x0b/\x0bHTTP/1.1"},
    {"FormFeeds", "GET\x0c/\x0cHTTP/1.1"},
    {"NoBreakSpaces", "GET\xa0/\xa0HTTP/1.1"},
    {"NulInMethod", "GE\0T / HTTP/1.1"sv},
    {"HighByteInMethod", "G\xc3\x89T / HTTP/1.1"},
    {"CommaInMethod", "GET,POST / HTTP/1.1"},
    {"ColonInMethod", "GET: / HTTP/1.1"},
    {"QuotedMethod", "\"GET\" / HTTP/1.1"},
    {"NulInTarget", "GET /a\0b HTTP/1.1"sv},
    {"DeleteInTarget", "GET /\x7f HTTP/1.1"},
    {"TabInTarget", "GET /a\tb HTTP/1.1"},
    {"CrInTarget", "GET /a\rb HTTP/1.1"},
    {"Utf8InTarget", "GET /caf\xc3\xa9 HTTP/1.1"},
    {"FragmentOnly", "GET # HTTP/1.1"},
    {"RelativeTarget", "GET ../etc/passwd HTTP/1.1"},
    {"QueryOnly", "GET ?a=b HTTP/1.1"},
    {"AuthorityAsTarget", "GET localhost:80 HTTP/1.1"},
    {"FtpTarget", "GET ftp://localhost/ HTTP/1.1"},
    {"HttpTargetWithoutHost", "GET http:///x HTTP/1.1"},
    {"HttpTargetWithUser", "GET http://user@localhost/ HTTP/1.1"},
    {"HttpTargetWithBadPort", "GET http://localhost:x/ HTTP/1.1"},
    {"HttpTargetOfMetadata", "GET http://metadata.example/latest HTTP/1.1"},
    {"AsteriskOfPost", "POST * HTTP/1.1"},
    {"AsteriskOfHead", "PUT * HTTP/1.1"},
    {"AsteriskAndPath", "OPTIONS */x HTTP/1.1"},
    {"CrOnlyEnd", "GET / HTTP/1.1\rHost: localhost\r\r"},
    {"Smtp", "EHLO localhost"},
    {"Ftp", "USER anonymous"},
    {"Sip", "INVITE sip:a@localhost SIP/2.0"},
    {"Ssh", "SSH-2.0-OpenSSH_9.2"},
    {"Redis", "*1\r\n$4\r\nPING"},
    {"Memcached", "stats"},
    {"JustJson", R"({"model":"m"})"},
    {"Socks5", "\x05\x01\x00"sv},
    {"Socks4", "\x04\x01\x00\x50"sv},
    {"AnAnswer", "HTTP/1.1 200 OK"},
    {"ProxyProtocol", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2"},
    {"TlsAlert", "\x15\x03\x01\x00\x02"sv},
    {"FieldBeforeTheLine", "Host: localhost\r\nGET / HTTP/1.1"},
};
INSTANTIATE_TEST_SUITE_P(MoreRequestLines, Refused,
                         testing::ValuesIn(all_of(kMalformedLines, 400, with_request_line)), case_name);

const Named kOtherVersions{
    {"Version00", "GET / HTTP/0.0"},    {"Version09", "GET / HTTP/0.9"}, {"Version13", "GET / HTTP/1.3"},
    {"Version19", "GET / HTTP/1.9"},    {"Version30", "GET / HTTP/3.0"}, {"Version99", "GET / HTTP/9.9"},
    {"Http2Preface", "PRI * HTTP/2.0"},
};
INSTANTIATE_TEST_SUITE_P(MoreVersions, Refused,
                         testing::ValuesIn(all_of(kOtherVersions, 505, with_request_line)), case_name);

const Named kOtherMethods{
    {"Mixed", "Get / HTTP/1.1"},
    {"Propfind", "PROPFIND / HTTP/1.1"},
    {"Track", "TRACK / HTTP/1.1"},
    {"Purge", "PURGE / HTTP/1.1"},
    {"Search", "M-SEARCH / HTTP/1.1"},
    {"Debug", "DEBUG / HTTP/1.1"},
    {"GetAndMore", "GETX / HTTP/1.1"},
    {"Almost", "POS / HTTP/1.1"},
    {"Marks", "!#$%&'*+-.^_`|~ / HTTP/1.1"},
    {"Digits", "123 / HTTP/1.1"},
};
INSTANTIATE_TEST_SUITE_P(MoreMethods, Refused,
                         testing::ValuesIn(all_of(kOtherMethods, 501, with_request_line)), case_name);

INSTANTIATE_TEST_SUITE_P(
    EmptyLines, Refused,
    testing::Values(Refusal{"BareLfFirst", 400, "\n" + get("/")},
                    Refusal{"BareCrFirst", 400, "\r" + get("/")},
                    Refusal{"TwoCrsFirst", 400, "\r\r\n" + get("/")},
                    Refusal{"ThreeFirst", 400, "\r\n\r\n\r\n" + get("/")},
                    Refusal{"LongMethod", 414, with_request_line(std::string(9000, 'A') + " / HTTP/1.1")},
                    Refusal{"LongVersion", 414, with_request_line("GET / HTTP/" + std::string(9000, '1'))},
                    Refusal{"LongWithoutEnd", 431, std::string(40'000, 'A')}),
    case_name);

// --- names and values

std::vector<Refusal> bad_bytes(std::string_view bytes, std::string (*line_of)(char)) {
  std::vector<Refusal> all;
  for (const char c : bytes)
    all.push_back({"Byte" + hex_name(static_cast<unsigned char>(c)), 400, with_line(line_of(c))});
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    NameWith, Refused,
    testing::ValuesIn(bad_bytes("\0\x01\x0b\x0c\x1f\x7f\x80\xa0\xff \t\r\n\"(),/;<=>?@[\\]{}"sv,
                                [](char c) { return std::string("X-") + c + "Name: value"; })),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    ValueWith, Refused,
    testing::ValuesIn(
        bad_bytes("\0\x01\x02\x03\x04\x05\x06\x07\x08\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15"
                  "\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"sv,
                  [](char c) { return std::string("X-Name: va") + c + "lue"; })),
    case_name);

const Named kBadLines{
    {"FoldedByTab", "X: a\r\n\tb"},
    {"FoldOfBlanks", "X: a\r\n \r\nY: b"},
    {"LineOfASpace", " "},
    {"LineOfATab", "\t"},
    {"LineOfAColon", ":"},
    {"TabBeforeColon", "X\t: a"},
    {"CrAtTheEnd", "X: a\r"},
    {"LfAtTheEnd", "X: a\nY: b"},
    {"NameAfterCr", "X: a\rHost: evil.example"},
    {"RequestInside", "X: a\n\nGET /smuggled HTTP/1.1"},
    {"NoNameButSpace", " : a"},
    {"QuotedName", "\"X\": a"},
};
INSTANTIATE_TEST_SUITE_P(MoreLines, Refused, testing::ValuesIn(all_of(kBadLines, 400, with_line)), case_name);

INSTANTIATE_TEST_SUITE_P(Expectations, Refused,
                         testing::Values(Refusal{"Empty", 417, with_line("Expect:")},
                                         Refusal{"Two", 417,
                                                 with_line("Expect: 100-continue\r\nExpect: fly")},
                                         Refusal{"List", 417, with_line("Expect: 100-continue, fly")},
                                         Refusal{"Parameter", 417, with_line("Expect: 100-continue;q=1")},
                                         Refusal{"OtherNumber", 417, with_line("Expect: 101-continue")}),
                         case_name);

// --- hosts

const Named kMalformedHosts{
    {"NegativePort", "localhost:-1"},
    {"PortOutOfRange", "localhost:65536"},
    {"PortOfLetters", "localhost:http"},
    {"SpaceBeforePort", "localhost: 80"},
    {"TwoPorts", "localhost:80:80"},
    {"User", "user@localhost"},
    {"UserAndPassword", "user:pass@localhost"},
    {"Scheme", "http://localhost"},
    {"Query", "localhost?x"},
    {"FragmentMark", "localhost#x"},
    {"Backslash", "localhost\\x"},
    {"List", "localhost, evil.example"},
    {"TwoNames", "localhost evil.example"},
    {"Tab", "local\thost"},
    {"Nul", "localhost\0"sv},
    {"HighByte", "localhost\xff"},
    {"OnlyPort", ":8484"},
    {"BracketOpen", "[::1"},
    {"BracketClosed", "::1]"},
    {"BareIpv6", "::1"},
    {"BytesBehindBracket", "[::1]x"},
    {"NoHexInBrackets", "[::g]"},
    {"EmptyBrackets", "[]"},
    {"NameInBrackets", "[localhost]"},
    {"Quoted", "\"localhost\""},
    {"Angles", "<localhost>"},
    {"Escaped", "%6cocalhost"},
};
INSTANTIATE_TEST_SUITE_P(MalformedHost, Refused,
                         testing::ValuesIn(all_of(kMalformedHosts, 400,
                                                  [](std::string_view host) {
                                                    return with_host_lines("Host: " + std::string(host) +
                                                                           "\r\n");
                                                  })),
                         case_name);

const Named kForeignHosts{
    {"Suffix", "localhost.evil.example"},
    {"Prefix", "evil-localhost"},
    {"OursAsPrefix", "weir.lan.evil.example"},
    {"AddressAsPrefix", "127.0.0.1.evil.example"},
    {"RebindingService", "127.0.0.1.nip.example"},
    {"Subdomain", "a.weir.lan"},
    {"LeadingDot", ".localhost"},
    {"Underscore", "local_host"},
    {"Punycode", "xn--lcalhost-54a"},
    {"WithPort", "evil.example:80"},
};
INSTANTIATE_TEST_SUITE_P(ForeignHost, Refused,
                         testing::ValuesIn(all_of(kForeignHosts, 403,
                                                  [](std::string_view host) {
                                                    return with_host_lines("Host: " + std::string(host) +
                                                                           "\r\n");
                                                  })),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    OddHost, Refused,
    testing::Values(Refusal{"Folded", 400, with_host_lines("Host:\r\n localhost\r\n")},
                    Refusal{"SpaceBeforeColon", 400, with_host_lines("Host : localhost\r\n")},
                    Refusal{"TwoCases", 400, with_host_lines("Host: localhost\r\nHOST: localhost\r\n")},
                    Refusal{"SecondIsEmpty", 400, with_host_lines("Host: localhost\r\nHost:\r\n")},
                    Refusal{"FarApart", 400,
                            with_host_lines("Host: localhost\r\nA: b\r\nC: d\r\nHost: evil.example\r\n")},
                    Refusal{"TargetIsOursHostIsNot", 403,
                            "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
                    Refusal{"TargetOnly", 400, "GET http://localhost/ HTTP/1.1\r\n\r\n"},
                    Refusal{"ForwardedInstead", 403,
                            with_host_lines("Host: evil.example\r\nX-Forwarded-Host: localhost\r\n")}),
    case_name);

// --- every path, whatever serves it

std::vector<Refusal> on_every_path() {
  constexpr std::array kPaths{std::pair{"Root", "/"},
                              std::pair{"Metrics", "/metrics"},
                              std::pair{"Healthz", "/healthz"},
                              std::pair{"Readyz", "/readyz"},
                              std::pair{"Livez", "/livez"},
                              std::pair{"Admin", "/admin/"},
                              std::pair{"AdminQuota", "/admin/v1/quota"},
                              std::pair{"Models", "/v1/models"},
                              std::pair{"Chat", "/v1/chat/completions"},
                              std::pair{"Unknown", "/nowhere"}};
  std::vector<Refusal> all;
  for (const auto& [name, path] : kPaths) {
    const auto add = [&all, name = std::string(name), path = std::string(path)](const char* what, int status,
                                                                                std::string_view lines) {
      all.push_back({name + what, status, "GET " + path + " HTTP/1.1\r\n" + std::string(lines) + "\r\n"});
    };
    add("WithoutHost", 400, "");
    add("ForAForeignHost", 403, "Host: evil.example\r\n");
    add("ForTwoHosts", 400, "Host: localhost\r\nHost: evil.example\r\n");
    add("FromAForeignPage", 403, "Host: localhost\r\nOrigin: https://evil.example\r\n");
    add("FromASandbox", 403, "Host: localhost\r\nOrigin: null\r\n");
    add("CrossSite", 403, "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n");
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(EveryPath, Refused, testing::ValuesIn(on_every_path()), case_name);

// --- pages and types

const Named kForeignOrigins{
    {"LongerName", "https://app.example.evil.example"},
    {"OtherPort", "https://app.example:444"},
    {"OtherScheme", "http://app.example"},
    {"Subdomain", "https://x.app.example"},
    {"AsUser", "https://app.example@evil.example"},
    {"AsPath", "https://evil.example/https://app.example"},
    {"AsQuery", "https://evil.example?https://app.example"},
    {"List", "https://app.example https://evil.example"},
    {"NullInAList", "null, https://app.example"},
    {"Empty", ""},
    {"File", "file://"},
    {"Extension", "chrome-extension://abcdefgh"},
    {"NameOfOurs", "localhost"},
    {"LongerThanOurs", "http://localhost.evil.example"},
    {"TwoLines", "https://app.example\r\nOrigin: https://evil.example"},
    {"TwoEqualLines", "https://app.example\r\nOrigin: https://app.example"},
};
INSTANTIATE_TEST_SUITE_P(ForeignOrigin, Refused,
                         testing::ValuesIn(all_of(kForeignOrigins, 403,
                                                  [](std::string_view origin) {
                                                    return with_line("Origin: " + std::string(origin));
                                                  })),
                         case_name);

const Named kOtherTypes{
    {"JsonAndMore", "application/jsonx"},
    {"JsonOfOtherKind", "application/vnd.api+json"},
    {"TextJson", "text/json"},
    {"List", "application/json, text/plain"},
    {"ListReversed", "text/plain, application/json"},
    {"JsonAsParameter", "text/plain; application/json"},
    {"Multipart", "multipart/form-data; boundary=x"},
    {"SpaceInside", "application/ json"},
    {"WithoutType", "json"},
    {"Star", "*/*"},
    {"Empty", ""},
    {"TwoLines", "text/plain\r\nContent-Type: application/json"},
    {"TwoEqualLines", "application/json\r\nContent-Type: application/json"},
};
template <const char* kMethod>
std::string typed(std::string_view type) {
  return std::string(kMethod) + " / HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: 2\r\n\r\n{}";
}
constexpr char kPost[] = "POST";
constexpr char kPut[] = "PUT";
constexpr char kPatch[] = "PATCH";
INSTANTIATE_TEST_SUITE_P(TypeOfAPost, Refused, testing::ValuesIn(all_of(kOtherTypes, 415, typed<kPost>)),
                         case_name);
INSTANTIATE_TEST_SUITE_P(TypeOfAnother, Refused,
                         testing::Values(Refusal{"Put", 415, typed<kPut>("text/plain")},
                                         Refusal{"Patch", 415, typed<kPatch>("text/plain")}),
                         case_name);

const Named kCodings{
    {"Brotli", "br"},
    {"Zstd", "zstd"},
    {"Deflate", "deflate"},
    {"XGzip", "x-gzip"},
    {"GzipTwice", "gzip, gzip"},
    {"IdentityAndGzip", "identity, gzip"},
    {"Parameter", "identity;q=1"},
    {"GzipInASecondLine", "identity\r\nContent-Encoding: gzip"},
    {"Unknown", "rot13"},
};
INSTANTIATE_TEST_SUITE_P(ContentEncoding, Refused,
                         testing::ValuesIn(all_of(kCodings, 415,
                                                  [](std::string_view coding) {
                                                    return post(
                                                        "/", "{}",
                                                        "Content-Encoding: " + std::string(coding) + "\r\n");
                                                  })),
                         case_name);

// --- limits

std::string with_fields(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "x-" + std::to_string(i) + ": y\r\n";
  return lines;
}

// A head of exactly so many bytes, no line of it too long.
std::string head_of(std::size_t size) {
  std::string lines;
  while (get("/", lines).size() + 4100 < size) lines += "x: " + std::string(4000, 'y') + "\r\n";
  lines += "x: " + std::string(size - get("/", lines).size() - 5, 'y') + "\r\n";
  return get("/", lines);
}

// "x: yyy" and its CR LF, in so many bytes.
std::string line_of(std::size_t size) {
  return "x: " + std::string(size - 5, 'y');
}

INSTANTIATE_TEST_SUITE_P(
    OverTheLimit, Refused,
    testing::Values(Refusal{"HeadByOne", 431, head_of(32 * 1024 + 1)},
                    Refusal{"LineByOne", 431, with_line(line_of(8193))},
                    Refusal{"FieldsByOne", 431, get("/", with_fields(100))},
                    Refusal{"NameOf9KiB", 431, with_line(std::string(9000, 'n') + ": y")},
                    Refusal{"HeadWithoutEnd", 431,
                            "GET / HTTP/1.1\r\n" + with_fields(90) + line_of(8000) + "\r\n" + line_of(8000) +
                                "\r\n" + line_of(8000) + "\r\n" + line_of(8000) + "\r\n"}),
    case_name);

TEST(Head, AtItsLimitsIsTaken) {
  TestServer server;
  RawClient client = server.connect();
  const std::string target = "/" + std::string(8192 - std::string("GET / HTTP/1.1\r\n").size(), 'a');
  for (const std::string& bytes :
       {head_of(32 * 1024), with_line(line_of(8192)), get("/", with_fields(99)), get(target)})
    EXPECT_EQ(client.exchange(bytes).status, 200) << bytes.size();
  EXPECT_EQ(server.handler().calls(), 4U);
}

}  // namespace
}  // namespace weir::test
