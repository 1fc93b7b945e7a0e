# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# NIC and BARs behind different switches: CPU addresses through the host bridge.
. /src/tests/rnic/copies.sh

copies_up
copies physical
cmb_copies physical
copies_down
