/* pseudonym.c - addresses and names replaced under a key, the same each time */
#include "anonymize/pseudonym.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/digits.h"

#define BLOCK	      16u
#define IPV6_BITS     128u
#define HEX_KEY	      (2 * PSEUDONYM_KEY_BYTES)
#define STRETCH	      100000 /* rounds of PBKDF2: a guess costs an attacker as much */
#define FEISTEL_ROUND 10u
#define LABEL_MAX     255u
#define DIGEST	      32u

/* A prefix that stays where it is; with @whole all that begins with it stays. */
struct kept {
	unsigned char prefix[16];
	unsigned bits;
	bool whole, private;
};

static const struct kept kept_ipv4[] = {
	{{0}, 8, true, false},	      {{127}, 8, true, false},	      {{224}, 4, true, false},
	{{240}, 4, true, false},      {{169, 254}, 16, false, false}, {{10}, 8, false, true},
	{{172, 16}, 12, false, true}, {{192, 168}, 16, false, true},
};

static const struct kept kept_ipv6[] = {
	{{0}, 127, true, false},
	{{0xff}, 8, true, false},
	{{0xfe, 0x80}, 64, false, false},
	{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, true, false},
	{{0, 0x64, 0xff, 0x9b}, 96, true, false},
	{{0xfc}, 7, false, true},
};

#define KEPT(table) (sizeof(table) / sizeof((table)[0]))

