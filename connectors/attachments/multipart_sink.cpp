#include "connectors/attachments/multipart_sink.hpp"

#include <algorithm>
#include <deque>

#include "tongqu/wire/multipart.hpp"
#include "tongqu/wire/multipart_stream.hpp"

namespace tongqu::connectors::attachments {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using net::Responder;

constexpr std::string_view kXop = "application/xop+xml";

/// The type that a root part has by itself or by the whole.
std::string root_type(std::string_view whole, const wire::Part& root, std::string_view otherwise) {
  const std::string own = net::media_type(root.content_type);
  if (!own.empty() && own != kXop) return root.content_type;
  std::string type = net::media_parameter(root.content_type, "type");
  if (type.empty()) type = net::media_parameter(whole, "start-info");
  if (type.empty() && own.empty()) type = net::media_parameter(whole, "type");
  if (type.empty() || type == kXop) type = otherwise;
  const std::string charset = net::media_parameter(root.content_type, "charset");
  return charset.empty() ? type : type + "; charset=\"" + charset + "\"";
}

/// What one piece of the body asks for, in order; everything but the store is done while it is cut.
struct Step {
  enum class What : std::uint8_t { begin, data, end } what = What::begin;
  std::string bytes;
};

class Cutter final : public wire::PartTaker, public std::enable_shared_from_this<Cutter> {
public:
  Cutter(MultipartPlan plan, wire::MultipartStream stream, connector::IntakeHandler& handler) : plan_(std::move(plan)), stream_(std::move(stream)), handler_(handler) {}

  void take(const std::string& piece, net::BodySink::More more) {
    auto fed = stream_.feed(piece, *this);
    if (!fed) return more(std::make_unique<HttpResponse>(plan_.refuse(fed.error())));
    go_on(std::move(more));
  }

  void finish(Responder respond) {
    auto ended = stream_.finish();
    if (ended) ended = put_root_first(parts_, plan_.content_type);
    if (!ended) return respond(plan_.refuse(ended.error()));
    plan_.done(std::move(parts_), std::move(respond));
  }

  Result<void> begin(Head head) override {
    parts_.push_back({std::move(head.name), std::move(head.content_type), {}, nullptr});
    storing_ = false;
    return {};
  }

  Result<void> data(Bytes bytes) override {
    if (!storing_ && bytes.size() <= plan_.memory_bytes_max - in_memory_) {
      in_memory_ += bytes.size();
      parts_.back().bytes += bytes;
      return {};
    }
    if (!storing_) {
      const bool is_root = stream_.root().empty() ? parts_.size() == 1 : parts_.back().name == stream_.root();
      if (is_root) return Error(Errc::connector_attachment_length).at(parts_.back().name);
      storing_ = true;
      in_memory_ -= parts_.back().bytes.size();
      steps_.push_back({Step::What::begin, {}});
      steps_.push_back({Step::What::data, std::exchange(parts_.back().bytes, {})});
    }
    steps_.push_back({Step::What::data, std::string(bytes)});
    return {};
  }

  Result<void> end() override {
    if (storing_) steps_.push_back({Step::What::end, {}});
    storing_in_.push_back(storing_);
    return {};
  }

private:
  void go_on(net::BodySink::More more) {
    while (!steps_.empty()) {
      Step step = std::move(steps_.front());
      steps_.pop_front();
      if (step.what == Step::What::begin) {
        auto begun = handler_.upload({plan_.route, plan_.peer, plan_.trace_id, {}, std::nullopt});
        if (!begun) return more(std::make_unique<HttpResponse>(plan_.refuse(begun.error())));
        upload_ = *std::move(begun);
        continue;
      }
      if (step.what == Step::What::data) return upload_->take(std::move(step.bytes), [self = shared_from_this(), more = std::move(more)](Result<void> taken) {
        if (!taken) return more(std::make_unique<HttpResponse>(self->plan_.refuse(taken.error())));
        self->go_on(more);
      });
      return upload_->finish([self = shared_from_this(), more = std::move(more)](Result<connector::Upload::Kept> kept) {
        if (!kept) return more(std::make_unique<HttpResponse>(self->plan_.refuse(kept.error())));
        self->note_kept(*kept);
        self->go_on(more);
      });
    }
    more(nullptr);
  }

  /// The uploads end in the order of their parts.
  void note_kept(const connector::Upload::Kept& kept) {
    while (!storing_in_[next_kept_]) ++next_kept_;
    parts_[next_kept_].sm3 = kept.digest;
    parts_[next_kept_].stored_bytes = kept.bytes;
    ++next_kept_;
    upload_.reset();
  }

  const MultipartPlan plan_;
  wire::MultipartStream stream_;
  connector::IntakeHandler& handler_;
  std::vector<wire::Part> parts_;
  std::size_t in_memory_ = 0;
  bool storing_ = false;
  std::vector<bool> storing_in_;       ///< For each part that has ended.
  std::size_t next_kept_ = 0;
  std::deque<Step> steps_;
  std::unique_ptr<connector::Upload> upload_;
};

class MultipartSink final : public net::BodySink {
public:
  explicit MultipartSink(std::shared_ptr<Cutter> cutter) : cutter_(std::move(cutter)) {}
  void take(std::string piece, More more) override { cutter_->take(piece, std::move(more)); }
  void finish(Responder respond) override { cutter_->finish(std::move(respond)); }

private:
  const std::shared_ptr<Cutter> cutter_;
};

} // namespace

bool is_multipart(const HttpRequest& head) {
  return head.headers.count("content-type") == 1 && net::media_type(head.headers.get("content-type")).substr(0, 10) == "multipart/";
}

Result<void> put_root_first(std::vector<wire::Part>& parts, std::string_view content_type) {
  std::string root = net::media_parameter(content_type, "start");
  if (root.size() >= 2 && root.front() == '<' && root.back() == '>') root = root.substr(1, root.size() - 2);
  auto found = parts.begin();
  if (!root.empty()) {
    found = std::find_if(parts.begin(), parts.end(), [&root](const auto& one) { return one.name == root; });
    if (found == parts.end()) return Error(Errc::wire_multipart_invalid).with("root part missing");
  } else if (net::media_type(content_type) == "multipart/form-data") {
    found = std::find_if(parts.begin(), parts.end(), [](const auto& one) { return net::media_type(one.content_type) == "application/json" && one.sm3.empty(); });
    if (found == parts.end()) found = parts.begin();
  }
  std::rotate(parts.begin(), found, found + 1);
  return {};
}

HttpRequest root_request(const HttpRequest& whole, wire::Part& root, std::string_view otherwise) {
  HttpRequest request;
  request.method = whole.method;
  request.target = whole.target;
  request.peer = whole.peer;
  request.minor_version = whole.minor_version;
  for (const auto& [name, value] : whole.headers.fields()) {
    net::Headers one;
    one.add(name, value);
    if (!one.has("content-type")) request.headers.add(name, value);
  }
  request.headers.add("Content-Type", root_type(whole.headers.get("content-type"), root, otherwise));
  request.body = std::move(root.bytes);
  return request;
}

Result<std::unique_ptr<net::BodySink>> make_multipart_sink(MultipartPlan plan, connector::IntakeHandler& handler) {
  TONGQU_TRY(auto stream, wire::MultipartStream::create(plan.content_type));
  return std::unique_ptr<net::BodySink>(std::make_unique<MultipartSink>(std::make_shared<Cutter>(std::move(plan), std::move(stream), handler)));
}

} // namespace tongqu::connectors::attachments
