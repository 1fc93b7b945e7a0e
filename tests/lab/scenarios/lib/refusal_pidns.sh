# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A program in a pid namespace of its own learns why it was refused: it asks by the process
# number that it knows. Outside, the same refusal has the number that one sees there.
. /src/tests/rdma/guest.sh

peers_find
peers_up
unshare --pid --fork --mount-proc t_refuse rxe0 "bar:$BAR_A/2,size=1M" hole >/tmp/why
cat /tmp/why
grep "nothing is mapped at part of the range" /tmp/why || fail "the reason is not known inside"
peer_mem why -n 1 >/tmp/outside
cat /tmp/outside
grep -E 't_refuse\[[0-9]{2,}\] could not register' /tmp/outside ||
	fail "not the number that is seen outside"
unshare --pid --fork --mount-proc peer_mem why -n 1 | grep 't_refuse\[0\]' ||
	fail "a process of another namespace has a number inside"
