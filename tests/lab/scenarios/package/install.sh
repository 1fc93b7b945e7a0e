# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The packages in a fresh system: installed, used by a user of group rdma and by an unmodified
# program, removed. What the build left is out of sight meanwhile. DKMS has compiled in
# package.modules and is handed its own archive here, as an administrator of many
# machines would do.
[ -r /build/package-tests/modules.dkms.tar.gz ] ||
	fail "run it by ./lab test -R package, which makes the packages first"

as_member() { # command...: a user who is in group rdma and in no other
	setpriv --reuid 65534 --regid 65534 --groups "$(getent group rdma | cut -d: -f3)" "$@"
}

# A machine with few modules: depmod, at installation and removal, reads all there are, a
# minute each time on an emulated processor.
few_modules() {
	local dir few=/run/modules file
	dir=$(readlink -f "/lib/modules/$(uname -r)")
	mkdir -p "$few"
	cp -P "$dir"/modules.{builtin,builtin.modinfo,order} "$dir"/build "$few"
	cd "$dir"
	modprobe -a --show-depends rdma_rxe ib_uverbs rdma_ucm nvme >/tmp/depends
	awk '$1 == "insmod" { print $2 }' /tmp/depends | sort -u | while read -r file; do
		cp --parents "$(realpath --relative-to . "$file")" "$few"
	done
	cd /tmp
	mount --bind "$few" "$dir"
	depmod
}

install_packages() {
	local module
	module=peer-mem-$(dpkg-deb -f /tmp/packages/peer-mem-dkms_*.deb Version)
	mkdir -p /usr/share/peer-mem-dkms
	cp /tmp/tests/modules.dkms.tar.gz "/usr/share/peer-mem-dkms/$module.dkms.tar.gz"
	/usr/lib/systemd/systemd-udevd --daemon
	# the lab's root leaves documentation out
	dpkg --force-unsafe-io --path-include='/usr/share/doc/*' --path-include='/usr/share/man/*' \
		-i /tmp/packages/*.deb || fail "dpkg -i"
	dkms status "${module%-*}/${module##*-}" | grep installed || fail "dkms: $(dkms status)"
	/usr/src/"$module"/check-kernel || fail "this kernel should do"
	rm -r /usr/share/peer-mem-dkms
}

# Everything a package brought, and what DKMS and depmod made of it
brought() {
	local package
	for package in "${names[@]}"; do dpkg -L "$package"; done | sort -u | while read -r file; do
		[ -d "$file" ] || echo "$file"
	done
	find /lib/modules/*/updates /var/lib/dkms/peer-mem -type f
}

load_installed() {
	modprobe peer_umem || fail "modprobe peer_umem"
	modprobe peer_bar || fail "modprobe peer_bar"
	udevadm trigger --settle /sys/class/misc/peer_mem
	[ "$(stat -c %a /dev/peer_mem)" = 666 ] || fail "/dev/peer_mem: $(stat -c %A /dev/peer_mem)"
	bind_peer_bar "$bar"
	udevadm settle
	[ "$(stat -c '%a %G' "$node")" = '660 rdma' ] || fail "$node: $(stat -c '%A %G' "$node")"
	[ "$(stat -c %G "$(nvme_cmb "$nvme")")" = rdma ] || fail "the CMB is not for group rdma"
}

use() {
	local status=0
	peer_mem check || fail "peer_mem check is not content"
	as_member peer_mem query "bar:$bar/2,size=1M" | grep 'of peer memory' || fail "query"
	as_member /tmp/tests/consumer "cmb:$nvme,size=64K" | grep "^65536 bytes of kind 2 $nvme" || fail "consumer"
	[ "$bar" = 0000:04:00.0 ] || fail "the example of docs/hardware.md is for another function than $bar"
	as_member /tmp/tests/first || fail "the example of docs/hardware.md"
	/tmp/tests/consumer dmabuf:udmabuf,size=64K | grep '^65536 bytes' || fail "no loadable provider"
	/tmp/tests/consumer cuda:0 | grep 'libcuda.so.1 is not there: install' || fail "cuda without CUDA"
	setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/tests/consumer "bar:$bar/2,size=64K" |
		grep 'no permission' || fail "a user of no group may"
	as_member timeout 60 ib_write_bw -d rxe0 -x 1 -F -n 20 -s 4096 --mmap="$node" >/tmp/server 2>&1 &
	wait_for 10 sh -c 'ss -ltn | grep -q :18515' || :
	as_member timeout 60 ib_write_bw -d rxe0 -x 1 -F -n 20 -s 4096 --mmap="$node" 127.0.0.1 >/tmp/client 2>&1 ||
		status=$?
	wait $! || status=$?
	[ "$status" -eq 0 ] || fail "ib_write_bw: $(cat /tmp/server /tmp/client)"
	[ "$(counter pins)" -ge 2 ] || fail "ib_write_bw registered no BAR"
	LD_PRELOAD=libibverbs-ext-preload.so IBVX_PRELOAD=verbose ibv_devinfo 2>&1 |
		grep 'stands aside: peer_umem is loaded' || fail "no shim"
	[ -s /usr/share/man/man1/peer_mem.1.gz ] || fail "no manual page"
	[ -r /usr/share/doc/peer-mem-dkms/README.Debian ] || fail "no README.Debian"
}

remove() {
	local file
	brought >/tmp/brought
	[ "$(wc -l <"/tmp/brought")" -gt 80 ] || fail "hardly anything was installed: $(cat /tmp/brought)"
	dpkg --force-unsafe-io --purge "${names[@]}" >/tmp/purge 2>&1 || fail "dpkg --purge: $(cat /tmp/purge)"
	grep 'still loaded; to unload them' /tmp/purge || fail "loaded modules are not mentioned"
	while read -r file; do
		[ ! -e "$file" ] || fail "$file is left"
	done </tmp/brought
	# what the message says
	modprobe -r peer_bar peer_umem peer_mem 2>/tmp/err || rmmod peer_bar peer_umem peer_mem ||
		fail "the modules do not unload"
	modprobe peer_mem 2>/dev/null && fail "peer_mem can still be loaded"
	note "$(wc -l </tmp/brought) files came and went"
}

few_modules
make_rxe
nvme=$(nvme_bdf)
bar=$(ivshmem_bdf)
node=$(bar_node "$bar")
mkdir -p /tmp/packages /tmp/tests
cp /build/packages/*.deb /tmp/packages
cp /build/package-tests/* /tmp/tests
names=()
for package in /tmp/packages/*.deb; do names+=("$(dpkg-deb -f "$package" Package)"); done
PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset PBUF_PROVIDERS
mount -t tmpfs none /build

install_packages
nvme_load
load_installed
use
unbind_peer_bar "$bar"
remove
udevadm control --exit
umount /build
