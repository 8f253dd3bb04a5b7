/* SPDX-License-Identifier: Apache-2.0 */
#include "COpenSSL.h"

int mpssl_ctx_set_min_proto_version(SSL_CTX *ctx, int version) { return (int)SSL_CTX_set_min_proto_version(ctx, version); }
void mpssl_ctx_set_mode(SSL_CTX *ctx, long mode) { (void)SSL_CTX_set_mode(ctx, mode); }
void mpssl_ctx_disable_session_cache(SSL_CTX *ctx) { (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); }
int mpssl_ctx_add1_chain_cert(SSL_CTX *ctx, X509 *cert) { return (int)SSL_CTX_add1_chain_cert(ctx, cert); }
uint64_t mpssl_op_no_renegotiation(void) { return SSL_OP_NO_RENEGOTIATION; }
uint64_t mpssl_op_no_compression(void) { return SSL_OP_NO_COMPRESSION; }
uint64_t mpssl_op_no_ticket(void) { return SSL_OP_NO_TICKET; }
uint64_t mpssl_op_cipher_server_preference(void) { return SSL_OP_CIPHER_SERVER_PREFERENCE; }
long mpssl_mode_release_buffers(void) { return SSL_MODE_RELEASE_BUFFERS; }
long mpssl_mode_auto_retry(void) { return SSL_MODE_AUTO_RETRY; }
long mpssl_mode_partial_write(void) { return SSL_MODE_ENABLE_PARTIAL_WRITE; }
long mpssl_mode_moving_write_buffer(void) { return SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER; }
long mpssl_mode_no_auto_chain(void) { return SSL_MODE_NO_AUTO_CHAIN; }

int mpssl_set_tlsext_host_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }

void mpssl_bio_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }
void mpssl_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
void mpssl_bio_set_retry_write(BIO *bio) { BIO_set_retry_write(bio); }
long mpssl_bio_get_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

EVP_PKEY *mpssl_generate_p256(void) { return EVP_EC_gen("P-256"); }
void mpssl_free(void *memory) { OPENSSL_free(memory); }
unsigned long mpssl_name_flags_rfc2253(void) { return XN_FLAG_RFC2253; }
int mpssl_general_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
GENERAL_NAME *mpssl_general_names_at(const GENERAL_NAMES *names, int index) { return sk_GENERAL_NAME_value(names, index); }
GENERAL_NAMES *mpssl_general_names_new(void) { return sk_GENERAL_NAME_new_null(); }
int mpssl_general_names_push(GENERAL_NAMES *names, GENERAL_NAME *name) { return sk_GENERAL_NAME_push(names, name); }
int mpssl_x509_count(const STACK_OF(X509) *certificates) { return sk_X509_num(certificates); }
X509 *mpssl_x509_at(const STACK_OF(X509) *certificates, int index) { return sk_X509_value(certificates, index); }
STACK_OF(X509) *mpssl_x509_stack_new(void) { return sk_X509_new_null(); }
int mpssl_x509_push(STACK_OF(X509) *certificates, X509 *certificate) { return sk_X509_push(certificates, certificate); }
void mpssl_x509_stack_free(STACK_OF(X509) *certificates) { sk_X509_free(certificates); }
