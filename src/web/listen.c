/* listen.c - where the server listens, and its certificate */
#include "web/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A chain of some certificates; a key has a few kilobytes. */
#define PEM_BYTES_MAX (1u << 20)

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* Return: its length, or 0 where @text is no address */
static socklen_t parse(const char *text, uint16_t port, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a->four.sin_addr) == 1) {
		a->four.sin_family = AF_INET;
		a->four.sin_port = htons(port);
		return sizeof(a->four);
	}
	if (inet_pton(AF_INET6, text, &a->six.sin6_addr) == 1) {
		a->six.sin6_family = AF_INET6;
		a->six.sin6_port = htons(port);
		return sizeof(a->six);
	}
	return 0;
}

bool listen_is_loopback(const char *address)
{
	union address a;

	if (!parse(address, 0, &a))
		return false;
	if (a.any.sa_family == AF_INET)
		return ntohl(a.four.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a.six.sin6_addr);
}

static bool bind_to(int fd, const union address *a, socklen_t n, uint16_t *port)
{
	int on = 1;
	union address bound;
	socklen_t bound_n = sizeof(bound);

	memset(&bound, 0, sizeof(bound));
	/* So that a server can follow another one at once. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->any, n) || listen(fd, SOMAXCONN) || getsockname(fd, &bound.any, &bound_n))
		return false;
	*port = ntohs(a->any.sa_family == AF_INET ? bound.four.sin_port : bound.six.sin6_port);
	return true;
}

int listen_open(const char *address, uint16_t *port, struct err *err)
{
	union address a;
	socklen_t n = parse(address, *port, &a);
	int fd, error;

	if (!n) {
		err_set(err, EXIT_USAGE,
			"'%.64s' is no address to listen at; 127.0.0.1, ::1, or another one of "
			"this machine is wanted",
			address);
		return -1;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) || !bind_to(fd, &a, n, port)) {
		error = errno;
		err_set(err, EXIT_ENVIRONMENT, "cannot listen at %s port %u: %s%s", address, *port,
			strerror(error),
			error == EADDRINUSE ? "; another program does: choose another port, or 0 "
					      "for any that is free"
			: error == EADDRNOTAVAIL ? "; this machine has no such address"
			: error == EACCES	 ? "; ports below 1024 are for root"
						 : "");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* ---- certificates ---- */

static bool read_pem(const char *what, const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : 0;
	int error = errno;

	while (fd >= 0 && out->n <= PEM_BYTES_MAX && buf_reserve(out, 4096)) {
		n = read(fd, out->p + out->n, 4096);
		error = errno;
		if (n <= 0)
			break;
		out->n += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	if (n < 0)
		err_set(err, EXIT_ENVIRONMENT, "cannot read the %s %s: %s", what, path,
			strerror(error));
	else if (out->failed || out->n > PEM_BYTES_MAX || memchr(out->p, 0, out->n))
		err_set(err, EXIT_ENVIRONMENT, "the %s %s: no PEM text of at most %u bytes", what,
			path, PEM_BYTES_MAX);
	else
		buf_putc(out, '\0');
	return n == 0 && out->n && out->p[out->n - 1] == '\0';
}

static int no_passphrase(char *to, int size, int rwflag, void *ctx)
{
	(void)to;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return 0;
}

static bool is_pair(const struct buf *certificate, const struct buf *key, const char **wrong)
{
	BIO *c = BIO_new_mem_buf(certificate->p, (int)certificate->n - 1);
	BIO *k = BIO_new_mem_buf(key->p, (int)key->n - 1);
	X509 *x = c ? PEM_read_bio_X509(c, NULL, no_passphrase, NULL) : NULL;
	EVP_PKEY *p = k ? PEM_read_bio_PrivateKey(k, NULL, no_passphrase, NULL) : NULL;

	if (!x)
		*wrong = "the first holds no PEM certificate";
	else if (!p)
		*wrong = "the second holds no PEM private key, or one under a passphrase";
	else if (X509_check_private_key(x, p) != 1)
		*wrong = "the key is not that of the certificate";
	else
		*wrong = NULL;
	X509_free(x);
	EVP_PKEY_free(p);
	BIO_free(c);
	BIO_free(k);
	ERR_clear_error();
	return !*wrong;
}

bool listen_read_pair(const char *certificate_path, const char *key_path, struct buf *certificate,
		      struct buf *key, struct err *err)
{
	const char *wrong;

	if (!read_pem("certificate", certificate_path, certificate, err) ||
	    !read_pem("private key", key_path, key, err))
		return false;
	if (is_pair(certificate, key, &wrong))
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"the certificate %s and the private key %s: %s; make a pair with 'openssl req "
		"-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out "
		"certificate.pem -subj /CN=NAME'",
		certificate_path, key_path, wrong);
	return false;
}
