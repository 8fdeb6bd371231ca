# what: both device plugins' own files are taken over as they are, and a changed one disturbs no other resource
mkdir -p /etc/pcidp /k8s-rdma-shared-dev-plugin
shared=/k8s-rdma-shared-dev-plugin/config.json
exclusive=/etc/pcidp/config.json
cat >$shared <<'JSON'
{"periodicUpdateInterval": 60,
 "configList": [{"resourceName": "hca", "rdmaHcaMax": 40, "devices": ["enp1s0"]}]}
JSON
cat >$exclusive <<'JSON'
{"resourceList": [
  {"resourceName": "low", "selectors": {"vendors": ["8086"], "pfNames": ["enp1s0#0-1"]}},
  {"resourceName": "high", "resourceprefix": "example.com", "selectors": [{"PfNames": ["enp1s0#2-3"]}]}
]}
JSON
write_config <<END
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 4
[kubelet]
rdma_shared_config = "$shared"
sriov_config = "$exclusive"
[[resource]]
name = "example.com/none"
kind = "exclusive"
selectors = { vendors = ["15b3"] }
END
nicctl check-config $config $shared $exclusive
modprobe rdma_rxe
modprobe rdma_ucm
ip link set $pf_name up
rdma link add rxe0 type rxe netdev $pf_name
kubelet_started
agent_started

step "the resources that the plugins would register, beside those of the configuration"
wait_for 30 "the shared one" kubelet_has rdma/hca 40
wait_for 30 "the VFs with the plugin's prefix" kubelet_has intel.com/low 2
wait_for 30 "the VFs with their own" kubelet_has example.com/high 2
wait_for 30 "that of the configuration" kubelet_has example.com/none 0

# lists_of RESOURCE: how many lists the kubelet has been sent; a stream that breaks and comes again sends another.
lists_of() { jq -c --arg resource "$1" 'select(.event == "devices" and .resource == $resource)' /run/kubelet.events | wc -l; }
of_low=$(lists_of intel.com/low)
of_hca=$(lists_of rdma/hca)

step "a changed file applies: one resource goes, one comes, and the streams of the others do not notice"
cat >$exclusive.new <<'JSON'
{"resourceList": [
  {"resourceName": "low", "selectors": [{"vendors": ["8086"], "pfNames": ["enp1s0#0-1"]}]},
  {"resourceName": "upper", "resourcePrefix": "example.com", "selectors": [{"pfNames": ["enp1s0#2-3"]}]}
]}
JSON
mv $exclusive.new $exclusive
wait_for 10 "the new one" kubelet_has example.com/upper 2
gone() { ! on_bus /org/nicagent1/resource/example_2ecom_2fhigh; }
wait_for 10 "the old one is gone" gone
equals "lists of the unchanged VFs" "$of_low" "$(lists_of intel.com/low)"
equals "lists of the shared one" "$of_hca" "$(lists_of rdma/hca)"

step "a mistake is said with its place, and what was offered stays offered"
journal_mark
printf '{"resourceList": [\n  {"resourceName": "low", "selectors": [{}]},\n]}\n' >$exclusive
reported "$exclusive:3:1: from here on it is no JSON"
refuses nicctl check-config $exclusive
kubelet_has intel.com/low 2
kubelet_has example.com/upper 2
kubelet_has rdma/hca 40

step "one bad resource does not stop the others, and an unknown key is named"
cat >$exclusive <<'JSON'
{"resourceList": [
  {"resourceName": "low", "selectors": [{"vendors": ["8086"], "pfNames": ["enp1s0#0-1"]}]},
  {"resourceName": "worse"},
  {"resourceName": "third", "selectors": [{"pfNames": ["enp1s0#3"], "pfName": ["enp1s0"]}]}
]}
JSON
wait_for 10 "the good one" kubelet_has intel.com/third 1
reported "resourceList[1].selectors: it is missing"
wait_for 5 "the warning" journal_says 'unknown field "resourceList[2].selectors[0].pfName"; did you mean "pfNames"?'
equals "lists of the unchanged VFs" "$of_low" "$(lists_of intel.com/low)"

step "import prints what means the same"
nicctl import $shared >/run/shared.toml
nicctl check-config /run/shared.toml
says 'name = "rdma/hca"' </run/shared.toml
agent_never_crashed
