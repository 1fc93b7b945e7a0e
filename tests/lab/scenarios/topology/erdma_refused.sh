# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A host bridge that the kernel does not allow: the line names the bridge.
. /src/tests/rnic/copies.sh

refused 'host bridge pci0000:00'
