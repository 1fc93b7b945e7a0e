# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The same port redirects: peers meet in the host bridge instead, by IOVA.
. /src/tests/rnic/copies.sh

copies_up
acs_redirects yes
copies iova
raw_addresses no
copies_down
