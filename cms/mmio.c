/* Lists of register accesses. */
#include "cms/mmio.h"

#include "cms/shim.h"

void mmio_begin(struct mmio *m)
{
	m->n = 0;
}

unsigned mmio_add(struct mmio *m, enum mmio_kind kind, uint32_t addr, uint32_t value)
{
	if (m->n == MMIO_MAX)
		mmio_run(m);
	m->op[m->n] = (struct mmio_op) { addr, kind, value };
	return m->n++;
}

void mmio_run(struct mmio *m)
{
	if (m->n)
		CMS_CALL(SHIM_MMIO, (uint64_t)m->op, m->n);
	m->n = 0;
}
