/* The machine CP divides: what it has is asked of the kernel once, who holds what of it
 * is counted here. */
#include "cp/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_POOL 7500 /* hundredths of a percent of the host's memory */

static int read_memory(struct host *h, const char *path);
static int read_cpus(struct host *h, const struct sysconfig *cfg, const char *dir);
static void probe_kvm(struct host *h, const struct host_files *files);
static bool has_extensions(const char *cpuinfo);
static bool uids_exist(const char *uid_map);
static uint64_t pool_size(const struct host *h, const struct sysconfig *cfg);

int host_create(const struct sysconfig *cfg, struct host **out)
{
	static const struct host_files files = {
		.meminfo = "/proc/meminfo",
		.cpuinfo = "/proc/cpuinfo",
		.uid_map = "/proc/self/uid_map",
		.cpus = "/sys/devices/system/cpu",
		.kvm = "/dev/kvm",
	};

	return host_create_from(cfg, &files, out);
}

int host_create_from(
	const struct sysconfig *cfg, const struct host_files *files, struct host **out)
{
	struct host *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	h->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	h->kvm_path = files->kvm;
	err = read_memory(h, files->meminfo);
	if (!err)
		err = read_cpus(h, cfg, files->cpus);
	if (err) {
		host_free(h);
		return err;
	}
	h->pool = pool_size(h, cfg);
	h->uids_ok = uids_exist(files->uid_map);
	probe_kvm(h, files);
	*out = h;
	return 0;
}

void host_free(struct host *h)
{
	free(h);
}

static bool lacks_cpu(const struct host *h, const struct sysconfig *cfg, int i)
{
	return i < HOST_MAX_CPUS && cfg->host_cpus[i / 64] >> i % 64 & 1 &&
	       !h->cpu[i].present;
}

bool host_lacks_cpus(
	const struct host *h, const struct sysconfig *cfg, char *list, size_t size)
{
	size_t len = 0;

	for (int i = 0, last; i < HOST_MAX_CPUS; i = last + 1) {
		last = i;
		if (!lacks_cpu(h, cfg, i))
			continue;
		while (lacks_cpu(h, cfg, last + 1))
			last++;
		if (len < size)
			len += (size_t)snprintf(list + len, size - len,
				last > i ? "%s%d-%d" : "%s%d", len ? "," : "", i, last);
	}
	return len;
}

int host_reserve(struct host *h, const char *userid, uint64_t bytes, struct message *err)
{
	uint64_t left = h->pool > h->reserved ? h->pool - h->reserved : 0;
	char want[32], have[32], pool[32];

	if (bytes <= left) {
		h->reserved += bytes;
		return 0;
	}
	return msg_set(err, MSG_POOL_SHORT, userid, size_text(bytes, want, sizeof(want)),
		size_text(left, have, sizeof(have)),
		size_text(h->pool, pool, sizeof(pool)));
}

void host_claim(struct host *h, uint64_t bytes)
{
	h->reserved += bytes;
}

void host_release(struct host *h, uint64_t bytes)
{
	h->reserved -= bytes;
}

uid_t host_take_uid(struct host *h)
{
	const size_t words = HOST_UID_COUNT / 64;

	for (size_t n = 0; n < words; n++) {
		size_t i = (h->uid_first / 64 + n) % words;
		int bit = __builtin_ffsll((long long)~h->uid_used[i]);

		if (!bit)
			continue;
		h->uid_used[i] |= UINT64_C(1) << (bit - 1);
		return HOST_UID_BASE + (uid_t)(i * 64) + (uid_t)bit - 1;
	}
	return 0;
}

static bool is_ours(uid_t uid)
{
	return uid >= HOST_UID_BASE && uid - HOST_UID_BASE < HOST_UID_COUNT;
}

int host_claim_uid(struct host *h, uid_t uid)
{
	uid_t i = uid - HOST_UID_BASE;

	if (!is_ours(uid) || h->uid_used[i / 64] >> i % 64 & 1)
		return -EBUSY;
	h->uid_used[i / 64] |= UINT64_C(1) << i % 64;
	return 0;
}

