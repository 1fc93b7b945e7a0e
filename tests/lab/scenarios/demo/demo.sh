# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# ./lab demo: the same unmodified programs on the same stock kernel, first refused, then,
# with the modules loaded, moving data between PCI BARs. For somebody who never saw the
# project; the tests proper are in path/.
. /src/tests/rdma/guest.sh
. /src/tests/rnic/guest.sh

LOG=/tmp/demo

# What is run, in this order: program|from|to|arguments. CMB and BAR are the devices found
# below, host is ordinary memory.
PERFTEST_RUNS=(
	"ib_write_bw|CMB|CMB|-s 65536 -n 50"
	"ib_read_bw|CMB|CMB|-s 65536 -n 50"
	"ib_send_bw|CMB|CMB|-s 65536 -n 50"
	"ib_atomic_bw|CMB|CMB|-n 200"
	"ib_write_bw|BAR|BAR|-s 65536 -n 50"
	"ib_read_bw|BAR|BAR|-s 65536 -n 50"
	"ib_send_bw|BAR|BAR|-s 65536 -n 50"
	"ib_atomic_bw|BAR|BAR|-n 200"
)
COPY_RUNS=(
	"t_copy|CMB|BAR|--verb write"
	"t_copy|BAR|host|--verb read"
	"t_copy|host|CMB|--verb write"
)

# On the NIC with DMA: from the client's port to the server's.
NIC_RUNS=(
	"ib_write_bw|BAR|BAR|-s 1048576 -n 200"
	"ib_read_bw|BAR|BAR|-s 1048576 -n 200"
	"ib_send_bw|BAR|BAR|-s 1048576 -n 200"
	"t_copy|BAR|BAR|--verb write"
	"t_copy|CMB|BAR|--verb write"
	"t_copy|BAR|host|--verb read"
)

# One line of the final table per run.
TABLE=()
NIC_TABLE=()

chapter() {
	printf '\n--- %s\n\n' "$*"
}

show_command() {
	printf '  $ %s\n' "$*"
}

# --- what the words CMB, BAR and host stand for, without and with the modules

file_of() { # CMB|BAR
	case $1 in
	CMB) nvme_cmb "$NVME" ;;
	# On a stock kernel sysfs is the only way to map a BAR.
	BAR) if module_loaded peer_bar; then bar_node "$BAR_A"; else
		echo "$PCI/devices/$BAR_A/resource2"; fi ;;
	esac
}

# As t_copy names them. 8 MiB of the CMB, because each access of the emulated processor
# to it traps; of the BAR all, or SIZE.
spec_of() { # CMB|BAR|host [size]
	local size=${2:-64M}
	case $1 in
	CMB) echo "cmb:$NVME,size=8M" ;;
	BAR) if module_loaded peer_bar; then echo "bar:$BAR_A/2,size=$size"; else
		echo "file:$(file_of BAR),size=$size"; fi ;;
	host) echo "host:size=$size" ;;
	esac
}

# --- one run of each program; sets RESULT, says more on the way

run_perftest() { # program memory arguments
	local file offset='' status=0
	file=$(file_of "$2")
	# The CMB's file gives each process memory of its own; in a BAR each takes a part.
	[ "$2" != BAR ] || offset=--mmap-offset=1048576
	show_command "$1 -d rxe0 $3 --mmap=$file"
	perftest_pair "$LOG" "$1" "$3 --mmap=$file" "$3 --mmap=$file $offset" || status=$?
	if [ "$status" -eq 0 ]; then
		RESULT=$(perftest_bytes "$LOG")
		echo "    ran, $RESULT bytes from $2 to $2"
	else
		RESULT=refused
		grep -h -m 1 "Couldn't allocate MR" "$LOG.client" "$LOG.server" |
			sed 's/^/    /;q' | grep . ||
			{ cat "$LOG.client"; fail "$1 failed, but not at the registration"; }
	fi
}

run_copy() { # from to arguments [device [size]]
	local from to status=0 dev=${4-rxe0}
	from=$(spec_of "$1" "${5-}")
	to=$(spec_of "$2" "${5-}")
	[ "$1 $2" != "BAR BAR" ] || to=bar:$BAR_B/2,size=$5
	show_command "t_copy --dev $dev $3 --from $from --to $to"
	# shellcheck disable=SC2086 # the arguments are meant to be split
	t_copy --dev "$dev" $3 --from "$from" --to "$to" >"$LOG.copy" 2>"$LOG.why" || status=$?
	sed 's/^/  /' "$LOG.why"
	grep -v '^copy ' "$LOG.copy" | sed 's/^/  /' || :
	if [ "$status" -eq 0 ]; then
		RESULT=$(sed -n 's/^copy .*cases=\([0-9]*\) bytes=\([0-9]*\) verified=yes$/\2 \1/p' \
			"$LOG.copy")
	else
		RESULT=refused
		grep -q 'ibv_reg_mr' "$LOG.why" ||
			fail "t_copy failed, but not at the registration"
	fi
}

# --- the chapters

