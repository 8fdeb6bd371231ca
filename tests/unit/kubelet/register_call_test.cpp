#include "kubelet/register_call.hpp"

#include "lib/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace nic::kubelet {
namespace {

class RegisterCallTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<RegisterCall> call(std::function<void(const RegisterResult&)> done) {
    return std::make_unique<RegisterCall>((folder.path() / "kubelet.sock").string(), "example.com/rdma", "a.sock",
                                          v1beta1::DevicePluginOptions{}, mailbox.handle(), std::move(done));
  }

  test::TemporaryFolder folder;
  loop::EventPtr event{loop::new_event()};
  loop::Mailbox mailbox{event.get()};
};

// The only channel of the process goes with each call: on gRPC's own thread that would take its completion queue away
// from under it.
TEST_F(RegisterCallTest, MayBeTheLastThatUsesGrpc) {
  for (int i = 0; i < 50; ++i) {
    std::unique_ptr<RegisterCall> mine;
    std::optional<RegisterResult> answer;
    mine = call([&](const RegisterResult& result) {
      answer = result;
      mine.reset();
    });
    while (!answer) ASSERT_GT(sd_event_run(event.get(), 10'000'000), 0) << "no answer within 10 s";
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error().code, model::Code::not_found);
  }
}

TEST_F(RegisterCallTest, SaysNothingAfterItIsGone) {
  bool said = false;
  for (int i = 0; i < 50; ++i) call([&](const RegisterResult&) { said = true; }).reset();
  while (sd_event_run(event.get(), 0) > 0) continue;
  EXPECT_FALSE(said);
}

}  // namespace
}  // namespace nic::kubelet
