/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a call failed, for a person to read. Shared by ibvx.h and pbuf.h.
 */
#ifndef IBVX_ERROR_H
#define IBVX_ERROR_H

#define IBVX_ERROR_TEXT 1020

/*
 * Filled by every call that takes one: error 0 and an empty text on success, else
 * the negative errno that the call failed with and a sentence that says what is
 * wrong and what to do. The caller owns it; its size never changes.
 */
struct ibvx_error {
	int error;
	char text[IBVX_ERROR_TEXT];
};

#endif /* IBVX_ERROR_H */
