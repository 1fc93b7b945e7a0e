# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The peer_mem command on a system that comes up step by step: each one tells what is there
# and, where something is not, the next step.
. /src/tests/rdma/guest.sh
. /src/tests/lib/why.sh

says() { # regex command...: it succeeds and has a line for the regex
	local wanted=$1
	shift
	"$@" >/tmp/said 2>&1 || fail "$*: $(cat /tmp/said)"
	grep -qE -- "$wanted" /tmp/said || fail "$* lacks '$wanted': $(cat /tmp/said)"
}

complains() { # regex command...: it fails and says so on stderr, in one line
	local wanted=$1
	shift
	must_fail "$@" >/tmp/said 2>/tmp/complaint
	[ ! -s /tmp/said ] || fail "$* printed: $(cat /tmp/said)"
	[ "$(wc -l </tmp/complaint)" -eq 1 ] || fail "$*: not one line: $(cat /tmp/complaint)"
	grep -qE -- "$wanted" /tmp/complaint || fail "$* complains: $(cat /tmp/complaint)"
}

diagnoses() { # state subject regex
	peer_mem check >/tmp/said || :
	grep -E -- "^$1 +$2: .*$3" /tmp/said || fail "check lacks '$1 $2: $3': $(cat /tmp/said)"
}

json() { # pointer value command...
	local pointer=$1 wanted=$2 got
	shift 2
	got=$("$@" --json | t_json "$pointer") || fail "$*: no such JSON at $pointer"
	[ "$got" = "$wanted" ] || fail "$*: $pointer is $got, should be $wanted"
}

note "nothing is loaded"
says '^no memory is offered' peer_mem list
complains 'as root: modprobe peer_mem' peer_mem why
complains 'as root: modprobe peer_mem' peer_mem topo
complains 'as root: modprobe peer_mem' peer_mem stat
complains 'as root: modprobe peer_mem' peer_mem query host
must_fail peer_mem check
diagnoses bad module 'peer_mem is not loaded'
diagnoses bad module 'peer_umem is not loaded'
# what the lab loads by insmod, modprobe does not find
grep -F 'no peer_mem.ko for this kernel: install peer-mem-dkms' /tmp/said || fail "not told to install"
diagnoses warn module 'peer_bar is not loaded'
diagnoses bad /dev/peer_mem 'does not exist: the kernel module is not loaded'
diagnoses bad RDMA 'there is no RDMA device'
diagnoses warn memory 'no device memory is offered'
diagnoses ok kernel 'CONFIG_PCI_P2PDMA is on'
diagnoses ok IOMMU '^|off'

note "everything is loaded"
peers_find
peers_up
says '^ok .*hooked' peer_mem check
forbidden=$(peer_mem check | grep -v '^ok\|^ *->' || :)
[ -z "$forbidden" ] || fail "check is not content: $forbidden"
says "^bar:$BAR_A/2 +peer_bar +peer_bar +64 MiB +- +yes +wc +0600 +0 " peer_mem list
says "^cmb:$NVME +p2pmem +nvme +64 MiB +65472 KiB +yes +- +0660 " peer_mem list
says '^sysfs:0000:00:.* not offered ' peer_mem list --all
says '^rxe0 +CPU +CPU +CPU$' peer_mem topo
says "^$NVME +PIX +PIX +self$" peer_mem topo --from "$NVME"
says '^\(pins, and' as_user peer_mem list
says '^live_pins +0$' peer_mem stat
says 'of peer memory' peer_mem query "bar:$BAR_A/2,off=1M,size=2M"
says 'BAR 2 from offset 0x100000, exporter peer_bar' peer_mem query "bar:$BAR_A/2,off=1M,size=2M"
says '^  struct pages: yes$' peer_mem query "cmb:$NVME,size=4K"
says 'mapping: shared, writable, write-combining$' peer_mem query "bar:$BAR_A/2,size=4K"
says '^  revocable: ' peer_mem query "bar:$BAR_A/2,size=4K"
says 'mapping: private, writable, cached$' peer_mem query host:size=4K
says 'of host memory' peer_mem query host:size=4K
says '^  rxe0: CPU$' peer_mem query "bar:$BAR_A/2"

