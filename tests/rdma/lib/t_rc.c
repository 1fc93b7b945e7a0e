// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_rc.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "t.h"
#include "t_dmabuf.h"

#define PORT	    1
#define QUEUE_DEPTH 64
/* All that the device has, but no more than any test uses. */
#define WANTED_SGE    32
#define WANTED_INLINE 64

/*
 * 4.096 us << 18 is about a second. A guest that emulates its processors may be
 * that slow; the shorter time-outs of real networks would make it send again.
 */
#define ACK_TIMEOUT   18
#define RETRIES	      7
#define MIN_RNR_TIMER 12

static struct ibv_context *open_by_name(const char *name)
{
	struct ibv_context *context = NULL;
	struct ibv_device **list;

	list = ibv_get_device_list(NULL);
	if (!list)
		return NULL;
	errno = ENODEV;
	for (struct ibv_device **device = list; *device; device++) {
		if (strcmp(ibv_get_device_name(*device), name))
			continue;
		context = ibv_open_device(*device);
		break;
	}
	ibv_free_device_list(list);
	return context;
}

static int query_dev(struct t_dev *dev, const char *name)
{
	int ret;

	ret = -ibv_query_device(dev->context, &dev->attr);
	if (ret)
		return t_fail(ret, "query device %s", name);
	ret = -ibv_query_port(dev->context, PORT, &dev->port);
	if (ret)
		return t_fail(ret, "query port %d of %s", PORT, name);
	if (dev->port.state != IBV_PORT_ACTIVE)
		return t_fail(-ENETDOWN, "port %d of %s", PORT, name);
	if (ibv_query_gid(dev->context, PORT, dev->gid_index, &dev->gid))
		return t_fail(errno ? -errno : -EIO, "query GID %d of %s",
			      dev->gid_index, name);
	return 0;
}

int t_dev_open(struct t_dev *dev, const char *name, int gid_index)
{
	int ret;

	memset(dev, 0, sizeof(*dev));
	dev->gid_index = gid_index;
	dev->context = open_by_name(name);
	if (!dev->context)
		return t_fail(errno ? -errno : -ENODEV, "open RDMA device %s",
			      name);
	ret = query_dev(dev, name);
	if (ret)
		goto close;
	dev->pd = ibv_alloc_pd(dev->context);
	if (!dev->pd) {
		ret = t_fail(-errno, "allocate a protection domain on %s",
			     name);
		goto close;
	}
	return 0;

close:
	t_dev_close(dev);
	return ret;
}

void t_dev_close(struct t_dev *dev)
{
	if (dev->pd)
		ibv_dealloc_pd(dev->pd);
	if (dev->context)
		ibv_close_device(dev->context);
	memset(dev, 0, sizeof(*dev));
}

struct ibv_mr *t_dev_reg_mr(struct t_dev *dev, void *addr, size_t len, int access)
{
	struct ibv_mr *mr;

	if (dev->by_dmabuf) {
		mr = t_dmabuf_reg_mr(dev->pd, addr, len, access);
		if (mr || errno != ENXIO)
			return mr;
		/* ordinary memory is registered as ever */
	}
	return ibv_reg_mr(dev->pd, addr, len, access);
}

int t_dev_dereg_mr(struct ibv_mr *mr)
{
	return t_dmabuf_is_mr(mr) ? t_dmabuf_dereg_mr(mr) : ibv_dereg_mr(mr);
}

int t_dev_register(struct t_dev *dev, const struct t_buf *buf, int access,
		   struct ibv_mr **mr)
{
	*mr = t_dev_reg_mr(dev, buf->addr, buf->size, access);
	return *mr ? 0 :
		     t_fail(-errno, "ibv_reg_mr of %zu bytes of %s", buf->size,
			    buf->spec);
}

static struct ibv_qp *create_qp_with_ops(struct t_rc *rc,
					 const struct ibv_qp_init_attr *plain,
					 uint64_t send_ops)
{
	struct ibv_qp_init_attr_ex init = {
		.send_cq = plain->send_cq,
		.recv_cq = plain->recv_cq,
		.cap = plain->cap,
		.qp_type = plain->qp_type,
		.comp_mask = IBV_QP_INIT_ATTR_PD |
			     IBV_QP_INIT_ATTR_SEND_OPS_FLAGS,
		.pd = rc->dev->pd,
		.send_ops_flags = send_ops,
	};
	struct ibv_qp *qp = ibv_create_qp_ex(rc->dev->context, &init);

	rc->qpx = qp ? ibv_qp_to_qp_ex(qp) : NULL;
	return qp;
}

