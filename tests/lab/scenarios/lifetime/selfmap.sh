# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A process registers the doorbell page of its own NIC, a PFN map of the very uverbs file
# that its memory regions hang from: refused where nothing could fence it, and where the
# administrator allows it all the same it leaves nothing behind, however it exits.
. /src/tests/rnic/guest.sh

# As many as files of uverbs that are open.
uverbs_files() { cat /sys/module/ib_uverbs/refcnt; }

nothing_left() {
	nothing_live && [ "$(uverbs_files)" -eq "$files" ]
}

left() {
	echo "left behind: $(live_counters) uverbs files $(uverbs_files), were $files"
}

erdma_up
load_modules
files=$(uverbs_files)

note "by default"
kmsg_marker "own doorbells"
must_fail t_selfmap --dev "$ERDMA_CLIENT" exit >/tmp/refused
grep EOPNOTSUPP /tmp/refused || fail "refused by $(cat /tmp/refused)"
expect_log "may not register .*$(erdma_bdf) BAR 0, PFN map.*allow_unfenced=1"
wait_for 10 nothing_left || fail "refused, $(left)"

echo 1 >/sys/module/peer_mem/parameters/allow_unfenced
for end in dereg exit unmap close fork kill; do
	pins=$(counter pins) status=0 wanted=0
	[ $end != kill ] || wanted=137
	t_selfmap --dev "$ERDMA_CLIENT" $end || status=$?
	[ $status -eq $wanted ] || fail "$end: status $status"
	[ "$(counter pins)" -eq $((pins + 1)) ] || fail "$end: nothing was registered"
	wait_for 10 nothing_left || fail "$end: $(left)"
	note "$end: nothing left"
done

note "the NIC is unbound under it: nobody waits for himself"
mkfifo /tmp/wait
t_selfmap --dev "$ERDMA_CLIENT" wait </tmp/wait >/tmp/selfmap &
exec 9>/tmp/wait
wait_for 20 grep -q ok /tmp/selfmap || fail "not registered: $(cat /tmp/selfmap)"
erdma_unbind "$(erdma_bdf)"
exec 9>&-
wait $!
wait_for 10 nothing_left || fail "unbind: $(left)"
[ "$(counter revoke_waits)" -eq 0 ] || fail "the unbind waited"
erdma_unload
unload_modules
