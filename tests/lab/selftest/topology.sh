#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The topology reader: every topology of the tree reads, and what it cannot read is
# refused with its file and line.
. "$(dirname "$0")/check.sh"
. "$LAB/vm/topology.sh"

for file in "$LAB"/topologies/*.topo; do
	expect "reads ${file##*/}" 0 topology_load "$file" "$WORK"
done

load() { # topology text
	printf '%b\n' "$1" >"$WORK/test.topo"
	topology_load "$WORK/test.topo" "$WORK" && printf '%s\n' "${TOPO_MACHINE[@]}" "${TOPO_DEVICES[@]}"
}

expect "comments and empty lines" 0 load "# nothing\n\n  smp 2 # two"
says '^2$'
expect "an IOMMU comes before the devices, wherever it stands" 0 \
	load "rootport p\nbar b on=p size=64G\niommu intel"
says 'intel-iommu'
says 'size=64G,share=on,reserve=off'
expect "a network interface that leads nowhere" 0 load "net n"
says 'user,restrict=on,ipv6=off,id=n-net'
expect "one that leads to the other machine" 0 load "guests 2\nnet n"
says 'dgram,.*n.wire0,.*n.wire1,id=n-net'
expect "an unknown word" 1 load "smp 1\nfloppy f"
says 'test.topo:2: cannot read: floppy f'
expect "a device without a port" 1 load "bar b size=64M"
says 'test.topo:1: cannot read'
expect "an unknown IOMMU" 1 load "iommu amd"
expect "a topology that is not there" 1 topology_load "$WORK/none.topo" "$WORK"
finish