static int create_qp(struct t_rc *rc, uint64_t send_ops)
{
	struct ibv_qp_init_attr init = {
		.send_cq = rc->cq,
		.recv_cq = rc->cq,
		.cap =
			{
				.max_send_wr = QUEUE_DEPTH,
				.max_recv_wr = QUEUE_DEPTH,
				.max_send_sge = WANTED_SGE,
				.max_recv_sge = WANTED_SGE,
				.max_inline_data = WANTED_INLINE,
			},
		.qp_type = IBV_QPT_RC,
	};

	if (rc->dev->attr.max_sge < WANTED_SGE)
		init.cap.max_send_sge = init.cap.max_recv_sge =
			(uint32_t)rc->dev->attr.max_sge;
	if (send_ops) {
		rc->qp = create_qp_with_ops(rc, &init, send_ops);
		return rc->qp ? 0 : -EOPNOTSUPP;
	}
	rc->qp = ibv_create_qp(rc->dev->pd, &init);
	if (!rc->qp)
		return t_fail(-errno, "create a queue pair");
	rc->max_inline = init.cap.max_inline_data;
	rc->max_sge = init.cap.max_send_sge;
	if (init.cap.max_recv_sge < rc->max_sge)
		rc->max_sge = init.cap.max_recv_sge;
	return 0;
}

static int qp_to_init(struct t_rc *rc, uint64_t send_ops)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = IBV_ACCESS_REMOTE_WRITE |
				   IBV_ACCESS_REMOTE_READ |
				   IBV_ACCESS_REMOTE_ATOMIC,
	};
	int ret;

	if (send_ops & IBV_QP_EX_WITH_FLUSH)
		attr.qp_access_flags |= IBV_ACCESS_FLUSH_GLOBAL;
	ret = -ibv_modify_qp(rc->qp, &attr,
			     IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				     IBV_QP_ACCESS_FLAGS);
	return ret ? t_fail(ret, "queue pair to INIT") : 0;
}

int t_rc_open_ops(struct t_rc *rc, struct t_dev *dev, uint64_t send_ops)
{
	int ret;

	memset(rc, 0, sizeof(*rc));
	rc->dev = dev;
	rc->deadline_ms = T_DEADLINE_MS;
	rc->cq = ibv_create_cq(dev->context, 2 * QUEUE_DEPTH, NULL, NULL, 0);
	if (!rc->cq)
		return t_fail(-errno, "create a completion queue");
	ret = create_qp(rc, send_ops);
	if (ret)
		goto close;
	/*
	 * Any start will do, but two connections should not share one by
	 * accident.
	 */
	rc->psn = rc->qp->qp_num * 0x1235 & 0xffffff;
	ret = qp_to_init(rc, send_ops);
	if (ret)
		goto close;
	return 0;

close:
	t_rc_close(rc);
	return ret;
}

int t_rc_open(struct t_rc *rc, struct t_dev *dev)
{
	return t_rc_open_ops(rc, dev, 0);
}

void t_rc_close(struct t_rc *rc)
{
	if (rc->qp)
		ibv_destroy_qp(rc->qp);
	if (rc->cq)
		ibv_destroy_cq(rc->cq);
	rc->qp = NULL;
	rc->cq = NULL;
}

struct t_rc_address t_rc_address(const struct t_rc *rc)
{
	struct t_rc_address address = {
		.gid = rc->dev->gid,
		.qpn = rc->qp->qp_num,
		.psn = rc->psn,
	};

	return address;
}

static int qp_to_rtr(struct t_rc *rc, const struct t_rc_address *peer)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = rc->dev->port.active_mtu,
		.dest_qp_num = peer->qpn,
		.rq_psn = peer->psn,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = MIN_RNR_TIMER,
		.ah_attr =
			{
				.is_global = 1,
				.port_num = PORT,
				.grh =
					{
						.dgid = peer->gid,
						.sgid_index =
							(uint8_t)rc->dev
								->gid_index,
						.hop_limit = 1,
					},
			},
	};
	int ret = -ibv_modify_qp(rc->qp, &attr,
				 IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
					 IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
					 IBV_QP_MAX_DEST_RD_ATOMIC |
					 IBV_QP_MIN_RNR_TIMER);

	return ret ? t_fail(ret, "queue pair to RTR") : 0;
}

