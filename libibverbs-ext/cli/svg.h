/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SVG_H
#define SVG_H

#include <json-c/json.h>

/* The matrix of `peer_mem topo` as a picture, on stdout. */
void topo_svg(json_object *doc);

#endif /* SVG_H */
