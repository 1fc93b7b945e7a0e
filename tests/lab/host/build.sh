# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Building the project inside the root. One build directory belongs to one ./lab at a
# time: exclusively while it builds, shared while guests run from it.

build_lock() {
	mkdir -p "$LAB_BUILD"
	exec {LAB_BUILD_LOCK}>"$LAB_BUILD/.lab-lock"
	flock -n "$LAB_BUILD_LOCK" && return
	step "waiting for another ./lab that uses $LAB_BUILD (PEER_MEM_BUILD=DIR gives this one its own)" \
		/dev/null flock "$LAB_BUILD_LOCK"
}

# build_project [CMAKE-OPTION...]: leaves the build lock shared
build_project() {
	build_lock
	build_forget_other_root
	perftest_ensure
	step "building the project" "$LAB_BUILD/lab-build.log" \
		enter /src/tests/lab/host/build-inside "$@" ||
		die "the build failed; all output: $LAB_BUILD/lab-build.log"
	flock -s "$LAB_BUILD_LOCK"
}

# What another root's compiler and kernel made is of no use here.
build_forget_other_root() {
	local stamp=$LAB_BUILD/.lab-root root
	root="${LAB_ROOT##*/}${LAB_KERNEL_DIR:+ ${LAB_KERNEL_DIR##*/}}"
	if [ -e "$stamp" ] && [ "$(cat "$stamp")" != "$root" ]; then
		find "$LAB_BUILD" -mindepth 1 -maxdepth 1 ! -name .lab-lock -exec rm -rf {} +
	fi
	echo "$root" >"$stamp"
}
