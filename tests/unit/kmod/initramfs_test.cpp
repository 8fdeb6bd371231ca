#include "kmod/initramfs.hpp"

#include "kmod/judge_initramfs.hpp"
#include "kmod/lz4.hpp"
#include "kmod/next_boot.hpp"
#include "unit/kmod/cpio_archive.hpp"
#include "unit/kmod/module_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace nic::kmod {
namespace {

using model::Verdict;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kFolder = "lib/modules/" + std::string{kRelease} + "/";

// `step`: how much is given at once.
Initramfs read_bytes(const std::string& image, InitramfsLimits limits = {}, std::size_t step = 100'000) {
  std::size_t at = 0;
  return read_initramfs(
      [&](std::span<unsigned char> room) -> std::expected<std::size_t, std::string> {
        const auto size = std::min({room.size(), step, image.size() - at});
        std::memcpy(room.data(), image.data() + at, size);
        at += size;
        return size;
      },
      limits);
}

std::string module_image(std::string_view build_id) {
  return FakeModule{}.built_for(kRelease).build_id(build_id).info("srcversion", "AAAA").image();
}

CpioArchive with_mlx5(std::string_view build_id = "\x01\xff") {
  return CpioArchive{}
      .folder("usr")
      .file("usr/" + kFolder + "kernel/drivers/net/mlx5_core.ko", module_image(build_id))
      .file("usr/" + kFolder + "kernel/drivers/usb/usbcore.ko", module_image("\x07"))
      .file("etc/hosts", "127.0.0.1 localhost\n");
}

std::string lz4_of(const std::string& content) {
  // One block of literals only.
  std::string block(1, '\xf0');
  std::size_t rest = content.size() - 15;
  for (; rest >= 255; rest -= 255) block += '\xff';
  block += static_cast<char>(rest);
  block += content;
  std::string size(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) size[i] = static_cast<char>(block.size() >> 8 * i & 0xff);
  return std::string{kLz4Magic} + size + block;
}

std::string packed(const std::string& content, const std::string& command, const std::string& suffix) {
  const ModuleTree tree;
  tree.write("image", content);
  tree.run(command + " " + tree.path("image").string());
  std::ifstream file{tree.path("image" + suffix), std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(Initramfs, ShowsTheModulesThatMatter) {
  for (const std::size_t step : {1U, 7U, 100'000U}) {
    const auto image = read_bytes(with_mlx5().bytes(), {}, step);
    EXPECT_EQ(image.problem, "");
    ASSERT_EQ(image.modules.size(), 1U);
    EXPECT_EQ(image.modules[0].path, kFolder + "kernel/drivers/net/mlx5_core.ko");
    EXPECT_EQ(image.modules[0].build_id, "01ff");
    EXPECT_EQ(image.modules[0].srcversion, "AAAA");
  }
}

TEST(Initramfs, IsReadBehindMicrocodeInWhateverItIsPackedWith) {
  const auto microcode = CpioArchive{}.file("kernel/x86/microcode/GenuineIntel.bin", std::string(5000, 'm')).bytes();
  const auto content = with_mlx5().bytes();
  for (const auto& [name, part] : {
           std::pair{"gzip", packed(content, "gzip -q", ".gz")},
           {"xz", packed(content, "xz -q --check=crc32", ".xz")},
           {"lzma", packed(content, "xz -q --format=lzma", ".lzma")},
           {"zstd", packed(content, "zstd -q --rm", ".zst")},
           {"lz4", lz4_of(content)},
       }) {
    for (const std::size_t step : {1U, 100'000U}) {
      const auto image = read_bytes(microcode + part + std::string(100, '\0') + part, {}, step);
      EXPECT_EQ(image.problem, "") << name;
      EXPECT_THAT(image.modules,
                  ElementsAre(Field(&InitramfsModule::build_id, "01ff"), Field(&InitramfsModule::build_id, "01ff")))
          << name;
    }
  }
}

TEST(Initramfs, ReadsModulesThatArePackedInIt) {
  const auto module = packed(module_image("\x02"), "xz -q", ".xz");
  const auto image = read_bytes(CpioArchive{}.file("/" + kFolder + "updates/ib-core.ko.xz", module).bytes());
  ASSERT_EQ(image.modules.size(), 1U);
  EXPECT_EQ(image.modules[0].build_id, "02") << image.modules[0].problem;
}

TEST(Initramfs, SaysWhatItIsPackedWithWhereThatIsNotRead) {
  for (const auto& [magic, name] : {std::pair{"BZh91AY&SY", "bzip2"}, {"\x89LZO\0\r\n\x1a\n", "lzo"}}) {
    const auto image = read_bytes(with_mlx5().bytes() + magic);
    EXPECT_THAT(image.problem, AllOf(HasSubstr("compressed with"), HasSubstr(name)));
    EXPECT_EQ(image.modules.size(), 1U) << "what comes before is known";
  }
  EXPECT_THAT(read_bytes("MZ a unified kernel image").problem, HasSubstr("neither an archive nor compressed"));
}

TEST(Initramfs, ThatIsCutOffIsNeverTakenAsWhole) {
  const auto content = with_mlx5().bytes();
  const auto end = content.find("TRAILER!!!") + std::strlen("TRAILER!!!");
  for (std::size_t size = 1; size < end; size += 13) EXPECT_NE(read_bytes(content.substr(0, size)).problem, "") << size;
  for (const auto& part : {packed(content, "gzip -q", ".gz"), packed(content, "xz -q", ".xz"),
                           packed(content, "zstd -q --rm", ".zst"), lz4_of(content)})
    for (std::size_t size = 1; size < part.size(); size += 13)
      EXPECT_NE(read_bytes(part.substr(0, size)).problem, "") << size;
}

TEST(Initramfs, ThatIsTooLargeIsGivenUp) {
  const auto zeros = packed(std::string(3 << 20, '\0'), "gzip -q", ".gz");
  EXPECT_EQ(read_bytes(zeros).problem, "");
  EXPECT_THAT(read_bytes(zeros, {.unpacked = 2 << 20}).problem, HasSubstr("larger than it may"));
  EXPECT_THAT(read_bytes(zeros, {.packed = 100}).problem, HasSubstr("larger than it may"));
  EXPECT_THAT(read_bytes(zeros + zeros + zeros, {.parts = 2}).problem, HasSubstr("more parts"));
  EXPECT_THAT(read_bytes(with_mlx5().bytes(), {.cpio = {.members = 3}}).problem, HasSubstr("more files"));
  EXPECT_THAT(read_bytes(with_mlx5().bytes(), {.cpio = {.content = 100}}).problem, HasSubstr("a file that is larger"));
}

TEST(Lz4, RepeatsWhatItHasMade) {
  // Two literals, a match of 7 at distance 2, and one literal at the end.
  const std::string block{
      "\x23"
      "ab"
      "\x02\x00"
      "\x10"
      "c",
      7};
  std::string out(20, '?');
  const auto made = unpack_lz4_block({reinterpret_cast<const unsigned char*>(block.data()), block.size()},
                                     {reinterpret_cast<unsigned char*>(out.data()), out.size()});
  ASSERT_EQ(made, 10U);
  EXPECT_EQ(out.substr(0, *made), "ababababac");
}

class InitramfsOfKernel : public testing::Test {
 protected:
  InitramfsOfKernel() {
    tree.add("kernel/drivers/net/mlx5_core.ko", fitting().info("srcversion", "AAAA"));
    tree.depmod();
  }
  void image(const std::string& bytes, const std::string& name = "initrd.img-" + std::string{kRelease}) const {
    tree.write("boot/" + name, bytes);
  }
  std::vector<model::Finding> judged() { return judge_initramfs(tree.roots(), std::string{kRelease}, files, images); }
  std::string said(Verdict severity) {
    std::string all;
    for (const auto& finding : judged())
      if (finding.severity == severity) all += finding.text + "\n";
    return all;
  }
  ModuleTree tree;
  FileCache files;
  InitramfsCache images;
};

TEST_F(InitramfsOfKernel, IsNoMatterWhereItIsNotThereOrCarriesWhatIsOnDisk) {
  EXPECT_THAT(judged(), IsEmpty());
  image(with_mlx5().bytes());
  EXPECT_THAT(judged(), IsEmpty());
}

TEST_F(InitramfsOfKernel, IsWarnedOfWhereItCarriesAnotherBuild) {
  for (const auto& name : {"initrd.img-" + std::string{kRelease}, "initramfs-" + std::string{kRelease} + ".img",
                           "initrd-" + std::string{kRelease}}) {
    image(with_mlx5("\x02\xaa").bytes(), name);
    EXPECT_THAT(said(Verdict::warn),
                AllOf(HasSubstr(name), HasSubstr("another build of mlx5_core"), HasSubstr("update-initramfs")));
    std::filesystem::remove(tree.path("boot/" + name));
  }
  tree.write("etc/machine-id", "0123abcd\n");
  image(with_mlx5("\x02\xaa").bytes(), "0123abcd/" + std::string{kRelease} + "/initrd");
  EXPECT_THAT(said(Verdict::warn), HasSubstr("0123abcd"));
}

TEST_F(InitramfsOfKernel, IsWarnedOfWhereItCarriesAModuleThatIsGone) {
  image(CpioArchive{}.file(kFolder + "updates/ib_core.ko", module_image("\x02")).bytes());
  EXPECT_THAT(said(Verdict::warn), HasSubstr("another build of ib_core"));
}

TEST_F(InitramfsOfKernel, IsJudgedByTheCopyThatLoads) {
  image(CpioArchive{}
            .file(kFolder + "kernel/old/mlx5_core.ko", module_image("\x02"))
            .file(kFolder + "kernel/drivers/net/mlx5_core.ko", module_image("\x01\xff"))
            .file("lib/modules/6.1.0-other/kernel/drivers/net/mlx5_core.ko", module_image("\x03"))
            .bytes());
  EXPECT_THAT(judged(), IsEmpty());
}

TEST_F(InitramfsOfKernel, FollowsTheLinksOfCompatibleModules) {
  // Images of different sizes: they may be written within one tick of the file system's clock.
  const auto linked = [&](std::string_view build_id, std::size_t more) {
    return CpioArchive{}
        .file("etc/more", std::string(more, 'm'))
        .link(kFolder + "weak-updates/mlx5_core.ko", "/lib/modules/6.98.0-other/extra/mlx5_core.ko")
        .file("usr/lib/modules/6.98.0-other/extra/mlx5_core.ko", module_image(build_id))
        .bytes();
  };
  image(linked("\x01\xff", 0));
  EXPECT_THAT(judged(), IsEmpty());
  image(linked("\x02", 1000));
  EXPECT_THAT(said(Verdict::warn), HasSubstr("another build of mlx5_core"));
}

TEST_F(InitramfsOfKernel, IsNeverTakenForRightWhereItCannotBeRead) {
  image(with_mlx5().bytes() + "BZh91AY&SY");
  EXPECT_THAT(said(Verdict::unknown), AllOf(HasSubstr("initrd.img"), HasSubstr("bzip2")));
  image(CpioArchive{}.file(kFolder + "kernel/drivers/net/mlx5_core.ko", "no module at all").bytes());
  EXPECT_THAT(said(Verdict::unknown), HasSubstr("its mlx5_core could not be compared"));
  image(CpioArchive{}.file(kFolder + "kernel/drivers/net/mlx5_core.ko", FakeModule{}.image()).bytes());
  EXPECT_THAT(said(Verdict::unknown), HasSubstr("its mlx5_core could not be compared"));
}

TEST_F(InitramfsOfKernel, IsReadOnceAsLongAsItIsTheSame) {
  image(with_mlx5().bytes());
  const auto path = initramfs_of(tree.roots(), std::string{kRelease}).value();
  const auto first = images.read(path).value();
  EXPECT_EQ(images.read(path).value(), first);
  image("BZh91AY&SY");
  const auto broken = images.read(path).value();
  EXPECT_NE(broken->problem, "");
  EXPECT_EQ(images.read(path).value(), broken) << "what cannot be read is not tried again and again";
}

TEST_F(InitramfsOfKernel, OfTheKernelThatBootsNextIsLookedAtToo) {
  const std::string next = "6.99.1-test";
  tree.write("boot/vmlinuz-" + next, "");
  tree.write("usr/lib/modules/" + next + "/modules.dep", "updates/mlx5_core.ko:\n");
  tree.write("usr/lib/modules/" + next + "/updates/mlx5_core.ko", module_image("\x05"));
  image(with_mlx5("\x02").bytes());
  image(CpioArchive{}.file("lib/modules/" + next + "/updates/mlx5_core.ko", module_image("\x06")).bytes(),
        "initrd.img-" + next);
  std::string all;
  for (const auto& finding : look_ahead(tree.roots(), files, images)) all += finding.text + "\n";
  EXPECT_THAT(all, AllOf(HasSubstr("The initramfs of kernel " + std::string{kRelease}),
                         HasSubstr("The initramfs of kernel " + next)));
}

}  // namespace
}  // namespace nic::kmod
