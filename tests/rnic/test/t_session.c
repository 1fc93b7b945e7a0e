// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The server behind a real socket, with its threads: negotiation, regions, interrupts and
 * maps as a client asks for them; DMA by message crossing with requests; a reset while the
 * engine waits for the client; and random messages.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../rnic.h"
#include "../session.h"
#include "t.h"

#define MAP_SIZE (1u << 20)

static struct rnic *rnic;
static struct rnic_port *port;
static pthread_t server, engine;
static int client, server_fd;
static uint8_t message[RNIC_WIRE_MAX_MESSAGE];
static struct rnic_wire_msg got;

static void *server_thread(void *argument)
{
	(void)argument;
	rnic_server_run(port, server_fd);
	return NULL;
}

static void connect_client(void)
{
	int fds[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	client = fds[0];
	server_fd = fds[1];
	CHECK(!pthread_create(&server, NULL, server_thread, NULL));
}

static void disconnect_client(void)
{
	close(client);
	pthread_join(server, NULL);
}

static void up(void)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 0, 0, 1 };

	rnic = rnic_create();
	port = rnic_port_add(rnic, mac);
	port->session = rnic_session_create();
	port->dma.transfer = rnic_session_dma;
	port->dma.transfer_context = port->session;
	CHECK(!pthread_create(&engine, NULL, rnic_engine_thread, rnic));
	connect_client();
}

static void down(void)
{
	struct rnic_session *session = port->session;

	disconnect_client();
	rnic_engine_stop(rnic);
	pthread_join(engine, NULL);
	rnic_destroy(rnic);
	rnic_session_free(session);
}

static void send_fds(uint16_t id, uint16_t command, const void *payload, size_t len,
		     uint32_t flags, const int *fds, unsigned int count)
{
	char space[CMSG_SPACE(16 * sizeof(int))] = { 0 };
	uint8_t header[RNIC_WIRE_HEADER];
	struct iovec iov[2] = { { header, sizeof(header) },
				{ (void *)(uintptr_t)payload, len } };
	struct msghdr out = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };

	rnic_wire_put_header(header, id, command, len, flags, 0);
	if (count) {
		struct cmsghdr *c = (struct cmsghdr *)(void *)space;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
		out.msg_control = space;
		out.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	CHECK_EQ(sendmsg(client, &out, MSG_NOSIGNAL), RNIC_WIRE_HEADER + len);
}

static void send_message(uint16_t id, uint16_t command, const void *payload, size_t len)
{
	send_fds(id, command, payload, len, 0, NULL, 0);
}

/* The next message of the server, of either kind; false: none within a while. */
static bool receive(void)
{
	struct pollfd wait = { .fd = client, .events = POLLIN };

	if (poll(&wait, 1, 2000) != 1)
		return false;
	if (recv(client, message, RNIC_WIRE_HEADER, MSG_WAITALL) != RNIC_WIRE_HEADER)
		return false;
	CHECK_EQ(rnic_wire_header(message, &got), 0);
	return got.size == RNIC_WIRE_HEADER ||
	       recv(client, message + RNIC_WIRE_HEADER, got.size - RNIC_WIRE_HEADER,
		    MSG_WAITALL) == (ssize_t)(got.size - RNIC_WIRE_HEADER);
}

static uint8_t *reply(uint16_t id, int error)
{
	CHECK(receive());
	CHECK(got.reply);
	CHECK_EQ(got.id, id);
	CHECK_EQ(got.flags & RNIC_WIRE_ERROR ? got.error : 0, error);
	return message + RNIC_WIRE_HEADER;
}

static void access_payload(uint8_t out[16], uint32_t region, uint64_t offset, uint32_t count)
{
	rnic_put_le64(out, offset);
	rnic_put_le32(out + 8, region);
	rnic_put_le32(out + 12, count);
}

static uint64_t region_read(uint32_t region, uint64_t offset, uint32_t count)
{
	uint8_t payload[16];

	access_payload(payload, region, offset, count);
	send_message(50, RNIC_WIRE_REGION_READ, payload, sizeof(payload));
	return rnic_le32(reply(50, 0) + 16);
}

