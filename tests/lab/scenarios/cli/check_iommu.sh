# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The doctor under a translating IOMMU, where the kernel turns ACS redirection on.
. /src/tests/lib/why.sh

load_modules
nvme_load
make_rxe
peer_mem check | tee /tmp/said || fail "something is bad"
grep -E '^ok +IOMMU: translates for [0-9]+ groups' /tmp/said || fail "IOMMU"
ports=$(lspci -vvv 2>/dev/null | grep -c 'ACSCtl:.*ReqRedir+')
grep -E "^warn +ACS: redirection is on at $ports ports" /tmp/said || fail "lspci counts $ports"
as_user peer_mem check | grep -E '^ok +ACS: only root' || fail "as an ordinary user"
bar=$(ivshmem_bdf)
as_user peer_mem topo --from "$(nvme_bdf)" --to "$bar" --json | t_json /ways/0/fence | grep -x true ||
	fail "no fence"
