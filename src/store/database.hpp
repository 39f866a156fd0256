#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// SQLite with values and exceptions: only what the store needs. A Connection belongs to one thread at a time.
namespace weir::store {

// Thrown by everything here, caught by the store. What SQLite says, and its primary result code.
struct DatabaseError {
  int code = SQLITE_ERROR;
  std::string message;

  [[nodiscard]] bool is_corrupt() const { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }
};

class Connection {
 public:
  // Opens or creates.
  explicit Connection(const std::filesystem::path& path);

  void run(const char* sql);
  // The first column of the first row; empty where there is none.
  [[nodiscard]] std::string text_of(const char* sql);

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  [[noreturn]] void fail() const;

  std::unique_ptr<sqlite3, Close> db_;
};

// Prepared once, bound from left to right, reset after each run: one that is left open would hold a snapshot.
class Statement {
 public:
  Statement(Connection& connection, const char* sql);

  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }  // the same bits
  Statement& bind(std::string_view value);
  Statement& bind(std::span<const std::uint64_t> words);  // as bytes, little-endian
  Statement& bind(std::optional<std::int64_t> value);

  void run();                 // to its end; then it can be bound anew
  [[nodiscard]] bool step();  // to the next row; false: no more, and reset

  // Of the row, by column.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::vector<std::uint64_t> words(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void check(int code);

  Connection& connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
};

// Rolls back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Connection& connection_;
  bool is_open_ = true;
};

}  // namespace weir::store
