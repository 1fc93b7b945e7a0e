// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"
#include "t_rc.h"
#include "t_ucp.h"

/*
 * Bytes a millisecond that UCX moves at least, without hardware: datagrams of 1 KiB, each of
 * them copied and acknowledged by an emulated processor on either side.
 */
#define SLOWEST_PER_MS 256

/* What one side tells the other; it crosses the socket whole. */
struct hello {
	uint64_t addr;
	uint32_t worker_len;
	uint32_t rkey_len;
	uint8_t bytes[3072]; /* worker address, then packed key */
};

static int ucx_failed(ucs_status_t status, const char *what)
{
	t_err("%s: %s", what, ucs_status_string(status));
	return -EIO;
}

uint64_t side_deadline(const struct side *side)
{
	return t_now_ms() + T_DEADLINE_MS + side->moving / SLOWEST_PER_MS;
}

int side_in_step(struct side *side)
{
	uint64_t end = side_deadline(side);
	char byte = 0;

	if (write(side->fd, &byte, 1) != 1)
		return t_fail(-errno, "tell the other side");
	for (;;) {
		ssize_t got = recv(side->fd, &byte, 1, MSG_DONTWAIT);

		if (got == 1)
			return 0;
		if (!got || (errno != EAGAIN && errno != EINTR))
			return t_fail(got ? -errno : -EPIPE, "hear from the other side");
		if (t_now_ms() > end)
			return t_fail(-ETIMEDOUT, "hear from the other side");
		ucp_worker_progress(side->worker);
	}
}

int side_wait(struct side *side, void *request, const char *what)
{
	uint64_t end = side_deadline(side);
	ucs_status_t status;

	if (!request)
		return 0;
	if (UCS_PTR_IS_ERR(request))
		return ucx_failed(UCS_PTR_STATUS(request), what);
	while ((status = ucp_request_check_status(request)) == UCS_INPROGRESS) {
		if (t_now_ms() > end)
			return t_fail(-ETIMEDOUT, "%s", what);
		ucp_worker_progress(side->worker);
	}
	ucp_request_free(request);
	return status == UCS_OK ? 0 : ucx_failed(status, what);
}

ucp_request_param_t side_param(const struct side *side)
{
	ucp_request_param_t param = {0};

	if (side->with_memh) {
		param.op_attr_mask = UCP_OP_ATTR_FIELD_MEMH;
		param.memh = side->memh;
	}
	return param;
}

static int open_context(struct side *side)
{
	ucp_params_t params = {
		.field_mask = UCP_PARAM_FIELD_FEATURES,
		.features = UCP_FEATURE_RMA | UCP_FEATURE_TAG | UCP_FEATURE_AM,
	};
	ucp_worker_params_t worker = {
		.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE,
		.thread_mode = UCS_THREAD_MODE_SINGLE,
	};
	ucp_mem_map_params_t map = {
		.field_mask = UCP_MEM_MAP_PARAM_FIELD_ADDRESS | UCP_MEM_MAP_PARAM_FIELD_LENGTH,
		.address = side->buf.addr,
		.length = side->buf.size,
	};
	ucs_status_t status = ucp_init(&params, NULL, &side->context);

	if (status != UCS_OK)
		return ucx_failed(status, "ucp_init");
	status = ucp_worker_create(side->context, &worker, &side->worker);
	if (status != UCS_OK)
		return ucx_failed(status, "ucp_worker_create");
	status = ucp_mem_map(side->context, &map, &side->memh);
	return status == UCS_OK ? 0 : ucx_failed(status, "ucp_mem_map");
}

static int make_hello(struct side *side, struct hello *hello)
{
	ucp_address_t *address = NULL;
	size_t address_len = 0, rkey_len = 0;
	void *rkey = NULL;
	int ret = 0;

	memset(hello, 0, sizeof(*hello));
	if (ucp_worker_get_address(side->worker, &address, &address_len) != UCS_OK ||
	    ucp_rkey_pack(side->context, side->memh, &rkey, &rkey_len) != UCS_OK ||
	    address_len + rkey_len > sizeof(hello->bytes)) {
		ret = t_fail(-EIO, "describe this side");
	} else {
		hello->addr = (uintptr_t)side->buf.addr;
		hello->worker_len = (uint32_t)address_len;
		hello->rkey_len = (uint32_t)rkey_len;
		memcpy(hello->bytes, address, address_len);
		memcpy(hello->bytes + address_len, rkey, rkey_len);
	}
	if (rkey)
		ucp_rkey_buffer_release(rkey);
	if (address)
		ucp_worker_release_address(side->worker, address);
	return ret;
}

static int connect_to(struct side *side, const struct hello *theirs)
{
	ucp_ep_params_t params = {
		.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS,
		.address = (const ucp_address_t *)theirs->bytes,
	};
	ucs_status_t status = ucp_ep_create(side->worker, &params, &side->ep);

	if (status != UCS_OK)
		return ucx_failed(status, "ucp_ep_create");
	side->remote = theirs->addr;
	status = ucp_ep_rkey_unpack(side->ep, theirs->bytes + theirs->worker_len, &side->rkey);
	return status == UCS_OK ? 0 : ucx_failed(status, "ucp_ep_rkey_unpack");
}

int side_open(struct side *side, int fd, const char *spec, bool with_memh)
{
	struct hello mine, theirs;
	int ret;

	memset(side, 0, sizeof(*side));
	side->fd = fd;
	side->with_memh = with_memh;
	ret = t_buf_open(&side->buf, spec);
	if (!ret)
		ret = open_context(side);
	if (!ret)
		ret = ucp_ops_setup(side);
	if (!ret)
		ret = make_hello(side, &mine);
	if (!ret)
		ret = t_rc_exchange(fd, &mine, &theirs, sizeof(mine));
	if (!ret)
		ret = connect_to(side, &theirs);
	return ret ? ret : side_in_step(side);
}

/* The end of a connection is a conversation too. */
static void close_ep(struct side *side)
{
	ucp_request_param_t flush = {0};

	if (side->rkey)
		ucp_rkey_destroy(side->rkey);
	side_wait(side, ucp_ep_close_nbx(side->ep, &flush), "close the connection");
	side_in_step(side);
}

void side_close(struct side *side)
{
	if (side->ep)
		close_ep(side);
	if (side->memh)
		ucp_mem_unmap(side->context, side->memh);
	if (side->worker)
		ucp_worker_destroy(side->worker);
	if (side->context)
		ucp_cleanup(side->context);
	t_buf_close(&side->buf);
	close(side->fd);
}
