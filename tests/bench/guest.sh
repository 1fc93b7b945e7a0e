# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What measuring scenarios share: points of figures, for tests/bench/report. In `./lab test` they
# only show that everything can be measured, and judge the goals; ./lab bench sets FULL.

bench_full() {
	[ "$(setting FULL no)" = yes ]
}

# by_mode SMOKE FULL: one of the two
by_mode() {
	if bench_full; then echo "$2"; else echo "$1"; fi
}

# Only what a whole measurement left is for the report.
POINTS=/out/$(by_mode points-smoke points)

# point FIGURE LINE X VALUE: one point of one line of a figure
point() {
	echo "$1 $2 $3 $4" >>"$POINTS"
}

# reg_points FIGURE LINE REG_MR-ARGUMENTS...: what registering costs, by size; the
# deregistrations are points of FIGURE-dereg
reg_points() {
	local figure=$1 line=$2
	shift 2
	reg_mr "$@" >/tmp/reg_points || fail "reg_mr $*"
	sed "s/^/$line: /" /tmp/reg_points
	awk -v f="$figure" -v l="$line" '$1 == "reg_mr" { print f, l, $3, $5 }
		$1 == "dereg_mr" { print f "-dereg", l, $3, $5 }' /tmp/reg_points >>"$POINTS"
}

# point_value FIGURE LINE X: what was measured
point_value() {
	awk -v f="$1" -v l="$2" -v x="$3" '$1 == f && $2 == l && $3 == x { print $4 }' "$POINTS"
}

# many_run DEVICE SPEC MANY_MR-ARGUMENTS...: leaves what it said in /tmp/many
many_run() {
	local dev=$1 spec=$2
	shift 2
	many_mr --dev "$dev" --spec "$spec" "$@" >/tmp/many || fail "many_mr $spec $*"
	cat /tmp/many
}

# many_points FIGURE LINE DEVICE SPEC: many regions of 4 KiB at once, and what one holds of the
# kernel's memory; then from many threads
many_points() {
	local figure=$1 line=$2 dev=$3 spec=$4 count
	for count in $(by_mode '100 1000' '1 10 100 1000 10000 100000'); do
		many_run "$dev" "$spec" --count "$count"
		point "$figure" "$line" "$count" "$(awk '{ print $6 }' /tmp/many)"
		point "$figure-dereg" "$line" "$count" "$(awk '{ print $8 }' /tmp/many)"
		[ "$count" -lt 1000 ] || point "$figure-bytes" "$line" "$count" "$(awk '{ print $10 }' /tmp/many)"
	done
	for count in $(by_mode 4 '1 2 4 8 16'); do
		many_run "$dev" "$spec" --count 2000 --threads "$count"
		point "$figure-threads" "$line" "$count" "$(awk '{ print $6 }' /tmp/many)"
	done
}

# memory_point LINE DEVICE SPEC SIZE: kernel memory that a region of SIZE holds, scaled to a GiB:
# the free memory that many regions of one range take, the range itself left out
memory_point() {
	# What is free for one processor only is not counted, so there must not be much of it.
	echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
	many_run "$2" "$3" --size "$4" --count 64
	point memory "$1" $((1 << 30)) "$(awk -v s="${4%M}" '{ printf "%.0f", $12 * 1024 / s }' /tmp/many)"
}

free_kib() {
	awk '$1 == "MemFree:" { print $2 }' /proc/meminfo
}

# huge_spec BYTES: host memory in huge pages, as a buffer for reg_mr
huge_spec() {
	mkdir -p /run/huge
	mountpoint -q /run/huge || mount -t hugetlbfs none /run/huge
	echo $(($1 >> 21)) >/proc/sys/vm/nr_hugepages
	: >/run/huge/buffer
	echo "file:/run/huge/buffer,size=$1"
}

TRACING=/sys/kernel/tracing

# traced_ns FUNCTION COMMAND...: the median of what a call of FUNCTION takes while COMMAND runs,
# traced alone; what the tracer adds is in it
traced_ns() {
	local function=$1
	shift
	: >$TRACING/trace
	echo "$function" >$TRACING/set_ftrace_filter
	echo function_graph >$TRACING/current_tracer
	"$@" >/dev/null || fail "$*"
	awk '{ for (i = 1; i < NF; i++) if ($(i + 1) == "us") print $i * 1000 }' $TRACING/trace |
		sort -n >/tmp/traced
	echo nop >$TRACING/current_tracer
	: >$TRACING/set_ftrace_filter
	[ -s /tmp/traced ] || fail "nobody called $function"
	sed -n "$((($(wc -l </tmp/traced) + 1) / 2))p" /tmp/traced
}
