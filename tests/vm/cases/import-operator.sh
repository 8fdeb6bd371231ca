# what: a policy of the sriov-network-operator is imported, and the node's state answers in the operator's words
step "import needs no agent, says what it leaves out and prints what the agent takes"
systemctl stop nic-agent.service
cat >/run/policy.yaml <<END
apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodePolicy
metadata: {name: workers, namespace: sriov-network-operator}
spec:
  resourceName: vfs
  nodeSelector: {feature.node.kubernetes.io/network-sriov.capable: "true"}
  numVfs: 2
  nicSelector: {vendor: "8086", deviceID: "10c9", pfNames: [$pf_name]}
  deviceType: netdevice
END
nicctl import - </run/policy.yaml >$config 2>/run/warnings
says nodeSelector </run/warnings
nicctl check-config $config
refuses nicctl import /etc/passwd

step "the node does what the policy says"
agent_started
wait_for 20 "two VFs" has_vfs 2
for n in 0 1; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
wait_for 20 "the agent has settled" property_is /org/nicagent1 Manager Settled true

step "and the status is that of a SriovNetworkNodeState"
nicctl node-state | tee /run/state
equals syncStatus Succeeded "$(jq -r .syncStatus /run/state)"
card="$(jq ".interfaces[] | select(.pciAddress == \"$pf\")" /run/state)"
equals "its fields" "$pf_name igb 8086 10c9 2 7 ETH" \
    "$(jq -r '[.name, .driver, .vendor, .deviceID, .numVfs, .totalvfs, .linkType] | join(" ")' <<<"$card")"
equals "VF 1" "$(vf 1) igbvf 10ca 1" "$(jq -r '.Vfs[1] | [.pciAddress, .driver, .deviceID, .vfID] | join(" ")' <<<"$card")"

step "a failure is said"
sed -i 's/num_vfs = 2/num_vfs = 100/' $config
failed() { [ "$(nicctl node-state | jq -r .syncStatus)" = Failed ]; }
wait_for 20 "syncStatus is Failed" failed
contains lastSyncError "$pf" "$(nicctl node-state | jq -r .lastSyncError)"
agent_never_crashed
