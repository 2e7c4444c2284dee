/* Configuration text.  cpd wrote it, and still no line of it is taken on trust. */
#include "vlan/uplink/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_text(struct uplink_conf *c, int fd)
{
	for (c->len = 0;;) {
		ssize_t n = read(fd, c->text + c->len, sizeof(c->text) - c->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		c->len += (size_t)n;
		if (c->len > UPLINK_CONF_MAX)
			return -E2BIG;
	}
}

int conf_read(struct uplink_conf *c, int fd)
{
	int err = read_text(c, fd);
	size_t at = 0;

	if (err)
		return err;
	if (memchr(c->text, 0, c->len) || (c->len && c->text[c->len - 1] != '\n'))
		return -EINVAL;
	while (at < c->len) {
		char *line = c->text + at, *end = memchr(line, '\n', c->len - at);

		*end = 0;
		if (!strchr(line, '='))
			return -EINVAL;
		at = (size_t)(end - c->text) + 1;
	}
	return 0;
}

const char *conf_next(const struct uplink_conf *c, const char *key, size_t *at)
{
	size_t len = strlen(key);

	while (*at < c->len) {
		const char *line = c->text + *at;

		*at += strlen(line) + 1;
		if (!strncmp(line, key, len) && line[len] == '=')
			return line + len + 1;
	}
	return NULL;
}

const char *conf_get(const struct uplink_conf *c, const char *key)
{
	size_t at = 0;

	return conf_next(c, key, &at);
}

int conf_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || n < min || n > max)
		return -EINVAL;
	*out = (uint32_t)n;
	return 0;
}

int conf_mac(const char *text, uint8_t out[6])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t mac[6];

	if (strlen(text) != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++, text += 3) {
		const char *high = strchr(digits, text[0]),
			   *low = strchr(digits, text[1]);

		if (!high || !low || (i < 5 && text[2] != ':'))
			return -EINVAL;
		mac[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	memcpy(out, mac, 6);
	return 0;
}

int conf_net(const char *text, uint32_t *net, uint32_t *mask)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN];
	struct in_addr in;
	uint32_t bits, m;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if (inet_pton(AF_INET, address, &in) != 1 || conf_number(slash + 1, 8, 30, &bits))
		return -EINVAL;
	m = ~UINT32_C(0) << (32 - bits);
	if (ntohl(in.s_addr) & ~m)
		return -EINVAL;
	*net = ntohl(in.s_addr);
	*mask = m;
	return 0;
}
