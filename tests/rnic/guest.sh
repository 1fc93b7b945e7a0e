# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What scenarios on the NIC model share. Read it after the lab's lib.sh:
#   . /src/tests/rnic/guest.sh

ERDMA_KO=/build/kernel-stock/erdma.ko
ERDMA_PARAMETERS=()

erdma_bdfs() { pci_find '' 1ded 107f; }

# erdma_bdf [N]: the PCI address of the N-th (from 0); skips the scenario if there is none
erdma_bdf() { nth_or_skip "erdma device" "${1:-0}" "$(erdma_bdfs)"; }

# The driver does not say which PCI function an RDMA device is: the MAC tells.
erdma_mac() { rnic-ctl "$1" stats | awk '$1 == "mac" { print $2 }'; }

# erdma_netdev BDF, erdma_device BDF: names of its network interface, its RDMA device
erdma_netdev() {
	basename "$(dirname "$(grep -l "$(erdma_mac "$1")" /sys/class/net/*/address)")"
}

erdma_device() {
	local mac guid
	IFS=: read -ra mac <<<"$(erdma_mac "$1")"
	guid=$(printf '%02x%s:%sff:fe%s:%s%s' $((0x${mac[0]} ^ 2)) "${mac[@]:1}")
	basename "$(dirname "$(grep -l "$guid" /sys/class/infiniband/*/node_guid)")"
}

