# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   lab_scenario(<name> LABEL <label> [TOPOLOGY <topology>] [TIMEOUT <seconds>] [SERIAL])
#
# One guest as one test, <label>.<name>: it runs tests/lab/scenarios/<label>/<name>.sh.
# TIMEOUT is the guest's deadline on the stock kernel, boot included; a slower kernel gets
# LAB_SLOWNESS times that. SERIAL: nothing else may run beside it.

set(LAB_DIR ${PROJECT_SOURCE_DIR}/tests/lab)

function(lab_scenario name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "LABEL;TOPOLOGY;TIMEOUT" "")
  if(NOT arg_TOPOLOGY)
    set(arg_TOPOLOGY switch)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 240)
  endif()
  if(DEFINED ENV{LAB_SLOWNESS})
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * $ENV{LAB_SLOWNESS}")
  endif()
  set(script tests/lab/scenarios/${arg_LABEL}/${name}.sh)
  foreach(needed ${script} tests/lab/topologies/${arg_TOPOLOGY}.topo)
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${needed})
      message(FATAL_ERROR "lab_scenario(${name}): there is no ${needed}")
    endif()
  endforeach()

  # A guest takes as many cores as it has virtual ones.
  file(STRINGS ${LAB_DIR}/topologies/${arg_TOPOLOGY}.topo smp REGEX "^smp ")
  string(REGEX REPLACE "^smp +" "" smp "${smp}")
  if(NOT smp)
    set(smp 1)
  endif()
  file(STRINGS ${LAB_DIR}/topologies/${arg_TOPOLOGY}.topo guests REGEX "^guests ")
  string(REGEX REPLACE "^guests +" "" guests "${guests}")
  if(guests)
    math(EXPR smp "${smp} * ${guests}")
  endif()

  add_test(NAME ${arg_LABEL}.${name}
    COMMAND ${LAB_DIR}/run-scenario --name ${arg_LABEL}.${name}
      --topology ${arg_TOPOLOGY} --timeout ${arg_TIMEOUT} ${script})
  # The runner has the first word on a hung guest: it shows the guest's last words.
  math(EXPR limit "${arg_TIMEOUT} + 60")
  set_tests_properties(${arg_LABEL}.${name} PROPERTIES
    LABELS ${arg_LABEL} SKIP_RETURN_CODE 77 TIMEOUT ${limit} PROCESSORS ${smp}
    RUN_SERIAL ${arg_SERIAL})
endfunction()
