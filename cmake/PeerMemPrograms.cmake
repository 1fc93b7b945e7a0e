# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How this project's user-space code is compiled, once. Leaf CMakeLists are file lists:
#
#   peer_mem_program(<name> SOURCES <file>... [LIBS <library>...] [INCLUDES <dir>...])
#       a program, left in <build>/bin, which is in a guest's PATH
#   peer_mem_unit_test(<name> SOURCES <file>... [LIBS ...] [INCLUDES ...] [ARGS ...])
#       a program under ASAN and UBSAN that is also a test, label `unit`; exit 77 = skipped

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
