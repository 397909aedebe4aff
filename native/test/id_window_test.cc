// The window of ids by itself, against a plain model.
#include "../engine/id_window.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <random>

namespace galgo::test {
namespace {

struct Id {
  uint8_t bytes[16] = {};
  explicit Id(uint64_t value) { std::memcpy(bytes, &value, sizeof value); }
};

TEST(IdWindow, KnowsTheNewestEntriesAlone) {
  IdBudget budget(1 << 20);
  IdWindow ids(100, 0, budget);
  for (uint64_t i = 0; i < 101; ++i) ids.stage(Id(i).bytes, i, 1);
  ids.commit();
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_FALSE(ids.find(Id(0).bytes));
  EXPECT_EQ(ids.find(Id(1).bytes), 1u);
  EXPECT_EQ(ids.find(Id(100).bytes), 100u);
}

TEST(IdWindow, ForgetsWhatIsOlderThanTheExpiry) {
  IdBudget budget(1 << 20);
  IdWindow ids(100, 50, budget);
  ids.stage(Id(1).bytes, 1, 1000);
  ids.stage(Id(2).bytes, 2, 1001);
  ids.commit();
  ids.expire(1050);
  EXPECT_TRUE(ids.find(Id(1).bytes)) << "exactly as old";
  ids.expire(1051);
  EXPECT_FALSE(ids.find(Id(1).bytes));
  EXPECT_TRUE(ids.find(Id(2).bytes));
}

TEST(IdWindow, ThatGetsNoMoreBytesForgetsTheOldestInstead) {
  IdBudget budget(64 * 40 + 63 * 40);
  IdWindow one(1000, 0, budget);
  for (uint64_t i = 0; i < 200; ++i) one.restore(Id(i).bytes, i, 1);
  EXPECT_EQ(one.size(), 64u);
  EXPECT_EQ(budget.bytes_used(), 64u * 40);
  EXPECT_EQ(one.find(Id(199).bytes), 199u);
  EXPECT_FALSE(one.find(Id(135).bytes));
  {
    IdWindow other(1000, 0, budget);
    other.restore(Id(1).bytes, 1, 1);
    EXPECT_EQ(other.size(), 0u) << "not one more byte than the budget";
    EXPECT_FALSE(other.find(Id(1).bytes));
  }
  one.clear();
  EXPECT_EQ(budget.bytes_used(), 0u);
  IdWindow other(1000, 0, budget);
  other.restore(Id(1).bytes, 1, 1);
  EXPECT_TRUE(other.find(Id(1).bytes));
}

TEST(IdWindow, IsWhatItWasWhenAGroupIsDiscarded) {
  for (const uint64_t added : {1u, 5u, 6u, 40u}) {
    IdBudget budget(1 << 20);
    IdWindow ids(10, 0, budget);
    for (uint64_t i = 0; i < 15; ++i) ids.restore(Id(i).bytes, i, 1);
    for (uint64_t i = 0; i < added; ++i) ids.stage(Id(100 + i).bytes, 100 + i, 2);
    EXPECT_TRUE(ids.find(Id(100 + added - 1).bytes));
    ids.discard();
    EXPECT_EQ(ids.size(), 10u);
    for (uint64_t i = 0; i < 15; ++i) EXPECT_EQ(ids.find(Id(i).bytes).has_value(), i >= 5) << i << " of " << added;
    for (uint64_t i = 0; i < added; ++i) EXPECT_FALSE(ids.find(Id(100 + i).bytes));
  }
}

TEST(IdWindow, AgreesWithAModel) {
  std::mt19937_64 random(7);
  for (const uint32_t entries_max : {1u, 3u, 64u, 100u}) {
    IdBudget budget(1 << 20);
    IdWindow ids(entries_max, 30, budget);
    struct Known {
      uint64_t id, offset, timestamp;
    };
    std::deque<Known> model;
    uint64_t offset = 0;
    for (uint64_t now = 1; now < 3000; ++now) {
      ids.expire(now);
      while (!model.empty() && model.front().timestamp + 30 < now) model.pop_front();
      const std::deque<Known> before = model;
      const uint64_t offset_before = offset;
      for (uint64_t count = random() % 8; count > 0; --count) {
        const uint64_t id = random() % 150;
        const auto known = std::find_if(model.begin(), model.end(), [&](const Known& each) { return each.id == id; });
        const auto found = ids.find(Id(id).bytes);
        ASSERT_EQ(found.has_value(), known != model.end());
        if (found) {
          ASSERT_EQ(*found, known->offset);
          continue;
        }
        ids.stage(Id(id).bytes, offset, now);
        model.push_back({id, offset++, now});
        if (model.size() > entries_max) model.pop_front();
      }
      if (random() % 3 == 0) {
        ids.discard();
        model = before;
        offset = offset_before;
      } else {
        ids.commit();
      }
      ASSERT_EQ(ids.size(), model.size());
    }
  }
}

}  // namespace
}  // namespace galgo::test
