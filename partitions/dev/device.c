/* Devices by model. */
#include "partitions/dev/device.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const struct device_ops *const models[DEVICE_MODELS] = {
#define DEVICE(name) [DEVICE_##name] = &name##_ops,
#include "partitions/dev/devices.def"
#undef DEVICE
};

int device_create(struct machine *m, enum device_model model,
	const struct device_conf *conf, struct device **out)
{
	const struct device_ops *ops = models[model];
	struct device *d = calloc(1, ops->size);
	int err;

	if (!d) {
		if (conf->fd >= 0)
			close(conf->fd);
		return -ENOMEM;
	}

	d->ops = ops;
	d->machine = m;
	d->vdev = conf->vdev;
	d->slot = conf->slot;
	err = ops->create(d, conf);
	if (err) {
		device_destroy(d);
		return err;
	}
	*out = d;
	return 0;
}

void device_destroy(struct device *d)
{
	if (!d)
		return;
	d->ops->destroy(d);
	free(d);
}
