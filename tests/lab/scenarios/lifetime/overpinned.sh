# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A page of a CMB is registered until its reference count is half used up: then no more,
# before the kernel's own check for an overflow warns of it.
# skip-on-debug: a million pins take too long there
. /src/tests/vm/route.sh

module_load peer_mem
module_load peer_mem_test
nvme_load
cmb=cmb:$(nvme_bdf),size=4K

kmsg_marker
must_fail t_pin -n 1200000 "$cmb" 2>/tmp/err
cat /tmp/err
grep EUSERS /tmp/err || fail "refused otherwise"
expect_log 'may not register .* a page of it is registered a million times already'
wait_for 60 nothing_live || fail "left: $(live_counters)"
t_pin "$cmb"
