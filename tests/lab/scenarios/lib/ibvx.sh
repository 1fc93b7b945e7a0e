# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The library call by call: with the kernel's hook, without it, and for a user who may map
# the BAR and nothing else.
. /src/tests/rdma/guest.sh

peers_find
peers_up
bar=bar:$BAR_A/2,off=128K,size=64K

expect_refusals() { # N COMMAND...
	local wanted=$1 before
	before=$(counter refusals)
	shift
	"$@" || fail "$*"
	[ $(($(counter refusals) - before)) -ge "$wanted" ] || fail "nothing was refused: $*"
}

note "with the hook"
expect_refusals 80 t_ibvx --dev rxe0 --bar "$bar"

note "as an ordinary user"
chmod 666 "$(bar_node "$BAR_A")" /dev/udmabuf
expect_refusals 80 setpriv --reuid 65534 --regid 65534 --clear-groups t_ibvx --dev rxe0 --bar "$bar"
chmod 600 "$(bar_node "$BAR_A")"

note "without the hook"
rmmod peer_umem
t_ibvx --dev rxe0 --bar "$bar" --no-hook || fail "without peer_umem"
