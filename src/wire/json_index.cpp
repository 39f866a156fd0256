#include "wire/json_index.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>

#include "weir/base/text.hpp"

namespace weir::wire {
namespace {

constexpr std::size_t kSmallest = 4096;

JsonIndex::Fault fault_of(simdjson::error_code code) {
  switch (code) {
    case simdjson::SUCCESS:
      return JsonIndex::Fault::none;
    case simdjson::EMPTY:
      return JsonIndex::Fault::empty;
    case simdjson::UTF8_ERROR:
      return JsonIndex::Fault::not_utf8;
    case simdjson::UNESCAPED_CHARS:
      return JsonIndex::Fault::control_character;
    case simdjson::UNCLOSED_STRING:
      return JsonIndex::Fault::open_string;
    default:
      return JsonIndex::Fault::too_large;
  }
}

}  // namespace

JsonIndex::JsonIndex() = default;
JsonIndex::~JsonIndex() = default;

JsonIndex::Fault JsonIndex::build(std::string_view text) {
  count_ = 0;
  if (text.empty()) return Fault::empty;
  if (text.size() > capacity()) {
    const std::size_t capacity = std::max(kSmallest, std::bit_ceil(text.size()));
    const auto code = stage1_ ? stage1_->set_capacity(capacity)
                              : simdjson::get_active_implementation()->create_dom_parser_implementation(
                                    capacity, /*max_depth=*/1, stage1_);
    if (code != simdjson::SUCCESS) return Fault::too_large;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const Fault fault = fault_of(stage1_->stage1(bytes, text.size(), simdjson::stage1_mode::regular));
  if (fault == Fault::none) count_ = stage1_->n_structural_indexes;
  return fault;
}

std::span<const std::uint32_t> JsonIndex::starts() const {
  if (count_ == 0) return {};
  return {stage1_->structural_indexes.get(), count_};
}

std::size_t JsonIndex::capacity() const {
  return stage1_ ? stage1_->capacity() : 0;
}

std::size_t locate(JsonIndex::Fault fault, std::string_view text) {
  if (fault == JsonIndex::Fault::not_utf8) {
    std::size_t at = 0;
    while (at < text.size() && utf8_length(text, at) != 0) at += utf8_length(text, at);
    return at;
  }
  bool in_string = false;
  std::size_t opened_at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      in_string = !in_string;
      opened_at = i;
    } else if (in_string && text[i] == '\\') {
      ++i;
    } else if (in_string && fault == JsonIndex::Fault::control_character &&
               static_cast<unsigned char>(text[i]) < 0x20) {
      return i;
    }
  }
  return opened_at;
}

}  // namespace weir::wire