static void region_write(uint32_t region, uint64_t offset, uint64_t value, uint32_t count,
			 uint32_t flags)
{
	uint8_t payload[24];

	access_payload(payload, region, offset, count);
	rnic_put_le64(payload + 16, value);
	send_fds(51, RNIC_WIRE_REGION_WRITE, payload, 16 + count, flags, NULL, 0);
	if (!flags)
		reply(51, 0);
}

static void map(uint64_t address, int fd, int error)
{
	uint8_t payload[32] = { 32 };

	rnic_put_le32(payload + 4, 3);
	rnic_put_le64(payload + 16, address);
	rnic_put_le64(payload + 24, MAP_SIZE);
	send_fds(52, RNIC_WIRE_DMA_MAP, payload, sizeof(payload), 0, &fd, fd < 0 ? 0 : 1);
	reply(52, error);
}

static void test_negotiation(void)
{
	static const char wish[] = "\0\0\0\0{\"capabilities\":{\"max_msg_fds\":16,"
				   "\"max_data_xfer_size\":1048576,\"pgsizes\":4096,"
				   "\"max_dma_maps\":65535,\"write_multiple\":true}}";
	uint8_t payload[32] = { 0 };
	uint8_t *answer;

	up();
	send_message(1, RNIC_WIRE_VERSION, wish, sizeof(wish));
	answer = reply(1, 0);
	CHECK(got.size <= RNIC_WIRE_HEADER + sizeof(wish));
	CHECK(strstr((char *)answer + 4, "max_data_xfer_size"));
	send_message(2, RNIC_WIRE_VERSION, "\1\0\0\0", 4);
	reply(2, EINVAL);
	send_message(3, RNIC_WIRE_GET_INFO, payload, 16);
	CHECK_EQ(rnic_le32(reply(3, 0) + 8), 9);
	rnic_put_le32(payload + 8, 7);
	send_message(4, RNIC_WIRE_GET_REGION_INFO, payload, 32);
	CHECK_EQ(rnic_le64(reply(4, 0) + 16), 4096);
	rnic_put_le32(payload + 8, 9);
	send_message(5, RNIC_WIRE_GET_REGION_INFO, payload, 32);
	reply(5, EINVAL);
	rnic_put_le32(payload + 8, 2);
	send_message(6, RNIC_WIRE_GET_IRQ_INFO, payload, 16);
	CHECK_EQ(rnic_le32(reply(6, 0) + 12), 32);
	send_message(7, 99, payload, 4);
	reply(7, EINVAL);
	CHECK_EQ(region_read(7, 0, 4), (uint32_t)RNIC_PCI_DEVICE << 16 | RNIC_PCI_VENDOR);
	/* beyond a region, and a region that is not there */
	access_payload(payload, 7, 4093, 4);
	send_message(8, RNIC_WIRE_REGION_READ, payload, 16);
	reply(8, EINVAL);
	access_payload(payload, 1, 0, 4);
	send_message(9, RNIC_WIRE_REGION_READ, payload, 16);
	reply(9, EINVAL);
	/* posted: no answer, and the next request sees it done */
	region_write(7, 4, 0x0006, 2, RNIC_WIRE_NO_REPLY);
	CHECK_EQ(region_read(7, 4, 4) & 0xffff, 0x0006);
	down();
}

static void set_irqs(uint32_t flags, uint32_t start, uint32_t count, const int *fds,
		     unsigned int n, int error)
{
	uint8_t payload[20] = { 20 };

	rnic_put_le32(payload + 4, flags);
	rnic_put_le32(payload + 8, 2);
	rnic_put_le32(payload + 12, start);
	rnic_put_le32(payload + 16, count);
	send_fds(53, RNIC_WIRE_SET_IRQS, payload, sizeof(payload), 0, fds, n);
	reply(53, error);
}

