//===- Npy.cpp - Header of npy files --------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StoredArray.h"

#include <algorithm>
#include <optional>

using namespace fastsnn;
using rt::ErrorCode;

namespace {

/// Reads the Python dictionary literal of an npy header: the keys descr,
/// fortran_order and shape in any order, single or double quotes.
class HeaderParser {
public:
  explicit HeaderParser(const std::string &text) : text(text) {}

  /// Nothing if the text is no such dictionary.
  std::optional<StoredArray> parse(std::string &descr) {
    StoredArray stored;
    bool hasDescr = false, hasOrder = false, hasShape = false;
    if (!take('{'))
      return std::nullopt;
    while (!take('}')) {
      std::string key;
      if (!quoted(key) || !take(':'))
        return std::nullopt;
      bool *seen = key == "descr"           ? &hasDescr
                   : key == "fortran_order" ? &hasOrder
                   : key == "shape"         ? &hasShape
                                            : nullptr;
      if (!seen || *seen)
        return std::nullopt;
      *seen = true;
      bool good = seen == &hasDescr   ? quoted(descr)
                  : seen == &hasOrder ? boolean(stored.fortranOrder)
                                      : tuple(stored.shape);
      if (!good || (!take(',') && !peek('}')))
        return std::nullopt;
    }
    skipSpace();
    if (position != text.size() || !hasDescr || !hasOrder || !hasShape)
      return std::nullopt;
    return stored;
  }

private:
  void skipSpace() {
    while (position < text.size() &&
           (text[position] == ' ' || text[position] == '\n' ||
            text[position] == '\t' || text[position] == '\r'))
      ++position;
  }
  bool peek(char expected) {
    skipSpace();
    return position < text.size() && text[position] == expected;
  }
  bool take(char expected) {
    bool found = peek(expected);
    position += found;
    return found;
  }
  bool word(const std::string &expected) {
    skipSpace();
    bool found = text.compare(position, expected.size(), expected) == 0;
    position += found ? expected.size() : 0;
    return found;
  }
  bool quoted(std::string &value) {
    char quote = peek('"') ? '"' : '\'';
    if (!take(quote))
      return false;
    size_t end = text.find(quote, position);
    if (end == std::string::npos)
      return false;
    value = text.substr(position, end - position);
    position = end + 1;
    return true;
  }
  bool boolean(bool &value) {
    value = word("True");
    return value || word("False");
  }
  bool number(int64_t &value) {
    skipSpace();
    size_t first = position;
    value = 0;
    while (position < text.size() && text[position] >= '0' &&
           text[position] <= '9') {
      if (__builtin_mul_overflow(value, int64_t(10), &value) ||
          __builtin_add_overflow(value, int64_t(text[position] - '0'), &value))
        return false;
      ++position;
    }
    bool found = position > first;
    // Python 2 wrote long integers with a suffix.
    if (found && position < text.size() && text[position] == 'L')
      ++position;
    return found;
  }
  bool tuple(std::vector<int64_t> &values) {
    if (!take('('))
      return false;
    while (!take(')')) {
      int64_t value;
      if (values.size() == maxRank || !number(value))
        return false;
      values.push_back(value);
      if (!take(',') && !peek(')'))
        return false;
    }
    return true;
  }

  const std::string &text;
  size_t position = 0;
};

/// "<f4" and the like: byte order, kind, size.
bool parseDescr(const std::string &descr, StoredArray &stored) {
  if (descr.size() != 3)
    return false;
  char order = descr[0], kind = descr[1], size = descr[2];
  if (order != '<' && order != '>' && order != '|' && order != '=')
    return false;
  if (size != '1' && size != '2' && size != '4' && size != '8')
    return false;
  stored.itemSize = size - '0';
  stored.bigEndian = order == '>';
  // One byte has no order, more bytes need one.
  if (order == '|' && stored.itemSize != 1)
    return false;
  switch (kind) {
  case 'u':
    stored.kind = StoredArray::Kind::Unsigned;
    return true;
  case 'i':
    stored.kind = StoredArray::Kind::Signed;
    return true;
  case 'f':
    stored.kind = StoredArray::Kind::Float;
    return stored.itemSize > 1;
  case 'b':
    stored.kind = StoredArray::Kind::Bool;
    return stored.itemSize == 1;
  default:
    return false;
  }
}

} // namespace

rt::Result<StoredArray> fastsnn::readNpyHeader(ByteSource &source) {
  auto truncated = [&] {
    return source.error(ErrorCode::TruncatedFile,
                        "ends inside its npy header; fetch the file again");
  };
  // Magic, version, and a length of 2 bytes (version 1) or 4 bytes (2 and 3).
  uint8_t head[12];
  rt::Result<size_t> got = source.read(head, 10);
  if (!got)
    return got.status();
  if (*got < 10)
    return truncated();
  static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (!std::equal(magic, magic + 6, head))
    return source.error(ErrorCode::BadMagic,
                        "is not in npy form; write it with numpy.save");
  unsigned major = head[6];
  if (major < 1 || major > 3)
    return source.error(ErrorCode::UnknownVersion,
                        "npy version " + std::to_string(major) +
                            ", readable are 1 to 3; write it with numpy.save");
  uint64_t length = head[8] | head[9] << 8;
  uint64_t headSize = 10;
  if (major > 1) {
    got = source.read(head + 10, 2);
    if (!got)
      return got.status();
    if (*got < 2)
      return truncated();
    length |= uint64_t(head[10]) << 16 | uint64_t(head[11]) << 24;
    headSize = 12;
  }
  constexpr uint64_t maxHeader = 1 << 20;
  if (length > maxHeader)
    return source.error(ErrorCode::MalformedSection,
                        "an npy header of " + std::to_string(length) +
                            " bytes, at most " + std::to_string(maxHeader) +
                            " are read; the file is damaged");
  std::string text(length, '\0');
  got = source.read(text.data(), length);
  if (!got)
    return got.status();
  if (*got < length)
    return truncated();

  std::string descr;
  std::optional<StoredArray> stored = HeaderParser(text).parse(descr);
  if (!stored)
    return source.error(ErrorCode::MalformedSection,
                        "the npy header is not a dictionary of a simple descr, "
                        "fortran_order and a shape of at most " +
                            std::to_string(maxRank) +
                            " extents; write an array of plain numbers with "
                            "numpy.save");
  if (!parseDescr(descr, *stored))
    return source.error(
        ErrorCode::UnknownKind,
        "elements of type '" + descr +
            "', readable are b1, i1 to i8, u1 to u8, f2, f4 and "
            "f8; convert the array with astype");
  stored->headerSize = headSize + length;
  return *stored;
}
