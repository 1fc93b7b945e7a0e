# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The patched perftest on the NIC model: every program of the RC family from CMB and BAR
# memory of one side to that of the other, all data checked, and none of it in the guest's RAM.
. /src/perftest-patches/guest.sh
. /src/tests/rnic/guest.sh

patched_up
erdma_up
nvme_load
nvme=$(nvme_bdf)
bar_a=$(ivshmem_bdf 0)
bar_b=$(ivshmem_bdf 1)
load_modules
bind_peer_bar "$bar_a"
bind_peer_bar "$bar_b"
echo 0 >"$PCI/devices/$bar_b/peer_bar_pages"

nics=("$ERDMA_SERVER" "$ERDMA_CLIENT" "10.9.0.$ERDMA_COUNT")

note "BARs, one of them without struct pages"
patched_no_ram patched_family "${nics[@]}" "bar:$bar_a/2" "bar:$bar_b/2"
patched_no_ram patched_more "${nics[@]}" "bar:$bar_a/2" "bar:$bar_b/2"
note "CMB"
patched_no_ram patched_family "${nics[@]}" "cmb:$nvme" "cmb:$nvme"
note "host memory and a BAR"
patched_more "${nics[@]}" "bar:$bar_a/2" host

unbind_peer_bar "$bar_a"
unbind_peer_bar "$bar_b"
erdma_unload
unload_modules
