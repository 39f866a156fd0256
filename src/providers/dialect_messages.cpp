#include "providers/dialect_messages.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "weir/base/digest.hpp"
#include "weir/base/text.hpp"

namespace weir::providers {
namespace {

using wire::Draft;
using wire::MessageTrait;
using wire::Span;

constexpr std::string_view kUserText = "user_text";
constexpr std::size_t kIdSize = 9;

constexpr wire::MessageTraits traits(std::initializer_list<MessageTrait> list) {
  unsigned bits = 0;
  for (const MessageTrait trait : list) bits |= static_cast<unsigned>(trait);
  return static_cast<wire::MessageTraits>(bits);
}

// What must stand in the messages for a rule to matter.
wire::MessageTraits traits_of(DialectEdit edit) {
  using enum MessageTrait;
  switch (edit) {
    case DialectEdit::role:
      return traits({developer_role, system_role});
    case DialectEdit::message_drop:
    case DialectEdit::message_only:
    case DialectEdit::message_rename:
      return traits({name, reasoning, other});
    case DialectEdit::tool_call_only:
    case DialectEdit::call_function_only:
    case DialectEdit::tool_call_add:
    case DialectEdit::tool_call_ids:
      return traits({tools});
    default:
      return 0;
  }
}

bool is_of_tools(DialectEdit edit) {
  return edit == DialectEdit::function_drop || edit == DialectEdit::schema_drop;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Nine letters and digits that depend on nothing but the id: a conversation may change its provider, and this
// process its life, and the call and its result still find each other.
std::string nine_of(std::string_view id) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const Sha256 digest = sha256(id);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = (number << 8U) | digest[i];
  std::string nine;
  for (std::size_t i = 0; i < kIdSize; ++i, number /= kDigits.size())
    nine += kDigits[number % kDigits.size()];
  return nine;
}

bool has(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

class MessageEditor {
 public:
  MessageEditor(std::span<const DialectRule* const> rules, std::string_view body, Translation& translation)
      : rules_(rules), body_(body), translation_(translation) {}

  void edit_messages(Span messages);
  void edit_tools(Span tools);

 private:
  // The message that takes the texts of those whose role is user_text.
  struct Host {
    std::size_t at = 0;
    bool is_user = false;
  };

  void edit_message(Draft& message, std::string& role);
  void change_role(const DialectRule& rule, Draft& message, std::string& role);
  void drop_fields(const DialectRule& rule, Draft& message, std::string_view role);
  void rename_fields(const DialectRule& rule, Draft& message);
  void edit_tool_calls(Draft::Part& calls);
  void keep_only(Draft& object, const DialectRule& rule, std::string_view place);
  void add_to_first(const NamePair& field, std::vector<Draft>& calls);
  void shorten_id(Draft::Part* id);
  void fold(Draft& list, std::vector<Draft>& messages, std::span<const std::string> roles);
  void put_before(std::string_view text, Draft& message, bool is_user);
  void edit_schema(Span schema, const DialectRule& rule, bool names_are_properties);
  [[nodiscard]] std::string text_of(Draft& message) const;
  [[nodiscard]] Draft draft_of(Span object) const { return {object.at + 1, wire::members_of(body_, object)}; }
  void note(std::string change);

  std::span<const DialectRule* const> rules_;
  std::string_view body_;
  Translation& translation_;
};

void MessageEditor::edit_messages(Span messages) {
  const std::vector<wire::Member> elements = wire::members_of(body_, messages);
  Draft list(messages.at + 1, elements);
  std::vector<Draft> drafts;
  std::vector<std::string> roles(elements.size());
  drafts.reserve(elements.size());
  bool folds = false;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    Draft& message = drafts.emplace_back(draft_of(elements[i].value));
    if (const Draft::Part* role = message.find("role")) roles[i] = wire::bare(role->member.value.of(body_));
    edit_message(message, roles[i]);
    folds = folds || roles[i] == kUserText;
  }
  if (folds) fold(list, drafts, roles);
  for (std::size_t i = 0; i < drafts.size(); ++i)
    if (!list.parts()[i].dropped) drafts[i].write(translation_.edits);
  list.write(translation_.edits);
}

void MessageEditor::edit_message(Draft& message, std::string& role) {
  for (const DialectRule* rule : rules_) {
    if (rule->edit == DialectEdit::role) change_role(*rule, message, role);
    if (rule->edit == DialectEdit::message_drop || rule->edit == DialectEdit::message_only)
      drop_fields(*rule, message, role);
    if (rule->edit == DialectEdit::message_rename) rename_fields(*rule, message);
    if (rule->edit == DialectEdit::tool_call_ids) shorten_id(message.find("tool_call_id"));
  }
  Draft::Part* calls = message.find("tool_calls");
  if (calls != nullptr) edit_tool_calls(*calls);
}

void MessageEditor::change_role(const DialectRule& rule, Draft& message, std::string& role) {
  const auto pair = std::ranges::find(rule.pairs, role, &NamePair::from);
  if (pair == rule.pairs.end()) return;
  note("role " + role + " becomes " + std::string(pair->to));
  role = pair->to;
  if (role != kUserText) message.find("role")->value = "\"" + role + "\"";
}

void MessageEditor::drop_fields(const DialectRule& rule, Draft& message, std::string_view role) {
  const std::string_view role_now = role == kUserText ? "user" : role;  // where it becomes one
  for (Draft::Part& part : message.parts()) {
    if (part.dropped) continue;
    const bool drop = rule.edit == DialectEdit::message_only
                          ? !has(rule.names, part.name)
                          : std::ranges::any_of(rule.pairs, [&](const NamePair& pair) {
                              return pair.from == part.name && (pair.to.empty() || pair.to == role_now);
                            });
    if (!drop) continue;
    part.dropped = true;
    note("drop messages." + std::string(part.name));
  }
}

void MessageEditor::rename_fields(const DialectRule& rule, Draft& message) {
  for (const NamePair& pair : rule.pairs) {
    Draft::Part* part = message.find(pair.from);
    if (part == nullptr) continue;
    if (message.find(pair.to) != nullptr)
      part->dropped = true;
    else
      part->name = pair.to;
    note("messages." + std::string(pair.from) + " becomes " + std::string(pair.to));
  }
}

void MessageEditor::edit_tool_calls(Draft::Part& calls) {
  std::vector<Draft> drafts;
  for (const wire::Member& call : wire::members_of(body_, calls.member.value))
    if (body_[call.value.at] == '{') drafts.push_back(draft_of(call.value));
  for (const DialectRule* rule : rules_) {
    if (rule->edit == DialectEdit::tool_call_add)
      for (const NamePair& field : rule->pairs) add_to_first(field, drafts);
    for (Draft& call : drafts) {
      if (rule->edit == DialectEdit::tool_call_ids) shorten_id(call.find("id"));
      if (rule->edit == DialectEdit::tool_call_only) keep_only(call, *rule, "tool_calls.");
      const Draft::Part* held = call.find("function");
      if (rule->edit != DialectEdit::call_function_only || held == nullptr) continue;
      Draft function = draft_of(held->member.value);
      keep_only(function, *rule, "tool_calls.function.");
      function.write(translation_.edits);
    }
  }
  for (const Draft& call : drafts) call.write(translation_.edits);
}

void MessageEditor::keep_only(Draft& object, const DialectRule& rule, std::string_view place) {
  for (Draft::Part& part : object.parts()) {
    if (part.dropped || has(rule.names, part.name)) continue;
    part.dropped = true;
    note("drop " + std::string(place) + std::string(part.name));
  }
}

void MessageEditor::add_to_first(const NamePair& field, std::vector<Draft>& calls) {
  const bool there =
      std::ranges::any_of(calls, [&](Draft& call) { return call.find(field.from) != nullptr; });
  if (there || calls.empty()) return;
  calls.front().add(field.from, std::string(field.to));
  note("add tool_calls." + std::string(field.from));
}

void MessageEditor::shorten_id(Draft::Part* id) {
  if (id == nullptr) return;
  const std::string_view old = wire::bare(id->member.value.of(body_));
  if (old.size() == kIdSize && std::ranges::all_of(old, is_alphanumeric)) return;
  id->value = "\"" + nine_of(old) + "\"";
  note("tool call ids become nine characters");
}

// The texts of folded messages go before the first user message's; where there is none, the first of them
// becomes one.
void MessageEditor::fold(Draft& list, std::vector<Draft>& messages, std::span<const std::string> roles) {
  std::string text;
  std::optional<std::size_t> first_folded;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (roles[i] != kUserText) continue;
    if (!first_folded) first_folded = i;
    const std::string more = text_of(messages[i]);
    if (!text.empty() && !more.empty()) text += "\\n\\n";
    text += more;
    list.parts()[i].dropped = true;
  }
  const auto user = std::ranges::find(roles, "user");
  if (user != roles.end())
    return put_before(text, messages[static_cast<std::size_t>(user - roles.begin())], true);
  list.parts()[*first_folded].dropped = false;
  put_before(text, messages[*first_folded], false);
}

void MessageEditor::put_before(std::string_view text, Draft& message, bool is_user) {
  Draft::Part* content = message.find("content");
  if (!is_user) {
    message.find("role")->value = R"("user")";
    if (content != nullptr) content->value = "\"" + std::string(text) + "\"";
    return;
  }
  if (content == nullptr) return message.add("content", "\"" + std::string(text) + "\"");
  const std::string_view old = content->member.value.of(body_);
  if (old == "null") {
    content->value = "\"" + std::string(text) + "\"";
    return;
  }
  if (old.starts_with('[')) {
    const bool empty = wire::members_of(body_, content->member.value).empty();
    const std::string part = R"({"type":"text","text":")" + std::string(text) + "\"}" + (empty ? "" : ",");
    translation_.edits.push_back({{content->member.value.at + 1, 0}, part});
    return;
  }
  content->value = "\"" + std::string(text) + "\\n\\n" + std::string(wire::bare(old)) + "\"";
}

