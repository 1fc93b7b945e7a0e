// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The socket side of vfio-user, see session.h.
 *
 * Locks: `lock` for who waits for which reply, `send_lock` for the order of bytes; neither
 * is taken inside the other.
 */
#include "session.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct rnic_session {
	pthread_mutex_t lock, send_lock;
	pthread_cond_t answered;
	int fd; /* -1: no client */
	unsigned int refused;
	/* The engine's one outstanding request */
	struct {
		bool waiting, done;
		uint16_t id, next_id;
		bool write;
		void *data;
		uint32_t len;
		int ret;
	} dma;
	uint8_t message[RNIC_WIRE_MAX_MESSAGE];
};

struct rnic_session *rnic_session_create(void)
{
	struct rnic_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	pthread_mutex_init(&session->lock, NULL);
	pthread_mutex_init(&session->send_lock, NULL);
	pthread_cond_init(&session->answered, NULL);
	session->fd = -1;
	return session;
}

void rnic_session_free(struct rnic_session *session)
{
	if (!session)
		return;
	rnic_session_close(session);
	pthread_cond_destroy(&session->answered);
	pthread_mutex_destroy(&session->send_lock);
	pthread_mutex_destroy(&session->lock);
	free(session);
}

void rnic_session_open(struct rnic_session *session, int fd)
{
	pthread_mutex_lock(&session->lock);
	session->fd = fd;
	pthread_mutex_unlock(&session->lock);
}

/* With the lock held: whoever waits gets @ret. */
static void answer_locked(struct rnic_session *session, int ret)
{
	if (!session->dma.waiting || session->dma.done)
		return;
	session->dma.ret = ret;
	session->dma.done = true;
	pthread_cond_signal(&session->answered);
}

void rnic_session_close(struct rnic_session *session)
{
	int fd;

	pthread_mutex_lock(&session->lock);
	fd = session->fd;
	session->fd = -1;
	answer_locked(session, -EFAULT);
	pthread_mutex_unlock(&session->lock);
	if (fd < 0)
		return;
	/* A sender that still has the number must fail, and before it is reused. */
	shutdown(fd, SHUT_RDWR);
	pthread_mutex_lock(&session->send_lock);
	close(fd);
	pthread_mutex_unlock(&session->send_lock);
}

void rnic_session_refuse(struct rnic_session *session)
{
	pthread_mutex_lock(&session->lock);
	session->refused++;
	answer_locked(session, -ECANCELED);
	pthread_mutex_unlock(&session->lock);
}

void rnic_session_allow(struct rnic_session *session)
{
	pthread_mutex_lock(&session->lock);
	session->refused--;
	pthread_mutex_unlock(&session->lock);
}

static int send_all(struct rnic_session *session, struct iovec *iov, int count)
{
	struct msghdr out = { .msg_iov = iov, .msg_iovlen = count };
	int ret = 0, fd;

	pthread_mutex_lock(&session->send_lock);
	pthread_mutex_lock(&session->lock);
	fd = session->fd;
	pthread_mutex_unlock(&session->lock);
	while (!ret && out.msg_iovlen) {
		ssize_t sent = fd < 0 ? -1 : sendmsg(fd, &out, MSG_NOSIGNAL);

		if (sent < 0) {
			ret = fd >= 0 && errno == EINTR ? 0 : -EPIPE;
			continue;
		}
		while (out.msg_iovlen && (size_t)sent >= out.msg_iov->iov_len) {
			sent -= out.msg_iov->iov_len;
			out.msg_iov++;
			out.msg_iovlen--;
		}
		if (out.msg_iovlen) {
			out.msg_iov->iov_base = (uint8_t *)out.msg_iov->iov_base + sent;
			out.msg_iov->iov_len -= sent;
		}
	}
	pthread_mutex_unlock(&session->send_lock);
	return ret;
}

/* Exactly @len bytes; descriptors that come with them are added to @fds. */
static int receive_all(int fd, uint8_t *out, size_t len, int fds[RNIC_WIRE_MAX_FDS],
		       unsigned int *count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(RNIC_WIRE_MAX_FDS * sizeof(int))];
	} control;

	while (len) {
		struct iovec iov = { out, len };
		struct msghdr in = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t got = recvmsg(fd, &in, MSG_CMSG_CLOEXEC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EPIPE;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&in); c; c = CMSG_NXTHDR(&in, c)) {
			size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			const int *from = (const int *)(const void *)CMSG_DATA(c);

			if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
				continue;
			for (size_t i = 0; i < n; i++) {
				if (*count < RNIC_WIRE_MAX_FDS)
					fds[(*count)++] = from[i];
				else
					close(from[i]);
			}
		}
		out += got;
		len -= got;
	}
	return 0;
}

