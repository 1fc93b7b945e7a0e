# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One switch without ACS redirection: the NIC works by bus addresses.
. /src/tests/rnic/copies.sh

copies_up
copies bus
cmb_copies bus
copies_down
