/* Directory statements: devices. */
#include "cp/directory_reader.h"

#include "cp/clauses.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DISK_UNIT 4096

static struct dir_vdev *find_vdev(struct dir_reader *r, uint16_t vdev)
{
	for (int i = 0; i < r->n_vdevs; i++) {
		if (r->vdev[i].vdev == vdev)
			return &r->vdev[i];
	}
	return NULL;
}

/* Takes away what the profile says of this device. */
static void drop_device(struct dir_user *u, uint16_t vdev)
{
	int n = 0;

	for (int i = 0; i < u->n_devices; i++) {
		if (u->device[i].vdev != vdev)
			u->device[n++] = u->device[i];
	}
	u->n_devices = n;
}

int reader_vdev(struct dir_reader *r, int i, uint16_t vdev)
{
	struct dir_vdev *v = find_vdev(r, vdev);

	if (v && v->inherited) {
		drop_device(r->user, vdev);
	} else if (v) {
		source_complain(r->src, i, MSG_VDEV_TWICE, vdev, v->line);
		return 0;
	} else if (r->n_vdevs == DIR_MAX_VDEVS) {
		return msg_set(&r->err, MSG_TOO_MANY, DIR_MAX_VDEVS, "devices");
	} else {
		v = &r->vdev[r->n_vdevs++];
	}
	*v = (struct dir_vdev) { .vdev = vdev, .line = r->src->statement_line };
	return 0;
}

int reader_device(struct dir_reader *r, int i, const struct dir_device *dev)
{
	struct dir_user *u = r->user;
	int rc = reader_vdev(r, i, dev->vdev);

	if (rc)
		return rc;
	if (u->n_devices == DIR_MAX_DEVICES)
		return msg_set(&r->err, MSG_TOO_MANY, DIR_MAX_DEVICES, "devices");
	u->device[u->n_devices] = *dev;
	u->device[u->n_devices].line = r->src->statement_line;
	u->n_devices++;
	return 0;
}

/* The console of the profile gives way to the entry's own, whatever its number. */
static void drop_console(struct dir_reader *r)
{
	for (int i = 0; i < r->user->n_devices; i++) {
		struct dir_vdev *v = find_vdev(r, r->user->device[i].vdev);

		if (r->user->device[i].type != DIR_CONSOLE)
			continue;
		drop_device(r->user, v->vdev);
		*v = r->vdev[--r->n_vdevs];
		return;
	}
}

int st_console(struct dir_reader *r, struct operands *ops)
{
	struct dir_device dev = { .type = DIR_CONSOLE };
	int rc = scan_vdev(ops, &dev.vdev, &r->err);

	if (rc)
		return rc;
	drop_console(r);
	return reader_device(r, 1, &dev);
}

/* dddd:bb:dd.f or bb:dd.f */
static bool is_pci_address(const char *text)
{
	static const char form[] = "hhhh:hh:hh.o";
	size_t len = strlen(text);
	const char *f;

	if (len != sizeof(form) - 1 && len != sizeof(form) - 6)
		return false;
	for (f = form + sizeof(form) - 1 - len; *text; f++, text++) {
		bool fits = *f == 'h'   ? strchr("0123456789abcdefABCDEF", *text) != NULL
			    : *f == 'o' ? *text >= '0' && *text <= '7'
					: *text == *f;

		if (!fits)
			return false;
	}
	return true;
}

int st_dedicate(struct dir_reader *r, struct operands *ops)
{
	const char *rdev;
	uint16_t vdev;
	int rc = scan_vdev(ops, &vdev, &r->err);

	if (!rc)
		rc = scan_word(ops, "PCI address", &rdev, &r->err);
	if (rc)
		return rc;
	if (!is_pci_address(rdev)) {
		ops->next--;
		return msg_set(&r->err, MSG_INVALID_OPERAND, rdev,
			"a PCI address such as 0000:03:00.0");
	}
	return reader_vdev(r, 1, vdev);
}

static int scan_mode(struct operands *ops, char mode[4], struct message *err)
{
	static const char *const modes[] = { "R", "RR", "W", "WR", "M", "MR", "MW",
		NULL };
	const char *word = op_peek(ops);

	for (int i = 0; modes[i]; i++) {
		if (!strcasecmp(word, modes[i])) {
			snprintf(mode, 4, "%s", modes[i]);
			ops->next++;
			return 0;
		}
	}
	return msg_set(err, MSG_INVALID_OPERAND, word, "a mode: R RR W WR M MR MW");
}

static int scan_disk_size(struct operands *ops, uint64_t *size, struct message *err)
{
	int rc = scan_size(ops, "size", size, err);

	if (rc || (*size && *size % DISK_UNIT == 0))
		return rc;
	ops->next--;
	return msg_set(err, MSG_INVALID_OPERAND, op_peek(ops), "a multiple of 4K");
}

