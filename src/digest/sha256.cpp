#include "wsi_lpd/digest/sha256.hpp"

#include <glib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::digest {
namespace {

using Checksum = std::unique_ptr<GChecksum, void (*)(GChecksum*)>;

Checksum sha256() { return {g_checksum_new(G_CHECKSUM_SHA256), g_checksum_free}; }

void update(const Checksum& checksum, const char* bytes, std::size_t count) {
  g_checksum_update(checksum.get(), reinterpret_cast<const guchar*>(bytes), static_cast<gssize>(count));
}

}  // namespace

std::string sha256_of_text(const std::string& text) {
  const Checksum checksum = sha256();
  update(checksum, text.data(), text.size());
  return g_checksum_get_string(checksum.get());
}

std::string sha256_of_file(const std::filesystem::path& path) {
  const Checksum checksum = sha256();
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::array<char, 1 << 16> block;
  while (stream) {
    stream.read(block.data(), block.size());
    update(checksum, block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.eof() || stream.bad()) throw core::Error("reading " + path.string() + ": " + std::strerror(errno ? errno : EIO));
  return g_checksum_get_string(checksum.get());
}

std::string sha256_of_sample(const std::filesystem::path& path) {
  constexpr std::streamoff kPiece = 1 << 16;
  const Checksum checksum = sha256();
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  stream.seekg(0, std::ios::end);
  const std::streamoff size = stream.tellg();
  std::vector<char> piece(kPiece);
  for (const std::streamoff begin : {std::streamoff(0), (size - kPiece) / 2, size - kPiece}) {
    if (!stream) break;
    stream.seekg(std::max<std::streamoff>(begin, 0));
    stream.read(piece.data(), std::min(kPiece, size));
    update(checksum, piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream) throw core::Error("reading " + path.string() + ": " + std::strerror(errno ? errno : EIO));
  return g_checksum_get_string(checksum.get());
}

}  // namespace wsi_lpd::digest
