# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The conformance test of a provider, or the reason why its memory is not there.

conforms() { # spec [--shared]
	t_providers "$@" || fail "provider $1"
}

# absent SPEC REGEX: there is no such memory, and the reason says what to do
absent() {
	local status=0
	t_providers "$1" 2>/tmp/why || status=$?
	cat /tmp/why
	[ "$status" -eq 77 ] || fail "$1 should be absent"
	grep -qE "$2" /tmp/why || fail "the reason lacks '$2'"
}
