# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Which settings keep UCX's own copies off device memory: QEMU counts what programs (UCX) and
# what the kernel (soft-RoCE, in a NIC's place) read and write of a CMB, for each operation.
# The figures of docs/ucx.md.
. /src/tests/ucx/guest.sh

ucx_up
nvme_load
nvme=$(nvme_bdf)
rm -f /tmp/table

# count NAME SETTING...: lines `NAME OP BYTES USER-READ USER-WRITTEN KERNEL-READ KERNEL-WRITTEN`
count() {
	local name=$1 from=cmb:$nvme,size=1M
	shift
	env "$@" timeout 60 t_ucp --from "$from" --to "$from" --sizes 8,64,65,4K,256K --touch /out/touch \
		>/tmp/run || { cat /tmp/run; fail "$*"; }
	awk -v n="$name" '$1 == "ucp" && NF == 9 { print n, $2, $3, $5, $6, $8, $9 }' \
		/tmp/run >>/tmp/table
}

# registrations SETTING...: how often a run of 20 sizes registers device memory
registrations() {
	local before
	before=$(counter pins)
	env "$@" timeout 60 t_ucp --from "cmb:$nvme,size=1M" --to "cmb:$nvme,size=1M" \
		--sizes 4K,8K,12K,16K,20K >/tmp/run || { cat /tmp/run; fail "$*"; }
	echo $(($(counter pins) - before))
}

count default UCX_TLS=rc_v
count zcopy UCX_TLS=rc_v UCX_ZCOPY_THRESH=0
count zcopy,rndv UCX_TLS=rc_v UCX_ZCOPY_THRESH=0 UCX_RNDV_THRESH=0
count zcopy,rndv,get UCX_TLS=rc_v UCX_ZCOPY_THRESH=0 UCX_RNDV_THRESH=0 UCX_RNDV_SCHEME=get_zcopy
count zcopy,rndv,put UCX_TLS=rc_v "${UCX_NO_COPIES[@]}"
count ud,default UCX_TLS=ud_v
count ud,zcopy,rndv UCX_TLS=ud_v "${UCX_NO_COPIES[@]}"

note "bytes of the CMB that UCX itself read and wrote, and that soft-RoCE did, per operation"
printf '%-15s %-4s %8s %10s %10s %10s %10s\n' settings op bytes "UCX read" "UCX wrote" \
	"NIC read" "NIC wrote"
while read -r line; do
	# shellcheck disable=SC2086 # seven words
	printf '%-15s %-4s %8s %10s %10s %10s %10s\n' $line
done </tmp/table

# The instrument sees copies where there are some, and the settings do what docs/ucx.md says.
awk '$1 == "default" && $4 + $5 < $3 { print "no copy seen: " $0; bad = 1 }
	$1 == "zcopy,rndv,put" && !($2 == "get" && $3 <= 64) && $4 + $5 { print "a copy: " $0; bad = 1 }
	$1 == "zcopy,rndv,put" && !($2 == "get" && $3 <= 64) && ($6 < $3 || $7 < $3) {
		print "not by the NIC: " $0; bad = 1
	}
	END { exit bad || NR != 140 }' /tmp/table || fail "copies"

cached=$(registrations UCX_TLS=rc_v "${UCX_NO_COPIES[@]}")
each=$(registrations UCX_TLS=rc_v "${UCX_NO_COPIES[@]}" UCX_RCACHE_ENABLE=n)
note "registrations in 20 operations, both sides: $cached with the cache, $each without"
[ "$cached" -lt "$each" ] || fail "the registration cache saves nothing"
