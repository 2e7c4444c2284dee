/* For whom CP takes a process of the host. */
#include "cp/identity.h"

#include "cp/cp.h"
#include "cp/directory.h"
#include "cp/sysconfig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALL_CLASSES "ABCDEFG"

static bool is_operator(const struct cp *cp, const struct peer *peer, gid_t group);
static const struct dir_user *user_of(const struct cp *cp, uid_t uid);
static void identify(struct identity *out, const char *userid, const char *classes);

int peer_read(int fd, struct peer *out)
{
	gid_t group[PEER_MAX_GROUPS];
	socklen_t len = sizeof(group);
	struct ucred cred;
	socklen_t cred_len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len))
		return -errno;
	*out = (struct peer) { .uid = cred.uid, .group = { cred.gid }, .n_groups = 1 };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, group, &len))
		return 0; /* too many: the first alone counts */
	for (size_t i = 0; i < len / sizeof(gid_t) && out->n_groups < PEER_MAX_GROUPS;
		i++)
		out->group[out->n_groups++] = group[i];
	return 0;
}

void identity_of(
	const struct cp *cp, const struct peer *peer, gid_t group, struct identity *out)
{
	const struct sysconfig *cfg = cp->config;
	const struct dir_user *user = user_of(cp, peer->uid);

	*out = (struct identity) { 0 };
	if (is_operator(cp, peer, group)) {
		out->host_operator = true;
		identify(out, cfg->operator_id,
			cfg->operator_classes[0] ? cfg->operator_classes : ALL_CLASSES);
	} else if (user) {
		identify(out, user->userid, user->classes);
	}
}

static bool is_operator(const struct cp *cp, const struct peer *peer, gid_t group)
{
	if (peer->uid == 0 || (!cp->privileged && peer->uid == geteuid()))
		return true;
	for (int i = 0; group != (gid_t)-1 && i < peer->n_groups; i++) {
		if (peer->group[i] == group)
			return true;
	}
	return false;
}

static const struct dir_user *user_of(const struct cp *cp, uid_t uid)
{
	for (const struct dir_user *u = cp->directory->users; u; u = u->next) {
		if (u->host_uid >= 0 && (uid_t)u->host_uid == uid)
			return u;
	}
	return NULL;
}

static void identify(struct identity *out, const char *userid, const char *classes)
{
	snprintf(out->userid, sizeof(out->userid), "%s", userid);
	snprintf(out->classes, sizeof(out->classes), "%s", classes);
}
