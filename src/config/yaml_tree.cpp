#include "config/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "config/yaml_syntax.hpp"

namespace weir::config {
namespace {

// Ends the parse from inside the parser's callbacks. Never leaves this file.
struct Stop {
  Place place;
  std::string message;
};

std::size_t offset_of(const YAML::Mark& mark) {
  return static_cast<std::size_t>(std::max(mark.pos, 0));
}

// Builds the tree from the parser's events. yaml-cpp's own Node forgets duplicate keys and follows aliases
// blindly.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Report& report, YamlTree& tree)
      : text_(text), report_(report), tree_(tree) {}

  [[nodiscard]] const SyntaxContext& context() const { return context_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp takes anything behind the end for another document, and a stray comma for endless ones.
    if (documents_++ == 0) return;
    const std::size_t offset = offset_of(mark);
    if (text_.substr(std::min(offset, text_.size())).starts_with("---"))
      throw Stop{report_.place_of(offset), "a second document starts here: keep everything in one"};
    throw Stop{report_.place_of(offset),
               "this stands outside of the document: check the indentation and the brackets before it"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) return bad_key(mark);
    Node& node = add_node(mark, anchor);
    // An empty value has no place of its own: the parser names what comes next.
    if (!frames_.empty() && !frames_.back().sequence && node.place.line != frames_.back().key_place.line)
      node.place = frames_.back().key_place;
    attach(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) return bad_key(mark);
    const auto found = anchors_.find(anchor);
    const bool open = found != anchors_.end() && std::ranges::any_of(frames_, [&](const Frame& frame) {
                        return frame.node == found->second;
                      });
    if (found != anchors_.end() && !open) return attach(*found->second);
    report_.error(report_.place_of(offset_of(mark)), "this alias stands inside of what it names");
    Node& node = add_node(mark, 0);
    node.kind = Node::Kind::invalid;
    attach(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_quote(offset_of(mark), tag);
    if (expects_key()) return begin_entry(mark, tag, value);
    Node& node = add_node(mark, anchor);
    node.kind = Node::Kind::scalar;
    node.text = value;
    check_tag(node, tag);
    attach(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    begin_container(Node::Kind::sequence, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { end_container(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    begin_container(Node::Kind::map, mark, tag, anchor, style);
  }
  void OnMapEnd() override { end_container(); }

 private:
  // A container that is open.
  struct Frame {
    Node* node = nullptr;
    bool sequence = false;
    bool flow = false;
    bool has_key = false;   // of a map: the next value belongs to it
    bool drop_key = false;  // was reported: its value goes nowhere
    std::string key;
    Place key_place;
    std::unordered_map<std::string, std::size_t> lines;  // of the keys so far
  };

  [[nodiscard]] bool expects_key() const {
    return !frames_.empty() && !frames_.back().sequence && !frames_.back().has_key;
  }

  Node& add_node(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (tree_.nodes.size() >= kMaxValues)
      throw Stop{report_.place_of(offset_of(mark)), "more than " + std::to_string(kMaxValues) + " values"};
    Node& node = tree_.nodes.emplace_back();
    node.place = report_.place_of(offset_of(mark));
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void attach(const Node& value) {
    if (frames_.empty()) {
      tree_.root = &value;
      return;
    }
    Frame& frame = frames_.back();
    if (frame.sequence) {
      frame.node->items.push_back(&value);
      return;
    }
    if (!frame.drop_key)
      frame.node->entries.push_back({.key = frame.key, .place = frame.key_place, .value = &value});
    frame.has_key = false;
    frame.drop_key = false;
  }

  void begin_entry(const YAML::Mark& mark, const std::string& tag, const std::string& key) {
    Frame& frame = frames_.back();
    frame.has_key = true;
    frame.key = key;
    frame.key_place = report_.place_of(offset_of(mark));
    const auto [seen, fresh] = frame.lines.emplace(key, frame.key_place.line);
    if (key == "<<" && tag != "!") {
      report_.error(frame.key_place,
                    "merge keys (<<) are not supported" + in_path() + "; write the keys out");
      frame.drop_key = true;
    } else if (!fresh) {
      report_.error(frame.key_place, "duplicate key " + in_quotes(key) + in_path() + "; it stands in line " +
                                         std::to_string(seen->second) + " already");
      frame.drop_key = true;
    }
  }

  void bad_key(const YAML::Mark& mark) {
    Frame& frame = frames_.back();
    frame.has_key = true;
    frame.drop_key = true;
    frame.key = "?";
    frame.key_place = report_.place_of(offset_of(mark));
    report_.error(frame.key_place, "expected a name as key" + in_path() + "; quote it if it is one");
  }

  void begin_container(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) {
    if (frames_.size() >= kMaxDepth)
      throw Stop{report_.place_of(offset_of(mark)),
                 "nested deeper than " + std::to_string(kMaxDepth) + " levels"};
    if (expects_key()) throw Stop{report_.place_of(offset_of(mark)), "expected a name as key" + in_path()};
    Node& node = add_node(mark, anchor);
    node.kind = kind;
    check_tag(node, tag);
    attach(node);
    const bool flow = style == YAML::EmitterStyle::Flow;
    if (flow) context_.open_flows.push_back(offset_of(mark));
    Frame& frame = frames_.emplace_back();
    frame.node = &node;
    frame.sequence = kind == Node::Kind::sequence;
    frame.flow = flow;
  }

  void end_container() {
    Node& node = *frames_.back().node;
    if (frames_.back().flow) context_.open_flows.pop_back();
    frames_.pop_back();
    for (const Node* item : node.items) node.weight += item->weight;
    for (const Node::Entry& entry : node.entries) node.weight += entry.value->weight;
    if (node.weight > kMaxValues)
      throw Stop{node.place, "more than " + std::to_string(kMaxValues) + " values with all aliases followed"};
  }

  void check_tag(Node& node, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    report_.error(node.place, "tags (" + printable(tag) + ") are not supported; remove it");
    node.kind = Node::Kind::invalid;
  }

  // yaml-cpp lets a quoted text end with the file.
  void check_quote(std::size_t offset, const std::string& tag) {
    context_.last_quoted.reset();
    if (tag != "!") return;
    while (offset < text_.size() && (text_[offset] == '&' || text_[offset] == '!'))
      offset =
          text_.find_first_not_of(" \t\r\n", std::min(text_.find_first_of(" \t\r\n", offset), text_.size()));
    if (offset >= text_.size() || (text_[offset] != '"' && text_[offset] != '\'')) return;
    if (!end_of_quoted(text_, offset)) throw Stop{report_.place_of(offset), "this quote is never closed"};
    context_.last_quoted = offset;
  }

  // " in providers.groq.limits" for the container that is open; nothing at the top.
  [[nodiscard]] std::string in_path() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
      const Frame& frame = frames_[i];
      if (frame.sequence) {
        path += "[" + std::to_string(frame.node->items.size() - 1) + "]";
      } else {
        path += (path.empty() ? "" : ".") + printable(frame.key);
      }
    }
    return path.empty() ? path : " in " + path;
  }

  std::string_view text_;
  Report& report_;
  YamlTree& tree_;
  std::size_t documents_ = 0;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Node*> anchors_;
  SyntaxContext context_;
};

}  // namespace

std::optional<YamlTree> parse_yaml(std::string_view text, Report& report) {
  if (text.size() > kMaxConfigBytes) {
    report.error({}, "the file is larger than 1 MiB");
    return std::nullopt;
  }
  if (const auto bad = first_bad_byte(text)) {
    report.error(report.place_of(*bad), "this is not UTF-8 text");
    return std::nullopt;
  }
  YamlTree tree;
  TreeBuilder builder(text, report, tree);
  try {
    std::istringstream input{std::string(text)};
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
    return tree;
  } catch (const Stop& stop) {
    report.error(stop.place, stop.message);
  } catch (const YAML::Exception& exception) {
    const auto problem = explain_syntax(exception.msg, offset_of(exception.mark), text, builder.context());
    report.error(report.place_of(problem.offset), problem.message);
  } catch (const std::exception& exception) {
    report.error({}, std::string("this is not YAML: ") + exception.what());
  }
  return std::nullopt;
}

}  // namespace weir::config
