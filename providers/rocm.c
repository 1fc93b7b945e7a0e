// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rocm: memory of an AMD GPU, by ROCm's HSA runtime. The NIC gets it as a dma-buf. Where
 * all of the GPU's memory is behind its BAR the CPU may use it too; elsewhere the
 * address is the GPU's only (PBUF_NO_CPU).
 *
 * No header of ROCm is needed: the few functions and numbers are declared here, as
 * libhsa-runtime64.so.1 has had them since ROCm 5.6.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vendor.h"

enum {
	HSA_SUCCESS = 0,
	HSA_INFO_BREAK = 1, /* what a callback ends an iteration with */
	HSA_ERROR_OUT_OF_RESOURCES = 0x1008,
};

#define HSA_AGENT_INFO_DEVICE 17
#define HSA_DEVICE_CPU 0
#define HSA_DEVICE_GPU 1
#define HSA_AMD_AGENT_INFO_BDFID 0xa006
#define HSA_AMD_AGENT_INFO_DOMAIN 0xa00f
#define HSA_AMD_POOL_INFO_SEGMENT 0
#define HSA_AMD_SEGMENT_GLOBAL 0
#define HSA_AMD_POOL_INFO_GLOBAL_FLAGS 1
#define HSA_AMD_POOL_COARSE_GRAINED 4
#define HSA_AMD_POOL_INFO_ALLOC_ALLOWED 5
#define HSA_AMD_AGENT_POOL_INFO_ACCESS 0
#define HSA_AMD_ACCESS_NEVER 0

typedef struct { uint64_t handle; } hsa_agent;
typedef struct { uint64_t handle; } hsa_pool;

/* GPU pages of this size are what every driver can export. */
#define GRANULE ((size_t)2 << 20)

static struct {
	int (*init)(void);
	int (*shut_down)(void);
	int (*status_string)(int status, const char **text);
	int (*iterate_agents)(int (*call)(hsa_agent agent, void *data), void *data);
	int (*agent_info)(hsa_agent agent, int attribute, void *value);
	int (*iterate_pools)(hsa_agent agent, int (*call)(hsa_pool pool, void *data), void *data);
	int (*pool_info)(hsa_pool pool, int attribute, void *value);
	int (*agent_pool_info)(hsa_agent agent, hsa_pool pool, int attribute, void *value);
	int (*allocate)(hsa_pool pool, size_t size, uint32_t flags, void **ptr);
	int (*free)(void *ptr);
	int (*allow_access)(uint32_t nr, const hsa_agent *agents, const uint32_t *flags,
			    const void *ptr);
	int (*export_dmabuf)(const void *ptr, size_t size, int *fd, uint64_t *offset);
	int (*close_dmabuf)(int fd);
} hsa;

static const struct vendor_symbol symbols[] = {
	{ "hsa_init", (void **)&hsa.init },
	{ "hsa_shut_down", (void **)&hsa.shut_down },
	{ "hsa_status_string", (void **)&hsa.status_string },
	{ "hsa_iterate_agents", (void **)&hsa.iterate_agents },
	{ "hsa_agent_get_info", (void **)&hsa.agent_info },
	{ "hsa_amd_agent_iterate_memory_pools", (void **)&hsa.iterate_pools },
	{ "hsa_amd_memory_pool_get_info", (void **)&hsa.pool_info },
	{ "hsa_amd_agent_memory_pool_get_info", (void **)&hsa.agent_pool_info },
	{ "hsa_amd_memory_pool_allocate", (void **)&hsa.allocate },
	{ "hsa_amd_memory_pool_free", (void **)&hsa.free },
	{ "hsa_amd_agents_allow_access", (void **)&hsa.allow_access },
	{ "hsa_amd_portable_export_dmabuf", (void **)&hsa.export_dmabuf },
	{ "hsa_amd_portable_close_dmabuf", (void **)&hsa.close_dmabuf },
	{ NULL, NULL },
};

static struct ibvx_error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct rocm_state {
	hsa_agent gpu, cpu;
	hsa_pool pool;
	bool has_gpu, has_cpu, has_pool;
	unsigned int skip; /* GPUs before the one that is meant */
	void *ptr;
	size_t size; /* of the allocation: whole granules */
	int fd;
	uint64_t offset; /* of ptr in the dma-buf */
	bool cpu_access;
};

static void load(void)
{
	vendor_open("libhsa-runtime64.so.1", "ROCm (libhsa-runtime64-1), 5.6 or newer", symbols,
		    &load_error);
}

static int rocm_fail(struct ibvx_error *err, const char *what, int status)
{
	const char *text = NULL;

	hsa.status_string(status, &text);
	return fail(err, status == HSA_ERROR_OUT_OF_RESOURCES ? -ENOMEM : -EIO,
		    "ROCm: %s: %s (0x%x); see rocminfo", what, text ? text : "unknown error",
		    (unsigned int)status);
}

/* Finds the GPU that is meant, and the first CPU. */
static int see_agent(hsa_agent agent, void *data)
{
	struct rocm_state *state = data;
	int device = -1;

	if (hsa.agent_info(agent, HSA_AGENT_INFO_DEVICE, &device))
		return HSA_SUCCESS;
	if (device == HSA_DEVICE_CPU && !state->has_cpu) {
		state->cpu = agent;
		state->has_cpu = true;
	} else if (device == HSA_DEVICE_GPU && !state->has_gpu && !state->skip--) {
		state->gpu = agent;
		state->has_gpu = true;
	}
	return HSA_SUCCESS;
}

