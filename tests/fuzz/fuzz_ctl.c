/* The records cpd sends: u16 type, u16 length, bytes, and so on; an image goes with each
 * as its descriptor.  The machine is real, KVM is tests/fake/kvm.c. */
#include "tests/fake/image.h"
#include "tests/fake/kvm.h"
#include "tests/fake/peer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORAGE_MAX (UINT64_C(8) << 20) /* activated; more is only slow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool too_large(const struct wire_msg *msg)
{
	struct part_activate a = { .storage = 0 };

	if (msg->type == PART_ACTIVATE)
		memcpy(&a, msg->data, msg->len < sizeof(a) ? msg->len : sizeof(a));
	return a.storage > STORAGE_MAX || a.flags;
}

static void serve(struct peer *p, struct wire_msg *msg)
{
	struct image img;
	int fds[2] = { -1, -1 };

	if (msg->type == PART_IPL) {
		image_make(&img, true, 0x1000, "\xf4", 1, 0);
		fds[0] = image_fd(&img);
		fds[1] = bytes_fd("initrd", 6);
		msg->n_fds = 2;
	}
	msg->fds = fds;
	pthread_mutex_lock(&p->ctl->vm->lock);
	if (!too_large(msg))
		ctl_request(p->ctl, msg);
	pthread_mutex_unlock(&p->ctl->vm->lock);
	loop_once(p->loop, 0);
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer p;
	size_t at = 0;

	fake_kvm_reset();
	peer_create(&p);
	while (size - at >= 4) {
		struct wire_msg msg = { .id = 1 };
		uint16_t len;

		memcpy(&msg.type, data + at, 2);
		memcpy(&len, data + at + 2, 2);
		at += 4;
		msg.len = len < size - at ? len : (uint32_t)(size - at);
		msg.data = data + at;
		at += msg.len;
		serve(&p, &msg);
	}
	peer_destroy(&p);
	return 0;
}
