# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Each verb on host memory, byte by byte: immediate data, atomics' values, what must not be
# touched; and two processes.
. /src/tests/rnic/guest.sh

erdma_up
rnic_clear
for verb in $(t_verbs --list); do
	# The provider takes receive requests of one piece only.
	[ "$verb" != send_sges ] || continue
	t_verbs --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M --verb "$verb" |
		tee /tmp/verbs | grep -E 'verified|offered' || :
	grep -q '^verbs .* failed=0 ' /tmp/verbs || fail "verb $verb"
done
t_copy --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M --sweep | tail -n 3
t_copy --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M --verb read | tail -n 1
t_copy --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M --verb send | tail -n 1
t_pair --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M
[ "$(rnic_payload all)" -eq "$(rnic_payload ram)" ] || fail "payload outside RAM"
rnic_show
erdma_unload
