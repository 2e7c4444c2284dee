/* ICMP for IPv4 (RFC 792). */
#include "cms/icmp.h"

#include "cms/iface.h"
#include "cms/sum.h"

/* A broadcast is not answered: all would do so at once (RFC 1122, 3.2.2.6). */
void icmp4_input(struct inet *n, const struct packet *p)
{
	if (p->len < ICMP_HEADER) {
		iface_drop(p->in, DROP_MALFORMED);
		return;
	}
	if (sum_end(sum_add(0, p->data, p->len))) {
		iface_drop(p->in, DROP_CHECKSUM);
		return;
	}
	switch (p->data[0]) {
	case ICMP4_ECHO:
		if (!p->to_many && addr_is_host(&p->from))
			icmp_answer_echo(n, p, ICMP4_ECHO_REPLY);
		break;
	case ICMP4_ECHO_REPLY: icmp_take_echo(n, p); break;
	case ICMP4_UNREACHABLE:
	case ICMP4_TIME:
	case ICMP4_PARAMETER: icmp_take_error(n, p); break;
	default: break;
	}
}
