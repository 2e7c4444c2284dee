/* What Wireshark and bulkhead-extcap say to each other. */
#include "console/extcap_text.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX  "bulkhead-"
#define ID_BITS 0xfffffffu /* of a trace's name: X and seven digits */

void extcap_version(FILE *out)
{
	fprintf(out, "extcap {version=%s}{display=Bulkhead guest LANs}\n",
		BULKHEAD_VERSION);
}

static void print_interface(FILE *out, const json_t *record)
{
	const char *name = json_string_value(json_object_get(record, "name"));
	const char *owner = json_string_value(json_object_get(record, "owner"));

	if (name && owner)
		fprintf(out, "interface {value=" PREFIX "%s.%s}{display=LAN %s %s}\n",
			owner, name, owner, name);
}

int extcap_interfaces(FILE *out, const char *json)
{
	json_t *answer = json_loads(json, 0, NULL);
	const json_t *records = json_object_get(answer, "records"), *record;
	size_t i;

	if (!json_is_array(records)) {
		json_decref(answer);
		return -EPROTO;
	}
	json_array_foreach(records, i, record) print_interface(out, record);
	json_decref(answer);
	return 0;
}

void extcap_dlts(FILE *out)
{
	fputs("dlt {number=1}{name=EN10MB}{display=Ethernet}\n", out);
}

void extcap_config(FILE *out)
{
	fputs("arg {number=0}{call=--nic}{display=NIC}{type=string}"
	      "{placeholder=USERID VDEV}{tooltip=Frames of this NIC only}\n"
	      "arg {number=1}{call=--only}{display=Take}{type=selector}\n"
	      "value {arg=1}{value=all}{display=Everything}{default=true}\n"
	      "value {arg=1}{value=dropped}{display=What is dropped}\n"
	      "value {arg=1}{value=trunk}{display=Uplinks}\n"
	      "arg {number=2}{call=--vlan}{display=VLAN}{type=integer}"
	      "{range=1,4094}{tooltip=Frames in this VLAN only}\n"
	      "arg {number=3}{call=--length}{display=Bytes of a frame}{type=integer}"
	      "{range=14,65553}{tooltip=How much of each frame is kept}\n",
		out);
}

/* "bulkhead-OWNER.NAME" */
static int take_interface(
	const char *value, char owner[USERID_MAX + 1], char name[USERID_MAX + 1])
{
	const char *dot;
	char part[USERID_MAX + 2];

	if (!value || strncmp(value, PREFIX, strlen(PREFIX)) != 0)
		return -EINVAL;
	value += strlen(PREFIX);
	dot = strchr(value, '.');
	if (!dot || dot - value > USERID_MAX)
		return -EINVAL;
	snprintf(part, sizeof(part), "%.*s", (int)(dot - value), value);
	return word_userid(part, owner) || word_userid(dot + 1, name) ? -EINVAL : 0;
}

/* NIC, or one of what excludes it; what CP says against the rest it says itself. */
static int print_what(FILE *out, const struct extcap_choice *c)
{
	const char *only = c->only && *c->only ? c->only : "all";

	if (c->nic && strpbrk(c->nic, "#\"")) /* more than two words of one command */
		return -EINVAL;
	if (c->nic && *c->nic)
		fprintf(out, " NIC %s", c->nic);
	if (!strcmp(only, "dropped"))
		fputs(" DROPPED", out);
	else if (!strcmp(only, "trunk"))
		fputs(" TRUNK", out);
	else if (strcmp(only, "all") != 0)
		return -EINVAL;
	return 0;
}

static void print_quoted(FILE *out, const char *keyword, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(out, " %s \"", keyword);
	for (; *text; text++)
		fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	fputc('"', out);
}

int extcap_command(
	char *buf, size_t size, const struct extcap_choice *choice, unsigned id)
{
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	err = take_interface(choice->interface, owner, name);
	if (err)
		return err;
	out = open_memstream(&text, &len);
	if (!out)
		return -errno;
	fprintf(out, "TRSOURCE ID X%07X TYPE LAN OWNERID %s LANNAME %s", id & ID_BITS,
		owner, name);
	err = print_what(out, choice);
	print_quoted(out, "VLAN", choice->vlan);
	print_quoted(out, "LENGTH", choice->length);
	print_quoted(out, "FILTER", choice->filter);
	fputs(" FILE -", out);
	if (fclose(out) && !err)
		err = -errno;
	if (!err && len >= size)
		err = -ENAMETOOLONG;
	if (!err)
		memcpy(buf, text, len + 1);
	free(text);
	return err;
}
