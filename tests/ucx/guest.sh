# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What scenarios of stock UCX on soft-RoCE share; docs/ucx.md has the reasons.
. /src/tests/rdma/guest.sh

# ucx_up: soft-RoCE, the modules. GID index 2 is ::1: by IPv4 UCX drops the datagrams that
# soft-RoCE delivers, and finds no connection. "reloc": with the default, "bistro", some
# starts hang in these guests, in libucm, waiting for a lock in ucm_mmap_install().
ucx_up() {
	make_rxe
	ucx_use 2
}

# ucx_wire_up: the same on the wire between two guests
ucx_wire_up() {
	local index
	wire_up
	make_rxe rxe0 "$WIRE"
	index=$(gid_index rxe0 "fd09:0000:0000:0000:0000:0000:0000:000$(($(guest_number) + 1))")
	ucx_use "$index"
}

ucx_use() { # gid-index
	load_modules
	export UCX_NET_DEVICES=rxe0:1 UCX_IB_GID_INDEX=$1 UCX_WARN_UNUSED_ENV_VARS=n
	export UCX_MEM_MMAP_HOOK_MODE=reloc
}

# What keeps UCX's own copies off device memory on rc_verbs.
# shellcheck disable=SC2034 # for the scenarios
UCX_NO_COPIES=(UCX_ZCOPY_THRESH=0 UCX_RNDV_THRESH=0 UCX_RNDV_SCHEME=put_zcopy)

# mpi_pair SECONDS COMMAND...: COMMAND as a job of Open MPI, of which rank 0 is in guest 0 and
# rank 1 in guest 1; both call this after ucx_wire_up. UCX and nothing else carries it.
mpi_pair() {
	local seconds=$1
	shift
	export MPI_JOB=mpi.$((${MPI_JOB##*.} + 1))
	export OMPI_MCA_pml=ucx OMPI_MCA_osc=ucx
	# Without these Open MPI takes UCX only where the device is named as one that it knows.
	export OMPI_MCA_opal_common_ucx_tls=any OMPI_MCA_opal_common_ucx_devices=any
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
	hostname "lab$(guest_number)"
	if [ "$(guest_number)" -eq 0 ]; then
		timeout "$seconds" mpirun --prtemca plm_ssh_agent /src/tests/ucx/mpi-agent \
			--host 10.9.1.1:1,10.9.1.2:1 --map-by node:OVERSUBSCRIBE -n 2 "$@" || fail "$*"
	else
		mpi_serve
	fi
	meet "$MPI_JOB"
}

MPI_JOB=mpi.0

# What mpirun wants started here stays in the background and ends with the job.
mpi_serve() {
	local status=0
	wait_for 60 test -e "/meet/$MPI_JOB.command" || fail "mpirun did not call"
	bash "/meet/$MPI_JOB.command" || status=$?
	echo "$status" >"/meet/$MPI_JOB.new"
	mv "/meet/$MPI_JOB.new" "/meet/$MPI_JOB.status"
}
