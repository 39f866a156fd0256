#pragma once

#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace weir::test {

// A strict reader of Prometheus' text format: HELP and TYPE once and before the samples of a family, its
// samples together, each series once, buckets that rise to +Inf and agree with _count.
class PrometheusText {
 public:
  explicit PrometheusText(std::string text) : text_(std::move(text)) {
    std::string_view rest = text_;
    if (!rest.empty() && !rest.ends_with('\n')) problem_ = "no line feed at the end";
    while (!rest.empty() && problem_.empty()) {
      const auto end = rest.find('\n');
      read_line(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    end_family();
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }  // the first; empty: none
  [[nodiscard]] bool has(std::string_view series) const { return samples_.contains(std::string(series)); }
  // NaN where there is none of that name.
  [[nodiscard]] double value(std::string_view series) const {
    const auto found = samples_.find(std::string(series));
    return found == samples_.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  }
  [[nodiscard]] const std::set<std::string>& families() const { return seen_; }

 private:
  void fail(std::string_view what, std::string_view line) {
    if (problem_.empty()) problem_ = std::string(what) + ": " + std::string(line);
  }

  void read_line(std::string_view line) {
    if (line.starts_with("# HELP ")) return begin_family(line.substr(7), line);
    if (line.starts_with("# TYPE ")) return read_type(line.substr(7), line);
    read_sample(line);
  }

  void begin_family(std::string_view rest, std::string_view line) {
    end_family();
    family_ = rest.substr(0, rest.find(' '));
    type_.clear();
    if (!is_name(family_)) fail("no name", line);
    if (!seen_.insert(family_).second) fail("a family twice", line);
  }

  void read_type(std::string_view rest, std::string_view line) {
    const auto space = rest.find(' ');
    if (rest.substr(0, space) != family_) return fail("TYPE of another family", line);
    type_ = rest.substr(space + 1);
    if (type_ != "counter" && type_ != "gauge" && type_ != "histogram") fail("no type", line);
  }

  void read_sample(std::string_view line) {
    std::size_t at = 0;
    while (at < line.size() && line[at] != '{' && line[at] != ' ') ++at;
    const std::string_view name = line.substr(0, at);
    if (!is_of_family(name)) return fail("a sample of no family", line);
    std::string bound;
    std::string others;
    if (at < line.size() && line[at] == '{' && !read_labels(line, at, bound, others))
      return fail("bad labels", line);
    if (at >= line.size() || line[at] != ' ') return fail("no value", line);
    const std::string_view figure = line.substr(at + 1);
    double value = 0;
    const auto [end, failed] = std::from_chars(figure.data(), figure.data() + figure.size(), value);
    if (failed != std::errc() || end != figure.data() + figure.size()) return fail("no number", line);
    if (!samples_.emplace(std::string(line.substr(0, at)), value).second) fail("a series twice", line);
    if (type_ == "histogram") note_bucket(name, bound, others, value, line);
  }

  bool read_labels(std::string_view line, std::size_t& at, std::string& bound, std::string& others) const {
    std::set<std::string_view> labels;
    do {
      const std::size_t from = ++at;
      while (at < line.size() && line[at] != '=') ++at;
      const std::string_view label = line.substr(from, at - from);
      if (!is_name(label) || !labels.insert(label).second || line.substr(at, 2) != "=\"") return false;
      const std::size_t begin = at += 2;
      while (at < line.size() && line[at] != '"') {
        if (line[at] == '\\') {
          if (at + 1 >= line.size() || std::string_view("\\\"n").find(line[at + 1]) == std::string_view::npos)
            return false;
          ++at;
        }
        ++at;
      }
      const std::string_view value = line.substr(begin, at - begin);
      if (label == "le" && type_ == "histogram")
        bound = value;
      else
        others.append(label).append("=").append(value).append(",");
      ++at;
    } while (at < line.size() && line[at] == ',');
    if (at >= line.size() || line[at] != '}') return false;
    ++at;
    return true;
  }

  struct Buckets {
    double last_bound = -std::numeric_limits<double>::infinity();
    double last_count = 0;
    bool has_infinity = false;
    bool has_sum = false;
    double count = -1;
  };

  void note_bucket(std::string_view name, std::string_view bound, const std::string& others, double value,
                   std::string_view line) {
    Buckets& buckets = buckets_[others];
    if (name.ends_with("_sum")) buckets.has_sum = true;
    if (name.ends_with("_count")) buckets.count = value;
    if (!name.ends_with("_bucket")) return;
    double at = std::numeric_limits<double>::infinity();
    if (bound == "+Inf")
      buckets.has_infinity = true;
    else if (std::from_chars(bound.data(), bound.data() + bound.size(), at).ec != std::errc())
      return fail("no bound", line);
    if (at <= buckets.last_bound || value < buckets.last_count) fail("buckets that don't rise", line);
    buckets.last_bound = at;
    buckets.last_count = value;
  }

  void end_family() {
    for (const auto& [labels, buckets] : buckets_)
      if (!buckets.has_infinity || !buckets.has_sum || buckets.count != buckets.last_count)
        fail("a histogram that isn't whole", family_ + " " + labels);
    buckets_.clear();
  }

  [[nodiscard]] bool is_of_family(std::string_view name) const {
    if (family_.empty() || type_.empty()) return false;
    if (type_ != "histogram") return name == family_;
    return name == family_ + "_bucket" || name == family_ + "_sum" || name == family_ + "_count";
  }

  static bool is_name(std::string_view name) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    for (const char c : name)
      if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
            c == ':'))
        return false;
    return true;
  }

  std::string text_;
  std::string problem_;
  std::string family_;
  std::string type_;
  std::set<std::string> seen_;
  std::map<std::string, double> samples_;
  std::map<std::string, Buckets> buckets_;
};

}  // namespace weir::test
