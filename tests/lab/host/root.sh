# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The lab's root in the cache: made once, keyed by everything that decides what is in it,
# so that a changed package list makes a new one beside the old.
#
# Locks: $LAB_CACHE/use is held shared by every ./lab that uses a root, exclusively to
# remove the cache; $LAB_CACHE/make-root and make-kernel while one of these is made.

# shellcheck source=tests/lab/host/mirror.sh
. "$LAB_SRC/tests/lab/host/mirror.sh"

root_key() {
	{
		cat "$LAB_SRC"/tests/lab/root/*
		echo "$LAB_KERNEL_SERIES"
	} | sha256sum | cut -c 1-12
}

# root_ensure: sets LAB_ROOT, making it where it does not exist
root_ensure() {
	exec {LAB_USE_LOCK}>"$LAB_CACHE/use"
	flock -s -n "$LAB_USE_LOCK" || die "the cache is being removed by another ./lab clean"

	LAB_ROOT=$LAB_CACHE/root-$(root_key)
	[ ! -d "$LAB_ROOT" ] || return 0

	cache_make_lock root
	[ -d "$LAB_ROOT" ] || root_make
	cache_make_unlock
}

# root_version PACKAGE: the version of it that is in the root
root_version() {
	dpkg-query --admindir="$LAB_ROOT/var/lib/dpkg" -W -f '${Version}\n' "$1"
}

cache_make_lock() { # root|kernel
	exec {LAB_MAKE_LOCK}>"$LAB_CACHE/make-$1"
	flock -n "$LAB_MAKE_LOCK" ||
		step "waiting for another ./lab that makes the $1" /dev/null flock "$LAB_MAKE_LOCK"
}

cache_make_unlock() {
	exec {LAB_MAKE_LOCK}>&-
}

cache_need_space() { # MB
	local free
	free=$(df --output=avail -m "$LAB_CACHE" | tail -n 1)
	[ "$free" -gt "$1" ] ||
		die "$LAB_CACHE has $free MB free, the lab needs $1; PEER_MEM_CACHE=DIR puts it elsewhere"
}

root_make() {
	local mirror options
	mirror=$(mirror_find) || mirror=
	[ -n "$mirror" ] ||
		die "cannot tell from apt's sources which Debian mirror this machine uses;" \
			"name one: PEER_MEM_MIRROR=http://.../debian ./lab ..."
	cache_need_space 4000
	mapfile -t options < <(mirror_apt_options)

	step "making the root (Debian trixie: kernel, QEMU, compiler; 600 MB to fetch)" \
		"$LAB_CACHE/root.log" contained env LAB_KERNEL_SERIES="$LAB_KERNEL_SERIES" "$LAB_SRC/tests/lab/root/build-root" \
		"$LAB_ROOT" "$mirror" "${options[@]}" ||
		die "the root could not be made; is the mirror reachable ($mirror) and the" \
			"package debian-archive-keyring up to date?${LAB_KERNEL_SERIES:+ Has it a kernel $LAB_KERNEL_SERIES?} All output: $LAB_CACHE/root.log"
}

# host_need_tools: the two programs that a Debian machine may lack (mount only where it is
# a container), by the names of their packages
host_need_tools() {
	local tool missing=()
	for tool in mmdebstrap mount; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		die "the lab needs Debian 12 or 13: there is no apt-get here to install ${missing[*]} with"
	step "installing on this machine: ${missing[*]}" "$LAB_CACHE/apt.log" \
		host_install "${missing[@]}" ||
		die "apt-get could not install ${missing[*]}; all output: $LAB_CACHE/apt.log"
}

# The package lists of a fresh machine may be empty or old: only then fetch them.
host_install() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends "$@" && return
	apt-get update && apt-get install -y --no-install-recommends "$@"
}
