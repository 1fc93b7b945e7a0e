#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The kernel log scanner: every kind of complaint turns it red, ordinary lines do not.
. "$(dirname "$0")/check.sh"

scan() { # log text [scenario text]
	printf '%b\n' "$1" >"$WORK/console.log"
	printf '%b\n' "${2-}" >"$WORK/scenario.sh"
	"$LAB/verdict/scan-log" "$WORK/console.log" "$WORK/scenario.sh"
}

while IFS= read -r line; do
	expect "green: $line" 0 scan "[    1.0] before\r\n[    2.0] $line\r"
done <<'LINES'
peer_mem: loading out-of-tree module taints kernel.
peer_mem: module verification failed: signature and/or required key missing - tainting kernel
rcu: \tRCU CPU stall warnings timeout set to 60 (rcu_cpu_stall_timeout).
Kernel command line: console=ttyS0 oops=panic panic=-1 rcupdate.rcu_cpu_stall_timeout=60
DMAR: IOMMU enabled
DMA-API: preallocated 65536 debug entries
DMA-API: debugging enabled by kernel config
kasan: KernelAddressSanitizer initialized (generic)
kmemleak: Kernel memory leak detector initialized (mem pool available: 15679)
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
nvme 0000:03:00.0: added peer-to-peer DMA memory 0xc040000000-0xc043ffffff
peer_umem: rxe0: [0x7f0000000000, +4096) refused: BAR memory without struct pages
LINES

while IFS= read -r line; do
	expect "red: $line" 1 scan "[    1.0] before\r\n[    2.0] $line\r"
done <<'LINES'
WARNING: CPU: 0 PID: 1 at mm/gup.c:2500 __gup_longterm_locked+0x1/0x2
WARNING: mm/gup.c:2500 at __gup_longterm_locked+0x1/0x2, CPU#0: test/77
BUG: kernel NULL pointer dereference, address: 0000000000000000
BUG: sleeping function called from invalid context at mm/slab.h:306
Oops: 0002 [#1] SMP NOPTI
Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
 Call Trace:
WARNING: possible circular locking dependency detected
BUG: KASAN: slab-use-after-free in umem_release+0x1/0x2
UBSAN: array-index-out-of-bounds in gup.c:12:3
refcount_t: underflow; use-after-free.
unreferenced object 0xffff888103c2a000 (size 64):
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
rcu: rcu_preempt kthread starved for 5000 jiffies!
watchdog: BUG: soft lockup - CPU#0 stuck for 60s! [rmmod:99]
INFO: task rmmod:99 blocked for more than 45 seconds.
DMAR: [DMA Read NO_PASID] Request device [04:00.0] fault addr 0xc0000000 [fault reason 0x06] PTE Read access is not set
DMAR: DRHD: handling fault status reg 2
Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100
t_mr[99]: segfault at 0 ip 000055d0 sp 00007ffc error 4 in t_mr[1139,55d0+1000]
peer_umem: Unknown symbol peer_mem_gup_pin (err -2)
Out of memory: Killed process 99 (t_many) total-vm:9999kB
BUG: Bad page state in process t_mr  pfn:12345
DMA-API: nvme 0000:03:00.0: device driver frees DMA memory with wrong function
DMA-API: debugging out of memory - disabling
kmemleak: Memory pool empty, consider increasing CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE
LINES

expect "an expected line is allowed" 0 \
	scan "[ 1.0] refcount_t: underflow" "echo\n# expect-log: refcount_t: under"
expect "but no other" 1 \
	scan "[ 1.0] refcount_t: underflow\n[ 1.1] Oops: 0002" "# expect-log: refcount_t: under"
says 'Oops: 0002'
expect "a scenario that expects nothing allows nothing" 1 scan "[ 1.0] Oops: 0002" "# expect-log:"
expect "an empty log is clean (the judge wants more than that)" 0 scan ""
finish
