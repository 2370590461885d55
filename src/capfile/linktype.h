/* linktype.h - names of link types, for messages */
#ifndef SECVF_CAPFILE_LINKTYPE_H
#define SECVF_CAPFILE_LINKTYPE_H

/* The link types that this program treats by name (LINKTYPE_ values; 12 and 14 are what BSDs wrote
 * for DLT_RAW). */
enum {
	LINKTYPE_NULL = 0,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW_BSD = 12,
	LINKTYPE_RAW_OPENBSD = 14,
	LINKTYPE_RAW = 101,
	LINKTYPE_LOOP = 108,
	LINKTYPE_LINUX_SLL = 113,
	LINKTYPE_IPV4 = 228,
	LINKTYPE_IPV6 = 229,
	LINKTYPE_LINUX_SLL2 = 276,
};

/**
 * linktype_name() - Name of a link type as https://www.tcpdump.org/linktypes.html has it, without
 * its LINKTYPE_
 *
 * Return: name, or "unknown"; never NULL
 */
const char *linktype_name(int linktype);

#endif
