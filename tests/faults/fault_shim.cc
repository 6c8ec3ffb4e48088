// Preloaded into the program by tests: one of its calls of a kind fails, as on a full disk, a broken drive, or a
// machine without memory. CTXCOST_FAULT is "KIND:N", where N counts the calls of that kind from 1; the file that
// CTXCOST_FAULT_MARK names is made when the fault strikes.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

/// The Nth call from the start, or 0 if none of this kind fails.
long planned(const char* kind) {
  const char* const plan = std::getenv("CTXCOST_FAULT");
  const std::size_t length = std::strlen(kind);
  if (plan == nullptr || std::strncmp(plan, kind, length) != 0 || plan[length] != ':') return 0;
  return std::strtol(plan + length + 1, nullptr, 10);
}

class Fault {
 public:
  constexpr explicit Fault(const char* kind) : kind_(kind) {}
  bool strikes() {
    if (planned_ < 0) planned_ = planned(kind_);
    if (planned_ == 0 || ++calls_ != planned_) return false;
    if (const char* const mark = std::getenv("CTXCOST_FAULT_MARK")) {
      const long file = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0600);
      if (file >= 0) syscall(SYS_close, file);
    }
    return true;
  }

 private:
  const char* kind_;
  long planned_ = -1;
  long calls_ = 0;
};

constinit Fault open_fault("open"), read_fault("read"), write_fault("write"), close_fault("close"),
    rename_fault("rename"), interrupt_fault("interrupt"), allocation_fault("allocation");

int failed(int error) {
  errno = error;
  return -1;
}

void* allocated(std::size_t size) {
  if (allocation_fault.strikes()) throw std::bad_alloc();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (open_fault.strikes()) return failed(EMFILE);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

ssize_t read(int file, void* buffer, size_t size) {
  if (interrupt_fault.strikes()) return failed(EINTR);
  if (read_fault.strikes()) return failed(EIO);
  return syscall(SYS_read, file, buffer, size);
}

ssize_t pread(int file, void* buffer, size_t size, off_t offset) {
  if (interrupt_fault.strikes()) return failed(EINTR);
  if (read_fault.strikes()) return failed(EIO);
  return syscall(SYS_pread64, file, buffer, size, offset);
}

ssize_t write(int file, const void* buffer, size_t size) {
  if (interrupt_fault.strikes()) return failed(EINTR);
  if (write_fault.strikes()) return failed(ENOSPC);
  return syscall(SYS_write, file, buffer, size);
}

int close(int file) {
  const long result = syscall(SYS_close, file);
  return close_fault.strikes() ? failed(EIO) : static_cast<int>(result);
}

int rename(const char* from, const char* to) noexcept {
  if (rename_fault.strikes()) return failed(EIO);
  return static_cast<int>(syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}

}  // extern "C"

void* operator new(std::size_t size) { return allocated(size); }
void* operator new[](std::size_t size) { return allocated(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
