// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The test's guest, see host.h: memory, registers, commands, event queues.
 */
#include "host.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define CMD_DEPTH 512u
#define EQ_DEPTH 128u

struct host host;

static int file(uint64_t size, uint8_t **memory)
{
	int fd = memfd_create("host", 0);

	CHECK(fd >= 0 && !ftruncate(fd, size));
	*memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(*memory != MAP_FAILED);
	return fd;
}

uint64_t host_alloc(uint64_t size, uint64_t align)
{
	uint64_t at = (host.next + align - 1) & ~(align - 1);

	host.next = at + size;
	CHECK(host.next <= HOST_RAM_SIZE);
	memset(host.ram + at, 0, size);
	return at;
}

uint8_t *host_at(uint64_t address)
{
	if (address >= HOST_REMOTE)
		return host.remote + (address - HOST_REMOTE);
	return address >= HOST_BAR ? host.bar + (address - HOST_BAR) : host.ram + address;
}

void host_random_bytes(uint64_t address, uint32_t len)
{
	for (uint32_t n = 0; n < len; n++)
		host_at(address)[n] = t_random();
}

static int by_message(void *context, bool write, uint64_t address, void *data, uint32_t len)
{
	(void)context;
	if (address < HOST_REMOTE || address - HOST_REMOTE + len > HOST_REMOTE_SIZE)
		return -EFAULT;
	host.messages++;
	if (!write && len > host.longest_read)
		host.longest_read = len;
	if (write)
		memcpy(host_at(address), data, len);
	else
		memcpy(data, host_at(address), len);
	return 0;
}

static void reg64(unsigned int port, uint32_t reg, uint64_t value)
{
	uint8_t bytes[8];

	rnic_put_le64(bytes, value);
	rnic_regs_write(host.port[port], reg, bytes, 4);
	rnic_regs_write(host.port[port], reg + 4, bytes + 4, 4);
}

static void reg32(unsigned int port, uint32_t reg, uint32_t value)
{
	uint8_t bytes[4];

	rnic_put_le32(bytes, value);
	rnic_regs_write(host.port[port], reg, bytes, 4);
}

void host_doorbell(unsigned int port, uint32_t offset, uint64_t value)
{
	uint8_t bytes[8];

	rnic_put_le64(bytes, value);
	rnic_regs_write(host.port[port], offset, bytes, 8);
}

void host_port_init(unsigned int port)
{
	static const uint8_t command[2] = { 0x06, 0x00 }; /* memory, bus master */
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };
	uint64_t eq = host_alloc(EQ_DEPTH * RNIC_EQE_SIZE, 4096);

	rnic_pci_write(host.port[port], 4, command, 2);
	host.cmd[port].sq = host_alloc(CMD_DEPTH * RNIC_BLOCK, 4096);
	host.cmd[port].cq = host_alloc(CMD_DEPTH * RNIC_BLOCK, 4096);
	host.cmd[port].eq = host_alloc(EQ_DEPTH * RNIC_EQE_SIZE, 4096);
	host.cmd[port].aeq = host_alloc(EQ_DEPTH * RNIC_EQE_SIZE, 4096);
	host.cmd[port].pi = 0;
	host.cmd[port].ci = host.cmd[port].aeq_ci = 0;
	reg64(port, RNIC_REG_CMD_SQ, host.cmd[port].sq);
	reg64(port, RNIC_REG_CMD_CQ, host.cmd[port].cq);
	reg32(port, RNIC_REG_CMD_DEPTH, CMD_DEPTH);
	reg64(port, RNIC_REG_CMD_EQ, host.cmd[port].eq);
	reg32(port, RNIC_REG_CMD_EQ_DEPTH, EQ_DEPTH);
	reg64(port, RNIC_REG_AEQ, host.cmd[port].aeq);
	reg32(port, RNIC_REG_AEQ_DEPTH, EQ_DEPTH);
	reg32(port, RNIC_REG_CONTROL, RNIC_CONTROL_INIT);
	host_run();
	host_eq(port, 1, 7, eq);
	/* GID: 2001::<port + 1>, as IPv6; and an IPv4 one */
	for (unsigned int n = 0; n < 2; n++) {
		memset(cmd, 0, sizeof(cmd));
		rnic_put_le32(cmd + 8, n);
		if (n)
			memcpy(cmd + 12, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x09\0", 15);
		else
			memcpy(cmd + 12, "\x20\x01", 2);
		cmd[12 + 15] = port + 1;
		CHECK_EQ(host_cmd(port, 0, RNIC_CMD_SET_GID, cmd), 0);
	}
}

