# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Never ends. The lab's own test runs it and expects the deadline to end it, with what
# the guest's tasks were doing in the kernel log.
echo "about to hang"
sleep 100000
