# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Connections by rdma-cm: its datagrams go over the kernel's QP 1 on the model.
. /src/tests/rnic/guest.sh

erdma_up
note "rping between the ports, verified"
timeout 30 rping -s -a 10.9.0.2 -C 20 -V >/tmp/rping.server 2>&1 &
server=$!
sleep 1
timeout 30 rping -c -a 10.9.0.2 -C 20 -V >/tmp/rping.client 2>&1 ||
	{ cat /tmp/rping.*; fail "rping"; }
wait "$server" || { cat /tmp/rping.server; fail "rping, server side"; }

for tool in ib_write_bw ib_send_bw ib_read_bw; do
	note "$tool -R"
	erdma_pair /tmp/perftest "$tool" -R -s 65536 -n 100 || fail "$tool -R"
	grep -A1 '#bytes' /tmp/perftest.client
done

note "nobody listens: refused, not hung"
status=0
timeout 20 rping -c -a 10.9.0.2 -p 9999 -C 1 >/tmp/rping.client 2>&1 || status=$?
[ "$status" -ne 0 ] || fail "rping found a server where there is none"
[ "$status" -ne 124 ] || fail "rping hangs where nobody listens"
grep -q RDMA_CM_EVENT_REJECTED /tmp/rping.client || { cat /tmp/rping.client; fail "not rejected"; }
rnic_healthy
erdma_unload
