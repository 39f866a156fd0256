#include "admin/window_list.hpp"

#include <set>
#include <utility>

#include "admin/json_words.hpp"

namespace weir::admin {
namespace {

std::string joined(const std::vector<std::string>& globs) {
  std::string list;
  for (const std::string& glob : globs) list += (list.empty() ? "" : ",") + glob;
  return list;
}

}  // namespace

std::string NamedWindow::key() const {
  return provider + "\n" + account + "\n" + model + "\n" + models + "\n" + name + "\n" +
         std::string(quota::name(view.limit.window));
}

std::vector<NamedWindow> windows_of(const routing::Catalogue& catalogue, Instant now) {
  std::vector<NamedWindow> all;
  std::set<std::string> seen;
  for (const routing::Target& target : catalogue.targets())
    for (const quota::MeterView& view : target.pool.view(now)) {
      NamedWindow window{.provider = target.provider->name,
                         .account = target.key->account,
                         .model = is_of_account(view) ? "" : target.model->name,
                         .models = joined(view.limit.models),
                         .name = quota::short_name(view.limit),
                         .view = view};
      if (seen.insert(window.key()).second) all.push_back(std::move(window));
    }
  return all;
}

}  // namespace weir::admin
