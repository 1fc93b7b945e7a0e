# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What an unbind costs with live memory regions, in guest instructions (one a nanosecond; of
# fences those of the thread that unbinds),
# by what ends their right to the memory: the IOMMU, their owner, or a kill. It has to
# grow linearly, and a fence may take at most 20 us a region.

. /src/tests/bench/guest.sh

LIMIT=20000
COUNTS=$(by_mode '0 1000 3000 10000' '0 1 10 100 1000 3000 10000')
FEW=$(by_mode '0 100' '0 1 10 100 1000')
TIMES=$(by_mode '1 2' '1 2 3')	# the least counts: what else the kernel does comes and goes

# policy NAME COUNTS ARGUMENTS...
policy() {
	local name=$1 counts=$2 count n
	shift 2
	for count in $counts; do
		for n in $TIMES; do
			revoke "$name" --bar "$bar" --count "$count" "$@" >>/tmp/revoke.all
			bind_peer_bar "$bar"
		done
	done
}

# least: `policy regions instructions` of the quickest of each
least() {
	sort -k2,2 -k3,3n -k5,5n /tmp/revoke.all |
		awk '!seen[$2, $3]++ { print $2, $3, $5 }' >/tmp/revoke
}

table() {
	printf '%-8s %8s %14s %14s\n' policy regions instructions 'each, of these'
	awk '$2 == 0 { none[$1] = $3 }
	     { printf "%-8s %8d %14d %14s\n", $1, $2, $3, $2 ? sprintf("%.0f", ($3 - none[$1]) / $2) : "-" }' \
		/tmp/revoke
}

# each POLICY COUNT: instructions a region, without those of an unbind that has none
each() {
	awk -v p="$1" -v c="$2" '$1 == p && $2 == 0 { none = $3 } $1 == p && $2 == c { print int(($3 - none) / c) }' \
		/tmp/revoke
}

load_modules
module_load peer_mem_test
nvme_load
make_rxe
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"

policy fence "$COUNTS" --client "$(nvme_bdf)"
policy wait "$FEW" --dev rxe0
policy kill "$FEW" --dev rxe0
least
table
while read -r policy count instructions; do
	point revoke "$policy" "$count" "$instructions"
done </tmp/revoke
few=$(each fence 3000)
many=$(each fence 10000)
echo "bench: revoke fence each $many limit $LIMIT"
[ "$many" -le $LIMIT ] || fail "a fence takes $many ns a region, limit $LIMIT"
[ "$many" -le $((few * 3)) ] || fail "not linear: $few ns each of 3000, $many ns each of 10000"
