/* What a command answers. */
#include "cp/result.h"

#include "cp/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S  1000000000u
#define NS_PER_MS 1000000u

static json_t *utf8_string(const char *value);

int result_init(struct result *r, const char *command)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->command_buf, sizeof(r->command_buf), "%s", command);
	r->command = r->command_buf;
	r->records = json_array();
	r->messages = json_array();
	r->spare = json_object();
	r->out_file = open_memstream(&r->out, &r->out_len);
	r->err_file = open_memstream(&r->err, &r->err_len);
	if (r->records && r->messages && r->spare && r->out_file && r->err_file)
		return 0;
	result_fini(r);
	return -ENOMEM;
}

void result_fini(struct result *r)
{
	if (r->out_file)
		fclose(r->out_file);
	if (r->err_file)
		fclose(r->err_file);
	free(r->out);
	free(r->err);
	json_decref(r->records);
	json_decref(r->messages);
	json_decref(r->spare);
	memset(r, 0, sizeof(*r));
}

json_t *result_record(struct result *r)
{
	json_t *rec = rec_item(r->records);

	if (rec)
		return rec;
	result_say(r, MSG_NO_MEMORY, "a record");
	return r->spare;
}

void result_line(struct result *r, const char *fmt, ...)
{
	va_list ap;
	char *line;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (len < 0) {
		result_say(r, MSG_NO_MEMORY, "a line");
		return;
	}
	text_clean(line, "\n\t");
	fprintf(r->out_file, "%s\n", line);
	fflush(r->out_file);
	free(line);
}

int result_message(struct result *r, const struct message *m)
{
	bool failed = m->severity == 'E' || m->severity == 'S';
	FILE *to = m->severity == 'I' ? r->out_file : r->err_file;
	char line[MSG_TEXT_MAX + 16], id[16];
	json_t *rec = rec_item(r->messages);

	msg_line(m, line, sizeof(line));
	fprintf(to, "%s\n", line);
	fflush(to);
	snprintf(id, sizeof(id), "CP%04d%c", m->number, m->severity);
	rec_str(rec, "id", id);
	rec_str(rec, "text", m->text);
	if (failed && !r->rc)
		r->rc = m->number;
	return failed ? m->number : 0;
}

int result_say(struct result *r, enum msg_number number, ...)
{
	struct message m;
	va_list ap;

	va_start(ap, number);
	msg_vset(&m, number, ap);
	va_end(ap);
	return result_message(r, &m);
}

char *result_json(struct result *r)
{
	json_t *whole = json_object();
	char *text;

	json_object_set_new(whole, "command", utf8_string(r->command));
	json_object_set_new(whole, "rc", json_integer(r->rc));
	json_object_set(whole, "messages", r->messages);
	json_object_set(whole, "records", r->records);
	text = json_dumps(
		whole, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
	json_decref(whole);
	return text;
}

void rec_str(json_t *rec, const char *key, const char *value)
{
	json_object_set_new(rec, key, utf8_string(value));
}

void rec_u64(json_t *rec, const char *key, uint64_t value)
{
	json_object_set_new(rec, key,
		json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void rec_null(json_t *rec, const char *key)
{
	json_object_set_new(rec, key, json_null());
}

void rec_real(json_t *rec, const char *key, double value)
{
	json_object_set_new(rec, key, isfinite(value) ? json_real(value) : json_null());
}

void rec_bool(json_t *rec, const char *key, bool value)
{
	json_object_set_new(rec, key, json_boolean(value));
}

void rec_time(json_t *rec, const char *key, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	unsigned ms = (unsigned)(realtime_ns % NS_PER_S / NS_PER_MS);
	char date[32], zone[8], text[64];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z",
		&tm); /* +hhmm; ISO 8601's long form has a colon */
	snprintf(text, sizeof(text), "%s.%03u%.3s:%.2s", date, ms, zone, zone + 3);
	rec_str(rec, key, text);
}

json_t *rec_array(json_t *rec, const char *key)
{
	json_object_set_new(rec, key, json_array());
	return json_object_get(rec, key);
}

json_t *rec_object(json_t *rec, const char *key)
{
	json_object_set_new(rec, key, json_object());
	return json_object_get(rec, key);
}

json_t *rec_item(json_t *array)
{
	if (json_array_append_new(array, json_object()))
		return NULL;
	return json_array_get(array, json_array_size(array) - 1);
}

/* JSON holds UTF-8 only. */
static json_t *utf8_string(const char *value)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	size_t left = strlen(value), len = 0;
	char *clean = malloc(left * (sizeof(replacement) - 1) + 1);
	json_t *string;

	if (!clean)
		return NULL;
	while (left) {
		size_t n = text_utf8(value, left), put = n ? n : sizeof(replacement) - 1;

		memcpy(clean + len, n ? value : replacement, put);
		len += put;
		value += n ? n : 1;
		left -= n ? n : 1;
	}
	string = json_stringn_nocheck(clean, len);
	free(clean);
	return string;
}