show_machine() {
	local rnic cmb
	cmb=$(cat "$PCI/devices/$NVME/p2pmem/size")
	rnic="rxe0, soft-RoCE: Debian's rdma_rxe on the loopback interface"
	cat <<-END
	  kernel   $(uname -r), as Debian ships it
	  RNIC     $rnic
	  NIC      two ports that do DMA of their own: a model of Alibaba's erdma, driven by the
	           vendor's driver out of this kernel's source and by Debian's rdma-core
	  CMB      $NVME, $((cmb >> 20)) MiB controller memory buffer of an NVMe disk
	  BAR      $BAR_A, BAR 2: $(($(stat -c %s "$PCI/devices/$BAR_A/resource2") >> 20)) MiB of device memory (ivshmem, in a GPU's place)
	  perftest $(dpkg-query -W -f '${Version}' perftest), as Debian ships it
	  t_copy   ours: moves bytes by RDMA, then reads them back and compares
	END
}

run_without() {
	local run program from to arguments
	for run in "${PERFTEST_RUNS[@]}"; do
		IFS='|' read -r program from to arguments <<<"$run"
		run_perftest "$program" "$from" "$arguments"
		[ "$RESULT" = refused ] || fail "$program works on $from without the modules"
	done
	for run in "${COPY_RUNS[@]}"; do
		IFS='|' read -r program from to arguments <<<"$run"
		run_copy "$from" "$to" "$arguments"
		[ "$RESULT" = refused ] || fail "t_copy works on $from without the modules"
	done
}

show_load() {
	local name
	peers_up
	for name in $(our_modules | tac); do
		printf '  %-10s %s\n' "$name" "$(modinfo -F description "$MODULE_DIR/$name.ko")"
	done
	printf '\n  %s bound to %s: %s\n' peer_bar "$BAR_A" "$(bar_node "$BAR_A")"
}

row() {
	TABLE+=("$(printf '  %-13s %-5s %-5s %-10s %12s  %s' "$@")")
}

run_with() {
	local run program from to arguments pins
	for run in "${PERFTEST_RUNS[@]}"; do
		IFS='|' read -r program from to arguments <<<"$run"
		pins=$(counter pins)
		run_perftest "$program" "$from" "$arguments"
		[ "$RESULT" != refused ] || fail "$program is refused on $from"
		[ "$(counter pins)" -eq $((pins + 2)) ] || fail "$program did not use $from"
		row "$program" "$from" "$to" refused "$RESULT" "ran (perftest compares no bytes)"
	done
	for run in "${COPY_RUNS[@]}"; do
		IFS='|' read -r program from to arguments <<<"$run"
		run_copy "$from" "$to" "$arguments"
		[ "$RESULT" != refused ] || fail "t_copy is refused from $from to $to"
		row "$program" "$from" "$to" refused "${RESULT% *}" \
			"${RESULT#* } copies, every byte verified"
	done
}

# run_nic PROGRAM FROM TO ARGUMENTS: on the two ports of the NIC that does DMA
run_nic() {
	local server program=$1 common=(-x 1 -F)
	if [ "$program" = t_copy ]; then
		run_copy "$2" "$3" "$4" "$ERDMA_CLIENT" 16M
		RESULT=${RESULT#* }
		return
	fi
	read -ra arguments <<<"$4"
	common+=("${arguments[@]}")
	show_command "$program -d $ERDMA_CLIENT $4 --mmap=$(bar_node "$BAR_A")    (server: $(bar_node "$BAR_B"))"
	timeout 60 "$program" -d "$ERDMA_SERVER" "${common[@]}" --mmap="$(bar_node "$BAR_B")" >"$LOG.server" 2>&1 &
	server=$!
	wait_for 10 erdma_listening "$server" || :
	timeout 60 "$program" -d "$ERDMA_CLIENT" "${common[@]}" --mmap="$(bar_node "$BAR_A")" 10.9.0.2 >"$LOG.client" 2>&1 &&
		wait "$server" || { cat "$LOG.client" "$LOG.server"; fail "$program on the NIC"; }
	RESULT=$(perftest_bytes "$LOG")
}

# Each of the two ports counts what it moves; half of that is what went over the link. Peer
# memory at both ends must leave no byte of it in the guest's RAM.
run_with_nic() {
	local run program from to arguments ram moved hosts
	erdma_up
	for run in "${NIC_RUNS[@]}"; do
		IFS='|' read -r program from to arguments <<<"$run"
		rnic_clear
		run_nic "$program" "$from" "$to" "$arguments"
		moved=$(rnic_payload all) ram=$(rnic_payload ram)
		printf '    %s bytes moved by DMA; host memory touched: %s bytes\n' "$moved" "$ram"
		hosts=0
		[ "$from" != host ] || hosts=1
		[ "$to" != host ] || hosts=1
		[ "$moved" -gt 0 ] && [ "$ram" -eq $((moved * hosts / 2)) ] ||
			{ rnic_show; fail "$ram of $moved bytes in host memory"; }
		NIC_TABLE+=("$(printf '  %-13s %-5s %-5s %16s %22s' "$program" "$from" "$to" "$moved" "$ram")")
	done
	rnic_healthy
}

show_table() {
	printf '  %-13s %-5s %-5s %-10s %s\n' "" "" "" without "with the modules"
	printf '  %-13s %-5s %-5s %-10s %12s  %s\n' program from to modules "bytes moved" result
	printf '  %s\n' "$(printf '%.0s-' {1..82})"
	printf '%s\n' "${TABLE[@]}"
	printf '\n  On the NIC that does DMA:\n\n'
	printf '  %-13s %-5s %-5s %16s %22s\n' program from to "bytes by DMA" "in host memory"
	printf '  %s\n' "$(printf '%.0s-' {1..66})"
	printf '%s\n' "${NIC_TABLE[@]}"
	printf '\n  Registrations of peer memory: %s. Still held: %s. Speed is not shown: this\n' \
		"$(counter pins)" "$(counter live_pins)"
	printf '  machine is emulated.\n'
}

peers_find
chapter "The machine: nothing of it is patched"
show_machine
chapter "Without peer_mem: ibv_reg_mr() refuses the memory of PCI devices"
run_without
chapter "Loading peer_mem"
show_load
chapter "With peer_mem: the same programs again"
run_with
chapter "With peer_mem, on a NIC that does DMA: from one device to another"
run_with_nic
chapter "Summary"
show_table
