// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A provider of a release that never was. */
#include "provider.h"

extern const struct pbuf_plugin pbuf_plugin;

__attribute__((visibility("default"))) const struct pbuf_plugin pbuf_plugin = {
	.abi = PBUF_PLUGIN_ABI + 1,
	.buf_size = sizeof(struct pbuf),
};
