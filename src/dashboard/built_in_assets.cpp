#include <array>

#include "dashboard/assets.hpp"

// WEIR_DASHBOARD is the folder that web/build.mjs wrote to.
__asm__(
    ".section .rodata\n"
    ".macro weir_file name, file\n"
    ".global \\name\n"
    "\\name:\n"
    ".incbin \"" WEIR_DASHBOARD
    "/\\file\"\n"
    ".endm\n"
    "weir_file weir_index_html, index.html\n"
    "weir_file weir_index_html_gz, index.html.gz\n"
    "weir_file weir_app_js, app.js\n"
    "weir_file weir_app_js_gz, app.js.gz\n"
    "weir_file weir_app_css, app.css\n"
    "weir_file weir_app_css_gz, app.css.gz\n"
    ".purgem weir_file\n"
    ".previous\n");

extern "C" {
extern const char weir_index_html[];
extern const char weir_index_html_gz[];
extern const char weir_app_js[];
extern const char weir_app_js_gz[];
extern const char weir_app_css[];
extern const char weir_app_css_gz[];
}

namespace weir::dashboard {

std::span<const Asset> built_in_assets() noexcept {
  static constexpr std::array kAssets{
#include "assets.inc"
  };
  return kAssets;
}

}  // namespace weir::dashboard
