#include "store/database.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cstring>

namespace weir::store {
namespace {

constexpr int kPrimaryCode = 0xFF;  // the rest of a result code is detail
static_assert(std::endian::native == std::endian::little, "words are stored as they stand in memory");

}  // namespace

Connection::Connection(const std::filesystem::path& path) {
  // SQLite would make it readable by all.
  if (const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); file >= 0)
    ::close(file);
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, nullptr);
  db_.reset(db);
  if (db == nullptr) throw DatabaseError{SQLITE_NOMEM, "out of memory"};
  if (code != SQLITE_OK) fail();
}

void Connection::fail() const {
  throw DatabaseError{sqlite3_errcode(db_.get()) & kPrimaryCode, sqlite3_errmsg(db_.get())};
}

void Connection::run(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

std::string Connection::text_of(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.text(0) : std::string();
}

Statement::Statement(Connection& connection, const char* sql) : connection_(connection) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v2(connection.db_.get(), sql, -1, &statement, nullptr));
  statement_.reset(statement);
}

void Statement::check(int code) {
  if (code != SQLITE_OK) connection_.fail();
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), next_++, value));
  return *this;
}

// What is bound is copied: it need not outlive the call.
Statement& Statement::bind(std::string_view value) {
  const char* const text = value.empty() ? "" : value.data();  // an empty one has no address: NULL to SQLite
  check(sqlite3_bind_text64(statement_.get(), next_++, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(std::span<const std::uint64_t> words) {
  const void* const bytes = words.empty() ? static_cast<const void*>("") : words.data();
  check(sqlite3_bind_blob64(statement_.get(), next_++, bytes, words.size_bytes(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind(std::optional<std::int64_t> value) {
  if (value) return bind(*value);
  check(sqlite3_bind_null(statement_.get(), next_++));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  next_ = 1;
  const int reset = sqlite3_reset(statement_.get());
  if (code != SQLITE_DONE || reset != SQLITE_OK) connection_.fail();
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Statement::text(int column) const {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text == nullptr
             ? std::string()
             : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::vector<std::uint64_t> Statement::words(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  std::vector<std::uint64_t> words(size / sizeof(std::uint64_t));
  if (!words.empty()) std::memcpy(words.data(), bytes, words.size() * sizeof(std::uint64_t));
  return words;
}

// IMMEDIATE: a transaction that begins to write only later fails at once where another has written meanwhile.
Transaction::Transaction(Connection& connection) : connection_(connection) {
  connection_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!is_open_) return;
  try {
    connection_.run("ROLLBACK");
  } catch (const DatabaseError&) {
    // After a full disk or an I/O error SQLite has rolled back already.
  }
}

void Transaction::commit() {
  connection_.run("COMMIT");
  is_open_ = false;
}

}  // namespace weir::store