// As it stands between quotes.
std::string MessageEditor::text_of(Draft& message) const {
  const Draft::Part* content = message.find("content");
  if (content == nullptr) return {};
  const std::string_view value = content->member.value.of(body_);
  if (value.starts_with('"')) return std::string(wire::bare(value));
  std::string text;
  for (const wire::Member& element : wire::members_of(body_, content->member.value)) {
    Draft part = draft_of(element.value);
    const Draft::Part* words = part.find("text");
    if (words == nullptr || !words->member.value.of(body_).starts_with('"')) continue;
    if (!text.empty()) text += "\\n";
    text += wire::bare(words->member.value.of(body_));
  }
  return text;
}

void MessageEditor::edit_tools(Span tools) {
  for (const wire::Member& tool : wire::members_of(body_, tools)) {
    Draft outer = draft_of(tool.value);
    const Draft::Part* held = outer.find("function");
    if (held == nullptr) continue;
    Draft function = draft_of(held->member.value);
    for (const DialectRule* rule : rules_) {
      const Draft::Part* parameters = function.find("parameters");
      if (rule->edit == DialectEdit::schema_drop && parameters != nullptr)
        edit_schema(parameters->member.value, *rule, false);
      if (rule->edit != DialectEdit::function_drop) continue;
      for (Draft::Part& part : function.parts()) {
        if (part.dropped || !has(rule->names, part.name)) continue;
        part.dropped = true;
        note("drop tools." + std::string(part.name));
      }
    }
    function.write(translation_.edits);
  }
}

