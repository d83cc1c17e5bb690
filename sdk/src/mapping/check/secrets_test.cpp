#include <gtest/gtest.h>

#include "mapping/check/checks.hpp"

namespace tongqu::mapping::detail {
namespace {

bool secret(const std::string& key, const std::string& value) {
  YamlNode name, text, root;
  name.text = key;
  text.text = value;
  root.kind = YamlNode::Kind::mapping;
  root.members.emplace_back(name, text);
  Findings found;
  Report report(found);
  check_secrets("pack.yaml", root, report);
  return !found.empty();
}

TEST(Secrets, what_looks_like_one) {
  for (const char* text : {"5f4dcc3b5aa765d61d8327deb882cf99", "9d3c1f7a2e8b4c6d0f1a3b5c7d9e1f203142536475869708a9bacbdcedfe0f10", "Zk3pQ9vT1xWm7LsR2bYc8NfH", "-----BEGIN EC PRIVATE KEY-----",
                           "Bearer 0a1b2c3d4e5f6a7b8c9d", "https://user:hunter2@host.example.test/x", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "LTAI5tQnKxyzABCD12345678"}) {
    EXPECT_TRUE(secret("remark", text)) << text;
  }
  EXPECT_TRUE(secret("app_secret", "qinglan2024"));
  EXPECT_TRUE(secret("签名密钥", "ql-2024-a"));
}

TEST(Secrets, what_does_not) {
  for (const char* text : {"11990000000000019A", "11990000000000019A4000199001000", "11990000000000019A400019900100001", "11990000000000019A4000199001000209901050007",
                           "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000048.001.0", "2099-01-05T07:08:09.123+08:00", "20990105070809123", "13800000000",
                           "青岚县行政审批局综合业务受理一科第二窗口", "ApplicantCertificateTypeCodeOfTheLegalRepresentative1", "http://qinglan.example.test/spxt/services/ApproveService2024?wsdl",
                           "00000000000000000000000000000000", "123456789012345678901234567890123456", "qinglan-county-approval-system-v2", "yyyy-MM-dd'T'HH:mm:ssXXX",
                           "{\"code\":\"200\",\"message\":\"成功\",\"data\":{\"receiptId\":\"{message_id}\",\"time\":\"{accepted_at}\"}}"}) {
    EXPECT_FALSE(secret("remark", text)) << text;
  }
  EXPECT_FALSE(secret("from", "Zk3pQ9vT1xWm7LsR2bYc8NfH")) << "a path is no value";
  EXPECT_FALSE(secret("digest", "9d3c1f7a2e8b4c6d0f1a3b5c7d9e1f203142536475869708a9bacbdcedfe0f10")) << "content pinned by its digest";
  EXPECT_FALSE(secret("key", "site-sm4-key")) << "a key by name";
  EXPECT_FALSE(secret("token", "X-Token")) << "the name of a header";
}

} // namespace
} // namespace tongqu::mapping::detail
