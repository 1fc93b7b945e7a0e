// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * MSI-X: one eventfd per vector, from the client. The client emulates the vector table and
 * knows what is masked; raising a vector is a write to its eventfd.
 */
#include <unistd.h>

#include "rnic.h"

void rnic_irq_set(struct rnic_port *port, unsigned int vector, int fd)
{
	pthread_mutex_lock(&port->irq_lock);
	if (port->irq[vector] >= 0)
		close(port->irq[vector]);
	port->irq[vector] = fd;
	pthread_mutex_unlock(&port->irq_lock);
}

void rnic_irq_raise(struct rnic_port *port, unsigned int vector)
{
	uint64_t one = 1;

	pthread_mutex_lock(&port->irq_lock);
	/* A full eventfd is one that nobody has read: the interrupt is pending already. */
	if (vector < RNIC_VECTORS && port->irq[vector] >= 0 &&
	    write(port->irq[vector], &one, sizeof(one)) == sizeof(one))
		rnic_count_add(port, RNIC_COUNT_INTERRUPTS, 1);
	pthread_mutex_unlock(&port->irq_lock);
}
