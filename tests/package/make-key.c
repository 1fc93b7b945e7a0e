// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * make-key KEY CERTIFICATE NAME
 *
 * A key and a certificate of it, as DKMS takes them (PEM, DER). The lab's root has the
 * library that sign-file uses and neither its headers nor the program openssl.
 */
#include <stdio.h>

void *EVP_PKEY_Q_keygen(void *library, const char *properties, const char *type, ...);
void *X509_new(void);
void *X509_get_serialNumber(void *x509);
int ASN1_INTEGER_set(void *integer, long value);
void *X509_getm_notBefore(const void *x509);
void *X509_getm_notAfter(const void *x509);
void *X509_gmtime_adj(void *time, long seconds);
int X509_set_version(void *x509, long version);
int X509_set_pubkey(void *x509, void *key);
void *X509_get_subject_name(const void *x509);
int X509_NAME_add_entry_by_txt(void *name, const char *field, int type,
			       const unsigned char *bytes, int len, int at, int set);
int X509_set_issuer_name(void *x509, const void *name);
const void *EVP_sha256(void);
int X509_sign(void *x509, void *key, const void *digest);
int PEM_write_PrivateKey(FILE *file, const void *key, const void *cipher,
			 const unsigned char *password, int len, void *callback, void *arg);
int i2d_X509_fp(FILE *file, const void *x509);

#define MBSTRING_ASC 0x1001
#define RSA_BITS ((size_t)2048)
#define DAY (24L * 60 * 60)

static void *certificate(void *key, const char *name)
{
	void *x509 = X509_new(), *subject;

	if (!x509)
		return NULL;
	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(x509), DAY);
	X509_set_pubkey(x509, key);
	subject = X509_get_subject_name(x509);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
				   -1, 0);
	X509_set_issuer_name(x509, subject);
	return X509_sign(x509, key, EVP_sha256()) ? x509 : NULL;
}

int main(int argc, char **argv)
{
	void *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", RSA_BITS);
	FILE *key_file, *file;
	void *x509;

	if (argc != 4 || !key)
		return 1;
	key_file = fopen(argv[1], "w");
	file = fopen(argv[2], "w");
	x509 = certificate(key, argv[3]);
	if (!key_file || !file || !x509)
		return 1;
	return !PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) ||
	       !i2d_X509_fp(file, x509) || fclose(key_file) || fclose(file);
}
