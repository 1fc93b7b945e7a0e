# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Providers in shared objects. dma-bufs of the kernel are real. There is no GPU here: of cuda
# and rocm this proves loading, the pairs of calls and what is said when one of them
# fails, by stand-ins for the vendors' libraries (tests/lib/fake), and nothing about GPUs.
. /src/tests/lib/conform.sh

# problem DIR REGEX: what is said about a directory of providers
problem() {
	PBUF_PROVIDERS=$1 peer_mem query nosuch:0 2>&1 | tee /tmp/said | grep -E "$2" ||
		fail "lacks '$2': $(cat /tmp/said)"
}

# with_gpus DIR MODE COMMAND...: with stand-ins of that directory
with_gpus() {
	local dir=$1 mode=$2
	shift 2
	LD_LIBRARY_PATH=/build/lib/$dir FAKE_GPU=$mode "$@"
}

module_load peer_mem

note "dma-bufs"
conforms dmabuf:udmabuf
conforms dmabuf:system
absent dmabuf:nosuch '/dev/dma_heap/nosuch does not exist: .*ls /dev/dma_heap'
must_fail setpriv --reuid 65534 --regid 65534 --clear-groups t_providers dmabuf:system 2>/tmp/why
grep 'no permission on /dev/dma_heap/system' /tmp/why || fail "wrong reason: $(cat /tmp/why)"

note "no vendor's library"
absent cuda:0 'libcuda.so.1 is not there: install NVIDIA'
# Debian's UCX brings the real runtime: every function that is called must be in it
absent rocm:0 'libhsa-runtime64.so.1 is not there: install ROCm|ROCm does not start .*/dev/kfd'

note "stand-ins for them"
for mode in '' nomap; do
	with_gpus fake "$mode" conforms cuda:0
	with_gpus fake "$mode" conforms rocm:0
done
with_gpus fake-old '' absent cuda:0 'libcuda.so.1 is too old, it has no cuInit: install NVIDIA'
with_gpus fake-old '' absent rocm:0 'is too old, it has no hsa_init: install ROCm'
with_gpus fake '' absent cuda:1 'there is no such GPU.*\(101\)'
with_gpus fake '' absent rocm:1 'there is no GPU 1'
with_gpus fake none absent cuda:0 'no CUDA-capable device'
with_gpus fake none absent rocm:0 'is amdgpu loaded, may you open /dev/kfd'
with_gpus fake nomem absent cuda:0 'allocate GPU memory: .*\(2\)'
with_gpus fake nomem absent rocm:0 'allocate GPU memory: '
with_gpus fake nodmabuf absent cuda:0 'gives no dma-bufs: '
with_gpus fake nodmabuf absent rocm:0 'no memory of its own'
with_gpus fake noexport absent cuda:0 'get a dma-buf of GPU memory: .*\(801\)'
FAKE_GPU=noexport LD_LIBRARY_PATH=/build/lib/fake must_fail t_providers rocm:0

note "directories with something else in them"
problem /nonexistent "there are host, cmb, bar, sysfs; and none in /nonexistent"
problem /build/lib/fake-none "libpbuf-none.so is no provider: it exports no pbuf_plugin"
problem /build/lib/fake-release "libpbuf-old.so is of another release"
mkdir /tmp/bad
echo nonsense >/tmp/bad/libpbuf-bad.so
cp /build/lib/providers/libpbuf-dmabuf.so /tmp/bad
problem /tmp/bad "there are host, cmb, bar, sysfs, dmabuf; and /tmp/bad/libpbuf-bad.so was not loaded"
PBUF_PROVIDERS=/tmp/bad conforms dmabuf:udmabuf
