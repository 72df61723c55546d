#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>

// What OpenSSL offers as macros only, which Swift cannot see.

static inline int lw_ctx_set_protocols(SSL_CTX *ctx, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(ctx, lowest)
        && SSL_CTX_set_max_proto_version(ctx, highest);
}
static inline void lw_ctx_set_mode(SSL_CTX *ctx, long mode) { SSL_CTX_set_mode(ctx, mode); }
static inline int lw_ctx_set_groups(SSL_CTX *ctx, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(ctx, groups);
}
static inline void lw_ctx_set_session_cache_mode(SSL_CTX *ctx, long mode) {
    SSL_CTX_set_session_cache_mode(ctx, mode);
}
static inline int lw_ctx_add1_chain_certificate(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(ctx, certificate);
}
static inline void lw_ctx_set_server_name_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument
) {
    SSL_CTX_set_tlsext_servername_callback(ctx, callback);
    SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}
static inline int lw_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline int lw_has_extended_master_secret(SSL *ssl) {
    return SSL_get_extms_support(ssl) == 1;
}
static inline void lw_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void lw_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline long lw_bio_memory(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }
static inline EVP_PKEY *lw_generate_p256(void) { return EVP_EC_gen("P-256"); }
static inline const EVP_MD *lw_digest_of_signature(const X509 *certificate) {
    int digest = NID_undef;
    if (!X509_get_signature_info((X509 *)certificate, &digest, NULL, NULL, NULL)) return NULL;
    return digest == NID_undef ? NULL : EVP_get_digestbynid(digest);
}
static inline int lw_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *lw_names_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}
/// The bytes of a DNS name or an IP address; NULL for every other kind.
static inline const ASN1_STRING *lw_name_string(const GENERAL_NAME *name, int *is_address) {
    *is_address = name->type == GEN_IPADD;
    if (name->type == GEN_DNS) return name->d.dNSName;
    if (name->type == GEN_IPADD) return name->d.iPAddress;
    return NULL;
}
static inline int lw_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline void lw_free(void *memory) { OPENSSL_free(memory); }
static inline uint64_t lw_options(void) {
    return SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
}
static inline long lw_modes(void) {
    return SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;
}
/// Adds a DNS name or the bytes of an IP address.
static inline int lw_names_add(
    GENERAL_NAMES *names, const unsigned char *bytes, int count, int is_address
) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *string = is_address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (!name || !string || !ASN1_STRING_set(string, bytes, count)) goto failed;
    GENERAL_NAME_set0_value(name, is_address ? GEN_IPADD : GEN_DNS, string);
    string = NULL;
    if (sk_GENERAL_NAME_push(names, name) > 0) return 1;
failed:
    ASN1_STRING_free(string);
    GENERAL_NAME_free(name);
    return 0;
}
static inline uint64_t lw_option_no_ticket(void) { return SSL_OP_NO_TICKET; }

static inline int lw_chain_count(const STACK_OF(X509) *chain) {
    return chain ? sk_X509_num(chain) : 0;
}
static inline X509 *lw_chain_at(const STACK_OF(X509) *chain, int index) {
    return sk_X509_value(chain, index);
}
