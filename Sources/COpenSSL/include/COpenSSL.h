/* SPDX-License-Identifier: Apache-2.0 */
/* What Swift cannot import from OpenSSL's headers: macros over SSL_ctrl, typed stacks, varargs and
 * option bits. One line each; every decision is made in Swift. Only the TLS target imports this. */
#ifndef MPSSL_COPENSSL_H
#define MPSSL_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* SSL_CTX */
int mpssl_ctx_set_min_proto_version(SSL_CTX *ctx, int version);
void mpssl_ctx_set_mode(SSL_CTX *ctx, long mode);
void mpssl_ctx_disable_session_cache(SSL_CTX *ctx);
int mpssl_ctx_add1_chain_cert(SSL_CTX *ctx, X509 *cert);
uint64_t mpssl_op_no_renegotiation(void);
uint64_t mpssl_op_no_compression(void);
uint64_t mpssl_op_no_ticket(void);
uint64_t mpssl_op_cipher_server_preference(void);
long mpssl_mode_release_buffers(void);
long mpssl_mode_auto_retry(void);
long mpssl_mode_partial_write(void);
long mpssl_mode_moving_write_buffer(void);
long mpssl_mode_no_auto_chain(void);

/* SSL */
int mpssl_set_tlsext_host_name(SSL *ssl, const char *name);

/* BIO */
void mpssl_bio_clear_retry_flags(BIO *bio);
void mpssl_bio_set_retry_read(BIO *bio);
void mpssl_bio_set_retry_write(BIO *bio);
long mpssl_bio_get_mem_data(BIO *bio, char **data);

/* Keys, certificates, names */
EVP_PKEY *mpssl_generate_p256(void);
void mpssl_free(void *memory);
unsigned long mpssl_name_flags_rfc2253(void);
int mpssl_general_names_count(const GENERAL_NAMES *names);
GENERAL_NAME *mpssl_general_names_at(const GENERAL_NAMES *names, int index);
GENERAL_NAMES *mpssl_general_names_new(void);
int mpssl_general_names_push(GENERAL_NAMES *names, GENERAL_NAME *name);
int mpssl_x509_count(const STACK_OF(X509) *certificates);
X509 *mpssl_x509_at(const STACK_OF(X509) *certificates, int index);
STACK_OF(X509) *mpssl_x509_stack_new(void);
int mpssl_x509_push(STACK_OF(X509) *certificates, X509 *certificate);
void mpssl_x509_stack_free(STACK_OF(X509) *certificates);

#endif
