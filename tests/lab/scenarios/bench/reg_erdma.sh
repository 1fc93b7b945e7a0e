# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What registering costs on a NIC that does DMA, with its vendor's driver: instructions that
# the calling thread executes, without its waiting for the NIC. Host memory in small and in huge
# pages, a BAR with and without struct pages, the latter up to 64 GiB, a CMB, and a BAR by way
# of a dma-buf (export and registration), for which the driver is patched. Goals: 16 MiB of a BAR
# without struct pages cost at most 2 % of what host memory costs, 64 GiB at most twice what
# 4 KiB do.
. /src/tests/rnic/guest.sh
. /src/tests/bench/guest.sh

SMALL=$(by_mode 4K,16M 4K,16K,64K,256K,1M,4M,16M)
LARGE=$(by_mode '' ,64M,256M,1G)
HUGE=$(by_mode ,64G ,4G,16G,64G)
REPS=$(by_mode 5 11)

# measure LINE SPEC SIZES [REPS [OPTION]]
measure() {
	reg_points reg-erdma "$1" --dev "$ERDMA_CLIENT" --cpu --spec "$2" --sizes "$3" \
		--reps "${4:-$REPS}" ${5:+"$5"}
}

# Struct pages of 1 GiB: the free memory that is gone after the bind.
bind_with_pages() {
	local before
	before=$(free_kib)
	echo 1 >/sys/module/peer_bar/parameters/pages
	bind_peer_bar "$bar_1g"
	point memory struct-pages-of-a-bar $((1 << 30)) $(((before - $(free_kib)) * 1024))
}

judge() {
	local bar host four all
	bar=$(point_value reg-erdma bar 16777216) host=$(point_value reg-erdma host 16777216)
	four=$(point_value reg-erdma bar 4096) all=$(point_value reg-erdma bar 68719476736)
	awk -v bar="$bar" -v host="$host" -v four="$four" -v all="$all" 'BEGIN {
		printf "bench: BAR of 16 MiB %d, host %d: %.2f %%, goal 2 %%\n", bar, host, bar * 100 / host
		printf "bench: BAR of 64 GiB %d, 4 KiB %d: %.2f times, goal 2\n", all, four, all / four
		exit !(bar * 50 <= host && all <= 2 * four)
	}' || fail "a goal is missed"
}

# parts: which part of registering and deregistering 4 KiB of the BAR is ours and which the
# driver's; a function that does next to nothing shows what tracing adds
parts() {
	local run=(reg_mr --dev "$ERDMA_CLIENT" --cpu --spec "bar:$bar_64g/2" --sizes 4K --reps 11) empty name
	empty=$(traced_ns peer_phys_init "${run[@]}")
	for name in slow_get:peer_mem-registering our_release:peer_mem-deregistering \
		erdma_create_mtt:driver-table erdma_destroy_mtt:driver-end-of-table; do
		point parts "${name#*:}" 4096 $(($(traced_ns "${name%:*}" "${run[@]}") - empty))
	done
	point parts all-registering 4096 "$(point_value reg-erdma bar 4096)"
	point parts all-deregistering 4096 "$(point_value reg-erdma-dereg bar 4096)"
}

erdma_up
nvme_load
load_modules
bar_1g=$(ivshmem_bdf 0)
bar_64g=$(ivshmem_bdf 1)
nvme=$(nvme_bdf)
echo 0 >/sys/module/peer_bar/parameters/pages
bind_peer_bar "$bar_64g"
bind_with_pages

note "by the pointer"
reg_mr --dev "$ERDMA_CLIENT" --sizes 4K --reps 100 >/dev/null
measure host host:size=16M "$SMALL"
measure bar "bar:$bar_64g/2" "$SMALL$LARGE$HUGE"
measure bar-pages "bar:$bar_1g/2" "$SMALL$LARGE"
measure cmb "cmb:$nvme,size=16M" "$SMALL"
if bench_full; then
	measure host host:size=256M 64M,256M 3
	huge=$(huge_spec $((256 << 20)))
	measure host-huge "$huge" "$SMALL"
	measure host-huge "$huge" 64M,256M 3
	memory_point host "$ERDMA_CLIENT" host:size=256M 256M
	memory_point host-huge "$ERDMA_CLIENT" "$huge" 256M
	memory_point bar "$ERDMA_CLIENT" "bar:$bar_1g/2,size=256M" 256M
	parts
fi
judge

note "by way of a dma-buf"
erdma_unload
ERDMA_KO=/build/kernel-stock/erdma-dmabuf.ko
erdma_up
reg_mr --dev "$ERDMA_CLIENT" --sizes 4K --reps 100 >/dev/null
measure bar-dmabuf "bar:$bar_64g/2" "$SMALL$LARGE$HUGE" "$REPS" --dmabuf
erdma_unload
