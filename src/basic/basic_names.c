/* basic_names.c - protocol numbers as tshark's Protocol column names them */
#include "basic/basic_names.h"

#include <stddef.h>

struct name {
	uint64_t number;
	const char *text;
};

/* Few, and looked up for rare frames only: a scan will do. */
static const char *find(const struct name *names, size_t n, uint64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].number == number)
			return names[i].text;
	return NULL;
}

#define FIND(names, number) find(names, sizeof(names) / sizeof((names)[0]), number)

const char *basic_ethertype_name(uint16_t type)
{
	static const struct name names[] = {
		{0x0800, "IPv4"},     {0x86dd, "IPv6"},	    {0x0806, "ARP"},
		{0x88cc, "LLDP"},     {0x888e, "EAPOL"},    {0x8863, "PPPoED"},
		{0x8864, "PPPoES"},   {0x8847, "MPLS"},	    {0x8848, "MPLS"},
		{0x9000, "LOOP"},     {0x88f7, "PTPv2"},    {0x8902, "CFM"},
		{0x88a2, "AoE"},      {0x88b8, "GOOSE"},    {0x88e1, "HomePlug AV"},
		{0x893a, "ieee1905"}, {0x88d9, "LLTD"},	    {0x8899, "Realtek"},
		{0x8808, "MAC CTRL"}, {0x8137, "IPX"},	    {0x809b, "LLAP"},
		{0x80f3, "AARP"},     {0x6003, "DEC DNA"},  {0x6004, "LAT"},
		{0x22f0, "IEEE1722"}, {0x22ea, "MRP-MSRP"}, {0x88f5, "MRP-MVRP"},
		{0x88c7, "EAPOL"},    {0x88f6, "MRP-MMRP"}, {0x8906, "FC"},
		{0x8914, "FIP"},      {0x8915, "RoCE"},	    {0x88e3, "PN-MRP"},
		{0x88ca, "TIPC"},     {0x88fb, "HSR/PRP"},  {0x892f, "HSR"},
		{0x894f, "NSH"},      {0x8940, "ECP"},	    {0x88b7, "IEEE802a"},
		{0x887b, "HomePlug"}, {0x886f, "MS NLB"},   {0x8809, "Slow Protocols"},
		{0x2001, "CGMP"},     {0x0bad, "Vines IP"}, {0x0600, "IDP"},
		{0x8038, "DEC_STP"},  {0x88f8, "NCSI"},	    {0x88e5, "MACSEC"},
		{0xd28b, "AVSP"},     {0x8947, "GEONW"},
	};

	return FIND(names, type);
}

const char *basic_ip_proto_name(uint8_t proto)
{
	static const struct name names[] = {
		{6, "TCP"},	    {17, "UDP"},    {1, "ICMP"},       {58, "ICMPv6"},
		{2, "IGMP"},	    {132, "SCTP"},  {47, "GRE"},       {50, "ESP"},
		{51, "AH"},	    {89, "OSPF"},   {103, "PIM"},      {112, "VRRP"},
		{88, "EIGRP"},	    {33, "DCCP"},   {136, "UDP-Lite"}, {46, "RSVP"},
		{115, "L2TPv3"},    {135, "MIPv6"}, {139, "HIP"},      {137, "MPLS"},
		{108, "IPComp"},    {9, "IGRP"},    {54, "NHRP"},      {113, "PGM"},
		{4, "IPv4"},	    {41, "IPv6"},   {36, "XTP"},       {48, "DSR"},
		{134, "RSVP-E2EI"},
	};

	return FIND(names, proto);
}

const char *basic_sap_name(uint8_t dsap)
{
	static const struct name names[] = {
		{0x42, "STP"},	{0xe0, "IPX"},	    {0x10, "IPX"},	 {0xf0, "NetBIOS"},
		{0xfe, "CLNP"}, {0x04, "SNA"},	    {0x08, "SNA"},	 {0x0c, "SNA"},
		{0x7e, "X.25"}, {0x80, "3Com XNS"}, {0xbc, "Vines LLC"}, {0xf8, "HPEXT"},
		{0xfc, "RPL"},
	};

	return FIND(names, dsap);
}

const char *basic_snap_name(uint32_t oui, uint16_t pid)
{
	static const struct name names[] = {
		{0x00000c2000, "CDP"}, {0x00000c2003, "VTP"}, {0x00000c2004, "DTP"},
		{0x00000c010b, "STP"}, {0x00000c010c, "STP"}, {0x00000c0111, "UDLD"},
		{0x0080c2000e, "STP"}, {0x00e02b00bb, "EDP"}, {0x080007809b, "DDP"},
		{0x00008101a2, "NDP"},
	};

	return FIND(names, (uint64_t)oui << 16 | pid);
}

const char *basic_ppp_name(uint16_t ppp)
{
	static const struct name names[] = {
		{0x0021, "IPv4"},     {0x0057, "IPv6"},	      {0xc021, "PPP LCP"},
		{0x8021, "PPP IPCP"}, {0x8057, "PPP IPV6CP"}, {0xc023, "PPP PAP"},
		{0xc223, "PPP CHAP"}, {0x80fd, "PPP CCP"},    {0xc025, "PPP LQR"},
	};

	return FIND(names, ppp);
}
