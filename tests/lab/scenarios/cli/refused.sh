# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A host bridge that the kernel does not allow: refused, and every command says so.
. /src/tests/lib/why.sh

load_modules
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
make_rxe

kmsg_marker
must_fail t_pin -f "$nic" "bar:$bar/2"
why_explains 1
peer_mem why | grep "no P2P route.*not on the kernel's P2P list.*\[EREMOTEIO\]; to change it: put both below" ||
	fail "not explained"

as_user peer_mem topo --from "$nic" --from rxe0 --to "$bar/2" | tee /tmp/topo
grep -E "^$nic +refused$" /tmp/topo || fail "topo"
grep -E "^rxe0 +CPU$" /tmp/topo || fail "soft-RoCE is not refused"
grep "^$nic -> $bar/2: .*host bridge pci0000:00 .*put both below one PCIe switch" /tmp/topo ||
	fail "topo does not say why"
[ "$(peer_mem topo --json --from "$nic" --to "$bar" | t_json /ways/0/way)" = refused ] || fail "json"
peer_mem topo --svg --from "$nic" --to "$bar" >/tmp/svg
grep '<title>.*host bridge' /tmp/svg || fail "picture"
svg_is_well_formed </tmp/svg