// A property may have a keyword's name: what stands under properties is left alone, but for the schemas in
// it.
void MessageEditor::edit_schema(Span schema, const DialectRule& rule, bool names_are_properties) {
  constexpr std::array<std::string_view, 4> kOfNames = {"properties", "$defs", "definitions",
                                                        "patternProperties"};
  Draft draft = draft_of(schema);
  for (Draft::Part& part : draft.parts()) {
    if (!names_are_properties && has(rule.names, part.name)) {
      part.dropped = true;
      note("drop " + std::string(part.name) + " in schemas of tools");
      continue;
    }
    edit_schema(part.member.value, rule, !names_are_properties && has(kOfNames, part.name));
  }
  draft.write(translation_.edits);
}

void MessageEditor::note(std::string change) {
  if (std::ranges::find(translation_.changes, change) == translation_.changes.end())
    translation_.changes.push_back(std::move(change));
}

}  // namespace

bool is_of_messages(DialectEdit edit) noexcept {
  return traits_of(edit) != 0 || is_of_tools(edit);
}

bool MessageRules::concern(const wire::ChatRequest& request) const {
  return std::ranges::any_of(rules_, [&](const DialectRule* rule) {
    return (traits_of(rule->edit) & request.message_traits) != 0 ||
           (is_of_tools(rule->edit) && request.uses_tools);
  });
}

void MessageRules::edit(const wire::ChatRequest& request, std::string_view body, wire::Draft& parameters,
                        Translation& translation) const {
  MessageEditor editor(rules_, body, translation);
  const bool in_messages = std::ranges::any_of(
      rules_, [&](const DialectRule* rule) { return (traits_of(rule->edit) & request.message_traits) != 0; });
  const Draft::Part* messages = parameters.find("messages");
  if (in_messages && messages != nullptr) editor.edit_messages(messages->member.value);
  const Draft::Part* tools = parameters.find("tools");
  const bool in_tools = std::ranges::any_of(rules_, [](const auto* rule) { return is_of_tools(rule->edit); });
  if (in_tools && request.uses_tools && tools != nullptr) editor.edit_tools(tools->member.value);
}

}  // namespace weir::providers
