# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How this project's user-space code is compiled, once. Leaf CMakeLists are file lists:
#
#   peer_mem_program(<name> SOURCES <file>... [LIBS <library>...] [INCLUDES <dir>...])
#       a program, left in <build>/bin, which is in a guest's PATH
#   peer_mem_unit_test(<name> SOURCES <file>... [LIBS ...] [INCLUDES ...] [ARGS ...])
#       a program under ASAN and UBSAN that is also a test, label `unit`; exit 77 = skipped
#   peer_mem_fuzz_test(<name> SOURCES <file>... [INCLUDES <dir>...] MAX_LEN <bytes> RUNS <n>)
#       a libFuzzer target (clang's; without clang there is none). So many runs with one seed
#       are a test, labels `unit` and `fuzz`

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_library(peer_mem_compile INTERFACE)
target_compile_definitions(peer_mem_compile INTERFACE _GNU_SOURCE)
target_include_directories(peer_mem_compile INTERFACE ${PROJECT_SOURCE_DIR}/include/uapi)
target_compile_options(peer_mem_compile INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla
  $<$<BOOL:${PEER_MEM_WERROR}>:-Werror>)

function(peer_mem_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;INCLUDES")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${arg_INCLUDES})
  target_link_libraries(${name} PRIVATE peer_mem_compile ${arg_LIBS})
endfunction()

function(peer_mem_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;INCLUDES;ARGS")
  peer_mem_program(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS} INCLUDES ${arg_INCLUDES})
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_compile_options(${name} PRIVATE ${sanitize} -O1 -fno-omit-frame-pointer)
  target_link_options(${name} PRIVATE ${sanitize})
  add_test(NAME unit.${name} COMMAND ${name} ${arg_ARGS})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit SKIP_RETURN_CODE 77 TIMEOUT 120)
endfunction()

find_program(PEER_MEM_CLANG clang)
function(peer_mem_fuzz_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MAX_LEN;RUNS" "SOURCES;INCLUDES")
  if(NOT PEER_MEM_CLANG)
    return()
  endif()
  set(program ${CMAKE_BINARY_DIR}/bin/${name})
  set(sources)
  foreach(source ${arg_SOURCES})
    cmake_path(ABSOLUTE_PATH source)
    list(APPEND sources ${source})
  endforeach()
  foreach(dir ${CMAKE_CURRENT_SOURCE_DIR} ${arg_INCLUDES})
    list(APPEND includes -I${dir})
    file(GLOB found CONFIGURE_DEPENDS ${dir}/*.h)
    list(APPEND headers ${found})
  endforeach()
  add_custom_command(OUTPUT ${program}
    COMMAND ${PEER_MEM_CLANG} -g -O1 -Wall -Wextra -Werror -D_GNU_SOURCE
      -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
      ${includes} -o ${program} ${sources}
    DEPENDS ${sources} ${headers}
    COMMENT "Fuzz target ${name}"
    VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${program})
  add_test(NAME unit.${name} COMMAND ${program}
    -runs=${arg_RUNS} -seed=1 -max_len=${arg_MAX_LEN} -artifact_prefix=/tmp/)
  set_tests_properties(unit.${name} PROPERTIES LABELS "unit;fuzz" TIMEOUT 300)
endfunction()
