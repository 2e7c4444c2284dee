/* A switch with one port under test and one that records what it gets. */
#ifndef TESTS_UNIT_VLAN_PORT_FIXTURE_H
#define TESTS_UNIT_VLAN_PORT_FIXTURE_H

#include "cp/lib/list.h"
#include "vlan/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define GOT_MAX 200

struct got {
	uint32_t len;
	struct frame_offload offload;
	uint8_t bytes[FRAME_MAX];
};

struct fixture {
	struct lan_host host;
	struct lan_plug *plug; /* under test */
	int other;             /* its other side, or -1 */
	struct port peer;
	struct got *got; /* of the peer */
	int n_got;
	int n_gone;
	char why[200];
};

uint64_t lan_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static int peer_send(struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	struct fixture *x = container_of(p, struct fixture, peer);

	for (int i = 0; i < n; i++) {
		struct got *g = &x->got[x->n_got];

		if (x->n_got == GOT_MAX) {
			*why = DROP_FULL;
			return i;
		}
		g->len = egress_len(&e[i]);
		g->offload = egress_offload(&e[i]);
		egress_copy(&e[i], 0, g->bytes, g->len);
		x->n_got++;
	}
	return n;
}

static void note_gone(struct lan_host *host, struct lan_plug *plug, const char *text)
{
	struct fixture *x = host->ctx;

	assert_ptr_equal(plug, x->plug);
	x->n_gone++;
	snprintf(x->why, sizeof(x->why), "%s", text);
}

static void note_state(struct lan_host *host, struct lan_plug *plug)
{
	(void)host;
	(void)plug;
}

static void fixture_begin(struct fixture *x)
{
	static const struct port_ops ops = { .name = "peer", .send = peer_send };
	const struct lan_conf conf = { .mtu = 65535 };

	*x = (struct fixture) { .other = -1 };
	assert_int_equal(loop_create(&x->host.loop), 0);
	assert_int_equal(switch_create(&x->host.sw), 0);
	switch_set(x->host.sw, &conf);
	x->host.gone = note_gone;
	x->host.state = note_state;
	x->host.ctx = x;
	x->got = calloc(GOT_MAX, sizeof(*x->got));
	assert_non_null(x->got);
	x->peer.ops = &ops;
	x->peer.conf = (struct lan_port) { .id = 99, .kind = LAN_PORT_NONE, .native = 1 };
	assert_int_equal(switch_port_add(x->host.sw, &x->peer), 0);
}

static void fixture_end(struct fixture *x)
{
	if (x->plug)
		x->plug->ops->destroy(x->plug);
	switch_port_remove(x->host.sw, &x->peer);
	switch_destroy(x->host.sw);
	loop_destroy(x->host.loop);
	free(x->got);
}

/* A broadcast from the recording port. */
static inline void peer_sends(
	struct fixture *x, const void *bytes, size_t len, const struct frame_offload *o)
{
	struct iovec iov[3] = { { (void *)(uintptr_t)bytes, len / 3 },
		{ (char *)(uintptr_t)bytes + len / 3, len / 3 },
		{ (char *)(uintptr_t)bytes + 2 * (len / 3), len - 2 * (len / 3) } };
	const struct frame_offload none = { 0 };
	struct frame f;

	assert_int_equal(frame_read(&f, iov, 3, 0, len, o ? o : &none, false), DROP_NONE);
	switch_input(x->host.sw, &x->peer, &f, 1, lan_now());
}

/* Runs the loop until the recording port has `n` frames, or for 5 s. */
static inline void await_frames(struct fixture *x, int n)
{
	for (int i = 0; i < 500 && x->n_got < n; i++)
		assert_true(loop_once(x->host.loop, 10) >= 0);
	assert_true(x->n_got >= n);
}

static inline uint64_t in_drops(const struct fixture *x, enum lan_drop why)
{
	return x->plug->port.in.drops[why];
}

static inline uint64_t out_drops(const struct fixture *x, enum lan_drop why)
{
	return x->plug->port.out.drops[why];
}

#endif
