// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "t.h"
#include "t_ucp.h"

#define TAG   UINT64_C(0x7065)
#define AM_ID 7

static char *at(const struct side *side, size_t start)
{
	return (char *)side->buf.addr + start;
}

/* The data has arrived there when this returns. */
static int flush(struct side *side)
{
	ucp_request_param_t param = {0};

	return side_wait(side, ucp_ep_flush_nbx(side->ep, &param), "flush");
}

static int put_active(struct side *side, size_t start, size_t len)
{
	ucp_request_param_t param = side_param(side);
	int ret = side_wait(side,
			    ucp_put_nbx(side->ep, at(side, start), len, side->remote + start,
					side->rkey, &param),
			    "put");

	return ret ? ret : flush(side);
}

static int get_active(struct side *side, size_t start, size_t len)
{
	ucp_request_param_t param = side_param(side);

	return side_wait(side,
			 ucp_get_nbx(side->ep, at(side, start), len, side->remote + start,
				     side->rkey, &param),
			 "get");
}

static int tag_post(struct side *side, size_t start, size_t len)
{
	ucp_request_param_t param = side_param(side);

	side->pending = ucp_tag_recv_nbx(side->worker, at(side, start), len, TAG, ~UINT64_C(0),
					 &param);
	return 0;
}

static int tag_active(struct side *side, size_t start, size_t len)
{
	ucp_request_param_t param = side_param(side);
	int ret = side_wait(side, ucp_tag_send_nbx(side->ep, at(side, start), len, TAG, &param),
			    "send with a tag");

	return ret ? ret : flush(side);
}

static int tag_passive(struct side *side, size_t start, size_t len)
{
	void *request = side->pending;

	(void)start;
	(void)len;
	side->pending = NULL;
	return side_wait(side, request, "receive with a tag");
}

static ucs_status_t on_am(void *arg, const void *header, size_t header_len, void *data,
			  size_t len, const ucp_am_recv_param_t *param)
{
	struct side *side = arg;

	(void)header;
	(void)header_len;
	side->am = data;
	side->am_len = len;
	side->am_eager = !(param->recv_attr & UCP_AM_RECV_ATTR_FLAG_RNDV);
	/* Kept: eager data is persistent, of a rendezvous this is the descriptor. */
	return UCS_INPROGRESS;
}

int ucp_ops_setup(struct side *side)
{
	ucp_am_handler_param_t param = {
		.field_mask = UCP_AM_HANDLER_PARAM_FIELD_ID | UCP_AM_HANDLER_PARAM_FIELD_FLAGS |
			      UCP_AM_HANDLER_PARAM_FIELD_CB | UCP_AM_HANDLER_PARAM_FIELD_ARG,
		.id = AM_ID,
		.flags = UCP_AM_FLAG_WHOLE_MSG | UCP_AM_FLAG_PERSISTENT_DATA,
		.cb = on_am,
		.arg = side,
	};
	ucs_status_t status = ucp_worker_set_am_recv_handler(side->worker, &param);

	if (status == UCS_OK)
		return 0;
	t_err("ucp_worker_set_am_recv_handler: %s", ucs_status_string(status));
	return -EIO;
}

static int am_active(struct side *side, size_t start, size_t len)
{
	ucp_request_param_t param = side_param(side);
	int ret = side_wait(side,
			    ucp_am_send_nbx(side->ep, AM_ID, NULL, 0, at(side, start), len,
					    &param),
			    "send an active message");

	return ret ? ret : flush(side);
}

static int am_passive(struct side *side, size_t start, size_t len)
{
	uint64_t end = side_deadline(side);
	ucp_request_param_t param = side_param(side);
	void *am;

	while (!side->am) {
		if (t_now_ms() > end)
			return t_fail(-ETIMEDOUT, "receive an active message");
		ucp_worker_progress(side->worker);
	}
	am = side->am;
	side->am = NULL;
	if (side->am_len != len) {
		t_err("active message of %zu bytes, should be %zu", side->am_len, len);
		return -EBADMSG;
	}
	/*
	 * Eager data has to be copied by somebody. UCX 1.18 would do it in
	 * ucp_am_recv_data_nbx(), but crashes then if the message came in fragments.
	 */
	if (side->am_eager) {
		memcpy(at(side, start), am, len);
		ucp_am_data_release(side->worker, am);
		return 0;
	}
	return side_wait(side,
			 ucp_am_recv_data_nbx(side->worker, am, at(side, start), len, &param),
			 "receive an active message's data");
}

const struct ucp_op ucp_ops[] = {
	{.name = "put", .active = put_active},
	{.name = "get", .to_active = true, .active = get_active},
	{.name = "tag", .post = tag_post, .active = tag_active, .passive = tag_passive},
	{.name = "am", .active = am_active, .passive = am_passive},
};

const size_t ucp_op_count = sizeof(ucp_ops) / sizeof(ucp_ops[0]);
