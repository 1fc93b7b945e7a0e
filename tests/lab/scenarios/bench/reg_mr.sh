# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What registering costs, in guest instructions (the topology counts them: one per
# nanosecond, so the figures repeat to the digit). For ordinary host memory of one page
# the modules may add at most 3 %. Without and with them alternate in one boot.
. /src/tests/rdma/guest.sh
. /src/tests/bench/guest.sh

LIMIT=3
OUT=/tmp/reg_mr

# One process measures host memory throughout: the same pages without and with modules.
start_host_bench() {
	coproc HOST_BENCH { reg_mr --dev rxe0 --phases; }
}

# host_phase NAME: into $OUT.NAME
host_phase() {
	local line=''
	echo go >&"${HOST_BENCH[1]}"
	while [ "$line" != "done" ]; do
		read -r line <&"${HOST_BENCH[0]}" || fail "reg_mr ended"
		echo "$line"
	done >"$OUT.$1"
}

# value FILE-NAME WHAT KIND SIZE
value() {
	awk -v w="$2" -v k="$3" -v s="$4" '$1 == w && $2 == k && $3 == s { print $5 }' "$OUT.$1"
}

percent() { # before after
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%+.2f", (b - a) * 100 / a }'
}

# compare WITHOUT WITH: a table of two measurements of host memory
compare() {
	local what size without with
	printf '%-10s %10s %14s %14s %8s\n' call bytes without with percent
	for what in reg_mr dereg_mr; do
		for size in 4096 65536 1048576 16777216; do
			without=$(value "$1" $what host $size)
			with=$(value "$2" $what host $size)
			printf '%-10s %10s %14s %14s %8s\n' "$what" "$size" \
				"$without" "$with" "$(percent "$without" "$with")"
		done
	done
}

# The index of an MR lives in a tree that becomes deeper as they are handed out;
# after this it stays as deep for longer than we measure.
warm_up() {
	reg_mr --dev rxe0 --sizes 4K --reps 4200 >/dev/null
}

# points WITHOUT WITH
points() {
	local size
	for size in 4096 65536 1048576 16777216; do
		point hook without $size "$(value "$1" reg_mr host $size)"
		point hook with $size "$(value "$2" reg_mr host $size)"
		point hook-dereg without $size "$(value "$1" dereg_mr host $size)"
		point hook-dereg with $size "$(value "$2" dereg_mr host $size)"
	done
}

judge() { # without with
	local without with added
	without=$(value "$1" reg_mr host 4096)
	with=$(value "$2" reg_mr host 4096)
	added=$(percent "$without" "$with")
	echo "bench: reg_mr host 4096 without $without with $with percent $added limit $LIMIT"
	awk -v p="$added" -v l="$LIMIT" 'BEGIN { exit !(p <= l) }' ||
		fail "the modules add $added % to ibv_reg_mr of one host page, limit $LIMIT %"
}

peers_find
warm_up
start_host_bench
host_phase without1
peers_up
host_phase with1
note "peer memory, instructions"
reg_mr --dev rxe0 --spec "bar:$BAR_A/2"
reg_mr --dev rxe0 --spec "cmb:$NVME,size=16M"
unbind_peer_bar "$BAR_A"
unbind_peer_bar "$BAR_B"
unload_modules
host_phase without2
load_modules
host_phase with2

note "host memory, instructions"
compare without1 with1
note "again, after unloading and loading"
compare without2 with2

points without1 with1
judge without1 with1
judge without2 with2
