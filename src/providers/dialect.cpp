#include "weir/providers/dialect.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "providers/dialect_messages.hpp"
#include "weir/base/text.hpp"

namespace weir::providers {
namespace {

using wire::Draft;

bool holds(const DialectRule& rule, std::string_view model) {
  return rule.models.empty() ||
         std::ranges::any_of(rule.models, [&](std::string_view glob) { return matches_glob(glob, model); });
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The parameters of a request on their way to another dialect.
class ParameterEditor {
 public:
  ParameterEditor(const wire::ChatRequest& request, std::string_view body, Translation& translation)
      : body_(body), draft_(request.first_member, request.members), translation_(translation) {}

  void settle_limits(std::uint64_t max_tokens);
  void limit_output(std::uint64_t max_tokens);
  void apply(const DialectRule& rule);
  [[nodiscard]] Draft& draft() { return draft_; }
  [[nodiscard]] bool changed() const { return changed_; }

 private:
  void rename(const NamePair& pair);
  void drop(Draft::Part& part);
  void drop_empty(std::string_view name);
  void keep_only(std::span<const std::string_view> names);
  void clamp(std::string_view name, const NamePair& bounds);
  void map(std::string_view name, std::span<const NamePair> pairs);
  void accept(std::string_view name, std::span<const std::string_view> values);
  void add(const NamePair& pair);
  void note(std::string change);
  [[nodiscard]] std::string_view value_of(const Draft::Part& part) const {
    return part.value ? std::string_view(*part.value) : part.member.value.of(body_);
  }

  std::string_view body_;
  Draft draft_;
  Translation& translation_;
  bool changed_ = false;
};

// The older name stays: a server that knows no other would write without a limit.
void ParameterEditor::settle_limits(std::uint64_t max_tokens) {
  Draft::Part* const older = draft_.find("max_tokens");
  if (older == nullptr) return;  // written with escapes
  const std::string wanted = std::to_string(max_tokens);
  note("max_tokens " + std::string(value_of(*older)) + " becomes " + wanted);
  older->value = wanted;
}

// Before the rules: they bring it under the provider's name.
void ParameterEditor::limit_output(std::uint64_t max_tokens) {
  constexpr std::string_view kName = "max_tokens";
  const std::string wanted = std::to_string(max_tokens);
  bool is_said = false;
  for (const std::string_view name : {std::string_view("max_completion_tokens"), kName}) {
    Draft::Part* const part = draft_.find(name);
    if (part == nullptr || value_of(*part) == "null") continue;
    is_said = true;
    if (number(value_of(*part)) <= static_cast<double>(max_tokens)) continue;
    note(std::string(name) + " " + std::string(value_of(*part)) + " becomes " + wanted);
    part->value = wanted;
  }
  if (!is_said) add({kName, wanted});
}

void ParameterEditor::apply(const DialectRule& rule) {
  switch (rule.edit) {
    case DialectEdit::rename:
      for (const NamePair& pair : rule.pairs) rename(pair);
      break;
    case DialectEdit::drop:
      for (const std::string_view name : rule.names)
        if (Draft::Part* part = draft_.find(name)) drop(*part);
      break;
    case DialectEdit::drop_empty:
      for (const std::string_view name : rule.names) drop_empty(name);
      break;
    case DialectEdit::only:
      keep_only(rule.names);
      break;
    case DialectEdit::clamp:
      clamp(rule.subject, rule.pairs.front());
      break;
    case DialectEdit::map:
      map(rule.subject, rule.pairs);
      break;
    case DialectEdit::accept:
      accept(rule.subject, rule.names);
      break;
    case DialectEdit::add:
      for (const NamePair& pair : rule.pairs) add(pair);
      break;
    default:
      break;  // of messages and tools
  }
}

void ParameterEditor::rename(const NamePair& pair) {
  Draft::Part* part = draft_.find(pair.from);
  if (part == nullptr) return;
  if (value_of(*part) == "null") return drop(*part);  // as good as nothing, and it would hide the other
  if (Draft::Part* other = draft_.find(pair.to)) drop(*other);
  part->name = pair.to;
  note(std::string(pair.from) + " becomes " + std::string(pair.to));
}

void ParameterEditor::drop(Draft::Part& part) {
  part.dropped = true;
  note("drop " + std::string(part.name));
}

void ParameterEditor::drop_empty(std::string_view name) {
  Draft::Part* part = draft_.find(name);
  if (part == nullptr || !value_of(*part).starts_with('[')) return;
  if (wire::members_of(body_, part->member.value).empty()) drop(*part);
}

void ParameterEditor::keep_only(std::span<const std::string_view> names) {
  for (Draft::Part& part : draft_.parts())
    if (!part.dropped && std::ranges::find(names, part.name) == names.end()) drop(part);
}

void ParameterEditor::clamp(std::string_view name, const NamePair& bounds) {
  Draft::Part* part = draft_.find(name);
  if (part == nullptr) return;
  const auto value = number(value_of(*part));
  if (!value) return;
  std::string_view bound;
  if (*value < number(bounds.from)) bound = bounds.from;
  if (*value > number(bounds.to)) bound = bounds.to;
  if (bound.empty()) return;
  part->value = bound;
  note(std::string(name) + " becomes " + std::string(bound));
}

void ParameterEditor::map(std::string_view name, std::span<const NamePair> pairs) {
  Draft::Part* part = draft_.find(name);
  if (part == nullptr) return;
  const std::string_view value = wire::bare(value_of(*part));
  const auto pair = std::ranges::find(pairs, value, &NamePair::from);
  if (pair == pairs.end()) return;
  note(std::string(name) + " " + std::string(value) + " becomes " + std::string(pair->to));
  part->value = "\"" + std::string(pair->to) + "\"";
}

void ParameterEditor::accept(std::string_view name, std::span<const std::string_view> values) {
  Draft::Part* part = draft_.find(name);
  if (part != nullptr && std::ranges::find(values, wire::bare(value_of(*part))) == values.end()) drop(*part);
}

void ParameterEditor::add(const NamePair& pair) {
  Draft::Part* part = draft_.find(pair.from);
  if (part != nullptr && value_of(*part) != "null") return;
  if (part != nullptr)
    part->value = pair.to;
  else
    draft_.add(pair.from, std::string(pair.to));
  note("add " + std::string(pair.from) + ": " + std::string(pair.to));
}

void ParameterEditor::note(std::string change) {
  changed_ = true;
  translation_.changes.push_back(std::move(change));
}

bool drops_choices(const DialectRule& rule, std::uint64_t choices) noexcept {
  constexpr std::string_view kName = "n";
  const auto is_named = [&](std::string_view name) {
    return std::ranges::find(rule.names, name) != rule.names.end();
  };
  switch (rule.edit) {
    case DialectEdit::drop:
      return is_named(kName);
    case DialectEdit::only:
      return !is_named(kName);
    case DialectEdit::accept:
      return rule.subject == kName && std::ranges::none_of(rule.names, [&](std::string_view value) {
               return number(value) == static_cast<double>(choices);
             });
    default:
      return false;
  }
}

}  // namespace

std::uint64_t choices_sent(Dialect dialect, std::string_view upstream_model, std::uint64_t choices) noexcept {
  const bool dropped = std::ranges::any_of(dialect, [&](const DialectRule& rule) {
    return holds(rule, upstream_model) && drops_choices(rule, choices);
  });
  return dropped ? 1 : choices;
}

Translation translate(Dialect dialect, std::string_view upstream_model, const wire::ChatRequest& request,
                      std::string_view body, std::optional<std::uint64_t> max_tokens) {
  Translation translation;
  const auto concerns = [upstream_model](const DialectRule& rule) { return holds(rule, upstream_model); };
  if (!max_tokens && !request.limits_differ && std::ranges::none_of(dialect, concerns)) return translation;
  ParameterEditor parameters(request, body, translation);
  if (request.limits_differ) parameters.settle_limits(*request.max_tokens);
  if (max_tokens) parameters.limit_output(*max_tokens);
  MessageRules messages;
  for (const DialectRule& rule : dialect) {
    if (!holds(rule, upstream_model)) continue;
    if (is_of_messages(rule.edit))
      messages.add(rule);
    else
      parameters.apply(rule);
  }
  if (parameters.changed()) parameters.draft().write(translation.edits);
  if (messages.concern(request)) messages.edit(request, body, parameters.draft(), translation);
  wire::put_in_order(translation.edits);
  return translation;
}

}  // namespace weir::providers
