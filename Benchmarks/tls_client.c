/* SPDX-License-Identifier: Apache-2.0
 *
 * The floor of memory: holds one OpenSSL client context and one connection, verified, and nothing else.
 *
 *   tls_client ADDRESS PORT CA-FILE ALPN
 *
 * Prints "connected" and waits until its standard input ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what) {
    fprintf(stderr, "tls_client: %s\n", what);
    ERR_print_errors_fp(stderr);
    return 1;
}

int main(int count, char **arguments) {
    if (count != 5) return 2;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, arguments[3], NULL) != 1) return fail(arguments[3]);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    unsigned char alpn[256];
    size_t length = strlen(arguments[4]);
    if (length > 255) return 2;
    alpn[0] = (unsigned char)length;
    memcpy(alpn + 1, arguments[4], length);
    if (SSL_CTX_set_alpn_protos(context, alpn, (unsigned)length + 1) != 0) return fail("ALPN");

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[2]))};
    if (inet_pton(AF_INET, arguments[1], &address.sin_addr) != 1) return fail(arguments[1]);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) return fail("connect");
    SSL *ssl = SSL_new(context);
    if (!ssl || SSL_set_fd(ssl, connection) != 1 || SSL_set1_host(ssl, "localhost") != 1) return fail("SSL");
    if (SSL_connect(ssl) != 1) return fail("handshake");
    puts("connected");
    fflush(stdout);
    char rest[16];
    while (read(STDIN_FILENO, rest, sizeof rest) > 0) continue;
    return 0;
}
