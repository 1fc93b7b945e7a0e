# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A memory region lives as long as its owner wants, and no longer than its owner: it
# outlives the mapping, a fork, the child; it is gone after exit and after SIGKILL in the
# middle of traffic, and nothing else is disturbed.
. /src/tests/rdma/guest.sh
. /src/tests/rdma/hold.sh

outlives_munmap() { # spec
	note "outlives munmap: $1"
	hold_start owner "$1"
	hold owner ok map
	hold owner ok reg
	hold owner ok unmap
	hold owner ok work
	hold owner EFAULT reg # what is not mapped cannot be registered again
	hold_end owner
	nothing_pinned || fail "pins after the owner has left"
}

# The same bytes of the BAR, seen by somebody else who maps it.
seen_by_another() { # spec
	note "written without a mapping, seen through another's: $1"
	hold_start owner "$1"
	hold_start other "$1"
	hold owner ok map
	hold owner ok reg
	hold owner ok unmap
	hold owner ok write
	hold other ok map
	hold other ok check
	hold owner ok dereg
	hold other ok check
	hold_end owner
	hold_end other
	nothing_pinned || fail "pins after both have left"
}

exits() { # spec
	note "exits with a live region: $1"
	hold_start owner "$1"
	hold owner ok map
	hold owner ok reg
	hold owner ok work
	[ "$(counter live_pins)" -eq 1 ] || fail "$(counter live_pins) pins, should be 1"
	hold_end owner
	nothing_pinned || fail "pins after the owner's exit"
}

# One is killed while its NIC and another's move bytes in the same memory's neighbourhood.
killed() { # spec spec
	note "killed amid traffic: $1"
	hold_start victim "$1"
	hold_start other "$2"
	hold victim ok map
	hold victim ok reg
	hold other ok map
	hold other ok reg
	hold victim ok storm
	for ((i = 0; i < 5; i++)); do
		hold other ok work
	done
	kill -KILL "${HOLD_PID[victim]}"
	hold_gone victim 137
	hold other ok work
	[ "$(counter live_pins)" -eq 1 ] || fail "$(counter live_pins) pins, should be 1"
	hold other ok dereg
	hold_end other
	nothing_pinned || fail "pins after both have left"
}

peers_find
peers_up
bar=bar:$BAR_A/2,off=1M,size=1M
cmb=cmb:$NVME,size=1M
before=$(cat "$PCI/devices/$NVME/p2pmem/available")

outlives_munmap "$bar"
outlives_munmap "$cmb"
seen_by_another "$bar"
exits "$bar"
exits "$cmb"
for ((round = 0; round < 3; round++)); do
	killed "$bar" "bar:$BAR_A/2,off=2M,size=1M"
	killed "$cmb" "$cmb"
done
t_fork --dev rxe0 --buf "$bar" || fail "fork, BAR"
t_fork --dev rxe0 --buf "$cmb" || fail "fork, CMB"

# Each CMB page has gone back to its allocator: no reference was forgotten.
after=$(cat "$PCI/devices/$NVME/p2pmem/available")
[ "$before" -eq "$after" ] || fail "$((before - after)) bytes of the CMB did not come back"
