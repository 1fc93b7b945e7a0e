# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Where the data of an emulated NVMe disk went, by QEMU's own trace: one line for each
# address and length that a command's data pointer names. Needs a topology with
# `trace pci_nvme_map_addr`.

DISK_TRACE=/out/qemu-trace.log

# disk_mark: disk_moved counts from here
disk_mark() {
	[ -r "$DISK_TRACE" ] || skip "this topology does not trace the disk"
	sync
	DISK_MARK=$(wc -l <"$DISK_TRACE")
}

# memory_ranges: `ram FIRST LAST` of all memory and `bar FIRST LAST` of all BARs, addresses
# with 16 digits, so that they compare as text
memory_ranges() {
	local first last rest
	while IFS=' -' read -r first last rest; do
		[[ $rest != ': System RAM' ]] || printf 'ram %016x %016x\n' "0x$first" "0x$last"
	done < <(grep -v '^ ' /proc/iomem)
	cat "$PCI"/devices/*/resource | while read -r first last rest; do
		[[ $last == 0x0000000000000000 ]] || echo "bar ${first#0x} ${last#0x}"
	done
}

# disk_moved ram|bar|elsewhere: bytes that the disk moved there or from there since disk_mark
disk_moved() {
	awk -v wanted="$1" '
		function place(at,   i) {
			for (i = 0; i < count; i++)
				if (at >= first[i] && at <= last[i])
					return kind[i]
			return "elsewhere"
		}
		NR == FNR { kind[count] = $1; first[count] = $2; last[count++] = $3; next }
		/^pci_nvme_map_addr / {
			at = substr($3, 3)
			while (length(at) < 16)
				at = "0" at
			if (place(at) == wanted)
				sum += $5
		}
		END { printf "%d\n", sum }' \
		<(memory_ranges) <(tail -n +"$((DISK_MARK + 1))" "$DISK_TRACE")
}
