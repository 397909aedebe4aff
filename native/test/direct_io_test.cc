// What is peculiar to direct I/O and to space ahead. Everything else is asked of both modes by the other suites.
#include <sys/stat.h>

#include "engine_fixture.h"
#include "faulty_file_system.h"

namespace galgo::test {
namespace {

class DirectIo : public EngineTest {
 protected:
  DirectIo() {
    p.options.file_system = &disk;
    p.options.space_ahead = SpaceAhead::kNone;
    p.partition.direct_io = true;
  }
  ~DirectIo() override { p.engine.reset(); }

  std::string log_path() const { return p.directory + "/" + p.files(".log").back(); }
  uint64_t allocated_bytes() const {
    struct stat facts {};
    EXPECT_EQ(::stat(log_path().c_str(), &facts), 0);
    return static_cast<uint64_t>(facts.st_blocks) * 512;
  }
  bool await_allocated(uint64_t bytes) const {
    for (int i = 0; i < 1000 && allocated_bytes() < bytes; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return allocated_bytes() >= bytes;
  }

  FaultyFileSystem disk;
};

TEST_F(DirectIo, IsGivenUpWhereTheFileSystemRefusesItAndNothingElseChanges) {
  for (const bool opening : {true, false}) {
    (opening ? disk.direct_open_error : disk.direct_write_error) = EINVAL;
    const Completion opened = p.open();
    EXPECT_EQ(opened.status, kOk);
    EXPECT_EQ(opened.detail, static_cast<uint32_t>(EINVAL));
    EXPECT_FALSE(p.stats().direct_io);
    const uint64_t first = p.stats().next_offset;
    EXPECT_EQ(p.append(uniform_messages(5, 100)).first_offset, first);
    EXPECT_EQ(p.poll_all().offsets(), range(0, first + 5));
    disk.direct_open_error = disk.direct_write_error = 0;
  }
}

TEST_F(DirectIo, ALogGoesOnInTheOtherMode) {
  for (int i = 0; i < 6; ++i) {
    p.partition.direct_io = i % 2 == 0;
    const Completion opened = p.open();
    ASSERT_EQ(opened.status, kOk);
    if (opened.detail != 0) GTEST_SKIP() << "direct I/O is refused here";
    ASSERT_EQ(p.stats().direct_io, i % 2 == 0);
    ASSERT_EQ(p.append(uniform_messages(3, 700)).first_offset, 6u * i);
    ASSERT_EQ(p.append(uniform_messages(3, 70'000), Generation::kClassic).first_offset, 6u * i + 3);
    ASSERT_EQ(p.poll_all().offsets(), range(0, 6 * (i + 1)));
    if (i % 3 == 0) {
      ASSERT_EQ(p.close().status, kOk);
    }
  }
}

TEST_F(DirectIo, GroupsOfEverySizeGoOnWhereTheOneBeforeEnded) {
  p.open_ready();
  uint64_t next = 0;
  // Around a block, a staging buffer of least and of greatest size, and beyond that.
  for (const size_t bytes : {1u, 3700u, 4096u - 304u, 4096u, 65'000u, 65'536u, 3u << 20, (4u << 20) - 304u, 4u << 20, 9u << 20, 10u}) {
    ASSERT_EQ(p.append(uniform_messages(1, bytes)).first_offset, next);
    ASSERT_EQ(p.poll({.value = next, .count = 1}).messages.size(), 1u) << bytes;
    ++next;
  }
  ASSERT_EQ(p.poll_all().offsets(), range(0, next));
  p.open_ready();
  ASSERT_EQ(p.poll_all(Generation::kClassic).offsets(), range(0, next));
}

TEST_F(DirectIo, AFailedWriteInTheMidstOfALargeGroupTakesNoOffset) {
  p.open_ready();
  ASSERT_EQ(p.append(uniform_messages(3, 100)).status, kOk);
  disk.log_write_error = ENOSPC;
  for (const size_t bytes : {100u, 9u << 20}) EXPECT_EQ(p.append(uniform_messages(1, bytes)).status, kCannotAppendToFile);
  disk.log_write_error = 0;
  EXPECT_EQ(p.append(uniform_messages(1, 9 << 20)).first_offset, 3u);
  EXPECT_EQ(p.append(uniform_messages(1, 9)).first_offset, 4u);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 5));
  p.open_ready();
  EXPECT_EQ(p.poll_all().offsets(), range(0, 5));
}

TEST_F(DirectIo, WithoutBuffersAppendsAreRefusedAndGoOnLater) {
  p.options.buffer_bytes_max = 1 << 20;
  p.open_ready();
  ASSERT_EQ(p.append(uniform_messages(1, 100)).status, kOk);
  BufferPool& buffers = p.engine->buffers();
  std::vector<uint32_t> taken;
  for (uint32_t slot = buffers.acquire(4096); slot != kNoSlot; slot = buffers.acquire(4096)) taken.push_back(slot);
  EXPECT_EQ(p.append(uniform_messages(1, 200'000)).status, kOutOfMemory);
  for (const uint32_t slot : taken) buffers.release(slot);
  EXPECT_EQ(p.append(uniform_messages(1, 200'000)).first_offset, 1u);
  EXPECT_EQ(p.stats().state, 1u);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 2));
}

TEST_F(DirectIo, AnIdleLogKeepsOneBlockInMemoryAndAClosedOneNone) {
  p.options.sync_interval_ms = p.options.checkpoint_interval_ms = 20;
  if (p.open().detail != 0) GTEST_SKIP() << "direct I/O is refused here";
  ASSERT_EQ(p.append(uniform_messages(10, 10'000)).status, kOk);
  EXPECT_GT(p.stats().staging_bytes, 100'000u);
  for (int i = 0; i < 1000 && p.stats().staging_bytes > kBlockBytes; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(p.stats().staging_bytes, kBlockBytes);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 10));
  ASSERT_EQ(p.append(uniform_messages(2, 10)).first_offset, 10u);
  EXPECT_EQ(p.poll_all().offsets(), range(0, 12));
  ASSERT_EQ(p.close().status, kOk);
  EXPECT_EQ(p.engine->buffers().bytes_in_use(), 0u);
}

TEST_F(DirectIo, SpaceAheadIsTakenAndGivenBack) {
  p.partition.direct_io = direct_io();
  p.partition.durability = Durability::kGroup;
  for (const SpaceAhead how : {SpaceAhead::kReserve, SpaceAhead::kPrewrite}) {
    p.options.space_ahead = how;
    p.open_ready();
    ASSERT_EQ(p.append(uniform_messages(1, 300'000)).status, kOk);
    const uint64_t end = p.stats().stored_bytes;
    ASSERT_TRUE(await_allocated(end + 250'000)) << "a step of at least 256 KiB";
    const uint64_t size = std::filesystem::file_size(log_path());
    if (how == SpaceAhead::kReserve) {
      EXPECT_LT(size, end + kBlockBytes);
    }
    ASSERT_EQ(p.close().status, kOk);
    EXPECT_EQ(std::filesystem::file_size(log_path()), end);
    EXPECT_LT(allocated_bytes(), end + 64 * 1024);
  }
}

TEST_F(DirectIo, TheNextSegmentIsReadyBeforeItIsNeededAndLeavesNothingBehind) {
  p.partition.direct_io = direct_io();
  p.partition.segment_bytes = 100'000;
  p.open_ready();
  const std::string prepared = p.directory + "/next.log";
  uint64_t next = 0;
  for (int segment = 0; segment < 3; ++segment) {
    for (int i = 0; i < 9; ++i) next += p.append(uniform_messages(10, 1000)).count;
    for (int i = 0; i < 1000 && !std::filesystem::exists(prepared); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_TRUE(std::filesystem::exists(prepared));
    for (int i = 0; i < 2; ++i) next += p.append(uniform_messages(10, 1000)).count;
  }
  ASSERT_GE(p.stats().segments, 3u);
  p.open_ready();
  ASSERT_EQ(p.poll_all().offsets(), range(0, next));
  ASSERT_EQ(p.close().status, kOk);
  EXPECT_FALSE(std::filesystem::exists(prepared));
}

}  // namespace
}  // namespace galgo::test
