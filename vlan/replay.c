/* Frames out of a capture file. */
#include "vlan/replay.h"

#include "vlan/replay_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPEED_AS_RECORDED 100

struct replay {
	struct replay_reader *reader;
	uint32_t speed;
	struct replay_packet *packet; /* the next one, or NULL */
	uint64_t due;                 /* when that is */
	uint64_t start, first; /* when it began, and the time of its first packet */
	bool begun, over;
	uint64_t count;
	const char *why;
	uint8_t bytes[FRAME_MAX]; /* the packet with its missing end */
};

static int check(int fd, const char **why);
static void look_ahead(struct replay *r);
static void send(
	struct replay *r, struct lan_switch *sw, struct port *from, uint64_t now);

int replay_open(int fd, uint32_t speed, uint64_t now, int (*started)(void *ctx),
	void *ctx, struct replay **out, const char **why)
{
	const struct replay_reader_conf conf = { fd, started, ctx };
	struct replay *r = calloc(1, sizeof(*r));
	int err = r ? check(fd, why) : -ENOMEM;

	if (err) {
		close(fd);
		free(r);
		return err;
	}
	*r = (struct replay) { .speed = speed, .start = now, .due = now, .why = "" };
	err = replay_reader_create(&conf, &r->reader);
	if (err)
		free(r);
	else
		*out = r;
	return err;
}

void replay_close(struct replay *r)
{
	replay_reader_destroy(r->reader);
	free(r->packet);
	free(r);
}

int replay_fd(const struct replay *r)
{
	return replay_reader_fd(r->reader);
}

void replay_look(struct replay *r)
{
	replay_reader_seen(r->reader);
	if (!r->packet)
		look_ahead(r);
}

bool replay_begun(const struct replay *r, int *err, const char **why)
{
	return replay_reader_begun(r->reader, err, why);
}

uint64_t replay_next(const struct replay *r)
{
	return r->packet ? r->due : UINT64_MAX;
}

bool replay_over(const struct replay *r)
{
	return r->over;
}

const char *replay_why(const struct replay *r)
{
	return r->why;
}

uint64_t replay_count(const struct replay *r)
{
	return r->count;
}

int replay_run(struct replay *r, struct lan_switch *sw, struct port *from, uint64_t now)
{
	int n = 0;

	while (n < FRAME_BURST && r->packet && r->due <= now) {
		send(r, sw, from, now);
		n++;
		look_ahead(r);
	}
	return n;
}

static int check(int fd, const char **why)
{
	struct stat st;

	*why = "";
	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode))
		return 0;
	*why = "it is no file";
	return -EPROTO;
}

/* When a packet of that time is due; a time that cannot be is the last there is. */
static uint64_t due_at(const struct replay *r, uint64_t time)
{
	unsigned __int128 after = time > r->first ? time - r->first : 0;

	if (!r->speed)
		return r->start;
	after = after * SPEED_AS_RECORDED / r->speed + r->start;
	return after < UINT64_MAX ? (uint64_t)after : UINT64_MAX - 1;
}

/* Takes the next packet, if it has been read. */
static void look_ahead(struct replay *r)
{
	uint64_t due;

	free(r->packet);
	r->packet = replay_reader_take(r->reader, &r->over, &r->why);
	if (!r->packet)
		return;
	if (!r->begun)
		r->first = r->packet->time;
	r->begun = true;
	due = due_at(r, r->packet->time);
	r->due = due > r->due ? due : r->due;
}

/* One at a time: its bytes are those of the file's one block. */
static void send(struct replay *r, struct lan_switch *sw, struct port *from, uint64_t now)
{
	const struct replay_packet *p = r->packet;
	const struct iovec seg = { .iov_base = r->bytes, .iov_len = p->len };
	const struct frame_offload none = { 0 };
	enum lan_drop why = DROP_OVERSIZE;
	struct frame f;

	if (p->len <= FRAME_MAX) {
		memcpy(r->bytes, p->bytes, p->caplen);
		memset(r->bytes + p->caplen, 0, p->len - p->caplen);
		why = frame_read(&f, &seg, 1, 0, p->len, &none,
			switch_conf(sw)->flags & LAN_AWARE);
	}
	if (why == DROP_NONE)
		switch_input(sw, from, &f, 1, now);
	else
		switch_refuse(sw, from, why, now);
	r->count++;
}
