# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# /dev/peer_mem by itself: every call with whatever a program could hand it, for root and
# for an ordinary user. No other module is needed.
module_load peer_mem
[ "$(stat -c %a /dev/peer_mem)" = 666 ] || fail "/dev/peer_mem is not for everybody"

t_ioctl || fail "as root"
setpriv --reuid 65534 --regid 65534 --clear-groups t_ioctl || fail "as an ordinary user"
