# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Running things in namespaces of their own. LAB_SRC, LAB_BUILD, LAB_ROOT and
# what host/kernel.sh chooses are set.

# contained COMMAND...: COMMAND in fresh mount and PID namespaces; when ./lab
# dies, however it dies, everything in there is killed and unmounted with it.
contained() {
	setpriv --pdeathsig KILL \
		unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$@"
}

# enter COMMAND...: COMMAND inside the lab's root, see enter-root.
enter() {
	LAB_HOST_BUILD=$LAB_BUILD LAB_KERNEL=$LAB_KERNEL LAB_KERNEL_DIR=$LAB_KERNEL_DIR \
		LAB_SLOWNESS=$LAB_SLOWNESS LAB_SETTINGS=${LAB_SETTINGS-} contained \
		"$LAB_SRC/tests/lab/host/enter-root" "$LAB_ROOT" "$LAB_SRC" "$LAB_BUILD" "$@"
}

# can_contain: whether this machine lets root make namespaces (a container may not).
can_contain() {
	contained true 2>/dev/null
}
