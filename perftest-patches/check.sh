#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Fetches perftest, applies the series, builds it, and runs every program of the RC family in
# guests, on CMB and BAR memory, over soft-RoCE and the NIC model.
set -euo pipefail

exec "$(dirname "$(readlink -f "$0")")/../lab" test -L perftest "$@"
