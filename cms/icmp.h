/* ICMP (RFC 792) and ICMPv6 (RFC 4443): echo and errors. */
#ifndef CMS_ICMP_H
#define CMS_ICMP_H

#include "cms/ip.h"

#define ICMP_HEADER 8u

enum {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_ECHO = 8,
	ICMP4_TIME = 11,
	ICMP4_PARAMETER = 12
};

enum {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME = 3,
	ICMP6_PARAMETER = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129
};

/* The errors we send, whatever their numbers are in the two families. */
enum icmp_kind {
	ICMP_NO_ROUTE,
	ICMP_NO_HOST,
	ICMP_NO_PROTOCOL,
	ICMP_NO_PORT,
	ICMP_TOO_BIG,
	ICMP_TIME
};

/* Sends an error about a packet, from its IP header on, to where it came from; `in`: by
 * which it came, NULL: it was ours.  Does nothing where none may be sent. */
void icmp_send_error(struct inet *n, struct iface *in, const uint8_t *whole, size_t len,
	enum icmp_kind kind, uint32_t mtu);

/* Sends an echo request with `len` bytes of data: 0, 1, 2 ... */
enum sent icmp_send_echo(
	struct inet *n, struct ip_head *head, uint16_t id, uint16_t seq, size_t len);

/* An echo reply's numbers and data; p->len was checked to hold the header. */
uint16_t icmp_id(const struct packet *p);
uint16_t icmp_seq(const struct packet *p);

/* Is it about a packet whose hops were used up?  And what it says, in words. */
bool icmp_is_time(const struct icmp_error *e);
const char *icmp_text(const struct icmp_error *e);

/* For icmp4_input() and icmp6_input(): a message they have looked at. */
void icmp_answer_echo(struct inet *n, const struct packet *p, uint8_t type);
void icmp_take_echo(struct inet *n, const struct packet *p);
void icmp_take_error(struct inet *n, const struct packet *p);

void icmp4_input(struct inet *n, const struct packet *p);
void icmp6_input(struct inet *n, const struct packet *p);

#endif
