# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What must not be registered is refused with the errno that peer_mem.h promises and one
# line in the kernel's log (t_badinput reads both), and leaves nothing behind, a thousand
# times. Beside each stands what is just allowed, and works.
. /src/tests/rdma/guest.sh
. /src/tests/rdma/hold.sh

# The kernel prints 50 lines of ours in 5 s and drops the rest; a test that counts lines
# begins with a fresh ration.
fresh_ration() {
	sleep 5.1
}

refused() { # set peer-spec [arguments...]
	local set=$1 peer=$2
	shift 2
	t_badinput --dev rxe0 --set "$set" --peer "$peer" --other "bar:$BAR_B/2,size=16K" "$@" ||
		fail "bad input, set $set, peer $peer"
}

# Mappings that the exporter itself refuses: there is nothing to register then.
not_mapped() { # spec errno how
	hold_start mapper "$1"
	hold mapper "$2" map "$3"
	hold_end mapper
}

# Without access rights, and with that to read, a read-only mapping is good enough.
read_only_works() { # spec
	note "read-only $1, registered for reading"
	hold_start reader "$1"
	hold reader ok map rw
	hold reader ok fill
	hold reader ok protect ro
	hold reader ok reg none
	hold reader ok source
	hold reader ok dereg
	hold reader ok reg read
	hold reader ok fetch
	hold reader ok dereg
	hold_end reader
}

# On-demand paging is refused for peer memory only. (One page: where a transfer starts
# inside a page, this kernel's soft-RoCE gets on-demand paging wrong by itself.)
odp_on_host_works() {
	note "on-demand paging of host memory"
	hold_start odp host:size=4K
	hold odp ok map private
	hold odp ok reg odp
	hold odp ok work
	hold odp ok dereg
	hold_end odp
}

# A user who may not open the node has no mapping, who may only read it no region to
# write to, and who may do both needs nothing else. Peer memory is not locked memory: a
# limit far below its size does not count.
permission() {
	local node
	node=$(bar_node "$BAR_A")
	note "a user without and with permission on $node"
	[ "$(stat -c %a "$node")" = 600 ] || fail "$node is not for root alone"
	(
		ulimit -l 256
		hold_start user "bar:$BAR_A/2,size=1M" --user 65534
		hold user EACCES map
		chmod 604 "$node"
		hold user EACCES map
		hold user ok map rdonly
		hold user EACCES reg local
		hold user ok reg read
		hold user ok dereg
		hold user ok unmap
		chmod 606 "$node"
		hold user ok map
		hold user ok reg
		hold user ok work
		hold user ok dereg
		hold_end user
	)
	chmod 600 "$node"
}

# While the unbind waits for the owner, a process that mapped the memory in time gets
# ENODEV and one line, and the unbind is none the wiser.
going() { # spec bdf
	note "$1 while $2 is being unbound"
	hold_start owner "$1"
	hold_start late "$1"
	hold owner ok map
	hold owner ok reg
	hold late ok map
	unbind_start "$2"
	unbind_waits
	kmsg_marker "late"
	hold late ENODEV reg
	expect_log "t_hold\[${HOLD_PID[late]}\] may not register .* \($2 BAR 2, .*being unbound.*to change it: map it again.* \[-19\]"
	[ "$(kmsg_since_marker | grep -c 'may not register')" -eq 1 ] || fail "more than one line"
	unbind_waits
	hold owner ok dereg
	unbind_ends
	hold_end owner
	hold_end late
}

peers_find
peers_up
bar=bar:$BAR_A/2,off=64K,size=16K
cmb=cmb:$NVME,size=16K
# A thousand times the same, and objects of the kernel's allocators are counted. KASAN keeps freed
# ones for a while; where it is, the verdict asks kmemleak.
repeat=(--repeat 1000)
if [ -e "$KMEMLEAK" ]; then
	note "objects are not counted on this kernel"
	repeat=()
fi

refused peer "$bar"
refused peer "$cmb"

not_mapped "bar:$BAR_A/2,size=16K" EINVAL private
not_mapped "cmb:$NVME,size=16K" EINVAL private
not_mapped "bar:$BAR_A/2,size=65M" EINVAL rw
not_mapped "bar:$BAR_A/2,off=64M,size=4K" EINVAL rw
not_mapped "cmb:$NVME,size=65M" ENOMEM rw

read_only_works "$bar"
read_only_works "$cmb"
odp_on_host_works
permission

fresh_ration
pages=$PCI/devices/$BAR_A/peer_bar_pages
echo 0 >"$pages"
refused no-pages "$bar"
refused no-pages "$bar" "${repeat[@]}"
echo 1 >"$pages"

refused peer "$bar" "${repeat[@]}"
refused peer "$cmb" "${repeat[@]}"

unbind_peer_bar "$BAR_B"
fresh_ration
refused foreign "file:$PCI/devices/$BAR_B/resource2,size=16K"
refused foreign "file:$PCI/devices/$BAR_B/resource2,size=16K" "${repeat[@]}"

fresh_ration
going "bar:$BAR_A/2,size=1M" "$BAR_A"
going "cmb:$NVME,size=1M" "$NVME"
