# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Queue and completion rings in BAR memory. Their memory would come through the same
# ib_umem_get, if a driver took it from user space; soft-RoCE allocates its rings in the
# kernel and maps them to the process, and there is no other device in this lab yet.
skip "soft-RoCE's rings are the kernel's own memory, so they cannot be in a BAR"