static bool resetting(void)
{
	bool yes;

	pthread_mutex_lock(&rnic->dma_lock);
	yes = port->dma.resets;
	pthread_mutex_unlock(&rnic->dma_lock);
	return yes;
}

static void test_interrupts(void)
{
	uint64_t count;
	int fds[3];

	up();
	for (unsigned int n = 0; n < 3; n++)
		fds[n] = eventfd(0, EFD_NONBLOCK);
	set_irqs(0x24, 4, 3, fds, 3, 0);
	rnic_irq_raise(port, 5);
	CHECK(read(fds[1], &count, 8) == 8 && count == 1);
	CHECK(read(fds[0], &count, 8) < 0);
	set_irqs(0x24, 5, 1, NULL, 0, 0); /* none for this one any more */
	rnic_irq_raise(port, 5);
	CHECK(read(fds[1], &count, 8) < 0);
	set_irqs(0x24, 4, 3, fds, 2, EINVAL);
	set_irqs(0x24, 30, 3, fds, 3, EINVAL); /* beyond the last vector */
	set_irqs(0x21, 0, 0, NULL, 0, 0); /* all off */
	rnic_irq_raise(port, 4);
	CHECK(read(fds[0], &count, 8) < 0);
	down();
	for (unsigned int n = 0; n < 3; n++)
		close(fds[n]);
}

static void *reader(void *argument)
{
	static int ret;

	ret = rnic_dma_read(port, RNIC_USE_RING, 1ull << 40, argument, 64);
	return &ret;
}

static int read_result(pthread_t thread)
{
	void *ret;

	pthread_join(thread, &ret);
	return *(int *)ret;
}

static void answer_dma(uint16_t id, uint32_t flags, const uint8_t *data, uint32_t len)
{
	uint8_t payload[RNIC_WIRE_DMA_FIXED + 64];

	rnic_wire_put_dma(payload, 1ull << 40, len);
	memcpy(payload + RNIC_WIRE_DMA_FIXED, data, len);
	send_fds(id, RNIC_WIRE_DMA_READ, payload,
		 flags & RNIC_WIRE_ERROR ? 0 : RNIC_WIRE_DMA_FIXED + len,
		 RNIC_WIRE_REPLY | flags, NULL, 0);
}

/* Our request is under way while the client's go on, and their numbers may be the same. */
static void test_crossing(void)
{
	uint8_t data[64], out[64] = { 0 };
	pthread_t thread;
	uint16_t id;

	up();
	for (unsigned int n = 0; n < 64; n++)
		data[n] = t_random();
	region_write(7, 4, 0x0006, 2, 0);
	CHECK(!pthread_create(&thread, NULL, reader, out));
	CHECK(receive() && !got.reply && got.command == RNIC_WIRE_DMA_READ);
	CHECK_EQ(rnic_le64(message + RNIC_WIRE_HEADER), 1ull << 40);
	CHECK_EQ(rnic_le32(message + RNIC_WIRE_HEADER + 8), 64);
	id = got.id;
	/* requests with the very number of the one that waits */
	send_message(id, RNIC_WIRE_GET_INFO, data, 16);
	CHECK_EQ(rnic_le32(reply(id, 0) + 8), 9);
	CHECK_EQ(region_read(7, 0, 2) & 0xffff, RNIC_PCI_VENDOR);
	answer_dma(id + 1, 0, out, 64); /* nobody waits for this one */
	answer_dma(id, 0, data, 64);
	CHECK_EQ(read_result(thread), 0);
	CHECK(!memcmp(out, data, 64));
	/* an error, and too little */
	for (unsigned int n = 0; n < 2; n++) {
		CHECK(!pthread_create(&thread, NULL, reader, out));
		CHECK(receive() && !got.reply);
		answer_dma(got.id, n ? 0 : RNIC_WIRE_ERROR, data, n ? 63 : 64);
		CHECK_EQ(read_result(thread), -EFAULT);
	}
	down();
}

/*
 * A reset is answered while our request is not: the client may be unable to answer before
 * it has its reply. The late answer is nobody's.
 */
