# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# peer_umem comes and goes under a storm of registrations of ordinary memory, and not one
# of them notices: neither the direct way nor the way through our code (ranges of several
# VMAs) fails, hangs or calls itself. Registrations of peer memory in the same storm work
# while it is loaded and are refused while it is not.
. /src/tests/rdma/guest.sh

CYCLES=16
declare -A STORM

# storm_start NAME ARGUMENTS...: ends when storm_end closes its input
storm_start() {
	local name=$1 fd
	shift
	mkfifo "/tmp/storm.$name"
	exec {fd}<>"/tmp/storm.$name"
	STORM[$name]=$fd
	(
		for fd in "${STORM[@]}"; do
			exec {fd}>&-
		done
		exec t_storm --dev rxe0 "$@" <"/tmp/storm.$name" >"/tmp/storm.$name.log"
	) &
	STORM[$name.pid]=$!
	wait_for 30 grep -q ok "/tmp/storm.$name.log" || fail "storm $name does not begin"
}

storm_end() { # name
	local fd=${STORM[$1]} status=0
	exec {fd}>&-
	wait "${STORM[$1.pid]}" || status=$?
	note "$1: $(grep storm "/tmp/storm.$1.log")"
	[ "$status" -eq 0 ] || fail "storm $1 ended with status $status"
}

# storm_count NAME registered|refused
storm_count() {
	sed -n "s/.* $2=\([0-9]*\).*/\1/p" "/tmp/storm.$1.log"
}

# The way through our code has been taken since the module was loaded.
slow_way_taken() {
	[ "$(counter hook_get_slow)" -gt 5 ]
}

# With registrations of peer memory about, it is in use at most times.
unloaded() {
	[ "$(t_rmmod peer_umem)" = ok ]
}

cycle() {
	wait_for 60 unloaded || fail "peer_umem does not unload"
	module_load peer_umem
	wait_for 30 slow_way_taken || fail "no range of several VMAs came by"
}

peers_find
peers_up

storm_start host --threads 2
storm_start host2 --threads 1
for ((i = 0; i < CYCLES; i++)); do
	cycle
done
note "$CYCLES times beside ordinary memory"

storm_start bar --threads 0 --peer "bar:$BAR_A/2,size=1M"
storm_start cmb --threads 0 --peer "cmb:$NVME,size=64K"
for ((i = 0; i < CYCLES / 2; i++)); do
	cycle
done
note "$((CYCLES / 2)) times beside peer memory too"

for name in bar cmb; do
	storm_end $name
	[ "$(storm_count $name registered)" -gt 0 ] || fail "$name was never registered"
	[ "$(storm_count $name refused)" -gt 0 ] || fail "$name was registered without the module"
done
storm_end host
storm_end host2
