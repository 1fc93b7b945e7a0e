// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The process' one struct rnic and its ports: made at start, taken down at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rnic.h"

uint64_t rnic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + 1;
}

struct rnic *rnic_create(void)
{
	struct rnic *rnic = calloc(1, sizeof(*rnic));
	pthread_condattr_t clock;

	if (!rnic)
		return NULL;
	/* What a NIC's usual timeout (14) and retry count (7) come to, rounded. */
	rnic->retry_ns = 1000000000u;
	rnic->extend_db = true;
	TAILQ_INIT(&rnic->active);
	TAILQ_INIT(&rnic->waiting);
	pthread_mutex_init(&rnic->dma_lock, NULL);
	pthread_mutex_init(&rnic->events.lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&rnic->events.wake, &clock);
	pthread_condattr_destroy(&clock);
	return rnic;
}

static void port_free(struct rnic_port *port)
{
	if (port->state)
		rnic_state_reset(port);
	free(port->state);
	for (unsigned int n = 0; n < RNIC_VECTORS; n++)
		rnic_irq_set(port, n, -1);
	rnic_dma_free(port);
	rnic_pci_free(port);
	pthread_mutex_destroy(&port->irq_lock);
	free(port);
}

struct rnic_port *rnic_port_add(struct rnic *rnic, const uint8_t mac[6])
{
	struct rnic_port *port;

	if (rnic->ports == RNIC_MAX_PORTS)
		return NULL;
	port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	port->rnic = rnic;
	port->index = rnic->ports;
	memcpy(port->mac, mac, sizeof(port->mac));
	for (unsigned int n = 0; n < RNIC_VECTORS; n++)
		port->irq[n] = -1;
	pthread_mutex_init(&port->irq_lock, NULL);
	rnic_dma_init(port);
	port->state = calloc(1, sizeof(*port->state));
	if (!port->state || rnic_pci_init(port)) {
		port_free(port);
		return NULL;
	}
	rnic->port[rnic->ports++] = port;
	return port;
}

void rnic_destroy(struct rnic *rnic)
{
	for (unsigned int n = 0; n < rnic->ports; n++)
		port_free(rnic->port[n]);
	/* Snapshots of events that nobody handled any more. */
	for (size_t n = 0; n < rnic->events.count; n++)
		free(rnic->events.at[(rnic->events.first + n) % rnic->events.room].regs);
	free(rnic->events.at);
	pthread_cond_destroy(&rnic->events.wake);
	pthread_mutex_destroy(&rnic->events.lock);
	pthread_mutex_destroy(&rnic->dma_lock);
	free(rnic);
}
