# weir_module(NAME SOURCES a.cpp ... LINKS target ...): one static library for each folder of src/.
# LINKS names exactly what docs/architecture.md lets the module use; tools/check_layers.py checks the includes.
function(weir_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(weir_${name} STATIC ${arg_SOURCES})
  target_include_directories(weir_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(weir_${name} PUBLIC ${arg_LINKS} PRIVATE weir_options ${arg_PRIVATE_LINKS})
  if(WEIR_FUZZ)
    target_compile_options(weir_${name} PRIVATE -fsanitize=fuzzer-no-link)  # says to libFuzzer where it has been
  endif()
endfunction()

# What scripts/sanitize.sh and scripts/fuzz.sh build: everything that CTest runs but the binary itself, and the fuzzers.
add_custom_target(cpp_tests)
add_custom_target(fuzzers)

# weir_test(NAME SOURCES ... LINKS ... [SHARDS n] [FORKS] [SLOW] [PRECOMPILE header]): one GoogleTest binary, each test known to ctest
# by its own name. One with more than a thousand is run in so many parts instead, and with a sanitizer every one is run
# in two: a process for each test would take most of their time. FORKS is for tests that fork, which the thread sanitizer
# allows only before there is another thread: each has its process. SLOW tests take minutes with a sanitizer, which are
# left to the night: they have that label there. PRECOMPILE is a header that all its files include and
# that takes long, as Asio does.
function(weir_test name)
  cmake_parse_arguments(arg "FORKS;SLOW" "SHARDS;PRECOMPILE" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE ${arg_LINKS} weir_options GTest::gmock GTest::gtest_main)
  if(arg_PRECOMPILE)
    target_precompile_headers(${name}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${arg_PRECOMPILE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${name}_test PRIVATE -Wno-array-bounds -Wno-stringop-overflow)  # seen inside of std::string once it is precompiled
    endif()
  endif()
  target_compile_definitions(${name}_test PRIVATE WEIR_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  # Only a test that hangs meets its limit; a sanitizer makes one ten times slower.
  set(limit 120)
  if(WEIR_SANITIZE)
    set(limit 900)
    if(arg_SLOW)
      list(APPEND arg_LABELS slow)
    endif()
    if(NOT arg_SHARDS AND NOT arg_FORKS)
      set(arg_SHARDS 2)
    endif()
  endif()
  if(arg_SHARDS)
    math(EXPR last "${arg_SHARDS} - 1")
    foreach(shard RANGE ${last})
      add_test(NAME ${name}.${shard} COMMAND ${name}_test --gtest_brief=1)
      set_tests_properties(${name}.${shard} PROPERTIES TIMEOUT 900 LABELS "${arg_LABELS}"
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${arg_SHARDS};GTEST_SHARD_INDEX=${shard}")
    endforeach()
  else()
    gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${limit} LABELS "${arg_LABELS}")
  endif()
  add_dependencies(cpp_tests ${name}_test)
endfunction()

# weir_fuzzer(NAME SOURCE LINKS ...): with WEIR_FUZZ a libFuzzer binary fuzz_NAME, otherwise the same function with a main
# of its own. Either way a test runs it over the checked-in corpus/, so that every compiler replays it.
function(weir_fuzzer name source)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  add_executable(fuzz_${name} ${source})
  target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(fuzz_${name} PRIVATE ${arg_LINKS} weir_options)
  if(WEIR_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set(replay -runs=0)
  else()
    target_sources(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay_main.cpp)
  endif()
  add_test(NAME fuzz_${name}_corpus COMMAND fuzz_${name} ${replay} ${CMAKE_CURRENT_SOURCE_DIR}/corpus)
  add_dependencies(cpp_tests fuzz_${name})
  add_dependencies(fuzzers fuzz_${name})
endfunction()
