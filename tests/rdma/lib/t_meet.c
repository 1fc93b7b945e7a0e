// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t_meet.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"

/* ADDRESS:PORT, or only PORT to listen at; @flags is 0 or AI_PASSIVE */
static int resolve(const char *where, int flags, struct addrinfo **info)
{
	struct addrinfo hints = {.ai_flags = flags | AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_family = AF_INET,
				 .ai_socktype = SOCK_STREAM};
	char host[64];
	const char *colon = strrchr(where, ':');

	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - where) : 0, where);
	if (getaddrinfo(colon ? host : NULL, colon ? colon + 1 : where, &hints, info))
		return -EINVAL;
	return 0;
}

/* @fd is listened at, and gone afterwards. */
static int take_one(int fd, const struct addrinfo *info)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	int one = 1, ret;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	ret = bind(fd, info->ai_addr, info->ai_addrlen);
	if (!ret)
		ret = listen(fd, 1);
	if (!ret)
		ret = poll(&waiting, 1, T_DEADLINE_MS);
	if (ret > 0)
		ret = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	else if (!ret)
		ret = -ETIMEDOUT;
	if (ret == -1)
		ret = -errno;
	close(fd);
	return ret;
}

static int reach(int fd, const struct addrinfo *info)
{
	uint64_t end = t_now_ms() + T_DEADLINE_MS;
	int ret = 0;

	while (connect(fd, info->ai_addr, info->ai_addrlen)) {
		ret = -errno;
		if (ret != -ECONNREFUSED || t_now_ms() > end)
			break;
		ret = 0;
		usleep(100000);
	}
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int t_meet(const char *where, bool listening)
{
	struct addrinfo *info;
	int one = 1, fd, ret = resolve(where, listening ? AI_PASSIVE : 0, &info);

	if (ret)
		return t_fail(ret, "no address and port: %s", where);
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		ret = -errno;
	else
		ret = listening ? take_one(fd, info) : reach(fd, info);
	freeaddrinfo(info);
	if (ret < 0)
		return t_fail(ret, "%s", where);
	/* What is said here is single bytes to which the other waits. */
	setsockopt(ret, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return ret;
}
