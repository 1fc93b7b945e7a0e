# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The kernel under test. `stock` is the one in the root, the newest of Debian's. A version such
# as 7.2 is Debian's kernel of that series, with a root of its own. `debug` is built here, once, from
# Debian's source package of the same version, and laid over the root's own (enter-root):
# then the modules are built against it, QEMU boots it and guests see its modules, and
# nothing else needs to know.
#
# LAB_KERNEL is its name, LAB_KERNEL_DIR where it is ('' for stock), LAB_SLOWNESS how many
# times longer than on the stock kernel a scenario may take.

# kernel_choose NAME: before anything else of this file
kernel_choose() {
	LAB_KERNEL=$1 LAB_KERNEL_DIR='' LAB_KERNEL_SERIES='' LAB_SLOWNESS=1
	case $1 in
	stock) ;;
	[0-9]*.[0-9]*)
		LAB_KERNEL_SERIES=$1
		LAB_BUILD=$LAB_BUILD-$1
		;;
	debug)
		LAB_SLOWNESS=5
		# Its own objects and logs: a build directory belongs to one kernel.
		LAB_BUILD=$LAB_BUILD-$1
		;;
	*) die "no kernel $1; there are: stock, debug, and series such as 7.2" ;;
	esac
}

# kernel_ensure: sets LAB_KERNEL_DIR, building the kernel where it is not there yet
kernel_ensure() {
	local dir
	[ "$LAB_KERNEL" = debug ] || return 0

	dir=$LAB_CACHE/kernel-$LAB_KERNEL-$(kernel_key)
	if [ ! -d "$dir" ]; then
		cache_make_lock kernel
		[ -d "$dir" ] || kernel_make "$dir"
		cache_make_unlock
	fi
	LAB_KERNEL_DIR=$dir
}

# Everything that decides what comes out: our configuration and the way it is built,
# Debian's source, and the compiler.
kernel_key() {
	{
		cat "$LAB_SRC/tests/lab/kernel/$LAB_KERNEL.config" "$LAB_SRC/tests/lab/kernel/build-kernel"
		root_version linux-headers-amd64
		root_version gcc
	} | sha256sum | cut -c 1-12
}

kernel_make() { # directory
	local work=$1.work
	cache_need_space 4500
	rm -rf "$work"
	mkdir "$work"
	source_ensure
	ln "$LAB_SOURCE" "$work/linux.tar.xz"

	LAB_BUILD=$work step "building the $LAB_KERNEL kernel (once; 15 to 30 minutes on two cores)" \
		"$LAB_CACHE/kernel.log" enter /src/tests/lab/kernel/build-kernel "$LAB_KERNEL" ||
		die "the kernel was not built; all output: $LAB_CACHE/kernel.log"
	mv "$work/out" "$1"
	rm -rf "$work"
}

# source_ensure: sets LAB_SOURCE to the tarball of the kernel sources that the root's
# kernel was built from. Only who builds kernels pays for its 165 MB.
source_ensure() {
	local version package mirror options
	version=$(root_version linux-headers-amd64)
	package=$(sed -E 's/^([0-9]+\.[0-9]+).*/linux-source-\1/' <<<"$version")
	LAB_SOURCE=$LAB_CACHE/source-$version.tar.xz
	[ ! -e "$LAB_SOURCE" ] || return 0

	mirror=$(mirror_find) || die "cannot tell which Debian mirror this machine uses"
	mapfile -t options < <(mirror_apt_options)
	step "fetching $package $version (165 MB)" "$LAB_CACHE/source.log" \
		contained "$LAB_SRC/tests/lab/kernel/fetch-source" \
		"$LAB_SOURCE" "$mirror" "$package" "$version" "${options[@]}" ||
		die "$package $version cannot be had from $mirror; if Debian has moved on," \
			"./lab clean --all makes a root of what is there now." \
			"All output: $LAB_CACHE/source.log"
}