note "as JSON"
json /memory/0/spec "bar:$BAR_A/2" peer_mem list
json /memory/0/size 67108864 peer_mem list
json /memory/0/pins 0 peer_mem list
json /ways/0/way CPU peer_mem topo
json /live_pins 0 peer_mem stat
json /offset null peer_mem query host
json /offset 1048576 peer_mem query "bar:$BAR_A/2,off=1M,size=4K"
json /reached_by/rxe0 CPU peer_mem query "cmb:$NVME,size=4K"
json /checks/0/state ok peer_mem check
json /refusals '[ ]' peer_mem why
json /memory/0/pins null as_user peer_mem list
peer_mem topo --svg | tee /out/topo.svg | grep -c '<rect' | grep -qx 3 || fail "a picture of 3 cells"
svg_is_well_formed </out/topo.svg

note "a process holds some"
says 'no device memory' peer_mem query $$
mkfifo /tmp/go
t_hold --dev rxe0 --buf "bar:$BAR_A/2,size=1M" <>/tmp/go >/tmp/answers &
holder=$!
echo map >/tmp/go
echo reg >/tmp/go
wait_for 10 grep -c ok /tmp/answers >/dev/null
wait_for 10 sh -c 'peer_mem list | grep -q " 0600 *1 "' || fail "no pin: $(peer_mem list)"
says "^0x[0-9a-f]+ +1 MiB +rw-s +$BAR_A +2 +/dev/peer_bar" peer_mem query "$holder"
json /mappings/0/function "$BAR_A" peer_mem query "$holder"
complains 'only root and its user' as_user peer_mem query "$holder"
kill "$holder"
wait "$holder" || :

note "what it does not understand"
complains 'there is no command' peer_mem frobnicate
complains 'takes --all' peer_mem list --everything
complains 'takes --all' peer_mem list --all --all
complains 'takes --svg, --from' peer_mem topo --form x
complains 'syntax is host' peer_mem query host:size=0
complains 'syntax is host' peer_mem query host:size=12Q
complains 'syntax is host' peer_mem query host:size=1M,foo=1
complains 'Cannot allocate memory' peer_mem query host:size=99999999G
complains 'multiples of the page size' peer_mem query "bar:$BAR_A/2,off=3"
complains 'names no provider' peer_mem query -1
complains 'wants a number' peer_mem why -n 99999999999
says '^peer_mem [0-9.]+$' peer_mem --version
complains 'takes no arguments' peer_mem stat x
complains 'takes no arguments' peer_mem check x
complains '--from and --to want' peer_mem topo --from
complains 'no RDMA device nosuch' peer_mem topo --from nosuch
complains 'is no PCI function' peer_mem topo --to nosuch
complains 'the syntax is bar:BDF/BAR' peer_mem query "bar:$BAR_A"
complains 'names no provider; there are host, cmb, bar, sysfs' peer_mem query x:y
complains 'wants a SPEC' peer_mem query
complains 'there is no process' peer_mem query 4194305
says '^live_pins +0$' as_user peer_mem stat
says '^usage: peer_mem' peer_mem help
must_fail peer_mem >/dev/null
must_fail sh -c 'peer_mem list >/dev/full' 2>/dev/null

note "an ordinary user"
as_user peer_mem check >/tmp/said || :
grep -E "^warn +memory: bar:$BAR_A/2: you may not open" /tmp/said || fail "$(cat /tmp/said)"
grep -E '^ok +ACS: only root' /tmp/said || fail "$(cat /tmp/said)"
(ulimit -l 64; peer_mem check) | grep -E '^warn +RLIMIT_MEMLOCK: 64 KiB' || fail "RLIMIT_MEMLOCK"

note "without struct pages"
echo 0 >"$PCI/devices/$BAR_A/peer_bar_pages"
says "rxe0 -> $BAR_A/2: .*echo 1 > .*peer_bar_pages" peer_mem topo
diagnoses warn way "rxe0 does not reach $BAR_A"
diagnoses ok memory "bar:$BAR_A/2: 64 MiB, for NICs with DMA of their own only"
echo 1 >"$PCI/devices/$BAR_A/peer_bar_pages"

note "completion"
complete_is() { # line wanted-word
	COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=(peer_mem) COMP_CWORD=0 COMPREPLY=()
	_peer_mem
	[[ " ${COMPREPLY[*]} " == *" $2 "* ]] || fail "'$1' completes to: ${COMPREPLY[*]}"
}
# shellcheck source=/dev/null
. /src/libibverbs-ext/cli/peer_mem.bash-completion
complete_is 'peer_mem ' topo
complete_is 'peer_mem wh' why
complete_is 'peer_mem list --' --all
complete_is 'peer_mem --json topo --from 0000:0' "$NVME"
complete_is 'peer_mem topo --' --svg
complete_is 'peer_mem query bar:' "bar:$BAR_A/2"
complete_is 'peer_mem why ' 1
