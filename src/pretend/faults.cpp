#include "pretend/faults.hpp"

namespace weir::pretend {

Reply Faults::malformed(const std::string& message) const {
  return error_reply(400, message, "invalid_request_error", "invalid_request");
}

Reply Faults::bad_key() const {
  return error_reply(401, "Invalid API Key", "invalid_request_error", "invalid_api_key");
}

Reply Faults::unknown_model(const std::string& model) const {
  return error_reply(404, "The model `" + model + "` does not exist or you do not have access to it.",
                     "invalid_request_error", "model_not_found");
}

Reply Faults::too_long(std::uint64_t /*tokens*/, std::uint64_t /*context*/) const {
  return error_reply(400, "Please reduce the length of the messages or completion.", "invalid_request_error",
                     "context_length_exceeded");
}

std::vector<Breach> Faults::breaches(const nlohmann::json& /*request*/) const {
  return {};
}

Reply Faults::refused(const std::vector<Breach>& breaches) const {
  return error_reply(400, path_text(breaches.front().path) + ": " + breaches.front().words,
                     "invalid_request_error", "");
}

}  // namespace weir::pretend