static void test_reset_while_waiting(void)
{
	uint8_t data[64] = { 0 }, out[64];
	pthread_t thread;
	uint16_t id;

	up();
	region_write(7, 4, 0x0006, 2, 0);
	CHECK(!pthread_create(&thread, NULL, reader, out));
	CHECK(receive() && !got.reply);
	id = got.id;
	send_message(60, RNIC_WIRE_RESET, NULL, 0);
	reply(60, 0);
	CHECK_EQ(read_result(thread), -ECANCELED);
	answer_dma(id, 0, data, 64);
	CHECK_EQ(region_read(7, 0, 2) & 0xffff, RNIC_PCI_VENDOR);
	/* the client goes while we wait */
	while (resetting())
		usleep(1000);
	region_write(7, 4, 0x0006, 2, 0);
	CHECK(!pthread_create(&thread, NULL, reader, out));
	CHECK(receive() && !got.reply);
	disconnect_client();
	CHECK(read_result(thread) < 0);
	connect_client();
	CHECK_EQ(region_read(7, 0, 2) & 0xffff, RNIC_PCI_VENDOR);
	down();
}

static void test_maps(void)
{
	int fd = memfd_create("map", 0);
	uint8_t payload[24] = { 24 }, *memory, byte;

	CHECK(!ftruncate(fd, MAP_SIZE));
	memory = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	up();
	region_write(7, 4, 0x0006, 2, 0);
	map(0, fd, 0);
	map(0, fd, EEXIST);
	map(1ull << 30, -1, 0); /* no file: by message */
	memory[77] = 0x42;
	CHECK_EQ(rnic_dma_read(port, RNIC_USE_RING, 77, &byte, 1), 0);
	CHECK_EQ(byte, 0x42);
	rnic_put_le64(payload + 16, MAP_SIZE);
	send_message(54, RNIC_WIRE_DMA_UNMAP, payload, sizeof(payload));
	CHECK_EQ(rnic_le64(reply(54, 0) + 16), MAP_SIZE);
	CHECK_EQ(port->dma.maps, 1);
	rnic_put_le64(payload + 16, 0);
	send_message(55, RNIC_WIRE_DMA_UNMAP, payload, sizeof(payload));
	reply(55, EINVAL);
	map(0, fd, 0);
	down();
	munmap(memory, MAP_SIZE);
	close(fd);
}

/* Messages that are mostly well-formed, and streams that are not. */
static void test_random(void)
{
	static const uint16_t sizes[] = { 0, 4, 8, 16, 20, 24, 32, 33, 56, 200 };
	uint8_t payload[200];

	up();
	for (unsigned int round = 0; round < 3000; round++) {
		size_t len = sizes[t_random() % 10];
		int fd = t_random() % 8 ? -1 : eventfd(0, 0);

		for (size_t n = 0; n + 4 <= len; n += 4)
			rnic_put_le32(payload + n,
				      t_random() % 4 ? t_random() % 40 : t_random());
		send_fds(round, t_random() % 17, payload, len, t_random() % 2 ? 0x10 : 0, &fd,
			 fd < 0 ? 0 : 1);
		if (fd >= 0)
			close(fd);
		/* Drain, or both sides stop with full sockets. */
		while (recv(client, message, sizeof(message), MSG_DONTWAIT) > 0)
			;
	}
	/* a header that ends the stream, then a new client */
	memset(payload, 0xff, sizeof(payload));
	CHECK(send(client, payload, 16, MSG_NOSIGNAL) == 16);
	pthread_join(server, NULL);
	close(client);
	connect_client();
	CHECK_EQ(region_read(7, 0, 2) & 0xffff, RNIC_PCI_VENDOR);
	down();
}

int main(int argc, char **argv)
{
	t_random_seed(argc, argv);
	RUN(test_negotiation);
	RUN(test_interrupts);
	RUN(test_crossing);
	RUN(test_reset_while_waiting);
	RUN(test_maps);
	RUN(test_random);
	return 0;
}
