# Debian packages only; scripts/packages.txt lists them.
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS headers url)
find_package(OpenSSL 3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(simdjson REQUIRED)
find_package(SQLite3 REQUIRED)
# Debian's PCRE2 has no CMake package of its own.
find_path(PCRE2_INCLUDE_DIR pcre2.h REQUIRED)
find_library(PCRE2_LIBRARY pcre2-8 REQUIRED)
add_library(PCRE2::8BIT UNKNOWN IMPORTED)
set_target_properties(PCRE2::8BIT PROPERTIES
  IMPORTED_LOCATION ${PCRE2_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${PCRE2_INCLUDE_DIR}
  INTERFACE_COMPILE_DEFINITIONS PCRE2_CODE_UNIT_WIDTH=8)
if(WEIR_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
  include(GoogleTest)
endif()

# Asio and Beast are compiled once, in src/net/net_impl.cpp.
add_library(weir_asio INTERFACE)
target_link_libraries(weir_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(weir_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  # Asio gives a frame the first of its spare blocks that is large enough, and a stream keeps it: malloc fits better, is
  # as fast, and lets the sanitizers see a frame that is used too late.
  BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING
  # Blocks come by operator new: glibc keeps no spare blocks for aligned_alloc, and frames need no more than 16.
  BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC BOOST_ASIO_DISABLE_BOOST_ALIGN)
