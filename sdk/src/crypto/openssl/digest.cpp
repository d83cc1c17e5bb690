#include <algorithm>

#include "crypto/openssl/engine.hpp"
#include "crypto/sm3/sm3_lanes.hpp"
#include "tongqu/base/assert.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

std::string digest(const EVP_MD* algorithm, Bytes message) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  const int done = EVP_Digest(message.data(), message.size(), detail::octets(out), nullptr, algorithm, nullptr);
  if (done != 1) detail::no_memory();
  return out;
}

} // namespace

std::string sha1(Bytes message) { return digest(detail::algorithms().sha1.get(), message); }
std::string sha256(Bytes message) { return digest(detail::algorithms().sha256.get(), message); }
std::string sm3(Bytes message) { return digest(detail::algorithms().sm3.get(), message); }

std::string sm3_of_each(const std::vector<Bytes>& messages) {
  std::vector<detail::Sm3Text> texts;
  texts.reserve(messages.size());
  for (const Bytes message : messages) texts.emplace_back(detail::kSm3Start, 0, Bytes(), message);
  std::string all;
  all.reserve(32 * messages.size());
  for (const detail::Sm3State& state : detail::sm3_states(texts)) all += detail::sm3_bytes(state);
  return all;
}

struct Hasher::State {
  detail::OwnedMdCtx context{detail::made(EVP_MD_CTX_new())};
  bool finished = false;
};

Hasher::Hasher(Algorithm algorithm) : state_(std::make_unique<State>()) {
  const EVP_MD* md = algorithm == Algorithm::sm3 ? detail::algorithms().sm3.get() : detail::algorithms().sha256.get();
  if (EVP_DigestInit_ex2(state_->context.get(), md, nullptr) != 1) detail::no_memory();
}

Hasher::~Hasher() = default;

void Hasher::update(Bytes piece) {
  TONGQU_ASSERT(!state_->finished, "a hasher is fed before it is finished");
  TONGQU_ASSERT(EVP_DigestUpdate(state_->context.get(), piece.data(), piece.size()) == 1, "a fetched digest does not fail");
}

std::string Hasher::finish() {
  TONGQU_ASSERT(!state_->finished, "a hasher is finished once");
  state_->finished = true;
  std::string out(32, '\0');
  TONGQU_ASSERT(EVP_DigestFinal_ex(state_->context.get(), detail::octets(out), nullptr) == 1, "a fetched digest does not fail");
  return out;
}

} // namespace tongqu::crypto