void host_release_uid(struct host *h, uid_t uid)
{
	uid_t i = uid - HOST_UID_BASE;

	if (is_ours(uid))
		h->uid_used[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static int read_memory(struct host *h, const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long long kib;
	char line[256];
	int err = -ENODATA;

	if (!f)
		return -errno;
	while (err && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemTotal: %llu kB", &kib) == 1) {
			h->total = (uint64_t)kib << 10;
			err = 0;
		}
	}
	fclose(f);
	return err;
}

/* STORAGE POOL, or three quarters; what the host has not cannot be promised. */
static uint64_t pool_size(const struct host *h, const struct sysconfig *cfg)
{
	uint32_t percent = cfg->pool_percent ? cfg->pool_percent : DEFAULT_POOL;
	uint64_t pages = h->total / h->page_size;

	if (cfg->pool_bytes)
		return cfg->pool_bytes < h->total ? cfg->pool_bytes : h->total;
	return pages * percent / 10000 * h->page_size;
}

/* "0-3,8": what `fn` is called for. */
static int read_list(struct host *h, const char *dir, const char *name,
	void (*fn)(struct host *h, unsigned long cpu))
{
	char path[512], text[4096];
	unsigned long first, last;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (char *p = text; *p >= '0' && *p <= '9';) {
		first = last = strtoul(p, &p, 10);
		if (*p == '-')
			last = strtoul(p + 1, &p, 10);
		for (; first <= last && first < HOST_MAX_CPUS; first++)
			fn(h, first);
		p += *p == ',';
	}
	return h->n_cpus ? 0 : -ENODATA;
}

static void set_present(struct host *h, unsigned long cpu)
{
	h->cpu[cpu].present = true;
	if ((int)cpu >= h->n_cpus)
		h->n_cpus = (int)cpu + 1;
}

static void set_online(struct host *h, unsigned long cpu)
{
	h->cpu[cpu].online = true;
}

static int read_cpus(struct host *h, const struct sysconfig *cfg, const char *dir)
{
	int err = read_list(h, dir, "present", set_present);

	if (!err)
		err = read_list(h, dir, "online", set_online);
	for (int i = 0; i < h->n_cpus; i++) {
		if (cfg->host_cpus[i / 64] >> i % 64 & 1)
			h->cpu[i].use = CPU_HOST;
	}
	return err;
}

/* What a partition process does not work without. */
static const char *missing_capability(int kvm)
{
	static const struct {
		int cap;
		const char *name;
	} needed[] = {
		{ KVM_CAP_USER_MEMORY, "user memory" },
		{ KVM_CAP_READONLY_MEM, "read-only memory" },
		{ KVM_CAP_IRQCHIP, "interrupt controllers" },
		{ KVM_CAP_IRQFD, "irqfd" },
		{ KVM_CAP_IOEVENTFD, "ioeventfd" },
		{ KVM_CAP_SIGNAL_MSI, "MSI" },
		{ KVM_CAP_EXT_CPUID, "CPUID" },
		{ KVM_CAP_MP_STATE, "MP state" },
		{ KVM_CAP_IMMEDIATE_EXIT, "immediate exit" },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (ioctl(kvm, KVM_CHECK_EXTENSION, needed[i].cap) <= 0)
			return needed[i].name;
	}
	return NULL;
}

static void probe_kvm(struct host *h, const struct host_files *files)
{
	int fd = open(files->kvm, O_RDWR | O_CLOEXEC);
	const char *missing;
	int version;

	h->kvm_software = !has_extensions(files->cpuinfo);
	if (fd < 0) {
		snprintf(h->kvm, sizeof(h->kvm), "none: %s: %s", files->kvm,
			strerror(errno));
		return;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	missing = version == KVM_API_VERSION ? missing_capability(fd) : NULL;
	if (version < 0)
		snprintf(h->kvm, sizeof(h->kvm), "none: %s is not KVM", files->kvm);
	else if (version != KVM_API_VERSION)
		snprintf(h->kvm, sizeof(h->kvm), "none: KVM interface %d, not %d",
			version, KVM_API_VERSION);
	else if (missing)
		snprintf(h->kvm, sizeof(h->kvm), "none: KVM %d without %s", version,
			missing);
	else
		snprintf(h->kvm, sizeof(h->kvm), "KVM %d, %s", version,
			h->kvm_software ? "software (ring 0 is emulated)" : "hardware");
	h->kvm_ok = version == KVM_API_VERSION && !missing;
	close(fd);
}

/* Is there a "flags" line with vmx or svm? */
static bool has_extensions(const char *cpuinfo)
{
	FILE *f = fopen(cpuinfo, "re");
	size_t size = 0;
	char *line = NULL;
	bool found = false;

	if (!f)
		return false;
	while (!found && getline(&line, &size, f) > 0) {
		if (strncmp(line, "flags", 5))
			continue;
		for (char *save, *w = strtok_r(line, " \t\n", &save); w && !found;
			w = strtok_r(NULL, " \t\n", &save))
			found = !strcmp(w, "vmx") || !strcmp(w, "svm");
		break; /* all processors are alike */
	}
	free(line);
	fclose(f);
	return found;
}

/* Is the whole range mapped, here where cpd may itself be in a user namespace? */
static bool uids_exist(const char *uid_map)
{
	FILE *f = fopen(uid_map, "re");
	unsigned long long first, outside, count;
	bool found = false;

	if (!f)
		return false;
	while (!found && fscanf(f, "%llu %llu %llu", &first, &outside, &count) == 3)
		found = first <= HOST_UID_BASE &&
			first + count >= (uint64_t)HOST_UID_BASE + HOST_UID_COUNT;
	fclose(f);
	return found;
}