/* The first bytes of prefixes that hold an IPv4 address in their last four. */
static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
static const unsigned char solicited[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
static const unsigned char solicited_mac[3] = {0x33, 0x33, 0xff};

struct pseudonym {
	struct pseudonym_config config;
	EVP_CIPHER_CTX *aes;
	unsigned char pad[BLOCK];
};

/* ---- the cipher ---- */

static void encrypt(struct pseudonym *p, unsigned char *blocks, size_t n)
{
	int out;

	/* In memory, of whole blocks: there is nothing that could fail but our own use of it. */
	check(EVP_EncryptUpdate(p->aes, blocks, &out, blocks, (int)n) == 1 && out == (int)n);
}

/* A keyed digest of some bytes, for a purpose of its own. */
static void digest(const struct pseudonym *p, unsigned char purpose, const unsigned char *bytes,
		   size_t n, unsigned char out[DIGEST])
{
	unsigned char key[PSEUDONYM_KEY_BYTES + 1];
	unsigned length = DIGEST;

	memcpy(key, p->config.key, PSEUDONYM_KEY_BYTES);
	key[PSEUDONYM_KEY_BYTES] = purpose;
	check(HMAC(EVP_sha256(), key, sizeof(key), bytes, n, out, &length) != NULL);
	OPENSSL_cleanse(key, sizeof(key));
}

static bool hex_key(const char *text, size_t n, unsigned char key[PSEUDONYM_KEY_BYTES])
{
	if (n != HEX_KEY)
		return false;
	for (size_t i = 0; i < PSEUDONYM_KEY_BYTES; i++) {
		int high = digit_of_hex(text[2 * i]), low = digit_of_hex(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool pseudonym_key(const char *text, size_t n, unsigned char key[PSEUDONYM_KEY_BYTES])
{
	/* The same text has to give the same key everywhere, so that the salt is a constant. */
	static const unsigned char salt[] = "secvf anonymize 1";

	return hex_key(text, n, key) ||
	       PKCS5_PBKDF2_HMAC(text, (int)n, salt, sizeof(salt) - 1, STRETCH, EVP_sha256(),
				 PSEUDONYM_KEY_BYTES, key) == 1;
}

struct pseudonym *pseudonym_open(const struct pseudonym_config *config)
{
	struct pseudonym *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->config = *config;
	p->aes = EVP_CIPHER_CTX_new();
	if (!p->aes ||
	    EVP_EncryptInit_ex(p->aes, EVP_aes_128_ecb(), NULL, config->key, NULL) != 1) {
		pseudonym_close(p);
		return NULL;
	}
	EVP_CIPHER_CTX_set_padding(p->aes, 0);
	memcpy(p->pad, config->key + BLOCK, BLOCK);
	encrypt(p, p->pad, BLOCK);
	return p;
}

void pseudonym_close(struct pseudonym *p)
{
	if (!p)
		return;
	EVP_CIPHER_CTX_free(p->aes);
	OPENSSL_cleanse(p, sizeof(*p));
	free(p);
}

/* ---- IP addresses ---- */

static unsigned bit(const unsigned char *p, unsigned i)
{
	return (unsigned)p[i / 8] >> (7 - i % 8) & 1u;
}

/* How many first bits two addresses share, @bits at most. */
static unsigned shared(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned i = 0;

	while (i < bits && bit(a, i) == bit(b, i))
		i++;
	return i;
}

/* Marks the bits that must not change: those on the way to a kept prefix. Return: whether all must
 * not. */
static bool hold(const struct pseudonym *p, const struct kept *table, size_t n,
		 const unsigned char *address, unsigned *held)
{
	*held = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned same;

		if (table[i].private && !p->config.keep_private)
			continue;
		same = shared(address, table[i].prefix, table[i].bits);
		if (same == table[i].bits && table[i].whole)
			return true;
		/* The bit in which it leaves that way is held, too: else it would be on it. */
		if (same < table[i].bits)
			same++;
		if (same > *held)
			*held = same;
	}
	return false;
}

/* Bit i is changed by what the cipher says of the i bits before it. */
static void permute(struct pseudonym *p, unsigned char *address, unsigned bits, unsigned held)
{
	unsigned char blocks[IPV6_BITS * BLOCK], *block = blocks;

	for (unsigned i = held; i < bits; i++, block += BLOCK) {
		memcpy(block, p->pad, BLOCK);
		memcpy(block, address, i / 8);
		if (i % 8) {
			unsigned mask = 0xff00u >> i % 8 & 0xffu;

			block[i / 8] =
				(unsigned char)((address[i / 8] & mask) | (p->pad[i / 8] & ~mask));
		}
	}
	if (held < bits)
		encrypt(p, blocks, (bits - held) * BLOCK);
	block = blocks;
	for (unsigned i = held; i < bits; i++, block += BLOCK)
		address[i / 8] ^= (unsigned char)((block[0] >> 7) << (7 - i % 8));
}

bool pseudonym_ipv4(struct pseudonym *p, unsigned char address[4])
{
	uint32_t before = be32_load(address);
	unsigned held;

	if (!hold(p, kept_ipv4, KEPT(kept_ipv4), address, &held))
		permute(p, address, 32, held);
	return be32_load(address) != before;
}

/* The end of an address in a solicited-node group: other bits, by the key. */
static void solicited_end(const struct pseudonym *p, unsigned char end[3])
{
	unsigned char out[DIGEST];

	digest(p, 's', end, 3, out);
	memcpy(end, out, 3);
}

bool pseudonym_ipv6(struct pseudonym *p, unsigned char address[16])
{
	unsigned char before[16];
	unsigned held;

	memcpy(before, address, 16);
	if (memcmp(address, mapped, sizeof(mapped)) == 0 ||
	    memcmp(address, nat64, sizeof(nat64)) == 0)
		return pseudonym_ipv4(p, address + 12);
	if (memcmp(address, solicited, sizeof(solicited)) == 0)
		solicited_end(p, address + 13);
	else if (!hold(p, kept_ipv6, KEPT(kept_ipv6), address, &held))
		permute(p, address, IPV6_BITS, held);
	return memcmp(before, address, 16) != 0;
}

/* ---- MAC addresses ---- */

/* A balanced Feistel network: a permutation of 2 * @half bits. */
static uint64_t feistel(struct pseudonym *p, uint64_t v, unsigned half, uint32_t tweak)
{
	uint64_t mask = (UINT64_C(1) << half) - 1;
	uint64_t left = v >> half & mask, right = v & mask;

	for (unsigned round = 0; round < FEISTEL_ROUND; round++) {
		unsigned char block[BLOCK] = {'m', 'a', 'c', (unsigned char)round};
		uint64_t next;

		be32_store(block + 4, tweak);
		be32_store(block + 8, (uint32_t)right);
		for (unsigned i = 0; i < BLOCK; i++)
			block[i] ^= p->pad[i];
		encrypt(p, block, BLOCK);
		next = left ^ (le64_load(block) & mask);
		left = right;
		right = next;
	}
	return left << half | right;
}

static uint64_t mac_load(const unsigned char *m)
{
	return (uint64_t)be32_load(m) << 16 | be16_load(m + 4);
}

static void mac_store(unsigned char *m, uint64_t v)
{
	be32_store(m, (uint32_t)(v >> 16));
	be16_store(m + 4, (uint16_t)v);
}

/* The two bits of the first byte that stay, apart from the 46 others. */
static uint64_t mac_permute(struct pseudonym *p, uint64_t v)
{
	uint64_t fixed = v >> 40 & 3, rest = v >> 42 << 40 | (v & UINT64_C(0xffffffffff));

	rest = feistel(p, rest, 23, (uint32_t)fixed);
	return rest >> 40 << 42 | fixed << 40 | (rest & UINT64_C(0xffffffffff));
}

bool pseudonym_mac(struct pseudonym *p, unsigned char address[PSEUDONYM_MAC_BYTES])
{
	uint64_t before = mac_load(address), v = before;

	if (memcmp(address, solicited_mac, sizeof(solicited_mac)) == 0) {
		solicited_end(p, address + 3);
		return mac_load(address) != before;
	}
	if (address[0] & 1 || v == 0)
		return false;
	/* None may become 0: it goes where 0 would have gone. */
	do {
		v = p->config.keep_oui
			    ? (v >> 24) << 24 | feistel(p, v & 0xffffff, 12,
							0x80000000u | (uint32_t)(v >> 24))
			    : mac_permute(p, v);
	} while (v == 0);
	mac_store(address, v);
	return v != before;
}

/* ---- names and bytes ---- */

static bool kept_label(const unsigned char *label, size_t n)
{
	static const char *const known[] = {"arpa", "in-addr", "ip6", "local", "localhost"};

	if (n && label[0] == '_')
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) == n && memcmp(known[i], label, n) == 0)
			return true;
	}
	return false;
}

