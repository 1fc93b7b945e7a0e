# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Peers meet in the port above them: bus addresses, as behind a switch. It has ACS, which is off.
. /src/tests/rnic/copies.sh

copies_up
acs_redirects no
copies bus
copies_down
