// SPDX-License-Identifier: GPL-2.0-only
/* mm_get_unmapped_area() wants to be told the mm (6.9 to 6.18) */
#include <linux/sched/mm.h>

unsigned long probe(struct file *file);
unsigned long probe(struct file *file)
{
	return mm_get_unmapped_area(current->mm, file, 0, PAGE_SIZE, 0, 0);
}
