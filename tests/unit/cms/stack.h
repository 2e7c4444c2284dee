/* The network of CMS compiled for the host: all of it, as one. */
#ifndef TESTS_UNIT_CMS_STACK_H
#define TESTS_UNIT_CMS_STACK_H

#include "tests/unit/cms/hosted.h"

#include "cms/addr.c"
#include "cms/addr_text.c"
#include "cms/arp.c"
#include "cms/dhcp.c"
#include "cms/dhcp_message.c"
#include "cms/eth.c"
#include "cms/group.c"
#include "cms/icmp.c"
#include "cms/icmp4.c"
#include "cms/icmp6.c"
#include "cms/iface.c"
#include "cms/inet.c"
#include "cms/ip.c"
#include "cms/ip4.c"
#include "cms/ip6.c"
#include "cms/nd.c"
#include "cms/neighbour.c"
#include "cms/print.c"
#include "cms/reassembly.c"
#include "cms/route.c"
#include "cms/sum.c"
#include "cms/udp.c"
#include "cms/words.c"
#include "cms/timer.h"

#endif
