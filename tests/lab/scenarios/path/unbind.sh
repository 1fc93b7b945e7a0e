# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A device goes away under a live memory region: its unbind waits until the owner lets go,
# or, after revoke_timeout_ms, kills the owner; then it comes back, and the device is as
# good as new at the next bind. The region works to its end. Modules do not go at all.
. /src/tests/rdma/guest.sh
. /src/tests/rdma/hold.sh

TIMEOUT=/sys/module/peer_mem/parameters/revoke_timeout_ms

usable() { # spec
	hold_start again "$1"
	hold again ok map
	hold again ok reg
	hold again ok work
	hold again ok dereg
	hold_end again
}

# While it waits, the BAR is gone for CPUs and for newcomers at once; the CMB's file is
# nvme's, which has not begun to go, so there is still memory to map, but none to register.
bar_while_going() {
	hold owner SIGBUS touch
	hold owner ok unmap
	hold owner ENODEV map
}

cmb_while_going() {
	hold owner ok touch
	hold owner ok unmap
	hold owner ok map
	hold owner ENODEV reg
	hold owner ok unmap
}

waits() { # bar|cmb spec bdf
	local kind=$1
	shift
	note "unbind of $2 with a live region waits"
	hold_start owner "$1"
	hold owner ok map
	hold owner ok touch # so that there is something to take away from the CPU
	hold owner ok reg
	kmsg_marker "unbind $2"
	unbind_start "$2"
	unbind_waits
	expect_log "$2: peer_mem: BAR 2 is revoked: waiting for its memory regions"
	"${kind}_while_going"
	# Longer than anything but a wait would take, and still there.
	for ((i = 0; i < 20; i++)); do
		hold owner ok work
	done
	unbind_waits
	hold owner ok dereg
	unbind_ends
	hold_end owner
	forbid_log 'killing process'
}

# Who keeps it longer than that is killed, once, however many regions it has; who only
# maps it is not.
kills() { # spec bdf
	local before
	note "unbind of $2 kills an owner that keeps its region"
	before=$(counter revoke_kills)
	echo 500 >"$TIMEOUT"
	hold_start owner "$1"
	hold_start bystander "$1"
	hold owner ok map
	hold owner ok reg
	hold owner ok reg read
	hold owner ok reg local
	hold bystander ok map
	hold bystander ok touch
	kmsg_marker "unbind $2"
	unbind_start "$2"
	unbind_ends
	hold_gone owner 137
	expect_log "$2: peer_mem: BAR 2 is revoked: killing process ${HOLD_PID[owner]}, which has 3 registrations of it left after 500 ms"
	[ $(($(counter revoke_kills) - before)) -eq 1 ] || fail "not one kill was counted"
	hold bystander SIGBUS touch
	hold_end bystander
	echo 30000 >"$TIMEOUT"
}

# A forked child has the NIC's file too, and would keep the dead owner's region: it is
# killed as well. Who opened the NIC for himself is not.
outlived() { # spec bdf
	note "unbind of $2 while a child of its owner has the region too"
	echo 500 >"$TIMEOUT"
	hold_start owner "$1"
	hold_start bystander "$1"
	hold owner ok map
	hold owner ok reg
	hold owner ok fork
	kmsg_marker "unbind $2"
	unbind_start "$2"
	unbind_ends
	hold_gone owner 137
	expect_log "$2: peer_mem: BAR 2 is revoked: killing process $(cat /tmp/hold.child), which has the file"
	! pgrep -x t_hold_child || fail "the child lives"
	hold_end bystander
	echo 30000 >"$TIMEOUT"
}

# The file is in a message that nobody has received: nobody has it open. The unbind waits,
# and says where to look.
in_flight() { # spec bdf
	note "unbind of $2 while the region's file is on its way to somebody"
	echo 500 >"$TIMEOUT"
	hold_start owner "$1"
	hold owner ok map
	hold owner ok reg
	hold owner ok send
	kmsg_marker "unbind $2"
	unbind_start "$2"
	hold_gone owner 137
	wait_for 60 said_on_its_way || fail "the unbind does not say what it waits for"
	unbind_waits
	kill "$(cat /tmp/hold.child)"
	unbind_ends
	echo 30000 >"$TIMEOUT"
}

said_on_its_way() {
	kmsg_since_marker | grep "still registered; the NIC's file may be mapped, or on its way"
}

# Each module refuses with EAGAIN, delete_module(2)'s word for "in use", while one region
# lives; a fork of rmmod would say no more than "in use".
modules_stay() { # spec
	local module
	note "no module goes while a region lives: $1"
	hold_start owner "$1"
	hold owner ok map
	hold owner ok reg
	hold owner ok unmap
	for module in peer_umem peer_mem peer_bar; do
		[ "$(t_rmmod $module)" = EAGAIN ] || fail "$module: $(t_rmmod $module)"
	done
	hold owner ok work
	hold owner ok dereg
	[ "$(t_rmmod peer_umem)" = ok ] || fail "peer_umem does not go"
	module_load peer_umem
	hold_end owner
}

bind_nvme() {
	echo "$NVME" >"$PCI/drivers/nvme/bind"
	wait_for 20 test -e "$(nvme_cmb "$NVME")" || fail "nvme offers no CMB after the bind"
}

bind_bar() {
	bind_peer_bar "$BAR_A"
	wait_for 5 test -e "$(bar_node "$BAR_A")" || fail "no node after the bind"
}

peers_find
peers_up
bar=bar:$BAR_A/2,size=1M
cmb=cmb:$NVME,size=1M

modules_stay "$bar"

waits bar "$bar" "$BAR_A"
bind_bar
usable "$bar"
kills "$bar" "$BAR_A"
bind_bar
usable "$bar"
outlived "$bar" "$BAR_A"
bind_bar
usable "$bar"
in_flight "$bar" "$BAR_A"
bind_bar
usable "$bar"

waits cmb "$cmb" "$NVME"
bind_nvme
usable "$cmb"
kills "$cmb" "$NVME"
bind_nvme
usable "$cmb"
