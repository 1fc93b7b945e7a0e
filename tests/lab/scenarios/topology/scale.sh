# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A 64 GiB BAR without struct pages is one pin, one segment list, and costs as much kernel
# memory as 4 KiB of it. (With struct pages it would be 1 GiB, a third of this machine.)
. /src/tests/vm/route.sh

# bytes_for SPEC: pins it, prints the bytes that the kernel allocated meanwhile
bytes_for() {
	: >$TRACE/trace
	t_pin -f "$nic" "$1" >/tmp/pin || fail "t_pin $1 was refused"
	cat /tmp/pin >&2
	awk '/t_pin end/ { on = 0 }
	     on && /kmalloc:|kmem_cache_alloc:/ && match($0, /bytes_alloc=[0-9]+/) {
		sum += substr($0, RSTART + 12, RLENGTH - 12) }
	     on && /mm_page_alloc:/ && match($0, /order=[0-9]+/) {
		sum += 4096 * 2 ^ substr($0, RSTART + 6, RLENGTH - 6) }
	     /t_pin begin/ { on = 1; seen = 1 }
	     END { if (!seen || !sum) exit 1; print sum }' $TRACE/trace
}

# least_bytes_for SPEC: of some attempts; the kernel's caches and the debug kernel's
# instruments take pages of their own now and then
least_bytes_for() {
	local n
	for n in 1 2 3 4 5; do bytes_for "$1"; done | sort -n | head -n 1
}

module_load peer_mem
module_load peer_bar pages=0
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
size=$(cat "/sys/class/peer_bar/peer_bar!$bar!bar2/size")
[ "$size" = $((64 << 30)) ] || fail "the BAR has $size bytes"
echo 'comm == "t_pin"' >$TRACE/events/kmem/filter
echo 1 >$TRACE/events/kmem/kmalloc/enable
echo 1 >$TRACE/events/kmem/kmem_cache_alloc/enable
echo 1 >$TRACE/events/kmem/mm_page_alloc/enable

t_pin -f "$nic" "bar:$bar/2,size=4K" >/dev/null	# whatever the first pin sets up
small=$(least_bytes_for "bar:$bar/2,size=4K")
large=$(least_bytes_for "bar:$bar/2")
note "kernel memory for one pin and its segment list: 4 KiB of the BAR $small bytes, 64 GiB of it $large bytes"
# segments are at most 4 GiB less a page: 17 entries of 32 bytes instead of 1
[ "$large" -le $((small + 1024)) ] || fail "the cost of a pin grows with its length"
