// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * cuda: memory of an NVIDIA GPU, by the driver API. The NIC gets it as a dma-buf. The
 * CPU gets it where the driver lets that dma-buf be mapped; elsewhere the address is
 * the GPU's (PBUF_NO_CPU).
 *
 * No header of CUDA is needed: the few functions are declared here, by their versioned
 * names, as libcuda.so.1 has exported them since CUDA 11.7.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vendor.h"

enum {
	CUDA_SUCCESS = 0,
	CUDA_ERROR_INVALID_VALUE = 1,
	CUDA_ERROR_OUT_OF_MEMORY = 2,
	CUDA_ERROR_NO_DEVICE = 100,
	CUDA_ERROR_INVALID_DEVICE = 101,
	CUDA_ERROR_NOT_SUPPORTED = 801,
};

#define CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED 124
#define CU_POINTER_ATTRIBUTE_SYNC_MEMOPS 6
#define CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD 1

typedef unsigned long long cuda_ptr;

/* An allocation of this size is aligned to it and shares no GPU page with another. */
#define GRANULE ((size_t)2 << 20)

static struct {
	int (*init)(unsigned int flags);
	int (*device_get)(int *device, int ordinal);
	int (*device_attribute)(int *value, int attribute, int device);
	int (*device_bus_id)(char *bdf, int len, int device);
	int (*context_retain)(void **context, int device);
	int (*context_release)(int device);
	int (*context_push)(void *context);
	int (*context_pop)(void **context);
	int (*alloc)(cuda_ptr *ptr, size_t size);
	int (*free)(cuda_ptr ptr);
	int (*set_attribute)(const void *value, int attribute, cuda_ptr ptr);
	int (*get_handle)(void *handle, cuda_ptr ptr, size_t size, int type,
			  unsigned long long flags);
	int (*error_string)(int error, const char **text);
} cu;

static const struct vendor_symbol symbols[] = {
	{ "cuInit", (void **)&cu.init },
	{ "cuDeviceGet", (void **)&cu.device_get },
	{ "cuDeviceGetAttribute", (void **)&cu.device_attribute },
	{ "cuDeviceGetPCIBusId", (void **)&cu.device_bus_id },
	{ "cuDevicePrimaryCtxRetain", (void **)&cu.context_retain },
	{ "cuDevicePrimaryCtxRelease_v2", (void **)&cu.context_release },
	{ "cuCtxPushCurrent_v2", (void **)&cu.context_push },
	{ "cuCtxPopCurrent_v2", (void **)&cu.context_pop },
	{ "cuMemAlloc_v2", (void **)&cu.alloc },
	{ "cuMemFree_v2", (void **)&cu.free },
	{ "cuPointerSetAttribute", (void **)&cu.set_attribute },
	{ "cuMemGetHandleForAddressRange", (void **)&cu.get_handle },
	{ "cuGetErrorString", (void **)&cu.error_string },
	{ NULL, NULL },
};

static struct ibvx_error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct cuda_state {
	cuda_ptr ptr;
	size_t size; /* of the allocation: whole granules */
	void *context;
	int device;
	int fd;
	bool mapped; /* the CPU's view is buf->addr */
};

static void load(void)
{
	vendor_open("libcuda.so.1", "NVIDIA's driver (libcuda1), 515 or newer", symbols,
		    &load_error);
}

static int cuda_fail(struct ibvx_error *err, const char *what, int status)
{
	const char *text = NULL;
	int error = -EIO;

	if (status == CUDA_ERROR_OUT_OF_MEMORY)
		error = -ENOMEM;
	else if (status == CUDA_ERROR_NO_DEVICE || status == CUDA_ERROR_INVALID_DEVICE)
		error = -ENODEV;
	else if (status == CUDA_ERROR_NOT_SUPPORTED)
		error = -EOPNOTSUPP;
	cu.error_string(status, &text);
	return fail(err, error, "CUDA: %s: %s (%d); see nvidia-smi", what,
		    text ? text : "unknown error", status);
}

static int enter(const struct cuda_state *state, struct ibvx_error *err)
{
	int status = cu.context_push(state->context);

	return status ? cuda_fail(err, "use the GPU's context", status) : 0;
}

