/* tapdev.h - one end of a tap device: what the system sends into it comes out here, and the other
 * way round
 *
 * Source: Documentation/networking/tuntap.rst
 */
#ifndef SECVF_OS_TAPDEV_H
#define SECVF_OS_TAPDEV_H

#include "os/iface.h"
#include "tap/frame.h"

struct tapdev {
	struct iface iface;
	int fd;
	unsigned char *bytes; /* of the frame read last; FRAME_BYTES_MAX */
};

/**
 * tapdev_open() - Attach to a tap device, which is made where there is none of that name, and bring
 * it up
 * @option:  Option that named it, for the message
 * @name:    Its name
 * @err:     EXIT_USAGE for a name that none can have; EXIT_ENVIRONMENT: permission is missing, the
 *           name is that of another kind of interface, somebody else is attached. On systems other
 *           than Linux always
 *
 * One that was made goes with tapdev_close().
 */
bool tapdev_open(struct tapdev *t, const char *option, const char *name, struct err *err);

/** tapdev_close() - Detach */
void tapdev_close(struct tapdev *t);

/** tapdev_fd() - Readable where a frame has come */
int tapdev_fd(const struct tapdev *t);

/**
 * tapdev_read() - A frame that the system sent into the device
 * @f:  data (until the next call), caplen, len are set; all else is zero
 *
 * Return: 1; 0 where there is none now; -errno
 */
int tapdev_read(struct tapdev *t, struct frame *f);

/** tapdev_write() - A frame for the system to receive. Never blocks. Return: 0, or -errno */
int tapdev_write(struct tapdev *t, const unsigned char *data, uint32_t bytes);

#endif