void host_up(unsigned int ports)
{
	memset(&host, 0, sizeof(host));
	host.now = 1000000;
	host.ports = ports;
	host.rnic = rnic_create();
	CHECK(host.rnic);
	host.ram_fd = file(HOST_RAM_SIZE, &host.ram);
	host.bar_fd = file(HOST_BAR_SIZE, &host.bar);
	for (unsigned int n = 0; n < ports; n++) {
		uint8_t mac[6] = { 0x52, 0x54, 0, 0, 0, n };
		struct rnic_port *port = host.port[n] = rnic_port_add(host.rnic, mac);

		CHECK(port);
		port->dma.transfer = by_message;
		CHECK_EQ(rnic_dma_map(port, 0, HOST_RAM_SIZE, 0, true, true,
				      dup(host.ram_fd)), 0);
		CHECK_EQ(rnic_dma_map(port, HOST_BAR, HOST_BAR_SIZE, 0, true, true,
				      dup(host.bar_fd)), 0);
		for (unsigned int v = 0; v < RNIC_VECTORS; v++) {
			host.irq[n][v] = eventfd(0, EFD_NONBLOCK);
			rnic_irq_set(port, v, dup(host.irq[n][v]));
		}
	}
	host.next = 4096;
	for (unsigned int n = 0; n < ports; n++)
		host_port_init(n);
}

void host_down(void)
{
	rnic_destroy(host.rnic);
	munmap(host.ram, HOST_RAM_SIZE);
	munmap(host.bar, HOST_BAR_SIZE);
	close(host.ram_fd);
	close(host.bar_fd);
	for (unsigned int n = 0; n < host.ports; n++)
		for (unsigned int v = 0; v < RNIC_VECTORS; v++)
			close(host.irq[n][v]);
}

void host_run(void)
{
	uint64_t wait;

	for (unsigned int n = 0; rnic_engine_step(host.rnic, host.now, &wait); n++)
		CHECK(n < 1000000);
}

void host_wait(uint64_t ns)
{
	for (uint64_t end = host.now + ns; host.now < end; host.now += 2000000)
		host_run();
	host_run();
}

unsigned int host_irqs(unsigned int port, unsigned int vector)
{
	uint64_t count = 0;

	if (read(host.irq[port][vector], &count, sizeof(count)) < 0)
		CHECK(errno == EAGAIN);
	return count;
}

int host_cmd(unsigned int port, unsigned int module, unsigned int op, uint8_t *cmd)
{
	uint64_t at = host.cmd[port].sq + (host.cmd[port].pi % CMD_DEPTH) * RNIC_BLOCK;
	uint8_t *cqe = host_at(host.cmd[port].cq) +
		       (host.cmd[port].ci % CMD_DEPTH) * RNIC_BLOCK;
	uint32_t hdr;

	rnic_put_le64(cmd, (uint64_t)module << 24 | (uint64_t)op << 16);
	memcpy(host_at(at), cmd, RNIC_CMD_SIZE);
	host.cmd[port].pi += RNIC_CMD_BLOCKS;
	host_doorbell(port, RNIC_REG_CMD_SQ_DB, host.cmd[port].pi);
	host_run();
	hdr = rnic_be32(cqe);
	/* owner: 1 on the first pass through the ring */
	if (hdr >> 31 == !!(host.cmd[port].ci & CMD_DEPTH))
		return -ETIMEDOUT;
	CHECK_EQ(rnic_be32(cqe + 4), (uint16_t)(host.cmd[port].pi - RNIC_CMD_BLOCKS));
	CHECK_EQ(hdr >> 8 & 0xff, RNIC_CQE_CMD);
	host.cmd[port].ci++;
	for (unsigned int n = 0; n < 2; n++)
		host.answer[n] = rnic_be32(cqe + 8 + 8 * n) |
				 (uint64_t)rnic_be32(cqe + 12 + 8 * n) << 32;
	return hdr & 0xff;
}

bool host_aeqe(unsigned int port, uint32_t *type, uint32_t *number)
{
	uint8_t *at = host_at(host.cmd[port].aeq) +
		      (host.cmd[port].aeq_ci % EQ_DEPTH) * RNIC_EQE_SIZE;
	uint32_t hdr = rnic_le32(at);

	if (hdr >> 31 == !!(host.cmd[port].aeq_ci & EQ_DEPTH))
		return false;
	host.cmd[port].aeq_ci++;
	*type = hdr >> 16 & 0xff;
	*number = rnic_le32(at + 4);
	return true;
}

void host_eq(unsigned int port, unsigned int number, unsigned int log_depth, uint64_t at)
{
	uint8_t cmd[RNIC_CMD_SIZE] = { 0 };

	rnic_put_le64(cmd + 8, at);
	cmd[16] = cmd[17] = number;
	cmd[18] = log_depth;
	cmd[19] = 1;
	CHECK_EQ(host_cmd(port, 1, RNIC_CMD_CREATE_EQ, cmd), 0);
}

uint64_t host_payload(unsigned int port, const uint8_t *base, bool write)
{
	struct rnic_dma *dma = &host.port[port]->dma;
	uint64_t bytes = 0;

	for (unsigned int n = 0; n < RNIC_MAX_REGIONS; n++) {
		struct rnic_region *region = &dma->region[n];
		bool wanted = base == host.ram	? region->ram :
			      base == host.bar	? region->kind == RNIC_REGION_FILE && !region->ram :
						  region->kind == RNIC_REGION_MESSAGE;

		if (region->kind != RNIC_REGION_FREE && wanted)
			bytes += region->bytes[RNIC_USE_PAYLOAD][write];
	}
	return bytes;
}
