#include "model/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace nic::model {
namespace {

TEST(Error, SaysOperationObjectReasonAndAdviceInOneLine) {
  const auto error = system_error(ENOMEM, "create 16 VFs on", "0000:3b:00.0", "Enable SR-IOV in the BIOS");
  EXPECT_EQ(error.text(), "create 16 VFs on 0000:3b:00.0: Cannot allocate memory. Enable SR-IOV in the BIOS");
  EXPECT_EQ(error.code, Code::no_space);
}

TEST(Error, KeepsTheCauseWhenSeenFromOneFloorUp) {
  const auto error = system_error(EBUSY, "write", "/sys/x").during("removing VFs");
  EXPECT_EQ(error.operation, "removing VFs: write");
  EXPECT_EQ(error.errno_value, EBUSY);
}

TEST(Error, ShowsAnErrnoThatTheCLibraryDoesNotKnow) {
  EXPECT_EQ(system_error(524, "set", "x").text(), "set x: error 524");
}

TEST(Error, CallsAnUnknownErrnoInternal) { EXPECT_EQ(code_of_errno(12345), Code::internal); }

}  // namespace
}  // namespace nic::model
