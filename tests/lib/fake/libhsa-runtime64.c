// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What providers/rocm.c calls, and no more: one "CPU", one "GPU" at 0000:00:00.0 with two pools, the
 * second of which is its memory.
 */
#include <stdint.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake.h"

typedef struct { uint64_t handle; } hsa_handle;

#define CPU 11
#define GPU 12
#define HOST_POOL 21
#define GPU_POOL 22

int hsa_init(void);
int hsa_shut_down(void);
int hsa_status_string(int status, const char **text);
int hsa_iterate_agents(int (*call)(hsa_handle agent, void *data), void *data);
int hsa_agent_get_info(hsa_handle agent, int attribute, void *value);
int hsa_amd_agent_iterate_memory_pools(hsa_handle agent, int (*call)(hsa_handle pool, void *data),
				       void *data);
int hsa_amd_memory_pool_get_info(hsa_handle pool, int attribute, void *value);
int hsa_amd_agent_memory_pool_get_info(hsa_handle agent, hsa_handle pool, int attribute,
				       void *value);
int hsa_amd_memory_pool_allocate(hsa_handle pool, size_t size, uint32_t flags, void **ptr);
int hsa_amd_memory_pool_free(void *ptr);
int hsa_amd_agents_allow_access(uint32_t nr, const hsa_handle *agents, const uint32_t *flags,
				const void *ptr);
int hsa_amd_portable_export_dmabuf(const void *ptr, size_t size, int *fd, uint64_t *offset);
int hsa_amd_portable_close_dmabuf(int fd);

FAKE_EXPORT int hsa_init(void)
{
	if (fake_is("none"))
		return 0x1000;
	fake_count(1);
	return 0;
}

FAKE_EXPORT int hsa_shut_down(void)
{
	fake_count(-1);
	return 0;
}

FAKE_EXPORT int hsa_status_string(int status, const char **text)
{
	(void)status;
	*text = "said the stand-in";
	return 0;
}

FAKE_EXPORT int hsa_iterate_agents(int (*call)(hsa_handle agent, void *data), void *data)
{
	int ret = call((hsa_handle){ CPU }, data);

	return ret ? ret : call((hsa_handle){ GPU }, data);
}

FAKE_EXPORT int hsa_agent_get_info(hsa_handle agent, int attribute, void *value)
{
	switch (attribute) {
	case 17:
		*(int *)value = agent.handle == GPU;
		return 0;
	case 0xa006:
	case 0xa00f:
		*(uint32_t *)value = 0;
		return agent.handle != GPU;
	default:
		return 0x1001;
	}
}

FAKE_EXPORT int hsa_amd_agent_iterate_memory_pools(hsa_handle agent,
						   int (*call)(hsa_handle pool, void *data),
						   void *data)
{
	int ret;

	if (agent.handle != GPU)
		return 0x1001;
	ret = call((hsa_handle){ HOST_POOL }, data);
	if (!ret && !fake_is("nodmabuf"))
		ret = call((hsa_handle){ GPU_POOL }, data);
	return ret;
}

FAKE_EXPORT int hsa_amd_memory_pool_get_info(hsa_handle pool, int attribute, void *value)
{
	if (attribute == 0)
		*(uint32_t *)value = 0;
	else if (attribute == 1)
		*(uint32_t *)value = pool.handle == GPU_POOL ? 4 : 2;
	else
		*(bool *)value = true;
	return 0;
}

FAKE_EXPORT int hsa_amd_agent_memory_pool_get_info(hsa_handle agent, hsa_handle pool,
						   int attribute, void *value)
{
	*(uint32_t *)value = fake_is("nomap") ? 0 : 2;
	return agent.handle != CPU || pool.handle != GPU_POOL || attribute;
}

FAKE_EXPORT int hsa_amd_memory_pool_allocate(hsa_handle pool, size_t size, uint32_t flags,
					     void **ptr)
{
	*ptr = fake_is("nomem") || pool.handle != GPU_POOL || flags ? NULL : fake_alloc(size);
	return *ptr ? 0 : 0x1008;
}

FAKE_EXPORT int hsa_amd_memory_pool_free(void *ptr)
{
	fake_free(ptr);
	return 0;
}

FAKE_EXPORT int hsa_amd_agents_allow_access(uint32_t nr, const hsa_handle *agents,
					    const uint32_t *flags, const void *ptr)
{
	int fd;

	if (nr != 2 || agents[0].handle != GPU || agents[1].handle != CPU || flags)
		return 0x1001;
	/* the same address serves the CPU from now on */
	fd = fake_export((void *)(uintptr_t)ptr, fake_size(ptr));
	if (mmap((void *)(uintptr_t)ptr, fake_size(ptr), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return 0x1000;
	close(fd);
	return 0;
}

FAKE_EXPORT int hsa_amd_portable_export_dmabuf(const void *ptr, size_t size, int *fd,
					       uint64_t *offset)
{
	*fd = fake_is("noexport") ? -1 : fake_export((void *)(uintptr_t)ptr, size);
	*offset = 0;
	return *fd < 0 ? 0x1000 : 0;
}

FAKE_EXPORT int hsa_amd_portable_close_dmabuf(int fd)
{
	return close(fd) ? 0x1000 : 0;
}
