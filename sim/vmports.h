/* vmports.h - the switch port that a replayed frame comes in by
 *
 * Theory of operation: ports have names, VMS_MAX of them beside "uplink". A name is taken by each
 * VM that the user named (at once, so that it is there for others to talk to), by each interface of
 * a capture, and by each new source address, as vm-1, vm-2, ... (passing over names that are
 * taken). Once all names are taken, new addresses and interfaces come from the uplink. So does what
 * no VM can have sent: a frame without a source address, or with that of a group.
 *
 * Fixed size; a frame costs a comparison where its source is that of the frame before, else a
 * look-up in a small table.
 */
#ifndef SECVF_SIM_VMPORTS_H
#define SECVF_SIM_VMPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "replay.h"
#include "switch.h"

#define VMPORTS_SLOTS  256u /* a power of 2, and twice what there can be: 64 named, 64 not */
#define VMPORTS_UPLINK "uplink"

struct vmports {
	struct replay_ports ports;
	struct {
		char name[SWITCH_NAME_MAX];
		int port;
	} vms[REPLAY_VMS_MAX];
	unsigned vm_count;
	int uplink; /* -1 until there is one */
	struct {
		uint64_t mac;
		int port; /* -1: free */
	} slots[VMPORTS_SLOTS];
	uint64_t last_mac;
	int last_port; /* -1: none yet */
};

/**
 * vmports_init() - Check the user's names and make their ports
 * @v:      Filled; needs no end
 * @ports:  Copied
 * @vms:    "NAME=MAC" each; not kept. Two addresses may have one name; no address two
 * @count:  Of @vms, at most REPLAY_VMS_MAX
 * @err:    EXIT_USAGE for what is wrong with @vms; EXIT_ENVIRONMENT where a port can't be made
 */
bool vmports_init(struct vmports *v, struct replay_ports ports, const char *const *vms,
		  unsigned count, struct err *err);

/**
 * vmports_by_mac() - Port of an Ethernet frame by its source address
 * @v:      Ports
 * @data:   Frame
 * @bytes:  In @data
 * @err:    EXIT_ENVIRONMENT where the port can't be made
 *
 * Return: port, or negative errno
 */
int vmports_by_mac(struct vmports *v, const unsigned char *data, uint32_t bytes, struct err *err);

/**
 * vmports_by_name() - Port of an interface
 * @v:     Ports
 * @name:  As in the capture, not empty; what is no printable UTF-8 in it becomes '?', and it is
 *         cut to SWITCH_NAME_MAX
 * @err:   As vmports_by_mac()
 *
 * Return: port, or negative errno
 */
int vmports_by_name(struct vmports *v, const char *name, struct err *err);

#endif
