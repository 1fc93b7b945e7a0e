// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rnic: one process, one link, one vfio-user socket per port. See docs/rnic.md.
 *
 * When the last client has gone the process prints its counters and ends, unless it was
 * told to stay (--stay): what started it need not clean it up.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "rnic.h"
#include "session.h"

struct listener {
	struct rnic_port *port;
	int fd;
	pthread_t thread;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int served, connected;
	bool stay, stop;
} clients = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void usage(FILE *out)
{
	fputs("rnic --port PATH,MAC [--port PATH,MAC]... [--stay] [--retry-ms N]\n"
	      "     [--no-extend-db]\n"
	      "\n"
	      "Serves a NIC for each --port as a vfio-user device on the socket PATH; all of\n"
	      "them share one link. MAC has to be that of a network interface of the guest.\n",
	      out);
}

static void clients_change(int change)
{
	pthread_mutex_lock(&clients.lock);
	clients.connected += change;
	if (change > 0)
		clients.served++;
	pthread_cond_signal(&clients.changed);
	pthread_mutex_unlock(&clients.lock);
}

/*
 * The guest's processors spin while they wait for us, and would be let spin for a whole
 * time slice of the host. So ask for short slices, which are due early (EEVDF, Linux 6.12,
 * sched_setattr(2)), and for a little more weight. An older kernel, or no right to ask:
 * then it is slower.
 */
static void be_prompt(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} wish = { .size = sizeof(wish), .nice = -10, .runtime = 100000 };

	syscall(SYS_sched_setattr, 0, &wish, 0);
}

static void *engine_thread(void *rnic)
{
	be_prompt();
	return rnic_engine_thread(rnic);
}

static void *listener_thread(void *argument)
{
	struct listener *listener = argument;

	be_prompt();
	for (;;) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		clients_change(1);
		rnic_server_run(listener->port, fd);
		clients_change(-1);
	}
	return NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1)) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

static int add_port(struct rnic *rnic, struct listener *listener, char *argument)
{
	char *mac = strchr(argument, ',');
	uint8_t bytes[6];
	char rest;

	if (!mac)
		return -EINVAL;
	*mac++ = 0;
	if (sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &bytes[0], &bytes[1],
		   &bytes[2], &bytes[3], &bytes[4], &bytes[5], &rest) != 6)
		return -EINVAL;
	listener->port = rnic_port_add(rnic, bytes);
	if (!listener->port)
		return -ENOMEM;
	listener->port->session = rnic_session_create();
	if (!listener->port->session)
		return -ENOMEM;
	listener->port->dma.transfer = rnic_session_dma;
	listener->port->dma.transfer_context = listener->port->session;
	listener->fd = listen_at(argument);
	return listener->fd < 0 ? listener->fd : 0;
}

static int parse(struct rnic *rnic, struct listener *listeners, int argc, char **argv)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "stay", no_argument, NULL, 's' },
		{ "retry-ms", required_argument, NULL, 'r' },
		{ "no-extend-db", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			if (rnic->ports == RNIC_MAX_PORTS)
				return -ENOSPC;
			ret = add_port(rnic, &listeners[rnic->ports], optarg);
			if (ret) {
				fprintf(stderr, "rnic: --port %s: %s\n", optarg,
					strerror(-ret));
				return ret;
			}
			break;
		case 's': clients.stay = true; break;
		case 'r': rnic->retry_ns = strtoull(optarg, NULL, 10) * 1000000u; break;
		case 'd': rnic->extend_db = false; break;
		case 'h': usage(stdout); exit(0);
		default: return -EINVAL;
		}
	}
	return rnic->ports && optind == argc ? 0 : -EINVAL;
}

static void *signal_thread(void *argument)
{
	const sigset_t *set = argument;
	int number;

	sigwait(set, &number);
	pthread_mutex_lock(&clients.lock);
	clients.stop = true;
	pthread_cond_signal(&clients.changed);
	pthread_mutex_unlock(&clients.lock);
	return NULL;
}

static void print_counters(struct rnic *rnic)
{
	static char text[RNIC_CONTROL_TEXT];

	for (unsigned int n = 0; n < rnic->ports; n++) {
		rnic_stats_text(rnic->port[n], text, sizeof(text));
		fputs(text, stdout);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct listener listeners[RNIC_MAX_PORTS];
	struct rnic *rnic = rnic_create();
	pthread_t engine, signals;
	sigset_t set;

	if (!rnic || parse(rnic, listeners, argc, argv)) {
		usage(stderr);
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&engine, NULL, engine_thread, rnic) ||
	    pthread_create(&signals, NULL, signal_thread, &set))
		return 1;
	for (unsigned int n = 0; n < rnic->ports; n++)
		if (pthread_create(&listeners[n].thread, NULL, listener_thread,
				   &listeners[n]))
			return 1;
	puts("rnic: ready");
	fflush(stdout);

	pthread_mutex_lock(&clients.lock);
	while (!clients.stop &&
	       (clients.stay || clients.served < rnic->ports || clients.connected))
		pthread_cond_wait(&clients.changed, &clients.lock);
	pthread_mutex_unlock(&clients.lock);
	print_counters(rnic);
	/* Threads may still sit in a socket or in the engine: the kernel takes all of it. */
	_exit(0);
}
