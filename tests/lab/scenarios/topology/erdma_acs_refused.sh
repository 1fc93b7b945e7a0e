# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ACS redirection sends peers through a host bridge that the kernel does not allow: the line names
# the port, and what turns it off there.
. /src/tests/rnic/copies.sh

refused 'host bridge pci0000:00.*ACS redirects at 0000:00:[0-9a-f.]*; against that: pci=disable_acs_redir=.*; to change it'
