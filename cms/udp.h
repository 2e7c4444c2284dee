/* UDP (RFC 768). */
#ifndef CMS_UDP_H
#define CMS_UDP_H

#include "cms/ip.h"

#define UDP_HEADER 8u

/* Sends the data in `b`. */
enum sent udp_send(
	struct inet *n, struct buf *b, struct ip_head *head, uint16_t from, uint16_t to);

/* The listener sees the datagram without its header; the port it came from: */
uint16_t udp_from_port(const struct packet *p);

void udp_input(struct inet *n, const struct packet *p);

#endif