# erdma_load: the vendor's driver, and an IPv4 address for each port: 10.9.0.1, .2, ...
# (GID index 1); 10.9.0.17 in a second guest. Within a guest the ports' network interfaces are
# not wired to each other, the model is the link: neighbours are written down instead of
# asked for.
erdma_load() {
	local bdf
	[ -r "$ERDMA_KO" ] || skip "no stock erdma driver (no package linux-source)"
	modprobe virtio_net
	modprobe ib_uverbs
	modprobe rdma_ucm
	modprobe ib_umad 2>/dev/null || :
	insmod "$ERDMA_KO" "${ERDMA_PARAMETERS[@]}"
	for bdf in $(erdma_bdfs); do
		wait_for 10 grep -qs . /sys/class/infiniband/*/node_guid ||
			fail "no RDMA device; did erdma.ko bind to $bdf?"
		erdma_address "$(erdma_netdev "$bdf")" "$(erdma_number "$bdf")"
		wait_for 10 erdma_ready "$(erdma_device "$bdf")" || fail "$bdf: no GID of an address"
	done
	erdma_neighbours
}

# The driver frees its command queue while its interrupt handler may still read it on another
# processor (KASAN: erdma_polling_cmd_completions). It has those interrupts on the first
# processor, so it is let go from there.
erdma_unload() { taskset -c 0 rmmod erdma; }
erdma_unbind() { # bdf
	taskset -c 0 tee "$PCI/devices/$1/driver/unbind" <<<"$1" >/dev/null
}

# erdma_number BDF: the last byte of its MAC and of its address
erdma_number() {
	local mac
	mac=$(erdma_mac "$1")
	echo $((0x${mac##*:}))
}

erdma_address() { # netdev n
	ip addr replace "10.9.0.$2/24" dev "$1"
	ip link set "$1" up
}

erdma_ready() { # device
	[ -e /dev/infiniband/uverbs0 ] &&
		grep -q '[1-9a-f]' "/sys/class/infiniband/$1/ports/1/gids/1" 2>/dev/null &&
		grep -q ACTIVE "/sys/class/infiniband/$1/ports/1/state"
}

erdma_neighbours() {
	local from to
	for from in $(erdma_bdfs); do
		for to in $(erdma_bdfs); do
			[ "$from" != "$to" ] || continue
			ip neigh replace "10.9.0.$(erdma_number "$to")" dev "$(erdma_netdev "$from")" nud permanent \
				lladdr "$(cat "/sys/class/net/$(erdma_netdev "$to")/address")"
		done
	done
}

# rnic_stat BDF NAME: one of the model's counters; 0 for a region that was never touched
rnic_stat() {
	rnic-ctl "$1" stats | awk -v name="$2" '$1 == name { print $2; found = 1 } END { if (!found) print 0 }'
}

# rnic_clear: counters of all ports to 0
rnic_clear() {
	local bdf
	for bdf in $(erdma_bdfs); do rnic-ctl "$bdf" clear; done
}

# rnic_stats: those of all ports, one behind the other
rnic_stats() {
	local bdf
	for bdf in $(erdma_bdfs); do rnic-ctl "$bdf" stats; done
}

# rnic_payload REGION: bytes of payload that all ports moved there or from there. REGION
# is ram, all, or a pattern like `bar.*`.
rnic_payload() {
	rnic_stats | awk -v name="^dma\\.$1\\.payload\\.(read|write)\$" \
		'$1 ~ name { sum += $2 } END { print sum + 0 }'
}

# rnic_show: what the ports counted, without the zeros
rnic_show() {
	rnic_stats | awk '/^port/ || ($1 ~ /^(dma|rx_bytes|tx_bytes|cqe|rnr|retr)/ && $2 != 0)'
}

# rnic_healthy: nothing was refused, dropped or misunderstood since rnic_clear
rnic_healthy() {
	local bad
	bad=$(rnic_stats | awk '$2 != 0 &&
		/^(commands_refused|bad_doorbells|dma_faults|retry_exceeded|eq_full) /')
	[ -z "$bad" ] || fail "$bad"
}

# erdma_pair LOG TOOL ARGUMENTS...: Debian's perftest or rping-like pair, the server on the
# second port and the client on the first (on the only one, both). Leaves LOG.server and
# LOG.client; succeeds if both do.
erdma_pair() {
	local log=$1 server status=0 to=$ERDMA_COUNT
	shift
	timeout 60 taskset -c 0 "$@" -d "$ERDMA_SERVER" -x 1 -F >"$log.server" 2>&1 &
	server=$!
	wait_for 10 erdma_listening "$server" || :
	timeout 60 taskset -c $(($(nproc) - 1)) "$@" -d "$ERDMA_CLIENT" -x 1 -F "10.9.0.$to" >"$log.client" 2>&1 || status=$?
	[ "$status" -eq 0 ] || kill "$server" 2>/dev/null || :
	wait "$server" || status=$?
	[ "$status" -eq 0 ] || cat "$log.server" "$log.client"
	return "$status"
}

# Listening, or gone. With -R the port is the connection manager's and not to be seen here.
erdma_listening() { # pid
	grep -qi ":$(printf %04x 18515) .* 0A " /proc/net/tcp /proc/net/tcp6 ||
		! kill -0 "$1" 2>/dev/null
}

# erdma_up: driver, and the names that erdma_pair needs
erdma_up() {
	erdma_load
	ERDMA_COUNT=$(erdma_bdfs | wc -l)
	ERDMA_CLIENT=$(erdma_device "$(erdma_bdf 0)")
	ERDMA_SERVER=$(erdma_device "$(erdma_bdf $((ERDMA_COUNT - 1)))")
}

# perftest_run BYTES TOOL ARGUMENTS...: Debian's perftest as it is; BYTES (0: unknown) is how
# much payload each of the two ends moves, by the model's counters, all of it in the
# guest's RAM.
perftest_run() {
	local bytes=$1 moved ram
	shift
	note "$*"
	rnic_clear
	erdma_pair /tmp/perftest "$@" || fail "$*"
	grep -A1 '#bytes' /tmp/perftest.client | tail -n +2 | head -n 1
	ram=$(rnic_payload ram)
	[ "$(rnic_payload all)" -eq "$ram" ] || fail "payload outside RAM: $*"
	moved=$((ram / 2))
	[ "$bytes" -eq 0 ] || [ "$moved" -eq "$bytes" ] ||
		fail "$moved bytes of payload moved, should be $bytes: $*"
	[ "$moved" -gt 0 ] || fail "no payload moved: $*"
	rnic_healthy
}
