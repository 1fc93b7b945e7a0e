# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One program, every provider: the same answers from all of them, and a reason where the
# memory is not there.
. /src/tests/rdma/guest.sh

. /src/tests/lib/conform.sh

peers_find
load_modules

conforms host
absent host:huge 'echo 8 > .*hugepages'
echo 16 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
conforms host:huge
conforms "cmb:$NVME"

absent "bar:$BAR_A/2" "driver_override; echo $BAR_A > .*drivers_probe"
bind_peer_bar "$BAR_A"
wait_for 5 test -e "$(bar_node "$BAR_A")"
conforms "bar:$BAR_A/2" --shared
conforms "bar:${BAR_A#0000:}/2" --shared
note "without struct pages"
echo 0 >"$PCI/devices/$BAR_A/peer_bar_pages"
conforms "bar:$BAR_A/2" --shared
echo 1 >"$PCI/devices/$BAR_A/peer_bar_pages"

echo 1 >"$PCI/devices/$BAR_B/enable"
conforms "sysfs:$BAR_B/2" --shared
note "with its memory switched off"
setpci -s "$BAR_B" COMMAND=0:2
absent "sysfs:$BAR_B/2" "echo 1 > .*$BAR_B/enable"
setpci -s "$BAR_B" COMMAND=2:2

absent "bar:$BAR_A/5" "has no memory BAR 5"
absent "bar:ffff:00:00.0/2" "no PCI function"
absent "cmb:$BAR_A" "use bar:$BAR_A/BAR"
absent "cmb:$BAR_B" "no driver bound"

note "a user without permission"
must_fail setpriv --reuid 65534 --regid 65534 --clear-groups t_providers "bar:$BAR_A/2" 2>/tmp/why
grep "no permission on /dev/peer_bar/$BAR_A/bar2" /tmp/why || fail "wrong reason: $(cat /tmp/why)"
must_fail setpriv --reuid 65534 --regid 65534 --clear-groups t_providers "sysfs:$BAR_B/2" 2>/tmp/why
grep "only root may map" /tmp/why || fail "wrong reason: $(cat /tmp/why)"

rmmod_later() { unbind_peer_bar "$BAR_A" && rmmod peer_bar; }
rmmod_later
absent "bar:$BAR_A/2" "modprobe peer_bar"
