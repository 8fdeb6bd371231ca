// rooms: kubelet core loop model
// What anybody may say to a resource's socket: the answer has one response for each request and only nodes that were
// resolved, or is refused; a preference is of the size that was asked for; texts from the disk are read back.
#include "kubelet/allocate.hpp"
#include "kubelet/cdi.hpp"
#include "kubelet/given_text.hpp"
#include "lib/offers.hpp"
#include "words.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace {

using namespace nic;

test::Offer exclusive(model::CdiMode cdi, model::PreferredAllocation policy) {
  auto resource = test::exclusive("a.io/vfs", {});
  resource.preferred_allocation = policy;
  resource.pre_start = true;
  resource.additional_info = {{"*", {{"a", "<b>"}}}};
  return test::Offer{std::move(resource)}.vf(test::kVf, "vfio-pci").vf(test::kOtherVf, "mlx5_core").cdi(cdi);
}

test::Offer shared(model::CdiMode cdi) {
  auto resource = test::shared("a.io/rdma", 63, {});
  resource.pre_start = true;
  return test::Offer{std::move(resource)}.hca(test::kCard).rdma("mlx5_0", test::kCard).cdi(cdi);
}

std::expected<std::vector<model::DeviceNode>, model::Error> resolve(const model::NodeRequest&) {
  return std::vector{test::uverbs(0, "mlx5_0"), test::rdma_cm()};
}

void allocate(const test::Offer& offer, const v1beta1::AllocateRequest& request) {
  const auto response = kubelet::allocate(offer.snapshot, offer.pool(), request, resolve);
  if (!response) return require(!response.error().text().empty());
  require(response->container_responses_size() == request.container_requests_size());
  const auto cdi = offer.snapshot.config->kubelet.cdi;
  for (const auto& container : response->container_responses()) {
    require(cdi == model::CdiMode::off || container.devices_size() == 0);
    require(container.devices_size() <= 2);
  }
}

void prefer(const test::Offer& offer, const v1beta1::PreferredAllocationRequest& request) {
  const auto response = kubelet::preferred_allocation(offer.snapshot, offer.pool(), request);
  require(response.container_responses_size() == request.container_requests_size());
  for (int i = 0; i < request.container_requests_size(); ++i) {
    const auto& asked = request.container_requests(i);
    const auto& ids = response.container_responses(i).deviceids();
    require(ids.size() <= std::max(asked.allocation_size(), 0));
    require(std::set<std::string>(ids.begin(), ids.end()).size() == static_cast<std::size_t>(ids.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using model::CdiMode;
  using model::PreferredAllocation;
  static const auto vfs = exclusive(CdiMode::off, PreferredAllocation::pack);
  static const auto cdi_vfs = exclusive(CdiMode::field, PreferredAllocation::spread);
  static const auto near = exclusive(CdiMode::annotation, PreferredAllocation::near_gpu);
  static const auto rdma = shared(CdiMode::off);
  static const auto cdi_rdma = shared(CdiMode::annotation);
  const int length = static_cast<int>(size);
  if (v1beta1::AllocateRequest request; request.ParseFromArray(data, length))
    for (const auto* offer : {&vfs, &cdi_vfs, &near, &rdma, &cdi_rdma}) allocate(*offer, request);
  if (v1beta1::PreferredAllocationRequest request; request.ParseFromArray(data, length))
    for (const auto* offer : {&vfs, &cdi_vfs, &near}) prefer(*offer, request);
  if (v1beta1::PreStartContainerRequest request; request.ParseFromArray(data, length))
    for (const auto* offer : {&vfs, &cdi_vfs, &rdma, &cdi_rdma})
      static_cast<void>(kubelet::pre_start(offer->snapshot, offer->pool(), request, resolve));
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto spec = kubelet::parse_cdi(text)) require(kubelet::parse_cdi(kubelet::to_text(*spec)) == spec);
  if (const auto given = kubelet::parse_given(text)) require(kubelet::parse_given(kubelet::to_text(*given)) == given);
  return 0;
}