int st_mdisk(struct dir_reader *r, struct operands *ops)
{
	struct dir_device dev = { .type = DIR_MDISK, .mode = "W" };
	int rc = scan_vdev(ops, &dev.vdev, &r->err);

	if (!rc && !op_keyword(ops, "FILE"))
		rc = scan_unknown(ops, "FILE", &r->err);
	dev.column = reader_place(r, ops->next).column;
	if (!rc)
		rc = scan_file(ops, "file", dev.file, sizeof(dev.file), &r->err);
	if (!rc && op_keyword(ops, "SIZE"))
		rc = scan_disk_size(ops, &dev.size, &r->err);
	if (!rc && op_more(ops))
		rc = scan_mode(ops, dev.mode, &r->err);
	return rc ? rc : reader_device(r, 1, &dev);
}

/* [AS] vdev, else as the owner has it */
static int scan_own_vdev(
	struct operands *ops, struct dir_device *dev, struct message *err)
{
	bool as = op_keyword(ops, "AS");

	dev->vdev = dev->owner_vdev;
	return as || op_more(ops) ? scan_vdev(ops, &dev->vdev, err) : 0;
}

/* Remembers that the disk of words 1 and 2 must exist. */
static int refer_disk(struct dir_reader *r, const struct dir_device *dev)
{
	struct dir_ref *ref = reader_refer(r, 1, dev->owner);

	if (!ref)
		return msg_set(&r->err, MSG_NO_MEMORY, "a link");
	ref->disk = true;
	ref->vdev = dev->owner_vdev;
	ref->vdev_place = reader_place(r, 2);
	return 0;
}

int st_link(struct dir_reader *r, struct operands *ops)
{
	struct dir_device dev = { .type = DIR_LINK, .mode = "RR" };
	int rc = scan_userid(ops, dev.owner, &r->err), own = 2;

	dev.column = reader_place(r, 1).column;
	if (!rc)
		rc = scan_vdev(ops, &dev.owner_vdev, &r->err);
	if (!rc)
		rc = scan_own_vdev(ops, &dev, &r->err);
	own = ops->next - 1;
	if (!rc && op_more(ops))
		rc = scan_mode(ops, dev.mode, &r->err);
	if (!rc)
		rc = refer_disk(r, &dev);
	return rc ? rc : reader_device(r, own, &dev);
}

/* A NIC being read, for its options. */
struct nic {
	struct dir_reader *r;
	struct dir_device dev;
};

static int nic_lan(struct operands *ops, void *ctx, struct message *err)
{
	struct nic *nic = ctx;
	int rc;

	if (op_keyword(ops, "SYSTEM")) {
		snprintf(nic->dev.lan_owner, sizeof(nic->dev.lan_owner), "SYSTEM");
	} else {
		rc = scan_userid(ops, nic->dev.lan_owner, err);
		if (rc)
			return rc;
		if (!reader_refer(nic->r, ops->next - 1, nic->dev.lan_owner))
			return msg_set(err, MSG_NO_MEMORY, "a NIC");
	}
	return scan_name(ops, "name of the LAN", nic->dev.lan, err);
}

static int nic_vlan(struct operands *ops, void *ctx, struct message *err)
{
	struct nic *nic = ctx;

	return scan_vlans(ops, nic->dev.vlans, sizeof(nic->dev.vlans), err);
}

static int nic_rate(struct operands *ops, void *ctx, struct message *err)
{
	struct nic *nic = ctx;

	return scan_rate(ops, "rate", &nic->dev.rate_bps, err);
}

/* Complains if another NIC has this MACID. */
static void check_mac_id(struct dir_reader *r, int word, uint32_t mac_id)
{
	for (const struct dir_user *u = r->dir->users; u; u = u->next) {
		for (int i = 0; i < u->n_devices; i++) {
			if (u->device[i].mac_id == mac_id)
				source_complain(r->src, word, MSG_MACID_TWICE, mac_id,
					u->device[i].line);
		}
	}
}

static int nic_mac_id(struct operands *ops, void *ctx, struct message *err)
{
	struct nic *nic = ctx;
	const char *word = op_peek(ops);

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, "MACID");
	if (nic->r->profile) {
		ops->next--;
		return msg_set(
			err, MSG_STATEMENT_ORDER, "MACID", "a PROFILE cannot have it");
	}
	if (word_mac_id(word, &nic->dev.mac_id) || !nic->dev.mac_id)
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"six hexadecimal digits from 000001 to FFFFFF");
	check_mac_id(nic->r, ops->next, nic->dev.mac_id);
	ops->next++;
	return 0;
}

int st_nicdef(struct dir_reader *r, struct operands *ops)
{
	static const struct scan_option options[] = {
		{ "LAN", 1 << 0, nic_lan },
		{ "VLAN", 1 << 1, nic_vlan },
		{ "MACID", 1 << 2, nic_mac_id },
		{ "RATE", 1 << 3, nic_rate },
		{ 0 },
	};
	struct nic nic = { .r = r, .dev = { .type = DIR_NIC } };
	int rc = scan_vdev(ops, &nic.dev.vdev, &r->err);

	if (!rc)
		rc = scan_options(ops, options, &nic, &r->err);
	return rc ? rc : reader_device(r, 1, &nic.dev);
}