static int qp_to_rts(struct t_rc *rc)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTS,
		.sq_psn = rc->psn,
		.timeout = ACK_TIMEOUT,
		.retry_cnt = RETRIES,
		.rnr_retry = RETRIES,
		.max_rd_atomic = 1,
	};
	int ret = -ibv_modify_qp(rc->qp, &attr,
				 IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT |
					 IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
					 IBV_QP_MAX_QP_RD_ATOMIC);

	return ret ? t_fail(ret, "queue pair to RTS") : 0;
}

int t_rc_connect(struct t_rc *rc, const struct t_rc_address *peer)
{
	int ret = qp_to_rtr(rc, peer);

	return ret ? ret : qp_to_rts(rc);
}

int t_rc_pair_open_ops(struct t_rc pair[2], struct t_dev *dev,
		       uint64_t send_ops)
{
	struct t_rc_address address[2];
	int ret;

	memset(&pair[1], 0, sizeof(pair[1]));
	ret = t_rc_open_ops(&pair[0], dev, send_ops);
	if (ret)
		return ret;
	ret = t_rc_open_ops(&pair[1], dev, send_ops);
	if (ret)
		goto close;
	address[0] = t_rc_address(&pair[0]);
	address[1] = t_rc_address(&pair[1]);
	ret = t_rc_connect(&pair[0], &address[1]);
	if (!ret)
		ret = t_rc_connect(&pair[1], &address[0]);
	if (ret)
		goto close;
	return 0;

close:
	t_rc_pair_close(pair);
	return ret;
}

int t_rc_pair_open(struct t_rc pair[2], struct t_dev *dev)
{
	return t_rc_pair_open_ops(pair, dev, 0);
}

void t_rc_pair_close(struct t_rc pair[2])
{
	t_rc_close(&pair[1]);
	t_rc_close(&pair[0]);
}

int t_rc_exchange(int fd, const void *mine, void *theirs, size_t len)
{
	ssize_t done = write(fd, mine, len);

	if (done != (ssize_t)len)
		return t_fail(done < 0 ? -errno : -EIO,
			      "send %zu bytes to the other process", len);
	for (size_t got = 0; got < len; got += (size_t)done) {
		done = read(fd, (char *)theirs + got, len - got);
		if (done <= 0)
			return t_fail(
				done < 0 ? -errno : -EPIPE,
				"receive %zu bytes from the other process",
				len);
	}
	return 0;
}

int t_rc_connect_over(struct t_rc *rc, int fd)
{
	struct t_rc_address mine = t_rc_address(rc);
	struct t_rc_address theirs;
	int ret = t_rc_exchange(fd, &mine, &theirs, sizeof(mine));

	return ret ? ret : t_rc_connect(rc, &theirs);
}

int t_rc_post_send(struct t_rc *rc, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad;
	int ret = -ibv_post_send(rc->qp, wr, &bad);

	return ret ? t_fail(ret, "post a send request") : 0;
}

int t_rc_post_recv(struct t_rc *rc, struct ibv_recv_wr *wr)
{
	struct ibv_recv_wr *bad;
	int ret = -ibv_post_recv(rc->qp, wr, &bad);

	return ret ? t_fail(ret, "post a receive request") : 0;
}

int t_rc_poll(struct t_rc *rc, struct ibv_wc *wc)
{
	uint64_t end = t_now_ms() + rc->deadline_ms;

	for (;;) {
		int found = ibv_poll_cq(rc->cq, 1, wc);

		if (found > 0)
			return 0;
		if (found < 0)
			return t_fail(-EIO, "poll the completion queue");
		if (t_now_ms() > end)
			return t_fail(-ETIMEDOUT,
				      "no completion within %llu ms",
				      (unsigned long long)rc->deadline_ms);
		/* A software NIC works on this very processor. */
		sched_yield();
	}
}

int t_rc_wait(struct t_rc *rc, struct ibv_wc *wc)
{
	int ret = t_rc_poll(rc, wc);

	if (ret)
		return ret;
	if (wc->status != IBV_WC_SUCCESS) {
		t_err("work request %llu completed with '%s'",
		      (unsigned long long)wc->wr_id,
		      ibv_wc_status_str(wc->status));
		return -EIO;
	}
	return 0;
}

int t_rc_run(struct t_rc *rc, struct ibv_send_wr *wr)
{
	struct ibv_wc wc;
	int ret;

	wr->send_flags |= IBV_SEND_SIGNALED;
	ret = t_rc_post_send(rc, wr);
	return ret ? ret : t_rc_wait(rc, &wc);
}
