// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What providers/cuda.c calls, and no more. One "GPU", function 0000:00:00.0. */
#include <stdint.h>
#include <stdio.h>

#include "fake.h"

static int context_of_ours;
#define CONTEXT ((void *)&context_of_ours)

int cuInit(unsigned int flags);
int cuDeviceGet(int *device, int ordinal);
int cuDeviceGetAttribute(int *value, int attribute, int device);
int cuDeviceGetPCIBusId(char *bdf, int len, int device);
int cuDevicePrimaryCtxRetain(void **context, int device);
int cuDevicePrimaryCtxRelease_v2(int device);
int cuCtxPushCurrent_v2(void *context);
int cuCtxPopCurrent_v2(void **context);
int cuMemAlloc_v2(unsigned long long *ptr, size_t size);
int cuMemFree_v2(unsigned long long ptr);
int cuPointerSetAttribute(const void *value, int attribute, unsigned long long ptr);
int cuMemGetHandleForAddressRange(void *handle, unsigned long long ptr, size_t size, int type,
				  unsigned long long flags);
int cuGetErrorString(int error, const char **text);

FAKE_EXPORT int cuInit(unsigned int flags)
{
	(void)flags;
	return fake_is("none") ? 100 : 0;
}

FAKE_EXPORT int cuDeviceGet(int *device, int ordinal)
{
	*device = 7;
	return ordinal ? 101 : 0;
}

FAKE_EXPORT int cuDeviceGetAttribute(int *value, int attribute, int device)
{
	*value = attribute == 124 && device == 7 && !fake_is("nodmabuf");
	return 0;
}

FAKE_EXPORT int cuDeviceGetPCIBusId(char *bdf, int len, int device)
{
	(void)device;
	snprintf(bdf, (size_t)len, "0000:00:00.0");
	return 0;
}

FAKE_EXPORT int cuDevicePrimaryCtxRetain(void **context, int device)
{
	(void)device;
	*context = CONTEXT;
	fake_count(1);
	return 0;
}

FAKE_EXPORT int cuDevicePrimaryCtxRelease_v2(int device)
{
	fake_count(-1);
	return device != 7;
}

FAKE_EXPORT int cuCtxPushCurrent_v2(void *context)
{
	fake_count(1);
	return context != CONTEXT;
}

FAKE_EXPORT int cuCtxPopCurrent_v2(void **context)
{
	fake_count(-1);
	*context = CONTEXT;
	return 0;
}

FAKE_EXPORT int cuMemAlloc_v2(unsigned long long *ptr, size_t size)
{
	*ptr = fake_is("nomem") ? 0 : (uintptr_t)fake_alloc(size);
	return *ptr ? 0 : 2;
}

FAKE_EXPORT int cuMemFree_v2(unsigned long long ptr)
{
	fake_free((void *)(uintptr_t)ptr);
	return 0;
}

FAKE_EXPORT int cuPointerSetAttribute(const void *value, int attribute, unsigned long long ptr)
{
	return !ptr || attribute != 6 || *(const unsigned int *)value != 1;
}

FAKE_EXPORT int cuMemGetHandleForAddressRange(void *handle, unsigned long long ptr, size_t size,
					      int type, unsigned long long flags)
{
	int fd;

	if (fake_is("noexport") || type != 1 || flags || ptr % 4096 || size % 4096)
		return 801;
	fd = fake_export((void *)(uintptr_t)ptr, size);
	*(int *)handle = fd;
	return fd < 0;
}

FAKE_EXPORT int cuGetErrorString(int error, const char **text)
{
	*text = error == 100 ? "no CUDA-capable device is detected" : "said the stand-in";
	return 0;
}
