# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Lives of memory regions (t_stress) while the memory, the NIC and the modules come and go
# under them. Read it after the lab's lib.sh; a scenario sets the NIC's side:
#   nic_unbind, nic_bind    takes the NIC away, and brings it back ready for use
#   NICS                    PCI addresses of models that assert, or nothing
# and the memory's:
#   STRESS_BAR              PCI address of a BAR device
#   STRESS_CMB              PCI address of a disk, for the disturbance `cmb`
# Settings: CYCLES, SEED, WORKERS.

TIMEOUT=/sys/module/peer_mem/parameters/revoke_timeout_ms
declare -A DISTURBED

# stress_run DEVICE SPEC DEFAULT-CYCLES DISTURBANCE...: until as many regions have lived, and each
# disturbance, which may be named several times, has come as often as it is named.
stress_run() {
	local dev=$1 spec=$2 cycles seed workers status=0 name on=/tmp/stress.on
	cycles=$(setting CYCLES "$3")
	seed=$(setting SEED $((SRANDOM % 1000000)))
	workers=$(setting WORKERS 3)
	shift 3
	note "to see it again: SEED=$seed CYCLES=$cycles WORKERS=$workers"
	RANDOM=$seed

	: >"$on"
	t_stress --dev "$dev" --peer "$spec" --cycles "$cycles" --while "$on" --seed "$seed" \
		--workers "$workers" >/tmp/stress.log 2>&1 &
	STRESS_PID=$!
	for name in $(stress_shuffled "$@"); do
		! stress_goes_on || disturb "$name"
	done
	rm "$on"
	while stress_goes_on; do
		disturb "${@:$((RANDOM % $# + 1)):1}"
	done
	wait "$STRESS_PID" || status=$?
	cat /tmp/stress.log
	[ "$status" -eq 0 ] || fail "t_stress ended with status $status, SEED=$seed"
	for name in "${!DISTURBED[@]}"; do
		note "$name: ${DISTURBED[$name]} times"
	done
	counters
	wait_for 20 nothing_live_but_nodes || fail "left: $(live_counters)"
}

stress_shuffled() { # word...
	local word
	for word; do
		echo "$RANDOM $word"
	done | sort -n | cut -d' ' -f2
}

stress_goes_on() {
	kill -0 "$STRESS_PID" 2>/dev/null
}

nothing_live_but_nodes() {
	[ "$(live_counters | grep -Evc 'live_(regions|bar_nodes) 1$')" -eq 0 ]
}

disturb() { # name
	DISTURBED[$1]=$((${DISTURBED[$1]-0} + 1))
	kmsg_marker "disturb $1"
	"disturb_$1"
	[ -z "$NICS" ] || nobody_trespassed
	# a while in which all is well
	sleep "$((RANDOM % 3)).$((RANDOM % 9 + 1))"
}

# A revoke that nothing fences waits; now and then it kills.
some_patience() {
	local ms=3000
	[ $((RANDOM % 3)) -gt 0 ] || ms=100
	echo $ms >"$TIMEOUT"
}

# From here on, until forgive, no payload may reach a BAR.
forbid() {
	local nic
	for nic in $NICS; do rnic-ctl "$nic" forbid on; done
	sleep "0.$((RANDOM % 3))"
}

forgive() {
	local nic
	for nic in $NICS; do rnic-ctl "$nic" forbid off; done
}

nobody_trespassed() {
	local nic
	for nic in $NICS; do
		[ "$(rnic_stat "$nic" forbidden)" -eq 0 ] ||
			fail "payload reached the BAR after its revoke returned"
	done
}

come_back() {
	forgive
	bind_peer_bar "$STRESS_BAR"
}

disturb_exporter() {
	some_patience
	pci_unbind "$STRESS_BAR"
	forbid
	come_back
}

disturb_cmb() {
	some_patience
	pci_unbind "$STRESS_CMB"
	forbid
	forgive
	echo "$STRESS_CMB" >"$PCI/drivers/nvme/bind"
	wait_for 20 test -e "$(nvme_cmb "$STRESS_CMB")" || fail "nvme offers no CMB after the bind"
}

disturb_nic() {
	nic_unbind
	sleep "0.$((RANDOM % 3))"
	nic_bind
}

# While regions live they are in use; so they go when the memory has gone. (Where it was
# fenced its regions still live: then until their owners let go.)
disturb_modules() {
	some_patience
	t_rmmod peer_umem
	module_loaded peer_umem || module_load peer_umem
	pci_unbind "$STRESS_BAR"
	forbid
	wait_for 60 unload_modules 2>/dev/null || fail "the modules do not go"
	# peer_bar binds by itself what it is the override of
	[ -z "$NICS" ] || nobody_trespassed
	forgive
	load_modules
	come_back
}

# As if it were pulled, and put in again: for sysfs ...
disturb_removal() {
	some_patience
	echo 1 >"$PCI/devices/$STRESS_BAR/remove"
	forbid
	echo 1 >"$PCI/rescan"
	wait_for 20 test -e "$PCI/devices/$STRESS_BAR/resource2" || fail "it did not come back"
	come_back
}

# ... and for the port that it is plugged in (bar0 of the topology, on STRESS_PORT).
disturb_unplug() {
	some_patience
	monitor_ask device_del bar0
	wait_for 60 test ! -e "$PCI/devices/$STRESS_BAR" || fail "it does not let itself be unplugged"
	forbid
	plug_bar "$STRESS_BAR" "$STRESS_PORT"
	come_back
}

# ... and out of the blue: the device is gone before anybody is asked.
disturb_surprise() {
	some_patience
	pci_pull "$STRESS_BAR"
	wait_for 60 test ! -e "$PCI/devices/$STRESS_BAR" || fail "the kernel does not let go of what was pulled"
	forbid
	plug_bar "$STRESS_BAR" "$STRESS_PORT"
	come_back
}
