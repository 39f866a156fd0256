#pragma once

#include <sqlite3.h>

#include <cstring>
#include <string>

namespace weir::store::test {

// SQLite's disk with a fault on command: every write, sync, truncation and mapping is counted, and from the
// n-th on, for as many as are asked for, they fail with that result code. One at a time; reads go through.
class FailingDisk {
 public:
  FailingDisk() {
    instance() = this;
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.zName = "failing";
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FailingDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
    instance() = nullptr;
  }
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  void fail(int from_now, int times, int code) {
    calls_ = 0;
    first_ = from_now;
    last_ = from_now + times;
    code_ = code;
  }
  void heal() { first_ = last_ = 0; }
  [[nodiscard]] int calls() const { return calls_; }

 private:
  struct File {
    sqlite3_file base;
    sqlite3_io_methods methods;
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static FailingDisk*& instance() {
    static FailingDisk* current = nullptr;
    return current;
  }
  static int next() {
    FailingDisk& disk = *instance();
    const int call = ++disk.calls_;
    return call >= disk.first_ && call < disk.last_ ? disk.code_ : SQLITE_OK;
  }
  static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

  static int open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* out, int flags, int* out_flags) {
    auto* const file = reinterpret_cast<File*>(out);
    file->base.pMethods = nullptr;
    sqlite3_vfs* const vfs = instance()->real_;
    const int code = vfs->xOpen(vfs, name, file->real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    file->methods = *file->real()->pMethods;
    sqlite3_io_methods& own = file->methods;
    own.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
    own.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
      return real(f)->pMethods->xRead(real(f), to, n, at);
    };
    own.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      const int fault = next();
      return fault != SQLITE_OK ? fault : real(f)->pMethods->xWrite(real(f), from, n, at);
    };
    own.xTruncate = [](sqlite3_file* f, sqlite3_int64 n) {
      const int fault = next();
      return fault != SQLITE_OK ? fault : real(f)->pMethods->xTruncate(real(f), n);
    };
    own.xSync = [](sqlite3_file* f, int how) {
      const int fault = next();
      return fault != SQLITE_OK ? fault : real(f)->pMethods->xSync(real(f), how);
    };
    own.xFileSize = [](sqlite3_file* f, sqlite3_int64* n) {
      return real(f)->pMethods->xFileSize(real(f), n);
    };
    own.xLock = [](sqlite3_file* f, int how) { return real(f)->pMethods->xLock(real(f), how); };
    own.xUnlock = [](sqlite3_file* f, int how) { return real(f)->pMethods->xUnlock(real(f), how); };
    own.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      return real(f)->pMethods->xCheckReservedLock(real(f), held);
    };
    own.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      return real(f)->pMethods->xFileControl(real(f), op, arg);
    };
    own.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
    own.xDeviceCharacteristics = [](sqlite3_file* f) {
      return real(f)->pMethods->xDeviceCharacteristics(real(f));
    };
    own.xShmMap = [](sqlite3_file* f, int p, int n, int w, void volatile** to) {
      const int fault = w != 0 ? next() : SQLITE_OK;
      return fault != SQLITE_OK ? fault : real(f)->pMethods->xShmMap(real(f), p, n, w, to);
    };
    own.xShmLock = [](sqlite3_file* f, int o, int n, int how) {
      return real(f)->pMethods->xShmLock(real(f), o, n, how);
    };
    own.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
    own.xShmUnmap = [](sqlite3_file* f, int d) { return real(f)->pMethods->xShmUnmap(real(f), d); };
    own.xFetch = [](sqlite3_file* f, sqlite3_int64 at, int n, void** to) {
      return real(f)->pMethods->xFetch(real(f), at, n, to);
    };
    own.xUnfetch = [](sqlite3_file* f, sqlite3_int64 at, void* p) {
      return real(f)->pMethods->xUnfetch(real(f), at, p);
    };
    file->base.pMethods = &file->methods;
    return SQLITE_OK;
  }

  sqlite3_vfs vfs_{};
  sqlite3_vfs* real_ = nullptr;
  int calls_ = 0;
  int first_ = 0;
  int last_ = 0;
  int code_ = SQLITE_OK;
};

}  // namespace weir::store::test
