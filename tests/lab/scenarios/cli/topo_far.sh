# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Several switches, another host bridge: the words that no other topology has.
. /src/tests/lib/why.sh

load_modules
nvme=$(nvme_bdf)
near=$(ivshmem_bdf 0)
far=$(ivshmem_bdf 1)
bind_peer_bar "$near"
bind_peer_bar "$far"
as_user peer_mem topo --from "$nvme" | tee /tmp/topo
grep -E "^NIC +$near/2 +$far/2\$" /tmp/topo || fail "other columns"
grep -E "^$nvme +PXB +SYS\$" /tmp/topo || fail "not PXB and SYS"
[ "$(peer_mem topo --json --from "$far" --to "$near" | t_json /ways/0/way)" = SYS ] || fail "the way back"
peer_mem topo --svg --from "$nvme" | svg_is_well_formed