bool pseudonym_label(struct pseudonym *p, unsigned char *label, size_t n)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char lower[LABEL_MAX], out[DIGEST];
	bool changed = false;

	if (n == 0 || n > LABEL_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		lower[i] = (unsigned char)(label[i] >= 'A' && label[i] <= 'Z' ? label[i] + 32
									      : label[i]);
	if (kept_label(lower, n))
		return false;
	digest(p, 'n', lower, n, out);
	for (size_t i = 0; i < n; i++) {
		unsigned char c;

		/* Longer than the digest: the digest of the digest goes on. */
		if (i && i % DIGEST == 0)
			digest(p, 'n', out, DIGEST, out);
		/* It begins with a letter, as a name should. */
		c = (unsigned char)alphabet[out[i % DIGEST] % (i ? 36u : 26u)];
		changed |= c != label[i];
		label[i] = c;
	}
	return changed;
}

bool pseudonym_host(struct pseudonym *p, unsigned char *host, size_t n)
{
	bool changed = false;
	size_t from = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && host[i] != '.')
			continue;
		changed |= pseudonym_label(p, host + from, i - from);
		from = i + 1;
	}
	return changed;
}

void pseudonym_noise(struct pseudonym *p, unsigned char *bytes, size_t n)
{
	unsigned char out[DIGEST], block[BLOCK];
	uint32_t counter = 0;

	digest(p, 'r', bytes, n, out);
	for (size_t i = 0; i < n; i++) {
		if (i % BLOCK == 0) {
			memcpy(block, out, BLOCK);
			be32_store(block + 12, be32_load(block + 12) + counter++);
			encrypt(p, block, BLOCK);
		}
		bytes[i] = block[i % BLOCK];
	}
}
