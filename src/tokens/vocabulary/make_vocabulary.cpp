// Makes the table of ../vocabulary.hpp from a file of ranks: lines of a token in base64, a space and its
// rank.
//   make_vocabulary RANKS TABLE
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tokens/vocabulary.hpp"

namespace {

using namespace std::string_literals;
using weir::tokens::hash_of;
using weir::tokens::kRankBits;
using weir::tokens::kRankMask;
using weir::tokens::tag_of;
using weir::tokens::VocabularyHead;

std::string from_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) throw std::runtime_error("not base64: "s.append(text));
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> static_cast<unsigned>(count));
  }
  return out;
}

std::vector<std::string> read_ranks(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("can't read " + path);
  std::vector<std::string> tokens;
  for (std::string line; std::getline(in, line);) {
    const auto space = line.find(' ');
    if (space == std::string::npos) throw std::runtime_error("not a token and its rank: " + line);
    if (std::stoul(line.substr(space + 1)) != tokens.size())
      throw std::runtime_error("rank " + std::to_string(tokens.size()) + " is missing");
    tokens.push_back(from_base64(std::string_view(line).substr(0, space)));
    if (tokens.back().empty() || tokens.back().size() > weir::tokens::Vocabulary::kLongestToken)
      throw std::runtime_error("an empty token, or one too long: " + line);
  }
  if (tokens.size() >= kRankMask) throw std::runtime_error("too many tokens for the table");
  return tokens;
}

std::vector<std::uint32_t> slots_of(const std::vector<std::string>& tokens) {
  std::size_t size = 1;
  while (size * 4 < tokens.size() * 5) size *= 2;  // at most four fifths are taken
  std::vector<std::uint32_t> slots(size, 0);
  for (std::size_t rank = 0; rank < tokens.size(); ++rank) {
    const std::uint64_t hash = hash_of(tokens[rank].data(), tokens[rank].size());
    auto at = static_cast<std::uint32_t>(hash);
    while (slots[at & (size - 1)] != 0) ++at;
    slots[at & (size - 1)] = tag_of(hash) << kRankBits | static_cast<std::uint32_t>(rank + 1);
  }
  return slots;
}

void write_words(std::ofstream& out, const std::vector<std::uint32_t>& words) {
  out.write(reinterpret_cast<const char*>(words.data()),
            static_cast<std::streamsize>(words.size() * sizeof words[0]));
}

void make(const std::string& from, const std::string& to) {
  const std::vector<std::string> tokens = read_ranks(from);
  const std::vector<std::uint32_t> slots = slots_of(tokens);
  std::vector<std::uint32_t> offsets{0};
  for (const std::string& token : tokens)
    offsets.push_back(offsets.back() + static_cast<std::uint32_t>(token.size()));

  std::ofstream out(to, std::ios::binary);
  const VocabularyHead head{.tokens = static_cast<std::uint32_t>(tokens.size()),
                            .slots = static_cast<std::uint32_t>(slots.size())};
  write_words(out, {head.magic, head.tokens, head.slots});
  write_words(out, slots);
  write_words(out, offsets);
  for (const std::string& token : tokens) out << token;
  if (!out.flush()) throw std::runtime_error("can't write " + to);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) throw std::runtime_error("usage: make_vocabulary RANKS TABLE");
  make(argv[1], argv[2]);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "make_vocabulary: %s\n", e.what());
  return 1;
}
