// A few threads with one queue of tasks. An I/O thread is one of these with a single thread; the sync pool is one with several.
//
// Threads: post() from any thread. Tasks start in the order they were posted. The destructor finishes the tasks that run and drops those that wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace galgo {

class TaskThreads {
 public:
  explicit TaskThreads(size_t threads);
  ~TaskThreads() { stop(); }

  void post(std::function<void()> task);
  /// Waits for the tasks that run; those that wait never run. Later posts are dropped.
  void stop();
  /// Tasks that no thread has taken up yet.
  size_t waiting() const;

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace galgo
