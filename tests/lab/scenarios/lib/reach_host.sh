# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Topology rootports: the way is host.
. /src/tests/lib/reach.sh

reach_is host
