# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# /dev/peer_mem by itself: every call with whatever a program could hand it, for root and
# for an ordinary user. No other module is needed.
module_load peer_mem
[ "$(stat -c %a /dev/peer_mem)" = 666 ] || fail "/dev/peer_mem is not for everybody"

t_ioctl >/tmp/ioctl || fail "as root"
setpriv --reuid 65534 --regid 65534 --clear-groups t_ioctl || fail "as an ordinary user"

# the same counters as debugfs has, in the same order
sed -n 's/^stat //p' /tmp/ioctl >/tmp/stats
diff -u <(cut -d' ' -f1 /sys/kernel/debug/peer_mem/counters) <(cut -d' ' -f1 /tmp/stats) ||
	fail "PEER_MEM_STATS and debugfs name other counters"
[ "$(wc -l </tmp/stats)" -gt 5 ] || fail "only $(wc -l </tmp/stats) counters"
