/* ICMPv6 (RFC 4443), and who gets what is carried by it. */
#include "cms/icmp.h"

#include "cms/group.h"
#include "cms/iface.h"
#include "cms/nd.h"
#include "cms/sum.h"

/* Echo to a group is answered. */
void icmp6_input(struct inet *n, const struct packet *p)
{
	uint64_t sum = sum_pseudo(&p->from, &p->to, IP_ICMPV6, p->len);

	if (p->len < ICMP_HEADER) {
		iface_drop(p->in, DROP_MALFORMED);
		return;
	}
	if (sum_end(sum_add(sum, p->data, p->len))) {
		iface_drop(p->in, DROP_CHECKSUM);
		return;
	}
	switch (p->data[0]) {
	case ICMP6_ECHO:
		if (addr_is_host(&p->from))
			icmp_answer_echo(n, p, ICMP6_ECHO_REPLY);
		break;
	case ICMP6_ECHO_REPLY: icmp_take_echo(n, p); break;
	case MLD_QUERY: mld_input(n, p); break;
	case ND_ROUTER_SOLICIT:
	case ND_ROUTER_ADVERT:
	case ND_NEIGHBOUR_ASK:
	case ND_NEIGHBOUR_ADVERT: nd_input(n, p); break;
	default:
		if (p->data[0] >= ICMP6_UNREACHABLE && p->data[0] <= ICMP6_PARAMETER)
			icmp_take_error(n, p);
		break;
	}
}
