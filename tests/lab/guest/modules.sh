# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The project's kernel modules in the guest: the build leaves them in one directory.

MODULE_DIR=/build/kernel

# module_load NAME [PARAMETER=VALUE...]: one of ours, after those of the kernel that it
# needs (insmod does not look for them)
module_load() {
	local name=$1 file=$MODULE_DIR/$1.ko depends
	shift
	[ -r "$file" ] || { fail "$name.ko was not built"; return 1; }
	for depends in $(modinfo -F depends "$file" | tr ',' ' '); do
		[ -e "$MODULE_DIR/$depends.ko" ] || modprobe "$depends"
	done
	insmod "$file" "$@"
}

module_loaded() { # name
	[ -d "/sys/module/$1" ]
}

# load_modules: the stack, lowest first
load_modules() {
	module_load peer_mem && module_load peer_umem && module_load peer_bar
}

unload_modules() {
	local name
	for name in $(our_modules); do
		rmmod "$name" || return 1
	done
}

# our_modules: those loaded now, newest first, which is the order to unload them in
our_modules() {
	local name rest
	while read -r name rest; do
		[ ! -e "$MODULE_DIR/$name.ko" ] || echo "$name"
	done </proc/modules
}
