// Every certificate that must not be believed (fault 45): the client refuses it before one byte of the request has left.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "net/test_support.hpp"
#include "tongqu/net/http_client.hpp"

namespace tongqu::net {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertPtr = std::unique_ptr<X509, decltype(&X509_free)>;

EVP_PKEY* make_key() {
  char curve[] = "P-256"; // Not const: OpenSSL reads it through a variadic call.
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
}

struct Identity {
  KeyPtr key{make_key(), EVP_PKEY_free};
  CertPtr cert{X509_new(), X509_free};
};

struct Wanted {
  const char* name;          ///< Common name.
  const char* alt_name;      ///< "IP:127.0.0.1", or "CA:TRUE" for an authority.
  long valid_from_s = -3600;
  long valid_for_s = 3600;
};

Identity issue(const Wanted& wanted, const Identity* issuer) {
  Identity made;
  X509* cert = made.cert.get();
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(cert), wanted.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(cert), wanted.valid_for_s);
  X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName, MBSTRING_ASC,
                             static_cast<const unsigned char*>(static_cast<const void*>(wanted.name)), -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(issuer == nullptr ? cert : issuer->cert.get()));
  X509_set_pubkey(cert, made.key.get());
  const bool authority = std::string(wanted.alt_name) == "CA:TRUE";
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, authority ? NID_basic_constraints : NID_subject_alt_name, wanted.alt_name);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(cert, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
  return made;
}

std::string write_anchor(const Identity& authority) {
  const auto folder = std::filesystem::temp_directory_path() / ("tongqu-tls-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "ca.pem").string();
  std::FILE* file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, authority.cert.get());
  std::fclose(file);
  return path;
}

struct TlsRun {
  std::string outcome;  ///< "200", or the error id and what was sent.
  std::string seen;     ///< What the peer could read of the request.
};

/// One request to a peer that shows `identity`, from a client that trusts `authority` only.
TlsRun ask(const Identity& authority, const Identity& identity, int version_max = TLS1_3_VERSION) {
  TlsRun run;
  test::ScriptedPeer peer([&](test::RawSocket& socket, int) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), version_max);
    SSL_CTX_use_certificate(context.get(), identity.cert.get());
    SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
    const timeval bound{5, 0};
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    SSL_set_fd(tls.get(), socket.descriptor());
    if (SSL_accept(tls.get()) != 1) return;
    char piece[4096];
    while (run.seen.find("hello") == std::string::npos) {
      const int got = SSL_read(tls.get(), piece, sizeof piece);
      if (got <= 0) return;
      run.seen.append(piece, static_cast<std::size_t>(got));
    }
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(tls.get());
  });
  PeerOptions options;
  options.base_url = "https://127.0.0.1:" + std::to_string(peer.port());
  options.pinned_host = "127.0.0.1";
  options.ca_file = write_anchor(authority);
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.body = "hello";
  const HttpOutcome outcome = HttpClient::create(options).value()->send_and_wait(std::move(request), {});
  if (outcome.exchange) run.outcome = std::to_string(outcome.exchange->response.status);
  else run.outcome = std::string(outcome.failure->error.id()) + (outcome.failure->sent == Sent::nothing ? " nothing" : " maybe");
  std::filesystem::remove_all(std::filesystem::path(options.ca_file).parent_path());
  return run;
}

class HttpClientTls : public ::testing::Test {
protected:
  HttpClientTls() { signal(SIGPIPE, SIG_IGN); } // The peer below writes through OpenSSL to sockets that the client has closed.
  Identity authority_ = issue({"Test authority", "CA:TRUE"}, nullptr);
};

TEST_F(HttpClientTls, good_certificate_of_the_configured_authority_is_taken) {
  EXPECT_EQ(ask(authority_, issue({"peer", "IP:127.0.0.1"}, &authority_)).outcome, "200");
}

TEST_F(HttpClientTls, certificate_for_another_name_is_refused) {
  const TlsRun run = ask(authority_, issue({"127.0.0.1", "DNS:other.test"}, &authority_));
  EXPECT_EQ(run.outcome, "net.tls nothing");
  EXPECT_EQ(run.seen, "");
}

TEST_F(HttpClientTls, expired_certificate_is_refused) {
  const TlsRun run = ask(authority_, issue({"peer", "IP:127.0.0.1", -7200, -3600}, &authority_));
  EXPECT_EQ(run.outcome, "net.tls nothing");
  EXPECT_EQ(run.seen, "");
}

TEST_F(HttpClientTls, certificate_that_is_not_valid_yet_is_refused) {
  EXPECT_EQ(ask(authority_, issue({"peer", "IP:127.0.0.1", 3600, 7200}, &authority_)).outcome, "net.tls nothing");
}

TEST_F(HttpClientTls, self_signed_certificate_is_refused) {
  EXPECT_EQ(ask(authority_, issue({"peer", "IP:127.0.0.1"}, nullptr)).outcome, "net.tls nothing");
}

TEST_F(HttpClientTls, certificate_of_another_authority_is_refused) {
  const Identity other = issue({"Test authority", "CA:TRUE"}, nullptr);
  EXPECT_EQ(ask(authority_, issue({"peer", "IP:127.0.0.1"}, &other)).outcome, "net.tls nothing");
}

TEST_F(HttpClientTls, peer_that_speaks_old_tls_only_is_refused) {
  EXPECT_EQ(ask(authority_, issue({"peer", "IP:127.0.0.1"}, &authority_), TLS1_1_VERSION).outcome, "net.tls nothing");
}

} // namespace
} // namespace tongqu::net
