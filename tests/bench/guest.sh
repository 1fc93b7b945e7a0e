# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What measuring scenarios share: points of figures, for tests/bench/report.

# point FIGURE LINE X VALUE: one point of one line of a figure
point() {
	echo "$1 $2 $3 $4" >>/out/points
}

# reg_points FIGURE LINE REG_MR-ARGUMENTS...: what registering costs, by size; the
# deregistrations are points of FIGURE-dereg
reg_points() {
	local figure=$1 line=$2
	shift 2
	reg_mr "$@" >/tmp/reg_points || fail "reg_mr $*"
	sed "s/^/$line: /" /tmp/reg_points
	awk -v f="$figure" -v l="$line" '$1 == "reg_mr" { print f, l, $3, $5 }
		$1 == "dereg_mr" { print f "-dereg", l, $3, $5 }' /tmp/reg_points >>/out/points
}

# huge_spec BYTES: host memory in huge pages, as a buffer for reg_mr
huge_spec() {
	mkdir -p /run/huge
	mountpoint -q /run/huge || mount -t hugetlbfs none /run/huge
	echo $(($1 >> 21)) >/proc/sys/vm/nr_hugepages
	: >/run/huge/buffer
	echo "file:/run/huge/buffer,size=$1"
}