/* The GPU's own memory: global, coarse grained, and one may allocate from it. */
static int see_pool(hsa_pool pool, void *data)
{
	struct rocm_state *state = data;
	uint32_t segment = ~0U, flags = 0;
	bool allowed = false;

	if (hsa.pool_info(pool, HSA_AMD_POOL_INFO_SEGMENT, &segment) ||
	    segment != HSA_AMD_SEGMENT_GLOBAL ||
	    hsa.pool_info(pool, HSA_AMD_POOL_INFO_GLOBAL_FLAGS, &flags) ||
	    !(flags & HSA_AMD_POOL_COARSE_GRAINED) ||
	    hsa.pool_info(pool, HSA_AMD_POOL_INFO_ALLOC_ALLOWED, &allowed) || !allowed)
		return HSA_SUCCESS;
	state->pool = pool;
	state->has_pool = true;
	return HSA_INFO_BREAK;
}

static int find_gpu(struct pbuf *buf, struct rocm_state *state, struct ibvx_error *err)
{
	uint32_t id = 0, domain = 0;
	char bdf[PCI_ADDRESS_TEXT];
	int status;

	state->skip = buf->spec.number;
	status = hsa.iterate_agents(see_agent, state);
	if (status != HSA_SUCCESS && status != HSA_INFO_BREAK)
		return rocm_fail(err, "list the GPUs", status);
	if (!state->has_gpu)
		return fail(err, -ENODEV, "ROCm: there is no GPU %u; see rocminfo",
			    buf->spec.number);
	hsa.iterate_pools(state->gpu, see_pool, state);
	if (!state->has_pool)
		return fail(err, -ENODEV, "ROCm: GPU %u has no memory of its own to allocate",
			    buf->spec.number);
	if (hsa.agent_info(state->gpu, HSA_AMD_AGENT_INFO_BDFID, &id) ||
	    hsa.agent_info(state->gpu, HSA_AMD_AGENT_INFO_DOMAIN, &domain))
		return 0;
	snprintf(bdf, sizeof(bdf), "%04x:%02x:%02x.%x", domain & 0xffff, id >> 8 & 0xff,
		 id >> 3 & 0x1f, id & 7);
	vendor_set_function(buf, bdf);
	return 0;
}

/* May the CPU reach this memory? Then it is told to. */
static bool let_cpu(const struct rocm_state *state)
{
	const hsa_agent both[] = { state->gpu, state->cpu };
	uint32_t access = HSA_AMD_ACCESS_NEVER;

	return state->has_cpu &&
	       !hsa.agent_pool_info(state->cpu, state->pool, HSA_AMD_AGENT_POOL_INFO_ACCESS,
				    &access) &&
	       access != HSA_AMD_ACCESS_NEVER && !hsa.allow_access(2, both, NULL, state->ptr);
}

static int get_memory(struct rocm_state *state, struct ibvx_error *err)
{
	int status;

	status = hsa.allocate(state->pool, state->size, 0, &state->ptr);
	if (status)
		return rocm_fail(err, "allocate GPU memory", status);
	status = hsa.export_dmabuf(state->ptr, state->size, &state->fd, &state->offset);
	if (!status)
		return 0;
	hsa.free(state->ptr);
	return rocm_fail(err, "get a dma-buf of GPU memory (amdgpu with CONFIG_DMABUF_MOVE_NOTIFY?)",
			 status);
}

static int rocm_alloc(struct pbuf *buf, struct ibvx_error *err)
{
	struct rocm_state *state;
	int ret;

	pthread_once(&once, load);
	if (load_error.error)
		return fail(err, load_error.error, "%s", load_error.text);
	state = calloc(1, sizeof(*state));
	if (!state)
		return fail(err, -ENOMEM, "out of memory");
	buf->size = vendor_size(buf, (size_t)sysconf(_SC_PAGESIZE));
	state->size = vendor_round_up(buf->size, GRANULE);
	/* counted: each has its hsa_shut_down() */
	ret = hsa.init();
	if (ret) {
		ret = fail(err, -ENODEV, "ROCm does not start (0x%x): is amdgpu loaded, may you open /dev/kfd?",
			   (unsigned int)ret);
		goto free_state;
	}
	ret = find_gpu(buf, state, err);
	if (!ret)
		ret = get_memory(state, err);
	if (ret)
		goto shut_down;
	state->cpu_access = let_cpu(state);
	buf->addr = state->ptr;
	buf->state = state;
	return 0;

shut_down:
	hsa.shut_down();
free_state:
	free(state);
	return ret;
}

static void rocm_free(struct pbuf *buf)
{
	struct rocm_state *state = buf->state;

	hsa.close_dmabuf(state->fd);
	hsa.free(state->ptr);
	hsa.shut_down();
	free(state);
}

static void rocm_describe(const struct pbuf *buf, struct pbuf_info *info)
{
	const struct rocm_state *state = buf->state;

	info->attrs |= state->cpu_access ? 0 : PBUF_NO_CPU;
	info->device_addr = (uintptr_t)state->ptr;
}

static int rocm_dmabuf(const struct pbuf *buf, int *fd_p, uint64_t *offset_p,
		       struct ibvx_error *err)
{
	const struct rocm_state *state = buf->state;

	*offset_p = state->offset;
	return vendor_dup(state->fd, fd_p, err);
}

static const struct pbuf_ops rocm_ops = {
	.name = "rocm",
	.usage = "rocm:N[,size=N]",
	.place = PBUF_PLACE_NUMBER,
	.alloc = rocm_alloc,
	.free = rocm_free,
	.describe = rocm_describe,
	.dmabuf = rocm_dmabuf,
};

PBUF_PLUGIN(rocm_ops);
