# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Topology switch: the way is bus.
. /src/tests/lib/reach.sh

reach_is bus