/* One message of either kind into session->message. */
static int receive_message(struct rnic_session *session, struct rnic_wire_msg *msg,
			   int fds[RNIC_WIRE_MAX_FDS], unsigned int *count)
{
	uint8_t *bytes = session->message;
	int ret, fd;

	pthread_mutex_lock(&session->lock);
	fd = session->fd;
	pthread_mutex_unlock(&session->lock);
	*count = 0;
	ret = receive_all(fd, bytes, RNIC_WIRE_HEADER, fds, count);
	if (!ret)
		ret = rnic_wire_header(bytes, msg) ? -EPIPE : 0;
	if (!ret)
		ret = receive_all(fd, bytes + RNIC_WIRE_HEADER,
				  msg->size - RNIC_WIRE_HEADER, fds, count);
	if (!ret)
		ret = rnic_wire_parse(bytes, msg->size, *count, msg);
	if (ret)
		for (; *count; (*count)--)
			close(fds[*count - 1]);
	return ret;
}

static void take_reply(struct rnic_session *session, const struct rnic_wire_msg *msg, int ret)
{
	pthread_mutex_lock(&session->lock);
	if (session->dma.waiting && !session->dma.done && msg->id == session->dma.id) {
		bool write = msg->command == RNIC_WIRE_DMA_WRITE;

		if (!ret && msg->flags & RNIC_WIRE_ERROR)
			ret = -EFAULT;
		if (!ret && write != session->dma.write)
			ret = -EFAULT;
		if (!ret && !write && msg->transfer.count != session->dma.len)
			ret = -EFAULT;
		if (!ret && !write)
			memcpy(session->dma.data, msg->data, session->dma.len);
		answer_locked(session, ret ? -EFAULT : 0);
	}
	pthread_mutex_unlock(&session->lock);
}

int rnic_session_receive(struct rnic_session *session, struct rnic_wire_msg *msg,
			 int fds[RNIC_WIRE_MAX_FDS])
{
	unsigned int count;

	for (;;) {
		int ret = receive_message(session, msg, fds, &count);

		if (ret == -EPIPE || !msg->reply)
			return ret;
		take_reply(session, msg, ret);
		while (count)
			close(fds[--count]);
	}
}

int rnic_session_reply(struct rnic_session *session, const struct rnic_wire_msg *msg,
		       const void *payload, size_t len, const void *data, size_t data_len,
		       int error)
{
	uint8_t header[RNIC_WIRE_HEADER];
	struct iovec iov[3] = {
		{ header, sizeof(header) },
		{ (void *)(uintptr_t)payload, len },
		{ (void *)(uintptr_t)data, data_len },
	};

	if (msg->no_reply)
		return 0;
	if (error)
		len = data_len = 0;
	rnic_wire_put_header(header, msg->id, msg->command, len + data_len,
			     RNIC_WIRE_REPLY | (error ? RNIC_WIRE_ERROR : 0), error);
	return send_all(session, iov, error ? 1 : 3);
}

static int wait_answer(struct rnic_session *session)
{
	int ret;

	pthread_mutex_lock(&session->lock);
	while (!session->dma.done)
		pthread_cond_wait(&session->answered, &session->lock);
	ret = session->dma.ret;
	session->dma.waiting = false;
	pthread_mutex_unlock(&session->lock);
	return ret;
}

int rnic_session_dma(void *context, bool write, uint64_t address, void *data, uint32_t len)
{
	struct rnic_session *session = context;
	uint8_t header[RNIC_WIRE_HEADER + RNIC_WIRE_DMA_FIXED];
	struct iovec iov[2] = { { header, sizeof(header) }, { data, len } };
	int ret = 0;

	pthread_mutex_lock(&session->lock);
	if (session->refused)
		ret = -ECANCELED;
	else if (session->fd < 0 || len > RNIC_WIRE_MAX_DATA)
		ret = -EFAULT;
	if (!ret) {
		session->dma.id = session->dma.next_id++;
		session->dma.waiting = true;
		session->dma.done = false;
		session->dma.write = write;
		session->dma.data = data;
		session->dma.len = len;
	}
	pthread_mutex_unlock(&session->lock);
	if (ret)
		return ret;

	rnic_wire_put_header(header, session->dma.id,
			     write ? RNIC_WIRE_DMA_WRITE : RNIC_WIRE_DMA_READ,
			     RNIC_WIRE_DMA_FIXED + (write ? len : 0), 0, 0);
	rnic_wire_put_dma(header + RNIC_WIRE_HEADER, address, len);
	if (send_all(session, iov, write ? 2 : 1)) {
		pthread_mutex_lock(&session->lock);
		answer_locked(session, -EFAULT);
		pthread_mutex_unlock(&session->lock);
	}
	return wait_answer(session);
}
