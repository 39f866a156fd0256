#include "config/interpolation.hpp"

#include <optional>
#include <utility>

#include "config/report.hpp"

namespace weir::config {
namespace {

constexpr int kMaxNesting = 8;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

class Expander {
 public:
  Expander(std::string_view text, const Environment& environment) : text_(text), environment_(environment) {}

  Expansion run() {
    result_.value = until_end(0, true);
    if (!result_.problem.empty() || !result_.unset.empty()) result_.value.clear();
    return std::move(result_);
  }

 private:
  // Up to the end of the text, or to the } that closes a default. In a branch that isn't taken (`wanted`
  // false) variables need not be set.
  std::string until_end(int nesting, bool wanted) {
    std::string out;
    while (at_ < text_.size() && result_.problem.empty()) {
      const char c = text_[at_];
      if (nesting > 0 && c == '}') return out;
      ++at_;
      if (c != '$') {
        out += c;
      } else if (at_ < text_.size() && text_[at_] == '$') {
        ++at_;
        out += '$';
      } else if (at_ < text_.size() && text_[at_] == '{') {
        ++at_;
        out += variable(nesting + 1, wanted);
      } else {
        result_.problem = "a lone \"$\": write ${VAR} for a variable, $$ for a dollar";
      }
    }
    return out;
  }

  // Behind "${".
  std::string variable(int nesting, bool wanted) {
    if (nesting > kMaxNesting) return fail("variables are nested too deep");
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    const std::string name(text_.substr(start, at_ - start));
    if (name.empty() || !is_name_start(name.front())) return fail("expected a variable's name after \"${\"");
    const std::optional<std::string> set = environment_.variable(name);
    if (text_.substr(at_, 1) == "}") {
      ++at_;
      if (!set && wanted && result_.unset.empty()) result_.unset = name;
      return set.value_or(std::string());
    }
    const std::string_view form = text_.substr(at_, 2);
    if (form != ":-" && form != ":?") return fail(unknown_form(name));
    at_ += 2;
    const bool missing = !set || set->empty();
    std::string word = until_end(nesting, wanted && missing && form == ":-");
    if (!result_.problem.empty()) return {};
    if (at_ >= text_.size()) return fail("\"${" + printable(name) + "\" is not closed by \"}\"");
    ++at_;
    if (!missing) return *set;
    if (form == ":-") return word;
    if (wanted) fail(word.empty() ? name + " is not set" : printable(word) + " (" + name + " is not set)");
    return {};
  }

  [[nodiscard]] std::string unknown_form(const std::string& name) const {
    if (at_ >= text_.size()) return "\"${" + printable(name) + "\" is not closed by \"}\"";
    return "expected ${" + printable(name) + "}, ${" + printable(name) + ":-default} or ${" +
           printable(name) + ":?message}";
  }

  std::string fail(std::string problem) {
    if (result_.problem.empty()) result_.problem = std::move(problem);
    return {};
  }

  std::string_view text_;
  const Environment& environment_;
  std::size_t at_ = 0;
  Expansion result_;
};

}  // namespace

Expansion expand(std::string_view text, const Environment& environment) {
  return Expander(text, environment).run();
}

}  // namespace weir::config