static void leave(void)
{
	void *context;

	cu.context_pop(&context);
}

static int open_gpu(struct pbuf *buf, struct cuda_state *state, struct ibvx_error *err)
{
	char bdf[32] = "";
	int supported = 0;
	int status;

	status = cu.init(0);
	if (status)
		return cuda_fail(err, "cuInit", status);
	status = cu.device_get(&state->device, (int)buf->spec.number);
	if (status)
		/* the ordinal is an "invalid value"? then there is no such GPU */
		return cuda_fail(err, "there is no such GPU",
				 status == CUDA_ERROR_INVALID_VALUE ? CUDA_ERROR_INVALID_DEVICE :
								      status);
	cu.device_attribute(&supported, CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED, state->device);
	if (!supported)
		return fail(err, -EOPNOTSUPP,
			    "GPU %u or its driver gives no dma-bufs: NVIDIA's open kernel modules (515 or newer) on a GPU from Turing on do",
			    buf->spec.number);
	if (!cu.device_bus_id(bdf, sizeof(bdf), state->device))
		vendor_set_function(buf, bdf);
	status = cu.context_retain(&state->context, state->device);
	return status ? cuda_fail(err, "open the GPU", status) : 0;
}

static int get_memory(struct cuda_state *state, struct ibvx_error *err)
{
	unsigned int on = 1;
	int status;

	status = cu.alloc(&state->ptr, state->size);
	if (status)
		return cuda_fail(err, "allocate GPU memory", status);
	/* what the GPU was told to copy is there before a NIC is told to send it */
	status = cu.set_attribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, state->ptr);
	if (!status)
		status = cu.get_handle(&state->fd, state->ptr, state->size,
				       CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD, 0);
	if (!status)
		return 0;
	cu.free(state->ptr);
	return cuda_fail(err, "get a dma-buf of GPU memory", status);
}

static int cuda_alloc(struct pbuf *buf, struct ibvx_error *err)
{
	struct cuda_state *state;
	void *view;
	int ret;

	pthread_once(&once, load);
	if (load_error.error)
		return fail(err, load_error.error, "%s", load_error.text);
	state = calloc(1, sizeof(*state));
	if (!state)
		return fail(err, -ENOMEM, "out of memory");
	buf->size = vendor_size(buf, (size_t)sysconf(_SC_PAGESIZE));
	state->size = vendor_round_up(buf->size, GRANULE);
	ret = open_gpu(buf, state, err);
	if (ret)
		goto free_state;
	ret = enter(state, err);
	if (ret)
		goto release_context;
	ret = get_memory(state, err);
	leave();
	if (ret)
		goto release_context;
	view = mmap(NULL, buf->size, PROT_READ | PROT_WRITE, MAP_SHARED, state->fd, 0);
	state->mapped = view != MAP_FAILED;
	buf->addr = state->mapped ? view : (void *)(uintptr_t)state->ptr;
	buf->state = state;
	return 0;

release_context:
	cu.context_release(state->device);
free_state:
	free(state);
	return ret;
}

static void cuda_free(struct pbuf *buf)
{
	struct cuda_state *state = buf->state;

	if (state->mapped)
		munmap(buf->addr, buf->size);
	close(state->fd);
	if (!enter(state, NULL)) {
		cu.free(state->ptr);
		leave();
	}
	cu.context_release(state->device);
	free(state);
}

static void cuda_describe(const struct pbuf *buf, struct pbuf_info *info)
{
	const struct cuda_state *state = buf->state;

	info->attrs |= state->mapped ? 0 : PBUF_NO_CPU;
	info->device_addr = state->ptr;
}

static int cuda_dmabuf(const struct pbuf *buf, int *fd_p, uint64_t *offset_p,
		       struct ibvx_error *err)
{
	const struct cuda_state *state = buf->state;

	*offset_p = 0;
	return vendor_dup(state->fd, fd_p, err);
}

static const struct pbuf_ops cuda_ops = {
	.name = "cuda",
	.usage = "cuda:N[,size=N]",
	.place = PBUF_PLACE_NUMBER,
	.alloc = cuda_alloc,
	.free = cuda_free,
	.describe = cuda_describe,
	.dmabuf = cuda_dmabuf,
};

PBUF_PLUGIN(cuda_ops);
