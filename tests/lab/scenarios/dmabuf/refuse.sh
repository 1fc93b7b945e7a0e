# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What is not made a dma-buf, each with its errno, one line in the kernel log, and the same
# words from `peer_mem why`.
. /src/tests/vm/route.sh
. /src/tests/vm/export.sh

# refused NAME ERRNO WHY COMMAND...
refused() {
	local name=$1 errno=$2 why=$3
	shift 3
	kmsg_marker
	hold "$name" "$errno" "$@"
	expect_log "dma-buf: t_export.* may not register .*$why.*; to change it: "
	peer_mem why | grep -F "for dma-buf:" | grep "$why.*\[$errno\]; to change it: " ||
		fail "peer_mem why: $(peer_mem why)"
}

route_setup
spec="bar:$bar/2,off=64K,size=1M"

exporter host host:size=64K
refused host ENXIO "ordinary memory, which is no device's" export
refused host EFAULT "nothing is mapped" export 0 1099511627776
refused host EINVAL "the range is empty" export 0 0
refused host EINVAL "overflows" export 0 18446744073709551615
hold_end host

exporter a "$spec"
refused a EINVAL "$bar BAR 2.*the range is empty" export 4096 0
refused a EFAULT "$bar BAR 2.*nothing is mapped" export 0 1073741824
hold a ok behind host:size=4K
refused a EMEDIUMTYPE "$bar BAR 2.*host memory and device memory" export 1044480 8192
hold a 'ok *' export ro
hold a ok protect ro
refused a EACCES "$bar BAR 2.*the device is to write but the mapping is not writable" export
hold a 'ok *' export ro
hold a ok protect none
refused a EACCES "$bar BAR 2.*the mapping is not readable" export ro
hold_end a

note "two BARs"
bar_b=$(ivshmem_bdf 1)
bind_peer_bar "$bar_b"
exporter a "$spec"
hold a ok behind "bar:$bar_b/2,size=4K"
refused a EXDEV "memory of two regions" export 1044480 8192
hold_end a

note "a PFN map, which VFIO or sysfs could take away in an mmu notifier"
unbind_peer_bar "$bar_b"
echo 1 >"$PCI/devices/$bar_b/enable"
exporter a "file:$PCI/devices/$bar_b/resource2,size=64K"
refused a EOPNOTSUPP "$bar_b BAR 2, PFN map.*who imported a dma-buf of it could not be stopped" export
hold_end a
[ "$(counter live_dmabufs)" = 0 ] || fail "a dma-buf is left"
