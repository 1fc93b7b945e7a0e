. /src/tests/rdma/guest.sh
peers_find
peer_mem list || :
peer_mem check || :
peer_mem why || :
peer_mem stat || :
peers_up
as() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
t_hold >/dev/null 2>&1 || :
set -x
peer_mem list
peer_mem list --all
peer_mem --json list | head -30
as peer_mem list
peer_mem topo
peer_mem topo --from "$NVME" --from "$BAR_A" --from rxe0 --from nosuch
as peer_mem topo --json | head -20
peer_mem query "bar:$BAR_A/2,off=1M,size=2M"
peer_mem query "cmb:$NVME,size=1M" --json
peer_mem query "host:size=4K"
peer_mem query "host:size=4X" || :
peer_mem why
timeout 60 t_badinput --dev rxe0 --set peer --peer "bar:$BAR_A/2,size=16K" --other "bar:$BAR_B/2,size=16K" 
peer_mem why -n 3
peer_mem why --json -n 1
as peer_mem why
peer_mem check
as peer_mem check || :
peer_mem stat
as peer_mem stat || :
peer_mem topo --svg > /out/topo.svg
ls -l /sys/class/infiniband/rxe0
time peer_mem list >/dev/null
peer_mem query $$
peer_mem
