# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Ten thousand registrations one after the other, and a thousand at once, adjacent and
# overlapping, on a BAR and on the CMB: all of them work, all of them are gone at the end.
. /src/tests/rdma/guest.sh

peers_find
peers_up
# KASAN keeps freed objects for a while; where it is, the verdict asks kmemleak.
counted=()
if [ -e "$KMEMLEAK" ]; then
	note "objects are not counted on this kernel"
	counted=(--uncounted)
fi
t_many --dev rxe0 --buf "bar:$BAR_A/2" "${counted[@]}" || fail "many regions on a BAR"
t_many --dev rxe0 --buf "cmb:$NVME,size=4M" "${counted[@]}" || fail "many regions on the CMB"
