/* presets.c - display filters for what malware does on a network */
#include "analysis/presets.h"

#include <string.h>

/* The first frame of a connection, whatever the congestion bits are (RFC 3168). */
#define SYN	  "tcp.flags.syn == 1 and tcp.flags.ack == 0"

#define TLS_HELLO "tls.handshake.type == 1"

static const struct preset table[] = {
	/* ---- beacons ---- */
	{"beacon-http", "beacon",
	 "http.request.method in {\"GET\", \"POST\"} and not http.referer and "
	 "not http.accept_language",
	 "HTTP requests that no browser makes: without Referer and Accept-Language. Most implants "
	 "call home like this; whether one comes at intervals a filter does not say, the time column "
	 "does. Also: curl, package managers, OCSP, every program with a plain HTTP library."},
	{"beacon-http-address", "beacon",
	 "tcp and http.host matches \"^[0-9]{1,3}([.][0-9]{1,3}){3}(:[0-9]+)?$\"",
	 "HTTP requests to an IPv4 address instead of a name: servers that never had one, or whose name "
	 "was taken away. Also: routers, printers and cameras, tests in a laboratory."},
	{"beacon-no-agent", "beacon", "tcp and http.request and not http.user_agent",
	 "HTTP requests without a User-Agent: loaders written by hand on sockets. Also: health checks, "
	 "simple devices. SSDP, which is HTTP over UDP, is not in it."},
	{"beacon-agent", "beacon",
	 "http.user_agent and not (http.user_agent matches \"^Mozilla/5[.]0 [(]\")",
	 "User agents that no browser of today has, such as \"Mozilla/4.0\" or a name of the author's "
	 "own. Also: curl, wget, Windows Update, package managers; and implants that copy a browser's "
	 "are not in it."},
	{"beacon-address-lookup", "beacon",
	 "(dns.flags.response == 0 and dns.qry.name matches "
	 "\"^(api[.]ipify[.]org|ipinfo[.]io|ip-api[.]com|ifconfig[.]me|icanhazip[.]com|"
	 "checkip[.](amazonaws[.]com|dyndns[.]org)|myexternalip[.]com|wtfismyip[.]com)$\")",
	 "Queries for services that tell a host its public address, which implants ask first. Also: "
	 "dynamic DNS clients, VPN programs, people."},
	{"beacon-mining", "beacon",
	 "tcp.payload contains \"mining.subscribe\" or tcp.payload contains \"mining.authorize\"",
	 "Stratum, the protocol between a miner of coins and its pool, in plain TCP on any port. Also: "
	 "a page that speaks about it; a miner over TLS is not in it."},
	/* ---- DNS ---- */
	{"dns-tunnel", "dns",
	 "dns.flags.response == 0 and dns.qry.name matches \"^[a-z0-9+/=_-]{40,63}[.]\"",
	 "Queries whose first label has 40 or more letters and digits: data carried out in names, as "
	 "iodine and dnscat2 do. Also: content networks, antivirus look-ups by hash, DKIM keys."},
	{"dns-long-name", "dns", "dns.flags.response == 0 and dns.qry.name.len > 100",
	 "Queries for names of more than 100 characters; names for people have 20. Also: some names of "
	 "content networks and cloud services. Reverse names of IPv6 have 72, and are not in it."},
	{"dns-txt-null", "dns", "dns.count.answers > 0 and dns.qry.type in {10, 16} and not mdns",
	 "Answers of TXT and NULL records, which carry most bytes inwards: commands, payloads. Also: TXT "
	 "of SPF, DKIM and proofs of ownership, which mail servers ask for and workstations do not. NULL "
	 "has no use but tunnels."},
	{"dns-dga", "dns",
	 "dns.flags.rcode == 3 and dns.qry.name matches \"^[a-z0-9]{12,}[.][a-z]{2,}$\"",
	 "Answers that there is no such domain, for a domain of 12 or more letters and digits right "
	 "below its top level: generated names that were tried in turn. Also: mistyped addresses, and "
	 "Chromium's probes for a resolver that lies, which have no dot and so are not in it."},
	{"dns-over-https", "dns",
	 "tls.handshake.extensions_server_name matches "
	 "\"^(dns[.]google|(mozilla[.]|chrome[.]|one[.]one[.]one[.])?cloudflare-dns[.]com|"
	 "one[.]one[.]one[.]one|dns[0-9]*[.]quad9[.]net|dns[.]adguard(-dns)?[.]com|doh[.]opendns[.]com|"
	 "dns[.]nextdns[.]io)$\" or (" SYN " and tcp.dstport == 853)",
	 "TLS to public resolvers, and connections to the port of DNS over TLS: names that the local "
	 "resolver never sees. Also: browsers with that turned on, Android's private DNS."},
	/* ---- HTTP ---- */
	{"http-post", "http", "http.request.method == \"POST\"",
	 "Forms and files sent in plain HTTP: what leaves can be read here. Also: OCSP, telemetry, old "
	 "web applications."},
	{"http-executable", "http",
	 "(http.response and http.content_type matches "
	 "\"x-(dosexec|msdownload|msdos-program|executable|elf|sharedlib|mach-binary)\") or "
	 "tcp.payload contains \"This program cannot be run in DOS mode\"",
	 "Programs downloaded: by the type that the server tells, and by the text at the start of every "
	 "Windows program, whatever the port and the name. Also: installers and updates. One that is "
	 "packed, encrypted or over TLS is not in it."},
	{"http-executable-name", "http",
	 "http.request.uri matches "
	 "\"[.](exe|dll|scr|pif|com|msi|ps1|vbs|hta|jar|elf|bat)([?#]|$)\"",
	 "Requests for what a system would run, by the end of the path. Also: installers and updates; a "
	 "loader that asks for a picture is not in it."},
	{"http-credentials", "http",
	 "http.authbasic or ftp.request.command == \"PASS\" or pop.request.command == \"PASS\"",
	 "Passwords in plain text: HTTP's Basic, FTP, POP3. Also: \"anonymous\" of FTP; forms with a "
	 "password are in http-post."},
	{"http-odd-port", "http",
	 "tcp and http.request and not (tcp.port in {80, 3128, 8000, 8008, 8080, 8081, 8888, 5985})",
	 "HTTP at none of its usual ports (WinRM's is in lateral-winrm). Also: development servers, "
	 "devices, UPnP over TCP."},
	/* ---- TLS ---- */
	{"tls-no-sni", "tls", TLS_HELLO " and not tls.handshake.extensions_server_name",
	 "Handshakes without a server's name: connections made to an address, or by a library that does "
	 "not send one. Also: programs that are given an address, old devices. With encrypted client "
	 "hello an outer name is there."},
	{"tls-self-signed", "tls",
	 "count(tls.handshake.certificate) == 1 and "
	 "(not x509ce.keyIdentifier or x509ce.keyIdentifier == x509ce.SubjectKeyIdentifier)",
	 "A certificate alone that names no other key as its issuer's, which only self-signed ones may "
	 "(RFC 5280, 4.2.1.1). Fields cannot compare the two names. Also: devices in the local network, "
	 "private authorities that leave the key out. TLS 1.3 encrypts certificates: it is not in it."},
	{"tls-old", "tls", "tls.handshake.type == 2 and tls.handshake.version <= 0x0302",
	 "Servers that chose TLS 1.1 or older: old libraries that are built into malware, and old "
	 "servers. Also: old devices. TLS 1.3 says 1.2 at this place, so it is never in it."},
	{"tls-odd-port", "tls",
	 TLS_HELLO " and not (tcp.port in {443, 465, 563, 587, 636, 853, 989, 990, 993, 995, 3389, "
		   "5061, 5986, 8443})",
	 "Handshakes at none of the usual ports, such as 4443 or 8444 of attack kits. Also: databases, "
	 "message queues, management consoles, STARTTLS at ports that are not listed."},
	{"ssh-odd-port", "tls", "tcp.payload[0:4] == 53:53:48:2d and not (tcp.port == 22)",
	 "The greeting of SSH at another port than 22: tunnels, and back doors. Also: servers that were "
	 "moved to be left alone, Git's servers."},
	/* ---- scans ---- */
	{"scan-syn", "scan",
	 SYN " and tcp.window_size_value <= 1024 and not tcp.options.timestamp.tsval",
	 "First frames of connections with a window of 1024 or less and no time stamps, as nmap, masscan "
	 "and zmap make by themselves; systems ask for 8 KiB and more. Also: small devices. A scan "
	 "through the system's own sockets (nmap -sT) is not in it: scan-refused shows its answers."},
	{"scan-refused", "scan", "tcp.flags == 0x014 and tcp.seq_raw == 0",
	 "Refusals of a first frame: nobody listens at the port (RFC 9293, 3.10.7.1). Many of one host "
	 "to one other are a scan. Also: a service that is down."},
	{"scan-flags", "scan",
	 "tcp.flags == 0x000 or tcp.flags == 0x029 or (tcp.flags.syn == 1 and tcp.flags.fin == 1)",
	 "Flags that no system sends: none, FIN with PSH and URG (\"Christmas tree\"), SYN with FIN. "
	 "Also: damaged frames."},
	{"scan-arp", "scan",
	 "arp.opcode == 1 and eth.dst == ff:ff:ff:ff:ff:ff and not (arp.isgratuitous == 1) and "
	 "not (arp.src.proto_ipv4 == 0.0.0.0)",
	 "Questions to all for one address, without announcements and probes of one's own. A sweep asks "
	 "for one after the other; that is for the eye, a filter does not count. Also: every first "
	 "contact of two hosts."},
	/* ---- the local network ---- */
	{"arp-gratuitous", "lan", "arp.isgratuitous == 1",
	 "Announcements that nobody asked for: how a neighbour's cache is poisoned. Also: hosts that "
	 "start or get an address, and clusters that move one."},
	{"arp-duplicate", "lan", "arp.duplicate-address-detected",
	 "Two hardware addresses that claim one IP address, as tshark remembers them: one of them lies. "
	 "Also: an address given twice, a virtual machine that was cloned, VRRP."},
	{"icmp-large", "lan",
	 "(icmp.type in {0, 8} or icmpv6.type in {128, 129}) and data.len > 100",
	 "Echo with more than 100 bytes of data: tunnels in ICMP; ping of Linux sends 48 behind its time "
	 "stamp, of Windows 32. Also: tests of the MTU."},
	{"name-poisoning", "lan", "(llmnr and dns.flags.response == 1) or nbns.flags.response == 1",
	 "Answers to questions for names that were asked of all neighbours (LLMNR, NetBIOS): what "
	 "Responder does to be sent passwords. Also: Windows hosts that answer for themselves; compare "
	 "the address of who answers."},
	{"dhcp-offer", "lan", "dhcp.option.dhcp == 2",
	 "Offers of addresses: each comes from somebody who acts as the network's DHCP server, and names "
	 "router and resolver. Also: the right server."},
	/* ---- lateral movement ---- */
	{"lateral-smb-share", "lateral",
	 "smb2.cmd == 3 and smb2.flags.response == 0 and smb2.tree matches "
	 "\"(^|[^A-Z0-9_.-])(ADMIN|[A-Z])[$]$\"",
	 "Connections to the administrative shares ADMIN$, C$ and so on: files put on another host to be "
	 "run there. Also: administrators, backup and management programs. IPC$ is not in it."},
	{"lateral-smb-pipe", "lateral",
	 "smb2.cmd == 5 and smb2.flags.response == 0 and "
	 "smb2.filename matches \"^(svcctl|atsvc|winreg|epmapper|psexesvc.*|remcom_communication.*)$\"",
	 "Named pipes opened over SMB to make services and tasks on another host, and those of PsExec "
	 "and its like. Also: administrators, management programs. With SMB 3 encrypted nothing is seen."},
	{"lateral-smb1", "lateral", "smb.cmd == 0x72 and smb.flags.response == 0",
	 "Requests for SMB 1, which worms such as WannaCry need. Also: old scanners and printers, and "
	 "clients that offer SMB 2 in the same request."},
	{"lateral-rdp", "lateral", "rdp.rt_cookie or rdp.neg_type == 1",
	 "Remote desktop sessions being asked for, on port 3389; the cookie often has the user's name. "
	 "Also: administrators; scanners that try it."},
	{"lateral-winrm", "lateral",
	 "(http.request and http.request.uri matches \"^/wsman\") or (" SYN
	 " and tcp.dstport in {5985, 5986})",
	 "Remote PowerShell: WinRM's path on any port, and connections to its ports. Also: "
	 "administrators, Ansible, monitoring."},
	/* ---- tools ---- */
	{"tor-ports", "tool", SYN " and tcp.dstport in {9001, 9030, 9040, 9050, 9051, 9150}",
	 "Connections to the default ports of Tor's relays and of a local Tor. Also: whatever else has "
	 "these ports, 9001 above all. Most relays listen at 443 today, and are not in it."},
	{"irc-ports", "tool",
	 "irc.request.command or (" SYN " and tcp.dstport in {6660 .. 6669, 6697, 7000})",
	 "Internet Relay Chat, by protocol at port 6667 and by port: old botnets. Also: people who "
	 "chat; 7000 is used by others."},
};

const struct preset *presets(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct preset *preset_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	}
	return NULL;
}
